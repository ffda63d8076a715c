"""What can go wrong, in words for the person at the keyboard.

Every exception the program raises on purpose descends from `ExplorerError` and
from the built-in that fits, so that a script may catch either. Messages name
the file or value, what was expected, and what to do next; `gui` shows them as
a notice and `cli` prints them as one line, unchanged.
"""


class ExplorerError(Exception):
    """Base of every error raised on purpose by this program."""


class CheckpointError(ExplorerError, ValueError):
    """A file could not be read as a generator."""


class UnsafeCheckpointError(CheckpointError):
    """The file tries to do something other than describe tensors."""


class UnsupportedCheckpointError(CheckpointError):
    """An honest file, but not a generator this program knows."""


class CorruptCheckpointError(CheckpointError):
    """Truncated, damaged, or stating sizes that cannot be."""


class RecipeError(ExplorerError, ValueError):
    """A recipe, or a piece of its notation, that cannot be understood."""


class DirectionError(ExplorerError, ValueError):
    """A direction, or a file of directions, that cannot be used."""


class ModelNotFoundError(ExplorerError, LookupError):
    """The network a recipe or command names is not on this machine."""


class DeviceError(ExplorerError, RuntimeError):
    """The asked device is absent, or could not do the work."""


class TrainingError(ExplorerError, ValueError):
    """Training cannot start or go on with these images, settings or state."""


class ExportError(ExplorerError, OSError):
    """A picture could not be written or read back."""


class DownloadError(ExplorerError, OSError):
    """A network could not be fetched; what has arrived is kept where it may be gone on with."""


class DownloadStoppedError(DownloadError):
    """A download was stopped by the person who began it; asking again goes on with it."""


class ProjectionError(ExplorerError, ValueError):
    """A picture that cannot be projected, or not by this network."""
