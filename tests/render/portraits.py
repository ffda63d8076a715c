"""A generator of portraits that are drawn by hand: each coordinate of its W is one attribute."""

import numpy as np
import torch

from tests.attributes.drawn import portrait
from tests.latents.fakes import Mapper

KNOBS = (
    "turn",
    "smile",
    "brows",
    "hair darkness",
    "hair length",
    "framing",
    "skin lightness",
    "lip colour",
    "warmth",
    "background",
    "light",
    "contrast",
)
"""Measures in the order of the coordinates of W that change them."""
WIDTH = len(KNOBS) + 4
"""Some coordinates change nothing."""


class Painter(Mapper):
    """Paints what w says; z and w are the same, but for widths that differ."""

    z_dim = WIDTH

    def __init__(self):
        super().__init__(num_ws=4, w_dim=WIDTH)
        self.w_avg = torch.zeros(WIDTH)
        self.widths = torch.linspace(1.3, 0.7, WIDTH)

    def latent(self, seed):
        return torch.from_numpy(np.random.RandomState(seed).randn(1, self.z_dim).astype(np.float32))

    def mapping(self, z, c=None, psi=1.0, cutoff=None):
        return (z * self.widths)[:, None].repeat(1, self.num_ws, 1)

    def synthesis(self, ws, *args, **kwargs):
        pictures = np.stack([paint(w) for w in ws.mean(dim=1).numpy()])
        return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def paint(w):
    """A portrait whose attributes are the numbers of w, 0 for a usual one: [64, 64, 3] uint8."""
    knob = dict(zip(KNOBS, np.clip(w, -6, 6), strict=False))
    soft = {name: 1 / (1 + np.exp(-value)) for name, value in knob.items()}
    picture = portrait(
        side=64,
        turn=0.5 * knob["turn"],
        smile=soft["smile"],
        brows=0.7 * knob["brows"],
        hair=tuple(int(v * (1 - soft["hair darkness"])) for v in (150, 110, 80)),
        length=soft["hair length"],
        volume=2 * knob["framing"],
        skin=tuple(int(v * (0.6 + 0.4 * soft["skin lightness"])) for v in (235, 185, 160)),
        lips=(190, int(140 - 90 * soft["lip colour"]), int(145 - 90 * soft["lip colour"])),
        background=(int(120 + 110 * soft["background"]),) * 3,
        light=9 * knob["light"],
    ).astype(float)
    warm = np.array([1.0, 1.0, 1.0]) + 0.02 * knob["warmth"] * np.array([1.0, 0.0, -1.0])
    middle = picture[18:54, 19:45]
    middle[...] = middle.mean() + (middle - middle.mean()) * (1 + 0.06 * knob["contrast"])
    return (picture * warm).clip(0, 255).astype(np.uint8)
