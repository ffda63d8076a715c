"""From a path or a name to a generator that draws."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.checkpoints import catalogue
from explorer.checkpoints.downloaded import downloaded_path, facts_beside
from explorer.checkpoints.reading import inspect_checkpoint as inspect_file
from explorer.checkpoints.reading import read_checkpoint
from explorer.errors import CorruptCheckpointError, UnsupportedCheckpointError

if TYPE_CHECKING:
    import torch

    from explorer.checkpoints.network import CheckpointInfo, LoadedNetwork
    from explorer.models import Generator

_SUFFIXES = (".pkl", ".pt", ".pth", ".safetensors", ".ckpt", ".bin", ".pickle")


def load_generator(path_or_name: str | os.PathLike[str], device: str | torch.device = "cpu") -> Generator:
    """Load a generator, running nothing from its file.

    Settings of the process stay as they are. One that draws large pictures all the time may call
    `explorer.allocator.keep_freed` first, as the program does: 1024 pixels 1.1x to 1.5x faster.

    Parameters
    ----------
    path_or_name : a file (.pkl, .pt, .pth, .safetensors; its content decides, not its name),
        or the name of a network that is bundled, such as "faces", or was downloaded
    device : where it shall draw, in float32

    Raises
    ------
    ModelNotFoundError
        If no network here has that name.
    UnsafeCheckpointError, UnsupportedCheckpointError, CorruptCheckpointError
        If the file is no generator; see `read_checkpoint`.
    OSError
        If the file cannot be read.
    """
    path = find_file(path_or_name)
    return build(read_checkpoint(path, sha256=""), str(path)).to(device)


def inspect_checkpoint(path_or_name: str | os.PathLike[str]) -> CheckpointInfo:
    """Tell what a checkpoint is, without running anything in it; raises as `load_generator` does."""
    path = find_file(path_or_name)
    info = inspect_file(path)
    return replace(info, header=facts_beside(path) | dict(info.header))


def find_file(path_or_name: str | os.PathLike[str]) -> Path:
    """File that a path or the name of a bundled or downloaded network stands for.

    A text is a path where a file of that name exists or where it looks like
    one (a suffix, a separator); anything else must be a name.
    """
    path = Path(path_or_name)
    if not isinstance(path_or_name, str) or path.is_file():
        return path
    named = catalogue.bundled_path(path_or_name) or downloaded_path(path_or_name)
    if named is not None:
        return named
    separators = {os.sep, os.altsep or os.sep}
    if path.suffix.lower() in _SUFFIXES or any(mark in path_or_name for mark in separators) or path.exists():
        return path
    raise catalogue.not_found(path_or_name)


def build(network: LoadedNetwork, path: str) -> Generator:
    """Make a generator on the CPU of what a reader found.

    Raises
    ------
    UnsupportedCheckpointError
        If the family is known to readers but has no generator yet.
    CorruptCheckpointError
        If sizes and weights do not make one network.
    """
    from explorer.models import build_generator, known_architectures

    architecture = network.description.architecture
    if architecture not in known_architectures():
        raise UnsupportedCheckpointError(
            f"{path}: a {architecture} generator of {network.description.resolution} pixels. "
            f"This version draws {', '.join(known_architectures())} only; `inspect` tells more about the file"
        )
    try:
        generator = build_generator(network.description, network.tensors)
        network.rest(path)
        return generator
    except MemoryError:
        raise CorruptCheckpointError(f"{path}: the network takes more memory than there is") from None
    except Exception as error:
        raise CorruptCheckpointError(f"{path}: its parts do not make one network: {error}") from error
