"""Commands, keys, pages and the window as a whole, with an engine that draws plain colours."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from explorer.gui import moves
from explorer.gui.actions import COMMANDS, MENUS, SUBMENUS
from explorer.gui.dialogs.palette import CommandPalette
from explorer.gui.dialogs.shortcuts import ShortcutsSheet
from explorer.gui.viewer import Viewer
from explorer.recipe import edits


def test_every_command_is_in_a_menu_and_does_something(window):
    entries = [entry for menu in MENUS.values() for entry in menu]
    entries += [key for _, keys in SUBMENUS.values() for key in keys]
    assert {command.key for command in COMMANDS} <= set(entries)
    for action in window.commands.all():
        wired = action.receivers("2invoked()") > 0 or action.receivers("2triggered(bool)") > 1
        assert wired, action.command.key


def test_no_key_has_two_meanings():
    keys = [QKeySequence(key).toString() for command in COMMANDS for key in command.shortcuts]
    assert "" not in keys
    assert len(keys) == len(set(keys))


def test_the_sheet_shows_every_key(window, qtbot):
    from PySide6.QtWidgets import QLabel

    sheet = ShortcutsSheet(window.commands, window)
    texts = [label.text() for label in sheet.findChildren(QLabel)]
    for command in COMMANDS:
        for key in command.shortcuts:
            shown = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
            assert any(shown in text.split(" or ") for text in texts), key
    sheet.close()


def test_the_palette_finds_and_runs(window, qtbot):
    palette = CommandPalette(window.commands, window)
    palette.show()
    QTest.keyClicks(palette.line, "swap")
    assert palette.found[0] == "Swap A and B"
    a = edits.seed_a(window.store.recipe)
    QTest.keyClick(palette, Qt.Key.Key_Return)
    assert edits.seed_b(window.store.recipe) == a


def test_zoom_keys(window):
    viewer = window.viewer
    QTest.keyClick(viewer, Qt.Key.Key_1)
    assert viewer.scale == 1.0
    QTest.keyClick(viewer, Qt.Key.Key_Plus)
    assert viewer.scale == 1.25
    QTest.keyClick(viewer, Qt.Key.Key_Minus)
    assert viewer.scale == 1.0
    QTest.keyClick(viewer, Qt.Key.Key_0)
    assert viewer.is_fitted
    assert "fitted" in window.status.findChild(QWidget, "status_zoom").text()


def test_pages_open_and_close(window, qtbot):
    for key in ("shortcuts", "about", "model_card", "settings", "palette"):
        window.commands[key].trigger()
        pages = [
            w
            for w in QApplication.topLevelWidgets()
            if w is not window and w.isVisible() and w.parent() is window
        ]
        assert pages, key
        for page in pages:
            page.close()


def test_full_screen_leaves_only_the_picture_and_escape_returns(window, qtbot):
    window.commands["full_screen"].trigger()
    assert not window.menuBar().isVisible()
    assert not window.look.dock.isVisible()
    QTest.keyClick(window.viewer, Qt.Key.Key_F9)  # shortcuts work without a menu bar
    assert window.look.dock.isVisible()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert window.menuBar().isVisible()


def test_every_control_can_be_reached_and_has_a_name(window):
    seen_names = set()
    for widget in window.column.findChildren(QWidget):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
            name = widget.accessibleName() or getattr(widget, "text", str)()
            assert name, widget.objectName()
            seen_names.add(name)
    assert {"Seed A", "Psi", "Row 0, strength of B", "Swap A and B", "New face"} <= seen_names


def test_the_status_line_speaks_of_what_is_seen(window, settle, engine):
    window.store.edit(edits.with_blend(window.store.recipe, 0.25, 1), "Blend")
    settle(window)
    assert (
        window.status.seen_text == f"Seed {moves.FIRST_SEED_A} → {moves.FIRST_SEED_B} at 0.25   ·   psi 0.70"
    )
    engine.gate.clear()
    window.commands["new_face"].trigger()
    assert window.status.seen_text.startswith(f"Seed {moves.FIRST_SEED_A} ")
    engine.gate.set()


def test_an_idle_window_waits_for_nothing(window, qtbot):
    from PySide6.QtCore import QTimer

    window.keeper.finish()
    running = [timer for timer in window.findChildren(QTimer) if timer.isActive()]
    assert all(timer.isSingleShot() for timer in running)


def test_resizing_while_pictures_come(window, settle):
    for width in range(900, 1300, 40):
        window.resize(width, 700)
        window.commands["new_face"].trigger()
        QApplication.processEvents()
    settle(window)
    assert isinstance(window.viewer, Viewer)
    assert window.viewer.target().height() <= window.viewer.height()
