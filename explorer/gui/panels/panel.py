"""What all panels have in common."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QVBoxLayout, QWidget

from explorer.gui.store import Store
from explorer.recipe import Recipe
from explorer.render.model_info import ModelInfo


class Panel(QWidget):
    """One part of the recipe on screen.

    Signals
    -------
    completed : what was too much to be made in one go is all there.
    """

    completed = Signal()

    TITLE = ""
    KEY = ""
    """Name in settings."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.store = store
        self.setObjectName(f"{self.KEY}_panel")
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 2, 0, 0)
        self.column.setSpacing(5)

    def tools(self) -> tuple[QWidget, ...]:
        """Buttons for the panel's header."""
        return ()

    def show_recipe(self, recipe: Recipe, info: ModelInfo | None) -> None:
        """Show the panel's part of a recipe, without an echo.

        Parameters
        ----------
        info : the network in use; None while none is loaded yet.
        """
        raise NotImplementedError

    @property
    def is_complete(self) -> bool:
        """Whether all that the panel shows has been made."""
        return True

    def show_thumbnail(self, key: str, image: QImage) -> None:
        """Show the picture of a single seed: key "a" or "b"."""

    def is_shown(self, info: ModelInfo | None) -> bool:
        """Whether the panel is there at all: what few networks have is hidden for the others."""
        return True

    def why_not(self, info: ModelInfo | None) -> str:
        """Reason why this network has no use for the panel; empty where it has."""
        return ""


def row_name(row: int, info: ModelInfo | None) -> str:
    """What a row of `ws` draws, for its tooltip."""
    resolutions = [] if info is None else [step.resolution for step in info.steps if row in step.rows]
    return f"Row {row}: {min(resolutions)} pixels" if resolutions else f"Row {row}"
