"""Pictures of nothing, of many kinds: to teach the mark's networks with, and to look for false alarms in.

Noise of any colour, gradients, gratings, writing, clouds, and "dead leaves": shapes that cover
one another, the plainest model whose statistics are those of photographs.

References
----------
Lee, Mumford, Huang. Occlusion Models for Natural Images. 2001.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Values = NDArray[np.float64]

_WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "0123456789", "lorem", "ipsum", "dolor")


def picture(rng: Generator, size: int) -> NDArray[np.uint8]:
    """One picture, [size, size, 3] uint8; the next draws of `rng` decide what it is."""
    values = _any(rng, size)
    if rng.random() < 0.25:
        share = rng.random()
        values = share * values + (1 - share) * _any(rng, size)
    return np.rint(values).clip(0, 255).astype(np.uint8)


def _any(rng: Generator, size: int) -> Values:
    return _KINDS[rng.integers(len(_KINDS))](rng, size)


def _colour(rng: Generator) -> tuple[int, ...]:
    return tuple(int(level) for level in rng.integers(0, 256, 3))


def _coloured_noise(rng: Generator, size: int, slope: float) -> Values:
    """Noise whose power falls with the frequency's power of `slope`, [size, size], deviation 1."""
    waves = np.fft.fftfreq(size)
    radius = np.hypot(waves[:, None], waves[None])
    radius[0, 0] = np.inf
    values = np.fft.ifft2(np.fft.fft2(rng.standard_normal((size, size))) * radius ** (-slope / 2)).real
    return values / (values.std() + 1e-9)


def _noise(rng: Generator, size: int) -> Values:
    shared = _coloured_noise(rng, size, rng.uniform(0, 3.5))
    planes = []
    for _ in range(3):
        tint = _coloured_noise(rng, size, rng.uniform(0, 3.5)) * rng.uniform(-0.3, 0.3)
        planes.append(shared * rng.uniform(0.5, 1) + tint)
    return rng.uniform(40, 215) + np.stack(planes, -1) * rng.uniform(1, 70)


def _gradient(rng: Generator, size: int) -> Values:
    y, x = np.mgrid[:size, :size][..., None] / size
    slopes = rng.uniform(-200, 200, (2, 3)) * rng.uniform(0, 1)
    return rng.uniform(0, 255, 3) + x * slopes[0] + y * slopes[1]


def _grating(rng: Generator, size: int) -> Values:
    y, x = np.mgrid[:size, :size] / size
    turn, waves = rng.uniform(0, np.pi), 2 * np.pi * rng.uniform(1, 40)
    values = np.sin(waves * (x * np.cos(turn) + y * np.sin(turn)) + rng.uniform(0, 6))
    if rng.random() < 0.5:
        values = values * np.sin(waves * (y * np.cos(turn) - x * np.sin(turn)))
    if rng.random() < 0.5:
        values = np.sign(values)
    return rng.uniform(60, 200) + values[..., None] * rng.uniform(5, 100, 3)


def _leaves(rng: Generator, size: int) -> Values:
    side = size * 2
    image = Image.new("RGB", (side, side), _colour(rng))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(20, 300))):
        x, y = rng.uniform(0, side, 2)
        width = min(side * 0.4, side * 0.01 / rng.uniform(0.012, 1) ** 0.8)
        height, kind = width * rng.uniform(0.4, 1), rng.random()
        if kind < 0.9:
            shape = draw.ellipse if kind < 0.7 else draw.rectangle
            shape((x - width, y - height, x + width, y + height), fill=_colour(rng))
        else:
            draw.line((x, y, *rng.uniform(0, side, 2)), fill=_colour(rng), width=int(rng.integers(1, 8)))
    values = np.asarray(image.resize((size, size), Image.Resampling.BOX), np.float64)
    return values + _coloured_noise(rng, size, rng.uniform(0, 2.5))[..., None] * rng.uniform(0, 12)


def _writing(rng: Generator, size: int) -> Values:
    paper, ink = ((255, 255, 255), (0, 0, 0)) if rng.random() < 0.5 else (_colour(rng), _colour(rng))
    image = Image.new("RGB", (size, size), paper)
    draw, y = ImageDraw.Draw(image), int(rng.integers(0, 10))
    while y < size:
        letters = int(rng.integers(7, 22))
        line = " ".join(rng.choice(_WORDS, 8))
        draw.text((int(rng.integers(-4, 12)), y), line, fill=ink, font=ImageFont.load_default(letters))
        y += letters + int(rng.integers(1, 8))
    return np.asarray(image, np.float64)


def _clouds(rng: Generator, size: int) -> Values:
    values = _coloured_noise(rng, size, 4) * rng.uniform(10, 70)
    values += _coloured_noise(rng, size, rng.uniform(0, 2)) * rng.uniform(0, 4)
    return rng.uniform(60, 200) + np.stack([values] * 3, -1)


_KINDS: tuple[Callable[[Generator, int], Values], ...] = (
    _noise,
    _gradient,
    _grating,
    *[_leaves] * 3,
    _writing,
    *[_clouds] * 2,
)
