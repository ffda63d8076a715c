"""The row of buttons above the lanes: play, step, loop, the number of the frame, rate and length."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from explorer.gui import theme
from explorer.gui.timeline.view import TimeView
from explorer.gui.widgets.buttons import IconButton, TextButton
from explorer.gui.widgets.value_box import ValueBox
from explorer.recipe import Film
from explorer.recipe.film import MAX_FPS, MAX_SECONDS

NARROW, TINY = 1000, 780
"""Widths in pixels below which something is left out."""


class Transport(QFrame):
    """Shows where the film is, and takes orders.

    Signals
    -------
    play_wanted, add_wanted, duplicate_wanted, delete_wanted, export_wanted : a button was pressed.
    loop_wanted(bool), fps_typed(float), seconds_typed(float) : edits of the film.
    history_toggled(bool) : show the pictures of the history.
    cell_chosen(int) : another of several films shall be seen.
    """

    play_wanted = Signal()
    add_wanted = Signal()
    duplicate_wanted = Signal()
    delete_wanted = Signal()
    export_wanted = Signal()
    loop_wanted = Signal(bool)
    fps_typed = Signal(float)
    seconds_typed = Signal(float)
    history_toggled = Signal(bool)
    cell_chosen = Signal(int)

    def __init__(self, view: TimeView, menu: QMenu, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self.first = IconButton("first", "To the first frame")
        self.back = IconButton("step-back", "One frame back (,)")
        self.play = IconButton("play", "Play (Shift+Space)")
        self.forward = IconButton("step-forward", "One frame forward (.)")
        self.last = IconButton("last", "To the last frame")
        self.loop = IconButton("loop", "Loop: the last frame leads into the first")
        self.loop.setCheckable(True)
        self.frame = QLabel()
        font = theme.with_weight(self.font(), QFont.Weight.DemiBold, 13)
        font.setFeature(QFont.Tag("tnum"), 1)
        self.frame.setFont(font)
        self.of = QLabel()
        self.of.setProperty("role", "hint")
        self.fps = ValueBox(1, MAX_FPS, 0)
        self.fps.setAccessibleName("Frames a second")
        self.seconds = ValueBox(0.001, MAX_SECONDS, 2)
        self.seconds.setAccessibleName("Seconds the film lasts")
        self.seconds.setFixedWidth(68)
        self.cells = QToolButton()
        self.cells.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.cells.setMenu(QMenu(self.cells))
        self.cells.setProperty("chip", True)
        self.cells.setToolTip("Which of several films is seen here")
        self.cells.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.add = TextButton("Add keyframe")
        self.add.setToolTip("Put the picture of the controls on the timeline (K)")
        self.duplicate = IconButton("duplicate", "Duplicate the chosen keyframe")
        self.delete = IconButton("delete", "Delete the chosen keyframe (Delete)")
        self.history = IconButton("history", "Pictures of the history, to drag onto the timeline")
        self.history.setCheckable(True)
        self.more = IconButton("more", "Open, save, music, grid")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(menu)
        self.export = TextButton("Export film…", primary=True)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 7, 12, 7)
        row.setSpacing(3)
        for button in (self.first, self.back, self.play, self.forward, self.last, self.loop):
            row.addWidget(button)
        row.addSpacing(10)
        row.addWidget(self.frame)
        row.addSpacing(4)
        row.addWidget(self.of)
        row.addSpacing(14)
        self._numbers: list[QWidget] = []
        for box, unit in ((self.fps, "fps"), (self.seconds, "s")):
            label = QLabel(unit)
            label.setProperty("role", "hint")
            for widget in (box, label):
                row.addWidget(widget)
                self._numbers.append(widget)
            row.addSpacing(6)
        row.addWidget(self.cells)
        row.addStretch(1)
        row.addWidget(self.add)
        row.addSpacing(4)
        for button in (self.duplicate, self.delete, self.history, self.more):
            row.addWidget(button)
        row.addSpacing(6)
        row.addWidget(self.export)

    def _connect(self) -> None:
        view = self._view
        view.changed.connect(self._show_number)
        view.chosen.connect(self._show_chosen)
        self.first.clicked.connect(self._to_first)
        self.back.clicked.connect(self.step_back)
        self.forward.clicked.connect(self.step_forward)
        self.last.clicked.connect(self._to_last)
        self.play.clicked.connect(self.play_wanted)
        self.loop.clicked.connect(self.loop_wanted)
        self.fps.typed.connect(self.fps_typed)
        self.seconds.typed.connect(self.seconds_typed)
        self.add.clicked.connect(self.add_wanted)
        self.duplicate.clicked.connect(self.duplicate_wanted)
        self.delete.clicked.connect(self.delete_wanted)
        self.history.clicked.connect(self.history_toggled)
        self.export.clicked.connect(self.export_wanted)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out what has no room; keys and menus reach it all the same."""
        super().resizeEvent(event)
        narrow, tiny = self.width() < NARROW, self.width() < TINY
        for part in (self.first, self.last, self.of):
            part.setVisible(not narrow)
        for number in self._numbers:
            number.setVisible(not tiny)
        self.add.setText("Add" if narrow else "Add keyframe")
        self.export.setText("Export…" if narrow else "Export film…")

    def minimumSizeHint(self) -> QSize:
        """What is left of it where there is little room."""
        return QSize(520, super().minimumSizeHint().height())

    def show_film(self, film: Film | None) -> None:
        """Show rate, length and loop."""
        for widget in (
            self.first,
            self.back,
            self.play,
            self.forward,
            self.last,
            self.loop,
            self.export,
            self.fps,
            self.seconds,
        ):
            widget.setEnabled(film is not None)
        if film is not None:
            self.fps.set_amount(film.fps)
            self.seconds.set_amount(film.seconds)
        self.loop.setChecked(film is not None and film.loop)
        self._show_cells(film)
        self._show_number()
        self._show_chosen()

    def show_playing(self, playing: bool) -> None:
        """Play, or pause."""
        self.play.set_icon("pause" if playing else "play")
        self.play.setToolTip("Pause (Shift+Space)" if playing else "Play (Shift+Space)")

    def step_back(self) -> None:
        """One frame back."""
        self._view.seek(self._view.number - 1)

    def step_forward(self) -> None:
        """One frame forward."""
        self._view.seek(self._view.number + 1)

    def _to_first(self) -> None:
        self._view.seek(0)

    def _to_last(self) -> None:
        if self._view.film:
            self._view.seek(self._view.film.frames - 1)

    def _show_number(self) -> None:
        film = self._view.film
        if film is None:
            self.frame.setText("No film yet")
            self.of.setText("")
            return
        digits = len(str(film.frames - 1))
        self.frame.setText(f"Frame {self._view.number:>{digits}}")
        self.of.setText(f"of {film.frames} · {self._view.number / film.fps:.2f} s")

    def _show_chosen(self) -> None:
        chosen = self._view.index >= 0
        self.duplicate.setEnabled(chosen)
        self.delete.setEnabled(chosen)

    def _show_cells(self, film: Film | None) -> None:
        """Which of several films is seen."""
        count = len(film.cells) if film else 1
        self.cells.setVisible(count > 1)
        if count < 2:
            return
        self.cells.setText(f" Film {self._view.cell + 1} of {count} ▾ ")
        menu = self.cells.menu()
        menu.clear()
        for cell in range(count):
            action = menu.addAction(f"Film {cell + 1}")
            action.setData(cell)
            action.triggered.connect(self._choose_cell)

    def _choose_cell(self) -> None:
        self.cell_chosen.emit(self.sender().data())  # type: ignore[attr-defined]
