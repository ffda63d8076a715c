"""What the window keeps from one start to the next, with an engine that draws plain colours."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from explorer.gui import session, settings
from explorer.gui.main_window import last_session
from explorer.gui.session import Session
from explorer.gui.settings import Settings
from explorer.recipe import History, ModelRef, Recipe, Work
from tests.gui.fakes import FACES
from tests.gui.looking import LEFT, find, seen, titles


def test_the_next_window_opens_where_the_last_was_closed(open_window, settle, drag):
    first = open_window()
    QTest.keyClick(first.viewer, Qt.Key.Key_Space)
    drag(find(first, "psi_slider").track, 1.1)
    first.viewer.zoom_to(5.0)
    QTest.mouseClick(first.column.sections["noise"].findChild(QWidget, "section_header"), LEFT)
    first.commands["theme_light"].trigger()
    first.commands["controls_left"].trigger()
    settle(first)
    state = first.store.recipe
    first.close()

    kept = settings.load()
    assert kept.theme == "light"
    second = open_window(kept, restored=last_session(kept))
    assert second.store.recipe == state
    assert seen(second) == state
    assert second.viewer.scale == 5.0
    assert second.column.folded == ["noise"]
    assert second.dockWidgetArea(second.look.dock) == Qt.DockWidgetArea.LeftDockWidgetArea
    assert second.commands["undo"].text() == "&Undo Change psi"
    second.commands["undo"].trigger()
    settle(second)
    second.commands["theme_dark"].trigger()


def test_a_last_session_of_a_lost_network_begins_anew_and_says_so(open_window):
    lost = Recipe(ModelRef("lost", "9" * 64))
    window = open_window(restored=Session(History(Work(lost))))
    assert seen(window).model == FACES
    assert titles(window) == ["The session could not be restored"]


def test_a_damaged_last_session_is_no_reason_not_to_start(open_window):
    session.last_session_file().write_text("{")
    assert last_session(Settings()) is None
    assert last_session(Settings(restore_session=False)) is None


def test_a_saved_session_is_opened_with_its_history(window, qtbot, tmp_path, drop, settle):
    window.commands["next_seed"].trigger()
    window.commands["next_seed"].trigger()
    kept = window.store.history
    settle(window)
    with qtbot.waitSignal(window.outgoing.saved):
        window.outgoing.save_session(Session(kept), tmp_path / "s.json")
    window.commands["reset_all"].trigger()
    window.commands["new_face"].trigger()
    with qtbot.waitSignal(window.incoming.opened):
        drop(window, tmp_path / "s.json")
    settle(window)
    assert window.store.history == kept


def test_the_session_is_kept_while_the_window_is_open(window, qtbot):
    window.commands["next_seed"].trigger()
    window.keeper.finish()
    qtbot.waitUntil(session.last_session_file().is_file)
    assert session.read(session.last_session_file()).history.present == window.store.work
