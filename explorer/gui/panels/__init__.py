"""Panels: each is one part of the recipe on screen.

Each has two doors: `show_recipe` sets its widgets without an echo, and what the
user does goes to `store.edit`. Panels do not know each other or the engine.
A new panel is a file here and one line in `PANELS`.
"""

from explorer.gui.panels.classes import ClassPanel
from explorer.gui.panels.directions import DirectionsPanel
from explorer.gui.panels.identity import IdentityPanel
from explorer.gui.panels.mixing import MixingPanel
from explorer.gui.panels.noise import NoisePanel
from explorer.gui.panels.panel import Panel
from explorer.gui.panels.transform import TransformPanel
from explorer.gui.panels.truncation import TruncationPanel

PANELS: tuple[type[Panel], ...] = (
    IdentityPanel,
    ClassPanel,
    MixingPanel,
    DirectionsPanel,
    TruncationPanel,
    TransformPanel,
    NoisePanel,
)
"""In the order of the column."""

__all__ = [
    "PANELS",
    "ClassPanel",
    "DirectionsPanel",
    "IdentityPanel",
    "MixingPanel",
    "NoisePanel",
    "Panel",
    "TransformPanel",
    "TruncationPanel",
]
