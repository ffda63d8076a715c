import numpy as np
import pytest

from explorer.attributes import MEASURES, measure
from explorer.attributes.likeness import features, likeness, strangers
from explorer.attributes.portrait import to_lab
from tests.attributes.drawn import portrait

# What is changed in a drawing, and the measure that has to rise with it.
CHANGES = {
    "turn": ("turn", (-4, -2, 0, 2, 4)),
    "smile": ("smile", (0, 0.3, 0.6, 1)),
    "brows": ("brows", (-2, -1, 0, 1, 2)),
    "hair": ("hair darkness", ((150, 110, 80), (100, 70, 50), (50, 35, 25), (20, 15, 10))),
    "length": ("hair length", (0, 0.25, 0.5, 0.9)),
    "volume": ("framing", (0, 4, 8, 12)),
    "skin": ("skin lightness", ((120, 80, 60), (170, 120, 95), (215, 170, 145), (240, 205, 185))),
    "lips": ("lip colour", ((205, 150, 140), (190, 90, 95), (200, 50, 70))),
    "background": ("background", ((60, 60, 60), (120, 120, 120), (180, 180, 180), (235, 235, 235))),
    "light": ("light", (-60, -30, 0, 30, 60)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_measure_rises_with_what_it_is_called_for(change):
    name, values = CHANGES[change]
    measured = measure(np.stack([portrait(**{change: value}) for value in values]))
    assert (np.diff(measured[name]) > 0).all(), measured[name]


def test_warmth_and_contrast_are_those_of_the_whole_picture():
    plain = portrait()
    warm, cold = (
        np.clip(plain * np.array(tint), 0, 255).astype(np.uint8) for tint in ((1.08, 1, 0.9), (0.92, 1, 1.1))
    )
    low = (plain * 0.5 + 64).astype(np.uint8)
    measured = measure(np.stack([plain, warm, cold, low]))
    assert measured["warmth"][1] > measured["warmth"][0] + 2 > measured["warmth"][2] + 4
    assert measured["contrast"][3] < 0.7 * measured["contrast"][0]


def test_mirrored_pictures_turn_and_are_lit_the_other_way():
    right = portrait(turn=3, light=40)
    measured = measure(np.stack([right, right[:, ::-1]]))
    for name in ("turn", "light"):
        assert measured[name][0] == pytest.approx(-measured[name][1], abs=0.6)
        assert abs(measured[name][0]) > 1
    for name in ("smile", "brows", "hair darkness", "skin lightness", "framing", "hair length", "background"):
        assert measured[name][0] == pytest.approx(measured[name][1], rel=0.02, abs=0.05)


def test_each_picture_counts_by_itself_and_size_hardly_matters():
    pictures = np.stack([portrait(smile=0.5), portrait(length=0.6, turn=2)])
    together, alone = measure(pictures), measure(pictures[1:])
    assert together.keys() == MEASURES.keys()
    for name, values in together.items():
        assert values[1] == alone[name][0]
    large = measure(portrait(side=256, length=0.6, turn=2)[None])
    for name in ("turn", "hair length", "framing", "background", "skin lightness"):
        assert large[name][0] == pytest.approx(alone[name][0], rel=0.1, abs=1)
    assert measure(pictures[:0])["turn"].shape == (0,)


def test_any_square_picture_has_finite_measures():
    noise = np.random.RandomState(0).randint(0, 256, (64, 64, 3)).astype(np.uint8)
    flat = np.zeros((64, 64, 3), np.uint8)
    for value in measure(np.stack([noise, flat, flat + 255])).values():
        assert np.isfinite(value).all()


@pytest.mark.parametrize("shape", [(128, 96, 3), (16, 16, 3), (64, 64), (64, 64, 4)])
def test_other_pictures_are_refused(shape):
    with pytest.raises(ValueError, match="portrait"):
        measure(np.zeros((1, *shape), np.uint8))


def test_lab_agrees_with_known_colours():
    """White, sRGB red and mid grey, as tables of CIELAB have them (D65)."""
    colours = np.array([[255, 255, 255], [255, 0, 0], [119, 119, 119]], np.uint8)
    expected = [[100, 0, 0], [53.24, 80.09, 67.20], [50.03, 0, 0]]
    assert np.allclose(to_lab(colours), expected, atol=0.05)


def test_likeness_is_of_features_not_of_light_and_hair():
    same = [portrait(), portrait(light=30, length=0.6, background=(90, 90, 90))]
    other = portrait(brows=3, smile=1, turn=2)
    patterns = np.stack([features(picture) for picture in (*same, other)])
    assert likeness(patterns[:1], patterns[:1])[0] == pytest.approx(1)
    assert likeness(patterns[:1], patterns[1:2])[0] > 0.8
    assert likeness(patterns[:1], patterns[2:])[0] < likeness(patterns[:1], patterns[1:2])[0] - 0.1
    pairs = [patterns[i] @ patterns[j] for i in range(3) for j in range(3) if i != j]
    assert strangers(patterns) == pytest.approx(np.mean(pairs))
