"""The chosen keyframe in numbers: its frame, its hold, and the way to the next."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from explorer.gui.timeline.curves import EasingBox
from explorer.gui.timeline.keys import PATH_NAMES
from explorer.gui.timeline.view import TimeView
from explorer.gui.widgets.buttons import TextButton
from explorer.gui.widgets.value_box import ValueBox
from explorer.recipe.film import MAX_SECONDS, PATHS

WIDTH = 252
SPACES = {"w": "in W", "z": "in Z"}


class Inspector(QFrame):
    """Shows the chosen keyframe, and tells what shall be different.

    Signals
    -------
    frame_typed(int), hold_typed(float) : where it shall stand, and how long.
    changed(str, object, str) : a field of the keyframe, its new value, and what to call that.
    all_wanted : all ways shall be like this one.
    set_wanted : the keyframe shall become the picture of the controls.
    open_wanted : the controls shall become the keyframe.
    """

    frame_typed = Signal(int)
    hold_typed = Signal(float)
    changed = Signal(str, object, str)
    all_wanted = Signal()
    set_wanted = Signal()
    open_wanted = Signal()

    def __init__(self, view: TimeView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self.setObjectName("inspector")
        self.setFixedWidth(WIDTH)
        self.title = QLabel()
        self.title.setProperty("role", "notice_title")
        self.frame = ValueBox(0, 1e7, 0)
        self.frame.setAccessibleName("Frame of the keyframe")
        self.hold = ValueBox(0, MAX_SECONDS, 2)
        self.hold.setAccessibleName("Seconds the keyframe holds")
        self.open = TextButton("Edit")
        self.open.setToolTip("Put this keyframe's recipe into the controls (double-click on it)")
        self.set = TextButton("Replace")
        self.set.setToolTip("Make this keyframe what the controls show now")
        self.path = QComboBox()
        self.path.setAccessibleName("Path to the next keyframe")
        self.path.addItems([PATH_NAMES[path] for path in PATHS])
        self.space = QComboBox()
        self.space.setAccessibleName("Space of the path")
        self.space.addItems(list(SPACES.values()))
        self.easing = EasingBox()
        self.noise = QCheckBox("Noise turns round once")
        self.noise.setToolTip("The noise goes once round and comes back to what it was")
        self.all = TextButton("Same for all ways")
        self.all.setToolTip(
            "Give every way this path, space and easing; a spline then runs through all keyframes"
        )
        self.hint = QLabel("Choose a keyframe, or a way between two, to see it here.")
        self.hint.setProperty("role", "hint")
        self.hint.setWordWrap(True)
        self._lay_out()
        self.frame.typed.connect(self._type_frame)
        self.hold.typed.connect(self.hold_typed)
        self.open.clicked.connect(self.open_wanted)
        self.set.clicked.connect(self.set_wanted)
        self.path.activated.connect(self._pick_path)
        self.space.activated.connect(self._pick_space)
        self.easing.picked.connect(self._pick_easing)
        self.noise.clicked.connect(self._pick_noise)
        self.all.clicked.connect(self.all_wanted)
        view.chosen.connect(self.show_key)
        self.show_key()

    def _lay_out(self) -> None:
        self.body = QWidget()
        grid = QGridLayout(self.body)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        numbers = QHBoxLayout()
        numbers.setSpacing(4)
        for name, box, unit in (("Frame", self.frame, ""), ("Hold", self.hold, "s")):
            numbers.addWidget(_dim(name))
            numbers.addWidget(box)
            if unit:
                numbers.addWidget(_dim(unit))
            numbers.addSpacing(6)
        numbers.addStretch(1)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        buttons.addWidget(self.open, 1)
        buttons.addWidget(self.set, 1)
        grid.addLayout(numbers, 0, 0, 1, 2)
        grid.addLayout(buttons, 1, 0, 1, 2)
        self.way = QWidget()
        way = QGridLayout(self.way)
        way.setContentsMargins(0, 2, 0, 0)
        way.setHorizontalSpacing(6)
        way.setVerticalSpacing(6)
        way.setColumnStretch(0, 1)
        self.way_title = _dim("Way to the next")
        way.addWidget(self.way_title, 0, 0, 1, 2)
        way.addWidget(self.path, 1, 0)
        way.addWidget(self.space, 1, 1)
        way.addWidget(self.easing, 2, 0, 1, 2)
        way.addWidget(self.noise, 3, 0, 1, 2)
        way.addWidget(self.all, 4, 0, 1, 2)
        grid.addWidget(self.way, 2, 0, 1, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 14, 10)
        column.setSpacing(6)
        column.addWidget(self.title)
        column.addWidget(self.hint)
        column.addWidget(self.body)
        column.addStretch(1)

    def show_key(self) -> None:
        """Show the keyframe that is chosen, without an echo."""
        view = self._view
        chosen = view.film is not None and 0 <= view.index < len(view.keys)
        self.body.setVisible(chosen)
        self.hint.setVisible(not chosen)
        self.title.setText(f"Keyframe {view.index + 1}" if chosen else "Keyframe")
        if not chosen or view.film is None:
            return
        key = view.keys[view.index]
        self.frame.set_amount(view.film.frame_at(key.time))
        self.frame.setEnabled(view.index > 0)
        self.hold.set_amount(key.hold)
        self.path.setCurrentIndex(PATHS.index(key.path))
        self.space.setCurrentIndex(list(SPACES).index(key.space))
        self.easing.show_easing(key.easing)
        self.noise.setChecked(key.noise_loop)
        is_last = view.index + 1 == len(view.keys)
        self.way.setVisible(not is_last or view.film.loop)
        self.way_title.setText("Way back to the first" if is_last else f"Way to keyframe {view.index + 2}")

    def _type_frame(self, number: float) -> None:
        self.frame_typed.emit(round(number))

    def _pick_path(self, index: int) -> None:
        self.changed.emit("path", PATHS[index], "Change path")

    def _pick_space(self, index: int) -> None:
        self.changed.emit("space", list(SPACES)[index], "Change space")

    def _pick_easing(self, name: str) -> None:
        self.changed.emit("easing", name, "Change easing")

    def _pick_noise(self, checked: bool) -> None:
        self.changed.emit("noise_loop", checked, "Turn noise")


def _dim(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "hint")
    label.setAlignment(Qt.AlignmentFlag.AlignVCenter)
    return label
