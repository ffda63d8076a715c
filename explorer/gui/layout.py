"""How the window looks, and keeping that between runs: theme, panels, zoom habits, place on the screen."""

from pathlib import Path
from typing import cast

from PySide6.QtCore import QByteArray, QObject, Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QWidget

from explorer.gui import theme
from explorer.gui.actions import Actions
from explorer.gui.column import Column
from explorer.gui.networks_menu import NetworksMenu, RecentMenu
from explorer.gui.settings import Settings
from explorer.gui.viewer import ENLARGING, STEP, Enlarging, Viewer

SIZE = (1440, 900)


class Layout(QObject):
    """Puts the window into the state the settings describe, and the settings into that of the window."""

    def __init__(
        self,
        window: QMainWindow,
        kept: Settings,
        commands: Actions,
        viewer: Viewer,
        column: Column,
        timeline: QWidget,
        networks: NetworksMenu,
        recent: RecentMenu,
    ) -> None:
        super().__init__(window)
        self._window, self._kept, self._commands = window, kept, commands
        self._viewer, self._column = viewer, column
        self._networks, self._recent = networks, recent
        self.dock = _make_dock(window, "Controls", column)
        self.timeline = _make_dock(window, "Timeline", timeline)
        window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.timeline)
        self.timeline.hide()
        # The controls stand beside the timeline, not above it: they need the height.
        window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        window.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        for action in commands.group("theme"):
            action.invoked.connect(self._choose_theme)
        for action in commands.group("enlarging"):
            action.invoked.connect(self._choose_enlarging)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._dress)

    def restore(self) -> None:
        """Apply the settings."""
        kept = self._kept
        if kept.theme in theme.THEME_CHOICES:
            self._commands[f"theme_{kept.theme}"].setChecked(True)
        if kept.enlarging in ENLARGING:
            self._commands[f"enlarge_{kept.enlarging}"].setChecked(True)
            self._viewer.set_enlarging(kept.enlarging)
        self._commands["overlay"].setChecked(kept.overlay)
        self._viewer.set_overlay(kept.overlay)
        self._commands["controls_left"].setChecked(kept.controls_on_left)
        self.set_side(kept.controls_on_left)
        self._column.set_folded(kept.folded)
        self._show_recent()
        screen = self._window.screen().availableGeometry()
        self._window.resize(min(SIZE[0], screen.width()), min(SIZE[1], screen.height()))
        self._window.restoreGeometry(QByteArray.fromBase64(kept.geometry.encode("ascii", "ignore")))
        self._window.restoreState(QByteArray.fromBase64(kept.layout.encode("ascii", "ignore")))
        self._commands["controls"].setChecked(not self.dock.isHidden())
        self._commands["timeline"].setChecked(not self.timeline.isHidden())

    def take(self) -> None:
        """Write the place of window and dock into the settings."""
        self._kept.geometry = _base64(self._window.saveGeometry())
        self._kept.layout = _base64(self._window.saveState())

    @Slot()
    def take_folded(self) -> None:
        """Write which panels are folded into the settings."""
        self._kept.folded = self._column.folded

    def remember(self, kind: str, path: Path) -> None:
        """Put a file first among the recent ones; `kind` names the list."""
        self._kept.remember(kind, path)
        self._show_recent()

    def saved(self, path: Path) -> None:
        """Remember a file that was written."""
        if path.suffix.lower() not in (".json", ".film"):
            self._kept.picture_folder = str(path.parent)
        self.remember("recent_files", path)

    @Slot()
    def zoom_in(self) -> None:
        """One step larger."""
        self._viewer.zoom_by(STEP)

    @Slot()
    def zoom_out(self) -> None:
        """One step smaller."""
        self._viewer.zoom_by(1 / STEP)

    @Slot()
    def one_to_one(self) -> None:
        """Actual pixels."""
        self._viewer.zoom_to(1.0)

    @Slot(bool)
    def set_overlay(self, visible: bool) -> None:
        """Show or hide the line of facts."""
        self._kept.overlay = visible
        self._viewer.set_overlay(visible)

    @Slot(bool)
    def set_controls(self, visible: bool) -> None:
        """Show or hide the panels."""
        self.dock.setVisible(visible)

    @Slot(bool)
    def set_timeline(self, visible: bool) -> None:
        """Show or hide the timeline."""
        self.timeline.setVisible(visible)
        self._commands["timeline"].setChecked(visible)

    @Slot(bool)
    def set_side(self, left: bool) -> None:
        """Put the panels left or right of the picture."""
        self._kept.controls_on_left = left
        area = Qt.DockWidgetArea.LeftDockWidgetArea if left else Qt.DockWidgetArea.RightDockWidgetArea
        self._window.addDockWidget(area, self.dock)

    @Slot(bool)
    def set_full_screen(self, full: bool) -> None:
        """Give the picture the whole screen, or the window its parts back."""
        for part in (self._window.menuBar(), self._window.statusBar(), self.dock):
            part.setVisible(not full)
        self.timeline.setVisible(not full and self._commands["timeline"].isChecked())
        self._commands["controls"].setChecked(not full)
        self._commands["full_screen"].setChecked(full)
        if full:
            self._window.showFullScreen()
        else:
            self._window.showNormal()

    @Slot()
    def type_seed(self) -> None:
        """Put the cursor into the box of seed A."""
        box = self._column.findChild(QWidget, "seed_a_box")
        if box is not None:
            self._commands["controls"].setChecked(True)
            self.dock.show()
            self._column.sections["identity"].set_open(True)
            box.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _choose_theme(self) -> None:
        self._kept.theme = self.sender().objectName().removeprefix("theme_")
        self._dress()

    def _choose_enlarging(self) -> None:
        self._kept.enlarging = self.sender().objectName().removeprefix("enlarge_")
        self._viewer.set_enlarging(cast(Enlarging, self._kept.enlarging))

    def _dress(self) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, self._kept.theme)

    def _show_recent(self) -> None:
        self._recent.show_paths(self._kept.recent_files)
        self._networks.show_recent(self._kept.recent_models)


def _make_dock(window: QMainWindow, name: str, content: QWidget) -> QDockWidget:
    dock = QDockWidget(name, window)
    dock.setObjectName(f"{name.lower()}_dock")
    dock.setTitleBarWidget(QWidget(dock))
    dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
    dock.setWidget(content)
    return dock


def _base64(data: QByteArray) -> str:
    return bytes(data.toBase64().data()).decode("ascii")
