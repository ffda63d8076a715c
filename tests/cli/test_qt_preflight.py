"""What is missing is said before Qt would abort, with the one line that mends it."""

import sys

import pytest

from explorer.cli import qt_preflight
from explorer.cli.qt_preflight import BASE, WAYLAND, XCB, QtNotReadyError, install_line, missing, require

DEBIAN_12 = {"ID": "debian", "VERSION_ID": "12"}
DEBIAN_13 = {"ID": "debian", "VERSION_ID": "13"}
UBUNTU_24 = {"ID": "ubuntu", "ID_LIKE": "debian", "VERSION_ID": "24.04"}
UBUNTU_22 = {"ID": "ubuntu", "ID_LIKE": "debian", "VERSION_ID": "22.04"}
FEDORA = {"ID": "fedora", "VERSION_ID": "42"}

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Qt brings everything on this system")


def loader(*absent):
    def load(soname):
        if soname in absent:
            raise OSError(f"{soname}: cannot open shared object file")
        return object()

    return load


def check(screen, absent, found):
    assert set(missing(screen, load=loader(*absent))) == set(found)


def test_each_screen_asks_for_its_own_libraries():
    everything = [*BASE, *XCB, *WAYLAND]
    check("offscreen", everything, BASE)
    check("xcb", everything, [*BASE, *XCB])
    check("wayland", everything, [*BASE, *WAYLAND])
    check("xcb", ["libxcb-cursor.so.0"], ["libxcb-cursor.so.0"])
    check("offscreen", ["libxcb-cursor.so.0"], [])
    check("xcb", [], [])


@pytest.mark.parametrize(
    ("release", "glib"),
    [
        (DEBIAN_12, "libglib2.0-0"),
        (DEBIAN_13, "libglib2.0-0t64"),
        (UBUNTU_22, "libglib2.0-0"),
        (UBUNTU_24, "libglib2.0-0t64"),
    ],
)
def test_packages_have_the_names_of_the_release(release, glib):
    line = install_line(
        missing("xcb", load=loader("libglib-2.0.so.0", "libgthread-2.0.so.0", "libGL.so.1")),
        release,
        root=True,
    )
    assert line == f"Install them with: apt-get install -y {glib} libgl1"


def test_a_user_needs_sudo_and_others_need_their_own_packages():
    assert "sudo apt-get install -y libgl1" in install_line({"libGL.so.1": "libgl1"}, DEBIAN_12, root=False)
    assert "apt" not in install_line({"libGL.so.1": "libgl1"}, FEDORA, root=False)


@linux
def test_missing_libraries_are_one_line_before_qt_is_touched():
    with pytest.raises(QtNotReadyError) as caught:
        require(load=loader("libxcb-cursor.so.0"), environ={"DISPLAY": ":0"}, x_answers=lambda: True)
    assert "libxcb-cursor.so.0" in str(caught.value)
    assert "\n" not in str(caught.value)


@linux
def test_no_screen_is_said_plainly():
    with pytest.raises(QtNotReadyError, match=r"DISPLAY.*xvfb-run.*render"):
        require(load=loader(), environ={})


@linux
def test_a_dead_screen_is_said_plainly():
    with pytest.raises(QtNotReadyError, match=":99"):
        require(load=loader(), environ={"DISPLAY": ":99"}, x_answers=lambda: False)


@linux
@pytest.mark.parametrize(
    ("environ", "offscreen"),
    [
        ({}, True),
        ({"QT_QPA_PLATFORM": "offscreen"}, False),
        ({"QT_QPA_PLATFORM": "vnc:port=5901"}, False),
        ({"DISPLAY": ":0"}, False),
        ({"WAYLAND_DISPLAY": "wayland-0"}, False),
    ],
)
def test_a_good_system_opens(environ, offscreen):
    require(offscreen, load=loader(), environ=environ, x_answers=lambda: True)


def test_other_systems_are_not_probed(monkeypatch):
    monkeypatch.setattr(qt_preflight.sys, "platform", "darwin")
    require(load=loader(*BASE), environ={})
