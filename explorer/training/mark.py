"""Teaching the two networks of the invisible mark: `python -m explorer.training.mark --out FILE`.

Both learn together. One hides a pattern in a picture, the picture goes through something, and
the other guesses the pattern; what counts is how alike guess and pattern are. Every
pattern is new, so neither network ever learns the one that the program uses. Pictures are those of
`explorer.mark.pictures`, of nothing, and where a network is named, as many drawn by it.
"""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np
import torch
from torch import Tensor, nn

from explorer.checkpoints import Shelf
from explorer.mark.embedding import brightness, resized, shaped
from explorer.mark.networks import Embedder, Extractor, save
from explorer.mark.pattern import TILE, band, from_noise
from explorer.mark.pictures import picture
from explorer.render.pixels import to_pixels
from explorer.training.mark_changes import changed, moved, rounded

log = logging.getLogger(__name__)

SIDE = 128
STRENGTH = 255 * 10 ** (-45 / 20)
"""Root of the mean square of what is laid over, in levels of 255; each picture has 0.85 to 1.2 times that."""
BEGIN = 300
"""Steps over which the mark falls to that strength, from 2.5 times as much, and changes come in."""
EVERY = 100
"""Steps from one file to the next."""
_FIRST_SEED = 100_000
"""Far from those that people look at, and `bench` counts with."""
AVERAGED = 0.998
"""Of the averaged weights, what is kept at each step."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """How to teach."""

    minutes: float = 50
    steps: int | None = None
    """Fewer, where the time allows more."""
    pictures: int = 3000
    """Of each kind."""
    network: str = ""
    """Name of a network, or a file, whose samples half of the pictures are; none where empty."""
    batch: int = 16
    rate: float = 3e-3
    """Of Adam; it falls in the second half of the time."""
    seed: int = 0


def teach(lesson: Lesson, out: Path) -> tuple[Embedder, Extractor]:
    """Teach both networks and write them to `out`, again and again."""
    torch.manual_seed(lesson.seed)
    dice, rng = torch.Generator().manual_seed(lesson.seed), np.random.default_rng(lesson.seed)
    pools = [torch.stack([brightness(picture(rng, SIDE))[None] for _ in range(lesson.pictures)])]
    if lesson.network:
        pools.append(samples(lesson.network, lesson.pictures))
    pupils = nn.ModuleList([Embedder(), Extractor()])
    averaged = nn.ModuleList([Embedder(), Extractor()]).requires_grad_(False)
    optimiser = torch.optim.Adam(pupils.parameters(), lesson.rate, betas=(0.9, 0.99))
    began, step, alike = monotonic(), 0, []
    while (share := _share(lesson, step, monotonic() - began)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = lesson.rate * min(1, (step + 1) / 50, max(0.02, 2 - 2 * share))
        likeness = _likeness(pupils, _drawn(pools, lesson.batch, dice), step, dice)
        optimiser.zero_grad()
        (1 - likeness).square().mean().backward()
        nn.utils.clip_grad_norm_(pupils.parameters(), 1.0)
        optimiser.step()
        step += 1
        _average(averaged, pupils, min(AVERAGED, step / (step + 20)))
        alike.append(likeness.detach().reshape(4, -1).mean(1))
        if step % EVERY == 0:
            told = ", ".join(f"{value:.3f}" for value in torch.stack(alike[-EVERY:]).mean(0))
            log.info("step %d, %.0f s: likeness %s", step, monotonic() - began, told)
            _save(out, averaged, step, lesson.network)
    _save(out, averaged, step, lesson.network)
    return averaged[0], averaged[1]  # type: ignore[return-value]


def _share(lesson: Lesson, step: int, seconds: float) -> float:
    """Of the lesson, what is over."""
    if lesson.steps is not None:
        return step / lesson.steps
    return seconds / (60 * lesson.minutes)


def samples(network: str, count: int) -> Tensor:
    """Brightness of what a network draws at psi 0.5 to 1, [count, 1, SIDE, SIDE] in levels of 255."""
    shelf = Shelf()
    generator = shelf.get(shelf.resolve_name(network))
    drawn = []
    with torch.inference_mode():
        for number in range(count):
            psi = (0.5, 0.7, 0.8, 1.0, 1.0)[number % 5]
            ws = generator.mapping(generator.latent(_FIRST_SEED + number), psi=psi)
            pixels = to_pixels(generator.synthesis(ws))
            drawn.append(resized(brightness(pixels)[None, None], (SIDE, SIDE))[0])
    return torch.stack(drawn)


def _drawn(pools: Sequence[Tensor], count: int, dice: torch.Generator) -> Tensor:
    """A batch, in equal parts from each pool, in any order."""
    each = count // len(pools)
    batch = torch.cat([pool[torch.randint(len(pool), (each,), generator=dice)] for pool in pools])
    batch = batch[torch.randperm(len(batch), generator=dice)]
    return batch.flip(-1) if float(torch.rand(1, generator=dice)) < 0.5 else batch


def _likeness(pupils: nn.ModuleList, batch: Tensor, step: int, dice: torch.Generator) -> Tensor:
    """Cosine of the angle between guess and pattern, [N], after what happened on the way."""
    embedder, extractor = pupils
    patterns = from_noise(torch.randn(len(batch), 1, TILE, TILE, generator=dice))
    over = shaped(embedder, resized(batch, (TILE, TILE)), patterns)  # type: ignore[arg-type]
    over = resized(over, (SIDE, SIDE))
    strength = STRENGTH * (0.85 + 0.35 * torch.rand(len(batch), 1, 1, 1, generator=dice))
    strength = strength * (1 + 1.5 * max(0.0, 1 - step / BEGIN))
    marked = rounded(batch + over * strength / over.square().mean((1, 2, 3), keepdim=True).sqrt())
    seen = changed(marked, dice)
    seen, patterns = moved(seen, patterns, 0.6 * min(1, step / BEGIN), dice)
    guess = torch.fft.ifft2(torch.fft.fft2(extractor(seen)) * band()).real
    return nn.functional.cosine_similarity(guess.flatten(1), patterns.flatten(1))


def _average(averaged: nn.ModuleList, pupils: nn.ModuleList, kept: float) -> None:
    with torch.no_grad():
        for mean, now in zip(averaged.parameters(), pupils.parameters(), strict=True):
            mean.lerp_(now, 1 - kept)


def _save(out: Path, averaged: nn.ModuleList, step: int, network: str) -> None:
    notes = {
        "title": "Networks of the invisible mark",
        "data": "pictures of nothing, made by explorer.mark.pictures"
        + (f", and as many samples of the network {network!r}" if network else ""),
        "licence": f"that of the network {network!r}" if network else "MIT, as the program",
        "steps": str(step),
    }
    save(out, averaged[0], averaged[1], notes)  # type: ignore[arg-type]


def main(words: Sequence[str] | None = None) -> None:
    """Read the command line and teach."""
    parser = argparse.ArgumentParser(prog="python -m explorer.training.mark", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="a .safetensors file")
    parser.add_argument("--minutes", type=float, default=Lesson().minutes)
    parser.add_argument("--steps", type=int, help="fewer steps than the time allows")
    parser.add_argument("--pictures", type=int, default=Lesson().pictures)
    parser.add_argument("--network", default="", help="have half of the pictures drawn by it, such as faces")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args(words)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(args.threads)
    teach(Lesson(args.minutes, args.steps, args.pictures, args.network), args.out)


if __name__ == "__main__":
    main()
