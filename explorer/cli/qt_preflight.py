"""Before Qt is touched: whether its system libraries are there, and a screen to draw on.

On Linux Qt brings most of itself but not the system's graphics and X11
libraries. A missing one is no exception: Qt prints a riddle and aborts, or the
import fails naming one library at a time. So we look first, and say the one
line that mends it. Nothing here imports Qt.
"""

import ctypes
import os
import platform
import sys
from collections.abc import Callable, Mapping

from explorer.errors import ExplorerError

# soname -> Debian and Ubuntu package, from the NEEDED entries of PySide6 6.11.
BASE: Mapping[str, str] = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libX11.so.6": "libx11-6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
}
"""Needed by any window, an offscreen one too."""

XCB: Mapping[str, str] = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libX11-xcb.so.1": "libx11-xcb1",
}
"""Needed besides for a window on an X11 screen."""

WAYLAND: Mapping[str, str] = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
}
"""Needed besides for a window on a Wayland screen."""

Loader = Callable[[str], object]


class QtNotReadyError(ExplorerError, RuntimeError):
    """The window cannot open on this system as it is."""


def require(
    offscreen: bool = False,
    *,
    load: Loader = ctypes.CDLL,
    environ: Mapping[str, str] | None = None,
    x_answers: Callable[[], bool] | None = None,
) -> None:
    """Make sure that a window can open.

    Parameters
    ----------
    offscreen : no screen will be used (`--screenshot`).
    load, environ, x_answers : the system, or a fake one in tests.

    Raises
    ------
    QtNotReadyError
        With what is missing and how to go on.
    """
    if not sys.platform.startswith("linux"):
        return
    environ = os.environ if environ is None else environ
    chosen = environ.get("QT_QPA_PLATFORM", "").split(";")[0].split(":")[0]
    screen = "offscreen" if offscreen else chosen or _screen(environ)
    if screen == "none":
        raise QtNotReadyError(
            "there is no screen here: neither DISPLAY nor WAYLAND_DISPLAY is set. Log in to a desktop, use "
            "`ssh -X`, or run it as `xvfb-run latent-explorer`; `latent-explorer render` and the other verbs "
            "need no screen"
        )
    absent = missing(screen, load=load)
    if absent:
        raise QtNotReadyError(
            f"Qt needs system libraries that are not here ({', '.join(absent)}). {install_line(absent)}"
        )
    if screen == "xcb" and not (x_answers or (lambda: _x_answers(load)))():
        raise QtNotReadyError(
            f"the screen DISPLAY={environ.get('DISPLAY', '')!r} does not answer. Check that variable and "
            "your right to use that screen, or run it as `xvfb-run latent-explorer`"
        )


def missing(screen: str = "offscreen", *, load: Loader = ctypes.CDLL) -> dict[str, str]:
    """Sonames that cannot be loaded, each with its package.

    Parameters
    ----------
    screen : "xcb", "wayland", or anything else for neither
    """
    wanted = dict(BASE)
    if screen == "xcb":
        wanted |= XCB
    elif screen.startswith("wayland"):
        wanted |= WAYLAND
    absent = {}
    for soname, package in wanted.items():
        try:
            load(soname)
        except OSError:
            absent[soname] = package
    return absent


def advice(screen: str = "offscreen") -> str:
    """Give the line that installs what is missing here; empty where nothing is."""
    if not sys.platform.startswith("linux"):
        return ""
    absent = missing(screen)
    return install_line(absent) if absent else ""


def install_line(
    absent: Mapping[str, str], release: Mapping[str, str] | None = None, root: bool | None = None
) -> str:
    """Say how to install the packages of `absent` on this system, in one line."""
    release = _release() if release is None else release
    family = {release.get("ID", ""), *release.get("ID_LIKE", "").split()}
    if not family & {"debian", "ubuntu"}:
        return "Install the packages of your system that provide them."
    packages = list(dict.fromkeys(_package(name, release) for name in absent.values()))
    as_root = os.geteuid() == 0 if root is None else root
    return f"Install them with: {'' if as_root else 'sudo '}apt-get install -y {' '.join(packages)}"


def _package(name: str, release: Mapping[str, str]) -> str:
    """Name of a package in this release: those of 64 bit time were renamed in 2024."""
    version = release.get("VERSION_ID", "")
    since = {"debian": 13.0, "ubuntu": 24.04}.get(release.get("ID", ""))
    try:
        renamed = since is not None and float(version) >= since
    except ValueError:
        renamed = False
    return f"{name}t64" if name == "libglib2.0-0" and renamed else name


def _release() -> dict[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def _screen(environ: Mapping[str, str]) -> str:
    """Which of Qt's platforms a window would use, as Qt decides it."""
    wayland = bool(environ.get("WAYLAND_DISPLAY")) or environ.get("XDG_SESSION_TYPE") == "wayland"
    # Qt may prefer Wayland where both are there, but falls back to X11.
    if environ.get("DISPLAY"):
        return "xcb"
    return "wayland" if wayland else "none"


def _x_answers(load: Loader) -> bool:
    """Whether the X server named by DISPLAY lets us in; Qt would abort."""
    xcb = load("libxcb.so.1")
    if not isinstance(xcb, ctypes.CDLL):
        return True
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = (ctypes.c_char_p, ctypes.c_void_p)
    xcb.xcb_connection_has_error.argtypes = (ctypes.c_void_p,)
    xcb.xcb_disconnect.argtypes = (ctypes.c_void_p,)
    connection = xcb.xcb_connect(None, None)
    try:
        return not xcb.xcb_connection_has_error(connection)
    finally:
        xcb.xcb_disconnect(connection)
