"""Which directions a network has, on disk and in pictures."""

import pytest
import torch

from explorer.errors import DirectionError
from explorer.latents import Direction, direction_form
from explorer.recipe import ModelRef
from explorer.render.known_directions import KnownDirections, check_name, free_name, read_directions

MODEL = ModelRef("faces", "a" * 64)


def direction(name, value=1.0):
    return Direction(name, "pca", torch.full((4,), value), 0.5, "coarse", "a note", {"smile": 1.5})


@pytest.fixture
def folders(tmp_path):
    (tmp_path / "weights").mkdir()
    return {"folder": tmp_path / "user", "bundled": tmp_path / "weights"}


def bundle(folders, *directions, sha256=MODEL.sha256):
    found = direction_form.DirectionSet(ModelRef("faces", sha256), 3, 4, directions)
    (folders["bundled"] / "faces.directions").write_bytes(direction_form.dumps(found))


def names(known):
    return [d.name for d in known.of(MODEL)]


def test_what_is_kept_is_there_in_the_next_run(folders):
    known = KnownDirections(**folders)
    assert known.of(MODEL) == ()
    assert known.keep(MODEL, 3, 4, [direction("b"), direction("a")]) == ("b", "a")
    assert known.keep(MODEL, 3, 4, [direction("a", 2.0)]) == ("a (2)",)
    for again in (known, KnownDirections(**folders)):
        assert names(again) == ["b", "a", "a (2)"]
    kept = KnownDirections(**folders).by_name(MODEL)["a (2)"]
    assert torch.equal(kept.vector, direction("a", 2.0).vector)
    assert (kept.kind, kept.sigma, kept.layers, kept.note) == ("pca", 0.5, "coarse", "a note")
    assert kept.effects == {"smile": 1.5}
    assert list(folders["folder"].iterdir()) == [known.file_of(MODEL)]
    assert KnownDirections(**folders).of(ModelRef("faces", "b" * 64)) == ()


def test_names_order_and_removal(folders):
    known = KnownDirections(**folders)
    known.keep(MODEL, 3, 4, [direction(name) for name in "abc"])
    assert known.rename(MODEL, "b", "smile") == "smile"
    assert known.rename(MODEL, "c", "a") == "a (2)"
    assert names(known) == ["a", "smile", "a (2)"]
    known.arrange(MODEL, ["smile", "nobody"])
    known.remove(MODEL, "a")
    for again in (known, KnownDirections(**folders)):
        assert names(again) == ["smile", "a (2)"]


def test_what_came_with_a_network_stays_and_belongs_to_that_network_alone(folders):
    bundle(folders, direction("smile"))
    known = KnownDirections(**folders)
    known.keep(MODEL, 3, 4, [direction("smile"), direction("age")])
    assert names(known) == ["smile", "smile (2)", "age"]
    assert [known.is_own(MODEL, name) for name in names(known)] == [False, True, True]
    for change in (lambda: known.remove(MODEL, "smile"), lambda: known.rename(MODEL, "smile", "x")):
        with pytest.raises(DirectionError, match="came with the network"):
            change()
    bundle(folders, direction("smile"), sha256="c" * 64)
    assert names(KnownDirections(**folders)) == ["smile (2)", "age"]


def test_the_order_is_the_users_also_of_what_came_with_the_network(folders):
    bundle(folders, direction("smile"), direction("turn"))
    known = KnownDirections(**folders)
    known.arrange(MODEL, ["turn", "smile"])
    known.keep(MODEL, 3, 4, [direction("a"), direction("b")])
    assert names(known) == ["turn", "smile", "a", "b"]
    known.arrange(MODEL, ["b", "turn", "smile", "a"])
    known.rename(MODEL, "b", "hair")
    known.annotate(MODEL, "hair", "darker")
    known.keep(MODEL, 3, 4, [direction("c")])
    bundle(folders, direction("age"), direction("smile"), direction("turn"))
    again = KnownDirections(**folders)
    assert names(again) == ["age", "hair", "turn", "smile", "a", "c"]
    assert again.by_name(MODEL)["hair"].note == "darker"
    with pytest.raises(DirectionError, match="keeps its note"):
        again.annotate(MODEL, "smile", "mine")
    again.file_of(MODEL).with_suffix(".order.json").write_text("[", "utf-8")
    assert names(KnownDirections(**folders)) == ["age", "smile", "turn", "a", "hair", "c"]


def test_a_damaged_file_breaks_no_picture_and_is_not_written_over(folders):
    known = KnownDirections(**folders)
    known.keep(MODEL, 3, 4, [direction("a")])
    file = known.file_of(MODEL)
    file.write_bytes(file.read_bytes()[:-3])
    again = KnownDirections(**folders)
    assert again.of(MODEL) == ()
    before = file.read_bytes()
    with pytest.raises(DirectionError, match="move it away"):
        again.keep(MODEL, 3, 4, [direction("b")])
    assert file.read_bytes() == before


def test_a_direction_of_another_size_is_refused_and_nothing_is_kept(folders):
    known = KnownDirections(**folders)
    with pytest.raises(DirectionError, match=r"this network has 3 x 5"):
        known.keep(MODEL, 3, 5, [direction("a")])
    assert names(known) == []
    assert not known.file_of(MODEL).exists()


def test_a_failed_write_leaves_the_old_file(folders, monkeypatch):
    known = KnownDirections(**folders)
    known.keep(MODEL, 3, 4, [direction("a")])

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="space"):
        known.keep(MODEL, 3, 4, [direction("b")])
    assert names(known) == ["a"]
    assert [d.name for d in read_directions(known.file_of(MODEL)).directions] == ["a"]
    assert len(list(folders["folder"].iterdir())) == 1


@pytest.mark.parametrize("name", ["", " ", "a=b", "a@b", "x" * 129, "a\x07"])
def test_names_that_the_notation_could_not_carry_are_refused(name):
    with pytest.raises(DirectionError):
        check_name(name)


def test_a_taken_name_gets_a_number():
    assert free_name("a", ()) == "a"
    assert free_name("a", {"a", "a (2)"}) == "a (3)"
    assert len(free_name("x" * 128, {"x" * 128})) <= 128
