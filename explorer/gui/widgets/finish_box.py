"""Choices for a picture's file: format, depth, size, mark, label, quality."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from explorer.errors import RecipeError
from explorer.gui.widgets.buttons import Segment
from explorer.recipe import finish as finishes
from explorer.recipe.finish import CORNERS, LABEL_SIZES, UPSCALES, WORDS, Finish, Label

FORMATS = {"PNG": ".png", "JPEG": ".jpg", "WebP": ".webp", "TIFF": ".tif"}
JPEG_QUALITY = 95


class FinishBox(QWidget):
    """Shows a `Finish` and the suffix of a format, and lets them be chosen.

    Only what the format can hold can be chosen.

    Signals
    -------
    changed : something is chosen otherwise now.
    """

    changed = Signal()

    def __init__(self, finish: str = "", suffix: str = ".png", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._size = (0, 0)
        self.format = choice("Format", FORMATS)
        self.bits = Segments("Depth", ("8 bit", "16 bit"))
        self.upscale = Segments("Size", ("As drawn", *(f"{n} ×" for n in UPSCALES[1:])))
        self.size_hint = hint("")
        self.mark = mark_box()
        self.label = QCheckBox(f"Write “{WORDS}” into the picture")
        self.corner = choice("Corner of the label", [corner.replace("-", " ") for corner in CORNERS])
        self.label_size = choice("Size of the label", LABEL_SIZES)
        self.quality = QSpinBox()
        self.quality.lineEdit().setTextMargins(8, 0, 8, 0)
        self.quality.setAccessibleName("Quality")
        self.quality_hint = hint("")
        self.quality.setMinimumWidth(96)
        grid = choices_grid(self)
        for number, (name, widgets) in enumerate(
            (
                ("Format", (self.format,)),
                ("Depth", (self.bits,)),
                ("Size", (self.upscale, self.size_hint)),
                ("Quality", (self.quality, self.quality_hint)),
                ("Mark", (self.mark,)),
                ("Label", (self.label,)),
                ("", (self.corner, self.label_size)),
            )
        ):
            grid.addWidget(QLabel(name), number, 0)
            grid.addLayout(line(*widgets), number, 1)
        self._restore(finish, suffix)
        self._allow()
        self.format.currentIndexChanged.connect(self._allow)
        self.mark.toggled.connect(self._allow)
        self.label.toggled.connect(self._allow)
        self.bits.changed.connect(self._allow)
        self.upscale.changed.connect(self._allow)

    @property
    def suffix(self) -> str:
        """Suffix of the chosen format."""
        return FORMATS[self.format.currentText()]

    @property
    def finish(self) -> Finish:
        """What is chosen."""
        bits = 16 if self.format.currentText() == "PNG" and self.bits.index == 1 else 8
        label = None
        if self.label.isChecked():
            label = Label(CORNERS[self.corner.currentIndex()], LABEL_SIZES[self.label_size.currentIndex()])
        return Finish(bits, UPSCALES[self.upscale.index], label, self._quality(), self.mark.isChecked())

    def show_size(self, width: int, height: int) -> None:
        """Tell how large the picture is as drawn, in pixels."""
        self._size = (width, height)
        self._allow()

    def _quality(self) -> int | None:
        format, value = self.format.currentText(), self.quality.value()
        if format == "WebP":
            return value or None
        return value if format == "JPEG" and value != JPEG_QUALITY else None

    def _restore(self, text: str, suffix: str) -> None:
        try:
            kept = finishes.loads(text) if text else Finish()
        except RecipeError:
            kept = Finish()
        names = [name for name, known in FORMATS.items() if known == suffix] or ["PNG"]
        self.format.setCurrentText(names[0])
        self._range()
        self.bits.choose(int(kept.bits == 16))
        self.upscale.choose(UPSCALES.index(kept.upscale))
        # What was kept before there was a mark did not choose against it.
        self.mark.setChecked(kept.mark or '"mark"' not in text)
        label = kept.label or Label()
        self.label.setChecked(kept.label is not None)
        self.corner.setCurrentIndex(CORNERS.index(label.corner))
        self.label_size.setCurrentIndex(LABEL_SIZES.index(label.size))
        if kept.quality is not None:
            self.quality.setValue(kept.quality)

    def _range(self) -> None:
        """Quality as the format means it; set anew only where the format has changed."""
        format = self.format.currentText()
        if self.quality.property("for") == format:
            return
        self.quality.setProperty("for", format)
        self.quality.setRange(0 if format == "WebP" else 1, 100)
        self.quality.setSpecialValueText("Lossless" if format == "WebP" else "")
        self.quality.setValue(0 if format == "WebP" else JPEG_QUALITY)

    def _allow(self) -> None:
        """Offer what the format can hold."""
        format = self.format.currentText()
        self._range()
        self.bits.setEnabled(format == "PNG")
        lossy = format in ("JPEG", "WebP")
        self.quality.setVisible(lossy)
        self.quality_hint.setText("" if lossy else f"{format} keeps every pixel")
        for widget in (self.corner, self.label_size):
            widget.setEnabled(self.label.isChecked())
        width, height = (side * UPSCALES[self.upscale.index] for side in self._size)
        self.size_hint.setText(f"{width} × {height} pixels" if height else "")
        self.changed.emit()


class Segments(QWidget):
    """One of a few, side by side."""

    changed = Signal()

    def __init__(self, name: str, texts: Sequence[str]) -> None:
        super().__init__()
        self.setObjectName("segments")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(2)
        self.buttons = [Segment(text) for text in texts]
        for button in self.buttons:
            row.addWidget(button)
            button.toggled.connect(self._toggled)
        self.buttons[0].setChecked(True)

    @property
    def index(self) -> int:
        """Which is chosen."""
        return next((i for i, button in enumerate(self.buttons) if button.isChecked()), 0)

    def choose(self, index: int) -> None:
        """Choose one."""
        self.buttons[index].setChecked(True)

    def _toggled(self, checked: bool) -> None:
        if checked:
            self.changed.emit()


def mark_box() -> QCheckBox:
    """Whether the invisible mark is laid over the pixels; it is, unless somebody says otherwise."""
    box = QCheckBox("Lay an invisible mark over the pixels")
    box.setChecked(True)
    box.setToolTip(
        "One faint pattern, the same in every file, that says “made by AI” and nothing else.\n"
        "It outlives screenshots, messengers and cropping. Without it, the file says that it is missing."
    )
    return box


def choices_grid(parent: QWidget | None = None) -> QGridLayout:
    """Names left, choices right; all such grids of a page stand in one line."""
    grid = QGridLayout() if parent is None else QGridLayout(parent)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setVerticalSpacing(10)
    grid.setHorizontalSpacing(18)
    grid.setColumnMinimumWidth(0, 56)
    grid.setColumnStretch(1, 1)
    return grid


def choice(name: str, texts: Sequence[str] | dict[str, str]) -> QComboBox:
    """One of several, in a box that opens."""
    box = QComboBox()
    box.addItems([text[:1].upper() + text[1:] for text in texts])
    box.setAccessibleName(name)
    return box


def hint(text: str) -> QLabel:
    """Quiet words beside a choice."""
    label = QLabel(text)
    label.setProperty("role", "hint")
    label.setMinimumHeight(30)  # a row does not jump where its other widget is hidden
    return label


def line(*widgets: QWidget) -> QHBoxLayout:
    """Widgets side by side, at the left."""
    row = QHBoxLayout()
    row.setSpacing(10)
    for widget in widgets:
        row.addWidget(widget)
    row.addStretch(1)
    return row
