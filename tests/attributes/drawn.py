"""Portraits drawn from boxes and ellipses where an aligned face has them; every attribute is known."""

import numpy as np
from PIL import Image, ImageDraw


def portrait(
    side=128,
    turn=0.0,
    smile=0.0,
    brows=0.0,
    hair=(50, 35, 25),
    length=0.0,
    volume=0.0,
    skin=(215, 170, 145),
    lips=(190, 90, 95),
    background=(180, 180, 180),
    light=0.0,
):
    """Draw one; `turn`, `brows` in pixels of 128; `smile`, `length` 0 to 1; `light` in levels across."""
    big = 4 * 128
    image = Image.new("RGB", (big, big), background)
    draw = ImageDraw.Draw(image)

    def ellipse(x0, y0, x1, y1, colour):
        draw.ellipse((4 * x0, 4 * y0, 4 * x1, 4 * y1), fill=colour)

    ellipse(26 - volume, 4 - volume, 102 + volume, 92, hair)
    if length:
        draw.rectangle((4 * 8, 4 * 45, 4 * 120, 4 * (45 + 60 * length)), fill=hair)
    draw.rectangle((4 * 48, 4 * 95, 4 * 80, 4 * 128), fill=skin)
    ellipse(34 - 2 * turn, 24, 94 - 2 * turn, 116, skin)
    for x in (46, 82):
        draw.rectangle((4 * (x - 8), 4 * (51 - brows), 4 * (x + 8), 4 * (54 - brows)), fill=hair)
        ellipse(x - 6, 57, x + 6, 63, (60, 50, 50))
    half = 11 + 5 * smile
    ellipse(64 - half, 88, 64 + half, 100, lips)
    draw.rectangle((4 * (64 - half), 4 * 91, 4 * (64 + half), 4 * 93), fill=(70, 35, 40))
    if smile:
        draw.rectangle((4 * (64 - 8), 4 * 92, 4 * (64 + 8), 4 * (92 + 4 * smile)), fill=(215, 215, 205))
    pixels = np.asarray(image.resize((side, side), Image.Resampling.BOX)).astype(float)
    shade = light * (np.arange(side) / (side - 1) - 0.5)
    return (pixels + shade[None, :, None]).clip(0, 255).astype(np.uint8)
