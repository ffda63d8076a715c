"""Many pictures into one folder, a piece at a time, so that a window lives meanwhile."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from explorer.export.files import make_folder
from explorer.export.image import save_picture
from explorer.export.naming import picture_name
from explorer.locations import free_path
from explorer.recipe import Recipe
from explorer.recipe.finish import Finish
from explorer.render.frame import RenderRequest

if TYPE_CHECKING:
    from explorer.render import Engine, ModelInfo

MANY = 1000
"""A batch above this says the licence of the network again."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch asks for."""

    recipes: tuple[Recipe, ...]
    folder: Path
    suffix: str = ".png"
    finish: Finish = Finish()


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """How far a batch is."""

    done: int
    total: int
    path: Path
    """Of the newest picture."""
    seconds_left: float


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What became of a batch."""

    paths: tuple[Path, ...]
    stopped: bool
    notices: tuple[str, ...]


def export_batch(
    engine: "Engine",
    batch: Batch,
    info: "ModelInfo | None",
    tell: Callable[[BatchProgress], None],
    should_stop: Callable[[], bool],
) -> Generator[None, None, BatchReport]:
    """Draw and save the pictures of a batch; each is on the disk before the next is begun.

    `info` is told in the files of its network; other networks of a batch are asked for theirs.
    A file that is there already is never replaced: the new one gets the next free name.

    Raises
    ------
    ExplorerError, OSError
        If a picture cannot be drawn or written; those before it stay.
    """
    make_folder(batch.folder)
    began = monotonic()
    paths: list[Path] = []
    notices: dict[str, None] = {}
    total = len(batch.recipes)
    for serial, recipe in enumerate(batch.recipes):
        if should_stop():
            return BatchReport(tuple(paths), True, tuple(notices))
        frame = engine.render(RenderRequest(recipe, serial, deep=batch.finish.bits == 16))
        path = free_path(batch.folder, picture_name(recipe, batch.suffix))
        its_info = info if info is not None and info.ref == recipe.model else engine.info(recipe.model)
        said = save_picture(frame, path, model_info=its_info, finish=batch.finish)
        notices.update(dict.fromkeys((*frame.notices, *said)))
        paths.append(path)
        left = (monotonic() - began) / len(paths) * (total - len(paths))
        tell(BatchProgress(len(paths), total, path, left))
        yield
    return BatchReport(tuple(paths), False, tuple(notices))
