"""Choices for a film's file: format, colour, size, rate, quality, mark, label."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QSpinBox, QWidget

from explorer.gui.widgets.finish_box import Segments, choice, choices_grid, hint, line, mark_box
from explorer.recipe import Film, film_edits
from explorer.recipe.film import MAX_SIZE
from explorer.recipe.finish import CORNERS, LABEL_SIZES, WORDS, Label

FORMATS: dict[str, tuple[str, dict[str, str]]] = {
    "MP4 (H.264)": (".mp4", {}),
    "WebM (VP9)": (".webm", {"codec": "vp9"}),
    "WebM (AV1)": (".webm", {"codec": "av1"}),
    "MOV (ProRes)": (".mov", {}),
    "GIF": (".gif", {}),
    "Animated WebP": (".webp", {}),
    "Animated PNG": (".apng", {}),
    "PNG sequence": ("", {}),
}
SIZES = ("As drawn", "256", "512", "720", "1024", "1080", "2160")
RATES = (12, 24, 25, 30, 50, 60)
SIGNED = (
    "The file carries the film, so that it can be made again, says that it is AI-generated, and is signed "
    "with Content Credentials."
)
WEBM = (
    "WebM has no place for Content Credentials: the file carries the film and says that it is AI-generated, "
    "but is not signed. Choose MP4 where the signature matters."
)
SEQUENCE = "Each picture carries the film and its own number, and is signed with Content Credentials."


class FilmBox(QWidget):
    """Lets a format and what it can hold be chosen.

    Signals
    -------
    changed : something is chosen otherwise now.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._film: Film | None = None
        self._cell = (0, 0)
        self.format = choice("Format", list(FORMATS))
        self.chroma = Segments("Colour", ("4:2:0", "4:4:4"))
        self.chroma_hint = hint("")
        self.height_box = choice("Size", SIZES)
        self.height_box.setEditable(True)
        self.height_box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.height_box.setMinimumWidth(110)
        self.size_hint = hint("")
        self.rate = choice("Frames a second", [str(rate) for rate in RATES])
        self.rate.setEditable(True)
        self.rate.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.rate_hint = hint("")
        self.columns = choice("Columns", ["1"])
        self.columns_name = QLabel("Films")
        self.columns_hint = hint("")
        self.quality = QSpinBox()
        self.quality.setRange(1, 100)
        self.quality.setValue(80)
        self.quality.lineEdit().setTextMargins(8, 0, 8, 0)
        self.quality.setAccessibleName("Quality")
        self.quality.setMinimumWidth(96)
        self.quality_hint = hint("")
        self.mark = mark_box()
        self.label = QCheckBox(f"Write “{WORDS}” into the picture")
        self.corner = choice("Corner of the label", [corner.replace("-", " ") for corner in CORNERS])
        self.label_size = choice("Size of the label", LABEL_SIZES)
        self.label_size.setCurrentIndex(LABEL_SIZES.index(Label().size))
        self.says = QLabel()
        self.says.setProperty("role", "hint")
        self.says.setWordWrap(True)
        self._lay_out()
        self.format.currentIndexChanged.connect(self._allow)
        for box in (self.height_box, self.rate):
            box.editTextChanged.connect(self._allow)
        self.columns.currentIndexChanged.connect(self._allow)
        self.chroma.changed.connect(self._allow)
        self.quality.valueChanged.connect(self._allow)
        self.mark.toggled.connect(self._allow)
        self.label.toggled.connect(self._allow)
        self.corner.currentIndexChanged.connect(self._allow)
        self.label_size.currentIndexChanged.connect(self._allow)

    def _lay_out(self) -> None:
        rows: Sequence[tuple[QLabel | str, Sequence[QWidget]]] = (
            ("Format", (self.format,)),
            ("Colour", (self.chroma, self.chroma_hint)),
            ("Size", (self.height_box, self.size_hint)),
            ("Rate", (self.rate, self.rate_hint)),
            (self.columns_name, (self.columns, self.columns_hint)),
            ("Quality", (self.quality, self.quality_hint)),
            ("Mark", (self.mark,)),
            ("Label", (self.label,)),
            ("", (self.corner, self.label_size)),
        )
        grid = choices_grid(self)
        for number, (name, widgets) in enumerate(rows):
            grid.addWidget(name if isinstance(name, QLabel) else QLabel(name), number, 0)
            grid.addLayout(line(*widgets), number, 1)
        grid.addWidget(self.says, len(rows), 0, 1, 2)

    # What is chosen.

    @property
    def suffix(self) -> str:
        """Suffix of the chosen format; empty for a folder of frames."""
        return FORMATS[self.format.currentText()][0]

    @property
    def settings(self) -> dict[str, object]:
        """Arguments of the chosen `FilmSettings`."""
        label = None
        if self.label.isChecked():
            label = Label(CORNERS[self.corner.currentIndex()], LABEL_SIZES[self.label_size.currentIndex()])
        return {
            "quality": self.quality.value(),
            "chroma": "444" if self.chroma.isEnabled() and self.chroma.index == 1 else "420",
            "label": label,
            "mark": self.mark.isChecked(),
            **FORMATS[self.format.currentText()][1],
        }

    def film(self, film: Film) -> Film:
        """The film at the chosen size and rate, its cells in the chosen columns.

        Raises
        ------
        RecipeError
            If one of them is out of bounds.
        """
        rate = self.rate.currentText().replace(",", ".").strip()
        try:
            fps = float(rate)
        except ValueError:
            fps = -1.0
        columns = int(self.columns.currentText()) if len(film.cells) > 1 else 1
        return film.with_(fps=fps, size=self._chosen_size(), columns=columns)

    def _chosen_size(self) -> int | None:
        text = self.height_box.currentText().strip()
        if not text or text == SIZES[0]:
            return None
        return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0

    # What is shown.

    def show_cell(self, cell: tuple[int, int]) -> None:
        """Tell width and height that the network draws a cell with."""
        self._cell = cell
        self._allow()

    def show_film(self, film: Film) -> None:
        """Show size, rate and columns of a film."""
        self._film, self._cell = film, (0, 0)
        boxes = (self.height_box, self.rate, self.columns)
        for box in boxes:
            box.blockSignals(True)
        self.height_box.setEditText(SIZES[0] if film.size is None else str(film.size))
        self.rate.setEditText(f"{film.fps:g}")
        self.columns.clear()
        self.columns.addItems([str(columns) for columns in film_edits.shapes(film)])
        self.columns.setCurrentText(str(film.columns))
        for box in boxes:
            box.blockSignals(False)
        several = len(film.cells) > 1
        for widget in (self.columns_name, self.columns, self.columns_hint):
            widget.setVisible(several)
        self._allow()

    def restore(self, format: str, settings: dict[str, object]) -> None:
        """Choose what was chosen before."""
        if format in FORMATS:
            self.format.setCurrentText(format)
        quality, label = settings.get("quality"), settings.get("label")
        if isinstance(quality, int):
            self.quality.setValue(quality)
        self.chroma.choose(int(settings.get("chroma") == "444"))
        self.mark.setChecked(settings.get("mark") is not False)
        self.label.setChecked(isinstance(label, Label))
        if isinstance(label, Label):
            self.corner.setCurrentIndex(CORNERS.index(label.corner))
            self.label_size.setCurrentIndex(LABEL_SIZES.index(label.size))

    def _allow(self) -> None:
        """Offer what the format can hold, and say what it cannot."""
        name = self.format.currentText()
        suffix = self.suffix
        has_chroma = name in ("MP4 (H.264)", "WebM (VP9)", "MOV (ProRes)")
        self.chroma.setEnabled(has_chroma)
        self.chroma_hint.setText(
            ("fine colours; many players refuse it" if self.chroma.index else "plays everywhere")
            if has_chroma and suffix != ".mov"
            else ""
        )
        lossless = suffix in (".apng", "")
        self.quality.setVisible(not lossless)
        self.quality_hint.setText("Keeps every pixel" if lossless else _quality_words(suffix))
        for widget in (self.corner, self.label_size):
            widget.setEnabled(self.label.isChecked())
        self.says.setText(WEBM if suffix == ".webm" else SIGNED if suffix else SEQUENCE)
        self._tell_numbers()
        self.changed.emit()

    def _tell_numbers(self) -> None:
        """Say what size and rate come to."""
        for text in (self.size_hint, self.rate_hint, self.columns_hint):
            text.setText("")
        if self._film is None:
            return
        size = self._chosen_size()
        width, height = self._cell
        if size and size <= MAX_SIZE and height:
            width, height = max(round(width * size / height), 1), size
        columns = int(self.columns.currentText() or 1)
        rows = len(self._film.cells) // columns
        if height and size != 0:
            self.size_hint.setText(f"{width * columns} × {height * rows} pixels")
        self.columns_hint.setText(f"in a row, {rows} below each other")
        try:
            film = self.film(self._film)
        except ValueError:
            return
        self.rate_hint.setText(f"a second: {film.frames} frames, {film.seconds:.4g} s")


def _quality_words(suffix: str) -> str:
    return "of 100; 80 is free of visible loss" if suffix in (".mp4", ".webm", ".webp") else "of 100"
