"""The networks that are measured: bundled ones, files, and random ones of known sizes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from explorer.bench.random_networks import RANDOM
from explorer.checkpoints import LoadedNetwork, Register, Shelf, bundled_models, read_checkpoint, save_network
from explorer.errors import ModelNotFoundError
from explorer.recipe import ModelRef, Recipe, SeedBlend
from explorer.render import Engine
from explorer.render.known_directions import KnownDirections


@dataclass(frozen=True, slots=True)
class Subject:
    """A network to measure, in a file that any process can open."""

    name: str
    path: Path
    ref: ModelRef
    register: Register
    """Of this run alone; the user's own is left as it is."""
    scratch: Path
    """Folder of this run, empty but for what it made."""

    @property
    def recipe(self) -> Recipe:
        """A recipe of this network to start from."""
        return Recipe(self.ref, SeedBlend.of(1), psi=0.7)

    def engine(self, shelf: Shelf, device: str, precision: str, **options: Any) -> Engine:
        """Make an engine that reads nothing of the user's own, not even where it lies."""
        engine = Engine(shelf, device, precision, **options)
        engine.known = KnownDirections(self.scratch)
        return engine

    def shelf(self) -> Shelf:
        """Make a new, empty shelf that finds the network."""
        return Shelf(register=self.register)

    def read(self) -> LoadedNetwork:
        """Sizes and tensors, as the plain form wants them."""
        return read_checkpoint(self.path)


@contextmanager
def subjects(wanted: Sequence[str]) -> Iterator[list[Subject]]:
    """Networks by name or file for the length of a run.

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
            found.append(Subject(name, path, ref, register, Path(scratch)))
        yield found


def _files(wanted: Sequence[str], scratch: Path) -> Iterator[tuple[str, Path]]:
    bundled = {model.name: model.path for model in bundled_models()}
    names = ", ".join((*bundled, *RANDOM))
    if not wanted and not bundled:
        raise ModelNotFoundError(f"no bundled network to measure; name one with --model: a file, {names}")
    for name in wanted:
        if name in bundled:
            yield name, bundled[name]
        elif name in RANDOM:
            yield name, _random_file(name, scratch)
        elif Path(name).is_file():
            yield Path(name).stem, Path(name)
        else:
            raise ModelNotFoundError(f"no network {name!r} to measure; there are: {names}, or any file")


def _random_file(name: str, folder: Path) -> Path:
    path = folder / f"{name}.safetensors"
    save_network(path, *RANDOM[name].make(), {"title": name})
    return path
