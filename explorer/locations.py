"""Where things are: the folders `weights/` and `resources/`, and the user's own places.

In a checkout (and an editable install) both folders stand beside the package;
in a wheel they travel inside it, under `explorer/_bundled/`. `platformdirs` is
imported where a user's place is asked for: a machine lent for training or
measuring has no user, and need not have the library.
"""

from pathlib import Path

APP_NAME = "latent-explorer"

_PACKAGE = Path(__file__).resolve().parent


def _bundled(folder: str) -> Path:
    inside_wheel = _PACKAGE / "_bundled" / folder
    return inside_wheel if inside_wheel.is_dir() else _PACKAGE.parent / folder


def weights_dir() -> Path:
    """Folder of the bundled networks and their model card."""
    return _bundled("weights")


def resources_dir() -> Path:
    """Folder of icons, style sheets and texts."""
    return _bundled("resources")


def user_config_dir() -> Path:
    """Settings of this user; created on first use."""
    import platformdirs

    return platformdirs.user_config_path(APP_NAME, appauthor=False, ensure_exists=True)


def user_data_dir() -> Path:
    """Sessions and the register of known networks; created on first use."""
    import platformdirs

    return platformdirs.user_data_path(APP_NAME, appauthor=False, ensure_exists=True)


def user_cache_dir() -> Path:
    """What could be worked out again: statistics of networks; created on first use."""
    import platformdirs

    return platformdirs.user_cache_path(APP_NAME, appauthor=False, ensure_exists=True)


def user_log_dir() -> Path:
    """Logs and crash reports; created on first use."""
    import platformdirs

    return platformdirs.user_log_path(APP_NAME, appauthor=False, ensure_exists=True)


def user_pictures_dir() -> Path:
    """Where "Save picture" points first."""
    import platformdirs

    return platformdirs.user_pictures_path()


def free_path(folder: Path, name: str) -> Path:
    """Path for a new file in `folder`: the name, or the first of `name-2`, `name-3` that is free."""
    path = folder / name
    stem, suffix, number = path.stem, path.suffix, 2
    while path.exists():
        path = folder / f"{stem}-{number}{suffix}"
        number += 1
    return path
