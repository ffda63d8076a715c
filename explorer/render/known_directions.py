"""Which directions a network has: those that came with it, and those its user keeps.

A bundled network may have `weights/NAME.directions` beside it. What a user keeps
lies in the user's own place, one file for each network, under its sha256. Of equal
names the user's counts. A recipe carries its directions itself, so no picture
depends on these files: they are what a person may choose from.
"""

import json
import logging
import os
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from explorer import locations
from explorer.errors import DirectionError
from explorer.latents import direction_form
from explorer.latents.direction_form import DirectionSet
from explorer.latents.directions import Direction
from explorer.recipe import ModelRef

log = logging.getLogger(__name__)

MAX_NAME = 128


class KnownDirections:
    """Reads each network's directions once, and writes changes at once. One thread owns it.

    Parameters
    ----------
    folder : where the user's files lie; in the user's data folder by default.
    bundled : where the bundled networks lie.
    """

    def __init__(self, folder: Path | None = None, bundled: Path | None = None) -> None:
        self._folder, self._bundled = folder, bundled
        self._read: dict[str, tuple[dict[str, Direction], dict[str, Direction]]] = {}
        self._orders: dict[str, tuple[str, ...]] = {}

    def of(self, model: ModelRef) -> tuple[Direction, ...]:
        """Directions of a network in the user's order; by default those that came with it first."""
        return tuple(self.by_name(model).values())

    def by_name(self, model: ModelRef) -> dict[str, Direction]:
        """Directions of a network by name, as `compose` takes them."""
        came, own = self._both(model)
        both = {**came, **own}
        rank = {name: place for place, name in enumerate(self._order(model))}
        # What is new stands where it would stand alone: what came with the network first, own ones last.
        new = {name: -1 if name in came else len(rank) for name in both}
        return {name: both[name] for name in sorted(both, key=lambda name: rank.get(name, new[name]))}

    def is_own(self, model: ModelRef, name: str) -> bool:
        """Whether the user keeps this one, and so may rename or remove it."""
        return name in self._both(model)[1]

    def keep(
        self, model: ModelRef, num_ws: int, w_dim: int, directions: Iterable[Direction]
    ) -> tuple[str, ...]:
        """Add directions to the user's; a name that is taken gets a number.

        Returns
        -------
        The names they are kept under.

        Raises
        ------
        DirectionError
            If one does not fit a network of this size, or the user's file is damaged.
        OSError
            If the file cannot be written.
        """
        own = self._own_or_raise(model)
        taken = set(self._both(model)[0]) | set(own)
        names = []
        for direction in directions:
            if not direction.fits(num_ws, w_dim):
                raise DirectionError(
                    f"direction {direction.name!r} was made for ws of size {list(direction.vector.shape)}; "
                    f"this network has {num_ws} x {w_dim}"
                )
            name = free_name(check_name(direction.name), taken)
            taken.add(name)
            own[name] = replace(direction, name=name)
            names.append(name)
        self._write(model, num_ws, w_dim, own)
        return tuple(names)

    def rename(self, model: ModelRef, old: str, new: str) -> str:
        """Give one of the user's directions another name; returns the name it got."""
        own = self._own_or_raise(model)
        if old not in own:
            raise DirectionError(f"direction {old!r} came with the network and keeps its name")
        new = free_name(check_name(new), (set(self.by_name(model)) | set(own)) - {old})
        renamed = {(new if name == old else name): direction for name, direction in own.items()}
        renamed[new] = replace(renamed[new], name=new)
        self._write_again(model, renamed)
        if old in self._order(model):
            self.arrange(model, [new if name == old else name for name in self._order(model)])
        return new

    def annotate(self, model: ModelRef, name: str, note: str) -> None:
        """Give one of the user's directions a note."""
        own = self._own_or_raise(model)
        if name not in own:
            raise DirectionError(f"direction {name!r} came with the network and keeps its note")
        own[name] = replace(own[name], note=note)
        self._write_again(model, own)

    def remove(self, model: ModelRef, name: str) -> Direction:
        """Forget one of the user's directions; returns what it was."""
        own = self._own_or_raise(model)
        if name not in own:
            raise DirectionError(f"direction {name!r} came with the network and stays")
        removed = own.pop(name)
        self._write_again(model, own)
        return removed

    def arrange(self, model: ModelRef, names: Sequence[str]) -> None:
        """Put directions into this order; those not named stand where they would stand alone."""
        if not model.sha256:
            raise DirectionError(f"the network {model.name!r} is not known by its sha256")
        write_directions(self._order_file(model), json.dumps(list(names)).encode())
        self._orders[model.sha256] = tuple(names)

    def file_of(self, model: ModelRef) -> Path:
        """Where the user's directions of a network are kept."""
        folder = self._folder or locations.user_data_dir() / "directions"
        return folder / f"{model.sha256}{direction_form.SUFFIX}"

    def _order_file(self, model: ModelRef) -> Path:
        return self.file_of(model).with_suffix(".order.json")

    def _order(self, model: ModelRef) -> tuple[str, ...]:
        """Names as the user put them; a file that cannot be read is no order."""
        if not model.sha256:
            return ()
        if model.sha256 not in self._orders:
            try:
                names = json.loads(self._order_file(model).read_text("utf-8"))
                self._orders[model.sha256] = tuple(str(name) for name in names)
            except (OSError, ValueError, TypeError):
                self._orders[model.sha256] = ()
        return self._orders[model.sha256]

    def _both(self, model: ModelRef) -> tuple[dict[str, Direction], dict[str, Direction]]:
        """Those that came with a network, and the user's; a file that cannot be read is logged."""
        if not model.sha256:
            return {}, {}
        if model.sha256 not in self._read:
            self._read[model.sha256] = (_quietly(self._came, model), _quietly(self._own, model))
        return self._read[model.sha256]

    def _came(self, model: ModelRef) -> dict[str, Direction]:
        path = (self._bundled or locations.weights_dir()) / f"{Path(model.name).name}{direction_form.SUFFIX}"
        found = read_directions(path) if path.is_file() else None
        if found is None or found.model.sha256 != model.sha256:
            return {}
        return found.by_name()

    def _own(self, model: ModelRef) -> dict[str, Direction]:
        path = self.file_of(model)
        return read_directions(path).by_name() if path.is_file() else {}

    def _own_or_raise(self, model: ModelRef) -> dict[str, Direction]:
        """The user's directions as the file has them now; nothing in a damaged one is written over."""
        if not model.sha256:
            raise DirectionError(f"the network {model.name!r} is not known by its sha256")
        try:
            return self._own(model)
        except DirectionError as error:
            raise DirectionError(f"{error}; move it away to keep new directions") from None

    def _write_again(self, model: ModelRef, own: dict[str, Direction]) -> None:
        before = read_directions(self.file_of(model))
        self._write(model, before.num_ws, before.w_dim, own)

    def _write(self, model: ModelRef, num_ws: int, w_dim: int, own: dict[str, Direction]) -> None:
        data = direction_form.dumps(DirectionSet(model, num_ws, w_dim, tuple(own.values())))
        write_directions(self.file_of(model), data)
        self._read[model.sha256] = (self._both(model)[0], own)


