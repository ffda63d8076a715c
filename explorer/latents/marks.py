"""The paper form of marks: a CSV file that says which pictures were marked for which direction.

Columns `direction,mark,of`: `smile,more,17` marks seed 17 as more, `smile,less,4` seed 4 as less, and
`smile,keep,turn` keeps the measure of the direction `turn` still. Lines that begin with # are remarks.
A text in, a text out; who reads and writes files is somebody else.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

from explorer.errors import DirectionError
from explorer.recipe import SEED_LIMIT

HEAD = ("direction", "mark", "of")
MAX_MARKS = 100_000


@dataclass(frozen=True, slots=True)
class Marks:
    """What was marked for one direction."""

    name: str
    more: tuple[int, ...] = ()
    """Seeds."""
    less: tuple[int, ...] = ()
    keep: tuple[str, ...] = ()
    """Names of directions whose measures stay still."""

    def with_(self, more: Iterable[int], less: Iterable[int], keep: Iterable[str] = ()) -> "Marks":
        """Add marks; of two marks of one seed the newer counts."""
        more, less = tuple(more), tuple(less)
        return Marks(
            self.name,
            _once(*(seed for seed in self.more if seed not in less), *more),
            _once(*(seed for seed in self.less if seed not in more), *less),
            tuple(dict.fromkeys((*self.keep, *keep))),
        )


def dumps(marks: Iterable[Marks], remark: str = "") -> str:
    """Write marks; equal marks give equal text."""
    text = io.StringIO()
    for line in remark.splitlines():
        text.write(f"# {line}".rstrip() + "\n")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HEAD)
    for one in marks:
        rows.writerows((one.name, "keep", name) for name in one.keep)
        rows.writerows((one.name, "more", seed) for seed in one.more)
        rows.writerows((one.name, "less", seed) for seed in one.less)
    return text.getvalue()


def loads(text: str, source: str = "this file") -> tuple[Marks, ...]:
    """Read marks, one for each direction named, in the order of the file.

    Parameters
    ----------
    source : what to call it in errors.

    Raises
    ------
    DirectionError
        If it is no file of marks, or a line of it cannot be meant.
    """
    lines = [
        (number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip() and line[0] != "#"
    ]
    if not lines or tuple(cell.strip() for cell in lines[0][1].split(",")) != HEAD:
        raise DirectionError(f"{source} is no file of marks: its first line is not {','.join(HEAD)}")
    if len(lines) > MAX_MARKS:
        raise DirectionError(f"{source} holds more than {MAX_MARKS} marks")
    found: dict[str, Marks] = {}
    for number, line in lines[1:]:
        where = f"{source}, line {number}"
        name, mark, of = _cells(line, where)
        one = found.get(name) or Marks(name)
        if mark == "keep":
            found[name] = one.with_((), (), (of,))
            continue
        seed = _seed(of, where)
        if seed in one.more or seed in one.less:
            raise DirectionError(f"{where}: seed {seed} is marked twice for {name!r}")
        found[name] = one.with_((seed,), ()) if mark == "more" else one.with_((), (seed,))
    return tuple(found.values())


def _cells(line: str, where: str) -> tuple[str, str, str]:
    try:
        cells = [cell.strip() for cell in next(csv.reader([line], strict=True))]
    except csv.Error as error:
        raise DirectionError(f"{where}: {error}") from None
    if len(cells) != 3 or cells[1] not in ("more", "less", "keep") or not cells[0] or not cells[2]:
        raise DirectionError(f"{where} is not NAME,more,SEED or NAME,less,SEED or NAME,keep,NAME")
    return cells[0], cells[1], cells[2]


def _seed(text: str, where: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < SEED_LIMIT):
        raise DirectionError(f"{where}: {text[:40]!r} is not a seed from 0 to {SEED_LIMIT - 1}")
    return int(text)


def _once(*seeds: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys(seeds))
