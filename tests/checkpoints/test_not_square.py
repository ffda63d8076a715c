"""Networks whose pictures are not square, in every form that has them; written by hand, not real files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from explorer.bench.plain import PlainStyleGAN2
from explorer.checkpoints import inspect_checkpoint, load_generator, read_checkpoint, save_network
from explorer.checkpoints.convert import convert
from explorer.errors import CorruptCheckpointError
from tests.checkpoints.assembler import generator_module, network_tensors, pickle
from tests.checkpoints.dialects import genforce_first, genforce_second, rosinality, tensorflow
from tests.checkpoints.test_stylegan_xl import tree
from tests.models import synthetic_stylegan3, test_stylegan1

BASES = [(4, 2), (2, 4), (5, 3), (7, 4)]
"""StyleGAN-Human's first, then ones of other forks; height first."""


def stretched(tensors: dict[str, torch.Tensor], base: tuple[int, int]) -> dict[str, torch.Tensor]:
    """The same network, from another constant and with other planes of noise."""
    draw = torch.Generator().manual_seed(0)
    changed = dict(tensors)
    for name, value in tensors.items():
        if name.endswith("b4.const"):
            changed[name] = torch.randn(len(value), *base, generator=draw)
        elif name.endswith("noise_const"):
            changed[name] = torch.randn(*(side * len(value) // 4 for side in base), generator=draw)
    return changed


def write(path: Path, form: str, tensors: dict[str, torch.Tensor], base: tuple[int, int]) -> Path:
    if form == "pytorch":
        path.write_bytes(pickle({"G_ema": generator_module(tensors, img_resolution=8)}))
    elif form == "tensorflow":
        path.write_bytes(tensorflow(tensors, base, min_h=base[0], min_w=base[1], res_log2=1))
    elif form == "tensorflow, blocks named as if square":
        path.write_bytes(tensorflow(tensors, resolution_h=2 * base[0], resolution_w=2 * base[1]))
    elif form == "rosinality":
        torch.save({"g_ema": rosinality(tensors), "latent_avg": tensors["mapping.w_avg"]}, path)
    elif form == "genforce":
        torch.save({"generator_smooth": genforce_second(tensors)}, path)
    else:
        torch.save(tensors, path)
    return path


FORMS = ["pytorch", "tensorflow", "tensorflow, blocks named as if square", "rosinality", "genforce", "state"]


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_draws_them(form: str, base: tuple[int, int], tmp_path: Path) -> None:
    tensors = stretched(network_tensors(), base)
    path = write(tmp_path / "network", form, tensors, base)
    found = read_checkpoint(path)
    assert found.description.options["base_size"] == list(base)
    assert (found.description.resolution, found.description.width) == (2 * base[0], 2 * base[1])
    assert found.description.num_ws == 4
    for name, value in tensors.items():
        assert torch.allclose(found.tensors[name], value, rtol=0, atol=1e-7), name
    generator = load_generator(path)
    ws = generator.mapping(generator.latent(1))
    image = generator.synthesis(ws)
    assert image.shape == (1, 3, 2 * base[0], 2 * base[1])
    info = inspect_checkpoint(path)
    assert (info.resolution, info.width, info.as_json()["width"]) == (2 * base[0], 2 * base[1], 2 * base[1])

    convert(path, tmp_path / "ours.safetensors")
    again = load_generator(tmp_path / "ours.safetensors")
    assert torch.equal(again.synthesis(ws), image)
    assert again.description == generator.description


@pytest.mark.parametrize("base", [(4, 2), (2, 4)])
def test_the_picture_is_that_of_the_plain_form(base: tuple[int, int], tmp_path: Path) -> None:
    tensors = stretched(network_tensors(16), base)
    generator = load_generator(write(tmp_path / "network", "state", tensors, base))
    ws = generator.mapping(generator.latent(1))
    wanted = PlainStyleGAN2(generator.description, read_checkpoint(tmp_path / "network").tensors).synthesis(
        ws
    )
    assert wanted.shape == (1, 3, 4 * base[0], 4 * base[1])
    assert torch.allclose(generator.synthesis(ws), wanted, atol=1e-5)
    noise = generator.synthesis(ws, noise_mode="random", noise_seed=3)
    assert noise.shape == wanted.shape
    assert not torch.allclose(noise, wanted, atol=1e-3)


@pytest.mark.parametrize("base", BASES)
def test_stylegan_of_2019(base: tuple[int, int], tmp_path: Path) -> None:
    tensors = stretched(test_stylegan1.by_rule(), base)
    path = tmp_path / "network"
    torch.save({"generator_smooth": genforce_first(tensors)}, path)
    generator = load_generator(path)
    image = generator.synthesis(generator.mapping(generator.latent(1)))
    doubled = 2 ** (generator.num_ws // 2 - 1)
    assert image.shape[2:] == (base[0] * doubled, base[1] * doubled)
    assert (generator.resolution, generator.width) == tuple(image.shape[2:])


@pytest.mark.parametrize("claim", [8, 10, 6, [10, 6], np.array([6, 10])])
def test_what_forks_state_as_resolution(claim: Any, tmp_path: Path) -> None:
    tensors = stretched(network_tensors(), (5, 3))
    path = tmp_path / "network"
    path.write_bytes(pickle({"G_ema": generator_module(tensors, img_resolution=claim)}))
    assert read_checkpoint(path).description.resolution == 10
    path.write_bytes(pickle({"G_ema": generator_module(tensors, img_resolution=16)}))
    with pytest.raises(CorruptCheckpointError, match="img_resolution"):
        read_checkpoint(path)


def test_blocks_that_do_not_double(tmp_path: Path) -> None:
    tensors = stretched(network_tensors(), (4, 2))
    path = tmp_path / "network"
    path.write_bytes(tensorflow(tensors, (4, 2)).replace(b"8x4/", b"8x8/"))
    with pytest.raises(CorruptCheckpointError, match="8x8"):
        read_checkpoint(path)


@pytest.mark.parametrize("stated", [None, [4, 4], [2, 4], [4], "4x2", [0, 2], [4, True]])
def test_our_form_must_state_the_size_it_has(stated: Any, tmp_path: Path) -> None:
    tensors = stretched(network_tensors(), (4, 2))
    found = read_checkpoint(write(tmp_path / "network", "state", tensors, (4, 2)))
    options = dict(found.description.options) | {"base_size": stated}
    object.__setattr__(found.description, "options", options)
    save_network(tmp_path / "ours.safetensors", found.description, found.tensors, {})
    with pytest.raises(CorruptCheckpointError, match="base_size"):
        load_generator(tmp_path / "ours.safetensors")


@pytest.mark.parametrize("claim", [32, 16])
def test_alias_free_networks_half_as_wide(claim: int, tmp_path: Path) -> None:
    """The third StyleGAN-Human: every layer states a width of its own."""
    description, tensors = synthetic_stylegan3.by_rule("T")
    description = synthetic_stylegan3.narrowed(description)
    root = tree(description, tensors)
    root.attributes["img_resolution"] = claim
    path = tmp_path / "network"
    path.write_bytes(pickle({"G_ema": root}))
    generator = load_generator(path)
    ws = generator.mapping(generator.latent(1))
    image = generator.synthesis(ws)
    assert image.shape == (1, 3, 32, 16)
    assert (generator.resolution, generator.width) == (32, 16)
    assert inspect_checkpoint(path).width == 16
    convert(path, tmp_path / "ours.safetensors")
    assert torch.equal(load_generator(tmp_path / "ours.safetensors").synthesis(ws), image)