def read_directions(path: Path) -> DirectionSet:
    """Read a `.directions` file.

    Raises
    ------
    DirectionError
        If it is none.
    OSError
        If it cannot be read.
    """
    with open(path, "rb") as file:
        return direction_form.loads(file.read(direction_form.MAX_BYTES + 1), str(path))


def write_directions(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{secrets.token_hex(6)}.part")
    try:
        with open(part, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def check_name(name: str) -> str:
    """A name as lists and the command line can take it.

    Raises
    ------
    DirectionError
        If it is empty, too long, or holds `=` or `@`, which the notation reads as signs.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= MAX_NAME or not name.isprintable() or set(name) & set("=@"):
        raise DirectionError(
            f"a direction needs a name of 1 to {MAX_NAME} letters without = and @, not {name[:80]!r}"
        )
    return name


def free_name(name: str, taken: Iterable[str]) -> str:
    """The name itself, or the first of `name (2)`, `name (3)`, ... that is free."""
    taken, number, free = set(taken), 1, name
    while free in taken:
        number += 1
        free = f"{name[: MAX_NAME - 8]} ({number})"
    return free


def _quietly(read: Callable[[ModelRef], dict[str, Direction]], model: ModelRef) -> dict[str, Direction]:
    try:
        return read(model)
    except (DirectionError, OSError) as error:
        log.warning("the directions of %s could not be read: %s", model.name, error)
        return {}
