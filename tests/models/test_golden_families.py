"""Every array of every StyleGAN and StyleGAN3 file of the golden set, to its README's tolerance."""

from functools import cache
from pathlib import Path

import pytest
import torch

from tests.models.test_golden_stylegan2 import Golden, check_picture, check_w
from tests.support import golden_index, needs_golden

FILES = {entry["file"]: entry["family"] for entry in golden_index() if entry["family"] != "stylegan2"}
STYLEGAN1 = [name for name, family in FILES.items() if family == "stylegan1"]
STYLEGAN3 = [name for name, family in FILES.items() if family.startswith("stylegan3")]

pytestmark = needs_golden


@cache
def load(name: str, scratch: Path) -> Golden:
    return Golden(name, scratch)


@pytest.fixture
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp()


@pytest.mark.parametrize("name", FILES)
def test_latents(name: str, scratch: Path) -> None:
    golden = load(name, scratch)
    network, z, c = golden.generator, golden.tensor("z"), golden.label
    assert network.architecture == FILES[name]
    for seed, row in zip(golden.arrays["seeds"], z, strict=True):
        assert torch.equal(network.latent(int(seed))[0], row)
    check_w(network.w_avg, golden.tensor("w_avg"))
    check_w(network.mapping(z, c), golden.tensor("w"))
    check_w(network.mapping(z, c, psi=0.7), golden.tensor("w_psi0.7"))
    for cutoff in (4, 8):
        if f"w_psi0.7_cut{cutoff}" in golden.arrays:
            check_w(network.mapping(z, c, psi=0.7, cutoff=cutoff), golden.tensor(f"w_psi0.7_cut{cutoff}"))


@pytest.mark.parametrize("together", [True, False], ids=["batch", "singles"])
@pytest.mark.parametrize("name", STYLEGAN1)
def test_pictures_of_stylegan(name: str, together: bool, scratch: Path) -> None:
    golden = load(name, scratch)
    pictures = [key for key in golden.arrays if key.startswith("img_")]
    assert {"img_const", "img_none", "img_mix_const", "img_psi0.7_cut8_const"} <= set(pictures)
    for key in pictures:
        _, *middle, mode = key.split("_")
        ws = golden.tensor("_".join(["w", *middle]))
        parts = ws.split(len(ws) if together else 1)
        found = torch.cat([golden.generator.synthesis(part, mode) for part in parts])  # type: ignore[arg-type]
        check_picture(found, golden.tensor(key))


@pytest.mark.parametrize("together", [True, False], ids=["batch", "singles"])
@pytest.mark.parametrize("name", STYLEGAN3)
def test_pictures_of_stylegan3(name: str, together: bool, scratch: Path) -> None:
    golden = load(name, scratch)
    pictures = [key for key in golden.arrays if key.startswith("img") and key != "img_transform"]
    assert {"img", "img_psi0.7", "img_psi0.7_cut4", "img_mix"} == set(pictures)
    for key in pictures:
        ws = golden.tensor(key.replace("img", "w"))
        parts = ws.split(len(ws) if together else 1)
        check_picture(torch.cat([golden.generator.synthesis(part) for part in parts]), golden.tensor(key))


@pytest.mark.parametrize("name", STYLEGAN3)
def test_transforms_of_stylegan3(name: str, scratch: Path) -> None:
    from explorer.models.stylegan3 import inverse_transform

    golden = load(name, scratch)
    wanted = golden.tensor("img_transform")
    for index, (x, y, degrees) in enumerate(golden.arrays["transform_params"].tolist()):
        torch.testing.assert_close(inverse_transform((x, y, degrees)), golden.tensor("transform")[index])
        found = golden.generator.synthesis(golden.tensor("w"), transform=(x, y, degrees))
        check_picture(found, wanted[index])


@pytest.mark.parametrize("name", STYLEGAN3)
def test_what_flows_between_the_steps_of_stylegan3(name: str, scratch: Path) -> None:
    golden = load(name, scratch)
    network, ws = golden.generator, golden.tensor("w")[:1]
    features = network.start(1)
    seen = set()
    for index, step in enumerate(network.steps):
        features = network.run(index, features, ws)
        if f"feat_{step.name}" in golden.arrays:
            seen.add(f"feat_{step.name}")
            check_picture(features.x, golden.tensor(f"feat_{step.name}"))
    assert seen == {key for key in golden.arrays if key.startswith("feat_")}
