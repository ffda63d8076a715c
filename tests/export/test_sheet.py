"""Contact sheets: what stands where, and what the file carries."""

import numpy as np
import pytest
from PIL import Image

from explorer.errors import ExportError
from explorer.export import sheet as sheets
from explorer.provenance import read_film, read_recipe, verify
from explorer.recipe import Mix, Push, Recipe, SeedBlend
from explorer.render import RenderRequest
from tests.export.films import small_network


@pytest.fixture(scope="module")
def start(engine, tmp_path_factory):
    return Recipe(engine.open(small_network(tmp_path_factory.mktemp("network"))).ref)


def saved(engine, sheet, path, **options):
    work = sheets.write_sheet(engine, sheet, path, sign=False, **options)
    steps = []
    while True:
        try:
            steps.append(next(work))
        except StopIteration as end:
            return steps, end.value


def shows(image, picture):
    """Whether a picture stands somewhere in an image, pixel for pixel."""
    height, width = picture.shape[:2]
    windows = np.lib.stride_tricks.sliding_window_view(image, (height, width, 3))[:, :, 0]
    first = np.argwhere((windows[:, :, 0, 0] == picture[0, 0]).all(axis=-1))
    return any(np.array_equal(windows[y, x], picture) for y, x in first)


def every_kind(start):
    return {
        "contact": sheets.contact_sheet(start, range(6)),
        "psi": sheets.psi_sheet(start, (1, 2), (0.0, 0.5, 1.0)),
        "mixing": sheets.mixing_sheet(start, (1, 2), (Mix(5, "coarse"), Mix(6, (4, 5), 0.5))),
        "directions": sheets.direction_sheet(start, (1,), (Push("smile", -1.0), Push("smile", 1.0))),
    }


@pytest.mark.parametrize("kind", ["contact", "psi", "mixing", "directions"])
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tiff"])
def test_a_sheet_shows_its_pictures_and_carries_their_recipes(engine, start, tmp_path, kind, suffix):
    sheet, path = every_kind(start)[kind], tmp_path / f"sheet.{suffix}"
    steps, notices = saved(engine, sheet, path)
    assert steps == list(range(1, sheet.pictures + 1))
    assert (notices != ()) is (kind == "directions")  # no such direction is known here
    film = read_film(path)
    assert film == sheet.film
    assert [keys[0].recipe for keys in film.cells] == [r for row in sheet.rows for r in row]
    assert film.columns == len(sheet.rows[0])
    assert read_recipe(path) == sheet.rows[0][0]
    assert verify(path).ai_generated
    if suffix == "png":
        with Image.open(path) as image:
            seen = np.asarray(image)
        for recipe in [r for row in (sheet.heads, *sheet.rows) for r in row if r is not None]:
            assert shows(seen, engine.render(RenderRequest(recipe)).pixels)


def test_the_label_is_on_by_default(engine, start, tmp_path):
    sheet = sheets.contact_sheet(start, range(4))
    saved(engine, sheet, tmp_path / "with.png", size=64)
    saved(engine, sheet, tmp_path / "without.png", size=64, label=False)
    with Image.open(tmp_path / "with.png") as a, Image.open(tmp_path / "without.png") as b:
        assert a.height > b.height
        margin = np.asarray(a)[b.height :]
        assert margin.std() > 5  # something is written there
        assert np.array_equal(np.asarray(a)[: b.height - 1], np.asarray(b)[: b.height - 1])


def test_what_goes_where(start):
    mixing = sheets.mixing_sheet(start, (1, 2), (Mix(5, "coarse"),))
    assert mixing.heads == (None, start.with_(base=SeedBlend.of(5)))
    assert mixing.rows[1] == (
        start.with_(base=SeedBlend.of(2)),
        start.with_(base=SeedBlend.of(2), mixes=(Mix(5, "coarse"),)),
    )
    assert mixing.column_names == ("as it is", "5 coarse")
    psi = sheets.psi_sheet(start, (1, 2), (0.0, 1.0))
    assert [[r.psi for r in row] for row in psi.rows] == [[0, 1], [0, 1]]
    assert len(sheets.contact_sheet(start, range(12)).rows) == 3
    assert len(sheets.contact_sheet(start, range(7)).rows) == 1
    assert len(sheets.contact_sheet(start, range(12), 2).rows) == 6


def test_impossible_sheets_are_refused(start):
    for broken in (
        lambda: sheets.contact_sheet(start, range(7), 2),
        lambda: sheets.contact_sheet(start, range(2000)),
        lambda: sheets.psi_sheet(start, (), (1.0,)),
    ):
        with pytest.raises(ExportError):
            broken()


@pytest.mark.parametrize(("size", "is_marked"), [(23, False), (24, True)])
def test_a_sheet_tells_of_a_mark_only_where_its_pictures_have_room_for_it(
    engine, start, tmp_path, size, is_marked
):
    path = tmp_path / "sheet.png"
    saved(engine, sheets.contact_sheet(start, range(2)), path, size=size)
    assert verify(path).finish.mark is is_marked
