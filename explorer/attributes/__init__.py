"""Attributes of faces, measured from the picture itself: pictures in, numbers out.

Promises: numpy and scipy alone, no network and no file; each measure looks at each
picture by itself, so that the same picture gives the same number in any company. The
pictures are portraits aligned by the eyes, as those of face networks are (outer corners of
the eyes at 0.32 and 0.68 of the width and 0.47 of the height, the mouth at 0.73): places
are shares of the picture, not found in it. Of anything else the numbers mean nothing.
Deliberately ignorant of latents, recipes and networks.

They are measures of pictures, not of people: hair of the same colour is lighter in more
light, and "smile" is the shape of a mouth.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from explorer.attributes import colours, shapes
from explorer.attributes.portrait import Numbers, Pixels, Portrait


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a portrait."""

    name: str
    unit: str
    words: str
    """What more of it means."""
    of: Callable[[Portrait], float]


MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("turn", "% of the width", "the head turned to the right of the picture", shapes.turn),
        Measure("smile", "points", "a wider mouth that shows more teeth", shapes.smile),
        Measure("brows", "% of the height", "eyebrows further up", shapes.brows),
        Measure("hair darkness", "L*", "darker hair over the forehead", colours.hair_darkness),
        Measure("hair length", "%", "more hair beside face and neck", shapes.hair_length),
        Measure("skin lightness", "L*", "lighter cheeks and forehead", colours.skin_lightness),
        Measure("lip colour", "a*", "lips redder than the skin", colours.lip_colour),
        Measure("warmth", "b*", "the whole picture more yellow, less blue", colours.warmth),
        Measure("background", "L*", "a lighter background", colours.background_lightness),
        Measure("light", "L*", "the face lit from the right of the picture", colours.light_side),
        Measure("contrast", "L*", "lights and shadows of the face further apart", colours.contrast),
        Measure("framing", "%", "more of the upper picture filled by the head", shapes.framing),
    )
}


def measure(pictures: Pixels) -> dict[str, Numbers]:
    """All measures of some portraits.

    Parameters
    ----------
    pictures : [N, H, W, 3] uint8, sRGB; square, from 32 pixels a side.

    Returns
    -------
    [N] float64 under the name of each measure.

    Raises
    ------
    ValueError
        If they are no square colour pictures.
    """
    rows = [[measure.of(portrait) for measure in MEASURES.values()] for portrait in map(Portrait, pictures)]
    table = np.array(rows, np.float64).reshape(len(rows), len(MEASURES))
    return {name: table[:, column] for column, name in enumerate(MEASURES)}


__all__ = ["MEASURES", "Measure", "Portrait", "measure"]
