"""The line below: which recipe is on screen, and at which zoom."""

from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from explorer.gui.viewer import Viewer
from explorer.recipe import Moment, Recipe, SeedBlend, edits, source_name


class StatusLine(QStatusBar):
    """Speaks of what is *seen*; tips of menu entries pass over it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._seen = QLabel()
        self._seen.setObjectName("status_seen")
        self._zoom = QLabel()
        self._zoom.setObjectName("status_zoom")
        self.addWidget(self._seen, 1)
        self.addPermanentWidget(self._zoom)

    @property
    def seen_text(self) -> str:
        """What it says of the picture."""
        return self._seen.text()

    def show_recipe(self, recipe: Recipe, moment: Moment | None = None) -> None:
        """Say what the picture on screen is: a recipe's, or a frame of a film."""
        self._seen.setText(in_words(recipe) if moment is None else moment_in_words(moment))

    def show_view(self, viewer: Viewer) -> None:
        """Say how large it is shown."""
        if viewer.frame is not None:
            fitted = " · fitted" if viewer.is_fitted else ""
            self._zoom.setText(f"{viewer.scale * 100:.0f} %{fitted}")


def moment_in_words(moment: Moment) -> str:
    """One line about a frame of a film."""
    place = moment.place
    where = f"on keyframe {place.before + 1}"
    if place.before != place.after:
        where = f"{place.t:.0%} of the way from keyframe {place.before + 1} to {place.after + 1}"
    return f"Film, frame {moment.number} of {moment.film.frames}   ·   {where}"


def in_words(recipe: Recipe) -> str:
    """One line about a recipe."""
    parts = [_base(recipe), f"psi {recipe.psi:.2f}".replace("-", "\N{MINUS SIGN}")]
    if recipe.cutoff is not None:
        parts.append(f"cutoff {recipe.cutoff}")
    rows = sum(1 for strength in edits.row_strengths(recipe, 64) if strength)
    if rows:
        parts.append(f"{rows} {'row' if rows == 1 else 'rows'} mixed with {_b(recipe)}")
    if recipe.noise.mode != "const":
        parts.append("no noise" if recipe.noise.mode == "none" else f"noise {recipe.noise.seed}")
    return "   ·   ".join(parts)


def _base(recipe: Recipe) -> str:
    name, t = source_name(edits.source_a(recipe)).capitalize(), edits.blend(recipe)
    if t == 0 and (not isinstance(recipe.base, SeedBlend) or len(recipe.base.terms) <= 2):
        return name
    return f"{name} → {_b(recipe)} at {t:.2f}".replace("-", "\N{MINUS SIGN}")


def _b(recipe: Recipe) -> str:
    """B without the word "seed"; that is said of A, or plain from the context."""
    b = edits.source_b(recipe)
    return "nothing" if b is None else source_name(b).removeprefix("seed ")
