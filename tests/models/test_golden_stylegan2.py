"""Every array of every StyleGAN2 file of the golden set, to its README's tolerance."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from explorer.checkpoints.reading import read_checkpoint
from explorer.models import Generator, build_generator
from tests.support import golden_dir, golden_file, golden_index, needs_golden

FILES = [entry["file"] for entry in golden_index() if entry["family"] == "stylegan2"]

pytestmark = needs_golden


class Golden:
    """A network beside the inputs and outputs it must have."""

    def __init__(self, name: str, scratch: Path):
        folder = golden_dir()
        assert folder is not None
        network = read_checkpoint(golden_file(name, scratch))
        self.generator: Generator = build_generator(network.description, network.tensors)
        with np.load(folder / f"{name.split('.')[0]}.npz") as arrays:
            self.arrays: dict[str, NDArray[Any]] = dict(arrays)

    def tensor(self, key: str) -> Tensor:
        return torch.from_numpy(self.arrays[key])

    @property
    def label(self) -> Tensor | None:
        return self.tensor("c") if "c" in self.arrays else None


@cache
def load(name: str, scratch: Path) -> Golden:
    return Golden(name, scratch)


@pytest.fixture(params=FILES)
def golden(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Golden:
    return load(request.param, tmp_path_factory.getbasetemp())


def check_w(found: Tensor, wanted: Tensor) -> None:
    assert found.shape == wanted.shape
    assert float((found - wanted).abs().max() / wanted.abs().max()) <= 1e-5


def check_picture(found: Tensor, wanted: Tensor) -> None:
    assert found.shape == wanted.shape
    assert float((found - wanted).abs().max()) <= 1e-4


def test_latents(golden: Golden) -> None:
    for seed, z in zip(golden.arrays["seeds"], golden.tensor("z"), strict=True):
        assert torch.equal(golden.generator.latent(int(seed))[0], z)
    check_w(golden.generator.w_avg, golden.tensor("w_avg"))


def test_mapping_and_truncation(golden: Golden) -> None:
    network, z, c = golden.generator, golden.tensor("z"), golden.label
    check_w(network.mapping(z, c), golden.tensor("w"))
    check_w(network.mapping(z, c, psi=0.7), golden.tensor("w_psi0.7"))
    for cutoff in (4, 8):
        if f"w_psi0.7_cut{cutoff}" in golden.arrays:
            rows = min(cutoff, network.num_ws)
            check_w(network.mapping(z, c, psi=0.7, cutoff=rows), golden.tensor(f"w_psi0.7_cut{cutoff}"))


@pytest.mark.parametrize("together", [True, False], ids=["batch", "singles"])
def test_pictures(golden: Golden, together: bool) -> None:
    pictures = [key for key in golden.arrays if key.startswith("img_")]
    assert "img_const" in pictures
    assert "img_none" in pictures
    for key in pictures:
        _, *middle, mode = key.split("_")
        ws = golden.tensor("_".join(["w", *middle]))
        found = torch.cat(
            [golden.generator.synthesis(part, mode) for part in ws.split(len(ws) if together else 1)]  # type: ignore[arg-type]
        )
        check_picture(found, golden.tensor(key))


def test_what_flows_between_the_steps(golden: Golden) -> None:
    network = golden.generator
    ws = golden.tensor("w")[:1]
    features = network.start(1)
    seen = set()
    for index, step in enumerate(network.steps):
        features = network.run(index, features, ws)
        block = step.name.split(".")[0]
        if step.makes_rgb and f"rgb_{block}" in golden.arrays:
            seen.add(f"rgb_{block}")
            check_picture(network.picture(features), golden.tensor(f"rgb_{block}"))
        if step.name.endswith("conv1") and f"feat_{block}" in golden.arrays:
            seen.add(f"feat_{block}")
            wanted = golden.tensor(f"feat_{block}")
            assert float((features.x - wanted).abs().max() / wanted.abs().max()) <= 1e-5
    assert seen == {key for key in golden.arrays if key.startswith(("rgb_", "feat_"))}
