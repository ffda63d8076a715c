"""Networks by name and digest: found again, kept within bounds, never confused with one another."""

import os
import shutil
from pathlib import Path

import pytest
import torch

from explorer.checkpoints import (
    Register,
    Shelf,
    bundled_models,
    inspect_checkpoint,
    load_generator,
    save_network,
)
from explorer.errors import (
    CorruptCheckpointError,
    ModelNotFoundError,
    UnsupportedCheckpointError,
)
from explorer.models.description import NetworkDescription
from explorer.recipe import ModelRef
from tests.checkpoints.assembler import network_tensors, snapshot


def save(path: Path, shade: float = 0.0, **changes: object) -> Path:
    """A small network, told from others by one value."""
    tensors = network_tensors()
    tensors["mapping.w_avg"] += shade
    sizes = {"architecture": "stylegan2", "resolution": 8, "img_channels": 3, "z_dim": 5, "w_dim": 7}
    description = NetworkDescription(
        **(sizes | {"c_dim": 0, "num_ws": 4, "options": {"arch": "skip"}} | changes)
    )
    path.parent.mkdir(exist_ok=True)
    save_network(path, description, tensors, {"title": f"Shade {shade}", "licence": "CC0-1.0"})
    return path


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of bundled networks."""
    folder = tmp_path / "weights"
    save(folder / "faces.safetensors", 1.0)
    save(folder / "cats.safetensors", 2.0)
    monkeypatch.setattr("explorer.locations.weights_dir", lambda: folder)
    return folder


def shade(generator: object) -> float:
    average = generator.w_avg  # type: ignore[attr-defined]
    return round(float((average - network_tensors()["mapping.w_avg"]).mean()), 3)


# load_generator


def test_by_path_and_by_name(weights: Path) -> None:
    by_name, by_path = load_generator("faces"), load_generator(weights / "faces.safetensors")
    assert shade(by_name) == shade(by_path) == 1.0
    ws = by_name.mapping(by_name.latent(3))
    assert torch.equal(by_name.synthesis(ws), by_path.synthesis(ws))
    assert load_generator(str(weights / "cats.safetensors")).resolution == 8
    assert inspect_checkpoint("cats").header["title"] == "Shade 2.0"


def test_content_decides_and_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "holiday.jpeg"
    path.write_bytes(snapshot())
    assert load_generator(str(path)).num_ws == 4


def test_unknown_names_say_what_there_is(weights: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"Did you mean 'faces'\?.*cats, faces"):
        load_generator("fases")
    with pytest.raises(FileNotFoundError):
        load_generator("fases.safetensors")
    with pytest.raises(FileNotFoundError):
        load_generator(Path("fases"))


def test_names_do_not_climb(weights: Path, tmp_path: Path) -> None:
    save(tmp_path / "secret.safetensors")
    with pytest.raises((ModelNotFoundError, FileNotFoundError)):
        load_generator("../secret")


def test_a_header_that_disagrees_with_its_tensors(tmp_path: Path) -> None:
    lies = {"z_dim": 512, "num_ws": 18, "resolution": 16, "options": {"arch": "resnet"}}
    for name, lie in lies.items():
        path = save(tmp_path / "lying.safetensors", **{name: lie})
        with pytest.raises(CorruptCheckpointError, match="arch" if name == "options" else name):
            load_generator(path)


def test_options_that_make_no_sense(tmp_path: Path) -> None:
    for options in (
        {"conv_clamp": "much"},
        {"lr_multiplier": []},
        {"label_mode": "shout"},
        {"num_fp16_res": "x"},
    ):
        path = save(tmp_path / "lying.safetensors", options={"arch": "skip"} | options)
        with pytest.raises(CorruptCheckpointError):
            load_generator(path)


def test_a_family_without_a_generator_can_be_inspected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "network.safetensors")
    monkeypatch.setattr("explorer.models.known_architectures", lambda: ("stylegan9",))
    assert inspect_checkpoint(path).architecture == "stylegan2"
    with pytest.raises(UnsupportedCheckpointError, match="stylegan2"):
        load_generator(path)


# catalogue


def test_bundled_networks_are_listed_without_torch(weights: Path) -> None:
    models = bundled_models()
    assert [model.name for model in models] == ["cats", "faces"]
    faces = models[1]
    assert (faces.title, faces.licence, faces.resolution) == ("Shade 1.0", "CC0-1.0", 8)
    assert faces.size == (weights / "faces.safetensors").stat().st_size
    assert faces.parameters == load_generator("faces").parameters
    assert faces.sha256() == inspect_checkpoint("faces").sha256


def test_a_damaged_bundled_network_does_not_hide_the_others(weights: Path) -> None:
    (weights / "dogs.safetensors").write_bytes(b"nonsense of some length")
    assert [model.name for model in bundled_models()] == ["cats", "faces"]


def test_no_bundled_networks_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.locations.weights_dir", lambda: tmp_path / "nowhere")
    assert bundled_models() == ()
    with pytest.raises(ModelNotFoundError, match="No networks are installed"):
        load_generator("faces")


# shelf


def test_a_reference_brings_its_network_and_header(weights: Path) -> None:
    shelf = Shelf()
    ref = shelf.resolve_name("faces")
    assert ref == ModelRef("faces", inspect_checkpoint("faces").sha256)
    assert shade(shelf.get(ref)) == 1.0
    assert shelf.header(ref)["title"] == "Shade 1.0"
    assert shelf.get(ref) is shelf.get(ref)
    assert shelf.get(ModelRef("faces")) is shelf.get(ref)


def test_a_recipe_finds_a_file_opened_in_an_earlier_run(weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.pkl"
    path.write_bytes(snapshot())
    ref = Shelf().register(path)
    assert ref.name == "mine"
    assert Shelf().get(ref).num_ws == 4
    assert Shelf().resolve_name("mine") == ref


def test_a_moved_or_changed_file_is_not_found(weights: Path, tmp_path: Path) -> None:
    path = save(tmp_path / "mine.safetensors", 3.0)
    ref = Shelf().register(path)
    save(path, 4.0)
    with pytest.raises(ModelNotFoundError, match="mine"):
        Shelf().get(ref)
    path.unlink()
    with pytest.raises(ModelNotFoundError, match="mine"):
        Shelf().get(ref)
    other = save(tmp_path / "elsewhere.safetensors", 3.0)
    assert Shelf().register(other).sha256 == ref.sha256
    assert shade(Shelf().get(ref)) == 3.0


def test_another_version_of_a_bundled_network_is_never_drawn(weights: Path) -> None:
    old = Shelf().resolve_name("faces")
    save(weights / "faces.safetensors", 5.0)
    with pytest.raises(ModelNotFoundError, match="another version"):
        Shelf().get(old)
    assert shade(Shelf().get(Shelf().resolve_name("faces"))) == 5.0


def test_a_bundled_network_under_another_name_is_recognised(weights: Path) -> None:
    sha256 = Shelf().resolve_name("faces").sha256
    assert shade(Shelf().get(ModelRef("portraits", sha256))) == 1.0


def test_an_unknown_network_is_named(weights: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="dragons"):
        Shelf().get(ModelRef("dragons", "0" * 64))
    with pytest.raises(ModelNotFoundError, match="dragons"):
        Shelf().get(ModelRef("dragons"))


def test_the_last_three_stay(tmp_path: Path) -> None:
    shelf = Shelf()
    refs = [shelf.register(save(tmp_path / f"n{index}.safetensors", index)) for index in range(4)]
    first = shelf.get(refs[0])
    shelf.get(refs[1])
    shelf.get(refs[2])
    assert shelf.get(refs[0]) is first
    shelf.get(refs[3])
    assert shelf.loaded() == (refs[2].sha256, refs[0].sha256, refs[3].sha256)
    assert shelf.get(refs[0]) is first


def test_bytes_are_bounded_but_the_one_in_use_stays(tmp_path: Path) -> None:
    shelf = Shelf(byte_limit=1)
    for index in range(3):
        ref = shelf.register(save(tmp_path / f"n{index}.safetensors", index))
        shelf.get(ref)
        assert shelf.loaded() == (ref.sha256,)
    assert shelf.nbytes > 1


def test_dropping(tmp_path: Path) -> None:
    shelf = Shelf()
    ref = shelf.register(save(tmp_path / "n.safetensors"))
    shelf.get(ref)
    shelf.drop(ref)
    shelf.drop(ref)
    assert shelf.loaded() == ()
    shelf.get(ref)
    shelf.drop_all()
    assert shelf.nbytes == 0


def test_a_failed_load_leaves_the_others(tmp_path: Path) -> None:
    shelf = Shelf()
    good = shelf.register(save(tmp_path / "good.safetensors"))
    generator = shelf.get(good)
    (tmp_path / "bad.pkl").write_bytes(snapshot()[:-50])
    bad = shelf.register(tmp_path / "bad.pkl")
    for _ in range(2):
        with pytest.raises(CorruptCheckpointError):
            shelf.get(bad)
    assert shelf.get(good) is generator


# register


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b'{"files": 5}',
        b'{"files": [1, null, {"path": 3}, {"path": "a", "size": "x", "mtime_ns": 1, "sha256": "z"}]}',
        b'{"files": [{"path": "a\\u0000b", "size": 1, "mtime_ns": 1, "sha256": "' + b"0" * 64 + b'"}]}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_damaged_register_is_an_empty_one(damage: bytes, tmp_path: Path) -> None:
    place = tmp_path / "networks.json"
    place.write_bytes(damage)
    register = Register(place)
    assert register.find("0" * 64) is None
    path = save(tmp_path / "n.safetensors")
    sha256 = register.sha256_of(path)
    assert Register(place).find(sha256) == path


def test_digests_are_remembered_until_the_file_changes(tmp_path: Path) -> None:
    place, path = tmp_path / "networks.json", tmp_path / "file"
    path.write_bytes(b"one")
    first = Register(place).sha256_of(path)
    stamp = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert Register(place).sha256_of(path) == first, "same size and time: believed"
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns + 1))
    assert Register(place).sha256_of(path) != first
    assert Register(place).find(first) is None


def test_a_register_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    path = save(tmp_path / "n.safetensors")
    (tmp_path / "taken").write_text("a file where a folder should be")
    register = Register(tmp_path / "taken" / "networks.json")
    sha256 = register.sha256_of(path)
    assert register.find(sha256) == path
    assert not list(tmp_path.glob("*.part"))


def test_the_newest_file_of_a_name_wins(tmp_path: Path) -> None:
    register = Register(tmp_path / "networks.json")
    old = save(tmp_path / "a" / "cats.safetensors", 1.0)
    new = save(tmp_path / "b" / "cats.safetensors", 2.0)
    register.sha256_of(old)
    newest = register.sha256_of(new)
    assert register.find_name("cats") == (new, newest)
    shutil.rmtree(tmp_path / "b")
    found = register.find_name("cats")
    assert found is not None
    assert found[0] == old
