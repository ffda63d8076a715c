"""`latent-explorer --info`: what one wants to know about an installation, for a bug report."""

import argparse
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

import explorer
from explorer import locations
from explorer.cli import qt_preflight

_PACKAGES = ("torch", "PySide6-Essentials", "numpy", "scipy", "pillow", "safetensors")


def run(args: argparse.Namespace) -> int:
    """Print it."""
    for name, value in facts().items():
        print(f"{name:<12} {value}")
    return 0


def facts() -> dict[str, str]:
    """Everything that is printed, by name."""
    return {
        "program": f"Latent Explorer {explorer.__version__}",
        "python": f"{platform.python_version()} ({sys.executable})",
        "system": platform.platform(),
        "processors": str(os.cpu_count()),
        **{name: _version(name) for name in _PACKAGES},
        "devices": _devices(),
        "qt": _qt(),
        "networks": str(locations.weights_dir()),
        "resources": str(locations.resources_dir()),
        "settings": str(locations.user_config_dir()),
        "data": str(locations.user_data_dir()),
        "logs": str(locations.user_log_dir()),
        "pictures": str(locations.user_pictures_dir()),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _devices() -> str:
    from explorer.render import devices

    return ", ".join(devices.available())


def _qt() -> str:
    if not sys.platform.startswith("linux"):
        return "brings its own libraries"
    absent = qt_preflight.missing("xcb")
    if not absent:
        return "all system libraries found"
    return f"missing {', '.join(absent)}. {qt_preflight.install_line(absent)}"
