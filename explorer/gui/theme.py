"""Colours, fonts and icons of the window: one style (Fusion), two palettes of our own.

Colours live in `resources/dark.json` and `light.json`. Custom-painted widgets read
them from their palette, so that a change of theme reaches them as Qt's own
`PaletteChange`; the roles below name what each borrowed palette role holds.
"""

import json
from dataclasses import dataclass, fields
from functools import lru_cache
from string import Template
from typing import Literal

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from explorer.locations import resources_dir

ThemeChoice = Literal["system", "dark", "light"]
THEME_CHOICES: tuple[ThemeChoice, ...] = ("system", "dark", "light")

Role = QPalette.ColorRole
SEED_A, SEED_B = Role.Link, Role.LinkVisited
DANGER, DIM, GROOVE, STAGE = Role.BrightText, Role.PlaceholderText, Role.Mid, Role.Shadow
HOVER, LINE, PANEL, RAISED, ACCENT = (
    Role.Light,
    Role.Midlight,
    Role.AlternateBase,
    Role.Button,
    Role.Highlight,
)


@dataclass(frozen=True)
class Colours:
    """One palette, as `#rrggbb` strings."""

    window: str
    panel: str
    raised: str
    hover: str
    field: str
    stage: str
    """Ground around the picture."""
    line: str
    groove: str
    text: str
    dim: str
    disabled: str
    accent: str
    on_accent: str
    seed_a: str
    seed_b: str
    danger: str
    good: str

    @classmethod
    def load(cls, name: Literal["dark", "light"]) -> "Colours":
        """Read one of the two palettes."""
        values = json.loads((resources_dir() / f"{name}.json").read_text("utf-8"))
        return cls(**{field.name: values[field.name] for field in fields(cls)})

    def palette(self) -> QPalette:
        """Spell the colours as a Qt palette."""
        palette = QPalette()
        for role, colour in (
            (Role.Window, self.window),
            (Role.WindowText, self.text),
            (Role.Base, self.field),
            (PANEL, self.panel),
            (Role.Text, self.text),
            (RAISED, self.raised),
            (Role.ButtonText, self.text),
            (ACCENT, self.accent),
            (Role.Accent, self.accent),
            (Role.HighlightedText, self.on_accent),
            (Role.ToolTipBase, self.raised),
            (Role.ToolTipText, self.text),
            (HOVER, self.hover),
            (LINE, self.line),
            (GROOVE, self.groove),
            (Role.Dark, self.line),
            (STAGE, self.stage),
            (DIM, self.dim),
            (DANGER, self.danger),
            (SEED_A, self.seed_a),
            (SEED_B, self.seed_b),
        ):
            palette.setColor(role, QColor(colour))
        for role in (Role.WindowText, Role.Text, Role.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(self.disabled))
        palette.setColor(QPalette.ColorGroup.Disabled, ACCENT, QColor(self.groove))
        return palette

    def style_sheet(self) -> str:
        """Fill the style sheet with these colours."""
        names = {field.name: getattr(self, field.name) for field in fields(self)}
        names["accent_hover"] = QColor(self.accent).lighter(108).name()
        ground = "dark" if QColor(self.window).lightness() < 128 else "light"
        for name in ("check", "down"):
            names[name] = (resources_dir() / "icons" / f"{name}-{ground}.svg").as_posix()
        return Template((resources_dir() / "theme.qss").read_text("utf-8")).substitute(names)


def apply(app: QApplication, choice: str) -> None:
    """Dress the whole application; may be called again at any time."""
    app.setStyle("Fusion")
    colours = Colours.load(wanted_palette(app, choice))
    app.setPalette(colours.palette())
    app.setStyleSheet(colours.style_sheet())


def wanted_palette(app: QApplication, choice: str) -> Literal["dark", "light"]:
    """Which of the two palettes a choice stands for; dark where it is none, or the system does not say."""
    if choice == "system":
        return "light" if app.styleHints().colorScheme() == Qt.ColorScheme.Light else "dark"
    return "light" if choice == "light" else "dark"


def load_fonts(app: QApplication) -> None:
    """Use the bundled Inter, so that the window looks alike on every system."""
    for weight in ("Regular", "Medium", "SemiBold", "Bold"):
        QFontDatabase.addApplicationFont(str(resources_dir() / "fonts" / f"Inter-{weight}.otf"))
    font = QFont("Inter")
    font.setPixelSize(13)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    app.setFont(font)


def with_weight(font: QFont, weight: QFont.Weight, pixels: int | None = None) -> QFont:
    """Return a copy of `font` in another weight and size."""
    copy = QFont(font)
    copy.setWeight(weight)
    if pixels is not None:
        copy.setPixelSize(pixels)
    return copy


def app_icon() -> QIcon:
    """Icon of the application."""
    return QIcon(str(resources_dir() / "icons" / "app.svg"))


@lru_cache(maxsize=256)
def icon(name: str, colour: str, disabled: str = "#777777", side: int = 18) -> QIcon:
    """Tint one of `resources/icons` with a colour; both as `#rrggbb`."""
    drawing = (resources_dir() / "icons" / f"{name}.svg").read_text("utf-8")
    result = QIcon()
    for mode, tint in ((QIcon.Mode.Normal, colour), (QIcon.Mode.Disabled, disabled)):
        renderer = QSvgRenderer(QByteArray(drawing.replace("currentColor", tint).encode("utf-8")))
        for scale in (1, 2, 3):
            pixmap = QPixmap(side * scale, side * scale)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            renderer.render(painter, QRectF(0, 0, side * scale, side * scale))
            painter.end()
            pixmap.setDevicePixelRatio(scale)
            result.addPixmap(pixmap, mode)
    return result


def palette_icon(name: str, palette: QPalette, role: QPalette.ColorRole = Role.ButtonText) -> QIcon:
    """Tint an icon for a palette."""
    return icon(
        name,
        palette.color(QPalette.ColorGroup.Active, role).name(),
        palette.color(QPalette.ColorGroup.Disabled, Role.ButtonText).name(),
    )
