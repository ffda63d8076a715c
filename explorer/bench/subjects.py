"""The networks that are measured: bundled ones, files, and random ones of known sizes.

What a picture costs does not depend on the weights, so the official
configurations are measured with random ones and nothing has to be downloaded.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor

from explorer.checkpoints import LoadedNetwork, Register, Shelf, bundled_models, read_checkpoint, save_network
from explorer.errors import ModelNotFoundError
from explorer.models import NetworkDescription
from explorer.recipe import ModelRef, Recipe, SeedBlend

RANDOM: Mapping[str, tuple[int, int, int, int]] = {
    "random-tiny-16": (16, 128, 16, 16),
    "random-compact-128": (128, 8192, 256, 512),
    "random-compact-256": (256, 8192, 256, 512),
    "random-paper-256": (256, 16384, 512, 512),
    "random-config-f-1024": (1024, 32768, 512, 512),
}
"""Name to resolution, channel_base, channel_max, width of w: channels(r) = min(base / r, max)."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A network to measure, in a file that any process can open."""

    name: str
    path: Path
    ref: ModelRef
    register: Register
    """Of this run alone; the user's own is left as it is."""

    @property
    def recipe(self) -> Recipe:
        """A recipe of this network to start from."""
        return Recipe(self.ref, SeedBlend.of(1), psi=0.7)

    def shelf(self) -> Shelf:
        """Make a new, empty shelf that finds the network."""
        return Shelf(register=self.register)

    def read(self) -> LoadedNetwork:
        """Sizes and tensors, as the plain form wants them."""
        return read_checkpoint(self.path)


@contextmanager
def subjects(wanted: list[str]) -> Iterator[list[Subject]]:
    """Networks by name or file for the length of a run; the bundled ones where none is named.

    Raises
    ------
    ModelNotFoundError
        If one is not there.
    """
    with TemporaryDirectory(prefix="latent-explorer-bench-") as scratch:
        register = Register(Path(scratch) / "networks.json")
        found = []
        for name, path in _files(wanted, Path(scratch)):
            ref = Shelf(register=register).register(path)
            found.append(Subject(name, path, ref, register))
        yield found


def _files(wanted: list[str], scratch: Path) -> Iterator[tuple[str, Path]]:
    bundled = {model.name: model.path for model in bundled_models()}
    names = ", ".join((*bundled, *RANDOM))
    if not wanted and not bundled:
        raise ModelNotFoundError(f"no bundled network to measure; name one with --model: a file, {names}")
    for name in wanted or bundled:
        if name in bundled:
            yield name, bundled[name]
        elif name in RANDOM:
            yield name, _random_file(name, scratch)
        elif Path(name).is_file():
            yield Path(name).stem, Path(name)
        else:
            raise ModelNotFoundError(f"no network {name!r} to measure; there are: {names}, or any file")


def _random_file(name: str, folder: Path) -> Path:
    resolution, base, most, width = RANDOM[name]
    description = NetworkDescription(
        architecture="stylegan2",
        resolution=resolution,
        img_channels=3,
        z_dim=width,
        w_dim=width,
        c_dim=0,
        num_ws=2 * int(math.log2(resolution)) - 2,
        options={"arch": "skip", "conv_clamp": 256.0},
    )
    path = folder / f"{name}.safetensors"
    save_network(path, description, _random_tensors(resolution, base, most, width), {"title": name})
    return path


def _random_tensors(resolution: int, base: int, most: int, width: int) -> dict[str, Tensor]:
    """Weights as before training, under the canonical names."""
    random = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=random)

    tensors: dict[str, Tensor] = {"mapping.w_avg": torch.zeros(width)}
    for i in range(8):
        # Weights are stored divided by the learning rate multiplier 0.01.
        tensors[f"mapping.fc{i}.weight"] = 100 * draw(width, width)
        tensors[f"mapping.fc{i}.bias"] = torch.zeros(width)
    before = min(base // 4, most)
    tensors["synthesis.b4.const"] = draw(before, 4, 4)
    for power in range(2, int(math.log2(resolution)) + 1):
        size = 2**power
        here = min(base // size, most)
        block = f"synthesis.b{size}"
        layers = {"conv1": here} if size == 4 else {"conv0": before, "conv1": here}
        for layer, channels in layers.items():
            tensors |= {
                f"{block}.{layer}.affine.weight": draw(channels, width),
                f"{block}.{layer}.affine.bias": torch.ones(channels),
                f"{block}.{layer}.weight": draw(here, channels, 3, 3),
                f"{block}.{layer}.bias": torch.zeros(here),
                f"{block}.{layer}.noise_const": draw(size, size),
                f"{block}.{layer}.noise_strength": torch.tensor(0.1),
            }
        tensors |= {
            f"{block}.torgb.affine.weight": draw(here, width),
            f"{block}.torgb.affine.bias": torch.ones(here),
            f"{block}.torgb.weight": draw(3, here, 1, 1),
            f"{block}.torgb.bias": torch.zeros(3),
        }
        before = here
    return tensors
