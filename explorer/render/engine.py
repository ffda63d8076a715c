"""The engine: a request becomes a frame.

    shelf.get(recipe.model)  -> Generator
    resolve, compose         -> ws      [1, num_ws, w_dim]  float32
    steps, from the cache on -> image   [1, C, H, W]        float32
    to_pixels                -> pixels  [H, W, 3]           uint8

It has no state that a picture depends on, apart from device, precision and the
directions it knows: caches only spare it work it did before. One thread owns it.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Generator as GeneratorType
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from explorer.errors import DeviceError
from explorer.latents import Direction, FilmScenes, SeedCache, scene_of
from explorer.models import Features, Generator, Precision
from explorer.recipe import ModelRef
from explorer.render import devices, together
from explorer.render.budget import Budget
from explorer.render.frame import Frame, RenderRequest
from explorer.render.graphs import Chain, Graphs, copied, recorder_for
from explorer.render.known_directions import KnownDirections
from explorer.render.model_info import ModelInfo, info_of
from explorer.render.pixels import Sent, to_deep_pixels, to_host, to_levels
from explorer.render.plan import Plan, WorkedOut, nearest_stop
from explorer.render.stages import (
    CacheStats,
    StageCache,
    added_bytes,
    chain_keys,
    pixels_key,
    worth_keeping,
)

if TYPE_CHECKING:
    from explorer.checkpoints import Shelf

log = logging.getLogger(__name__)

SLOW_SECONDS = 0.02
"""Pictures slower than this afford a wait after each step, so that steps can be timed on a GPU."""


class Engine:
    """Draws requests with the networks of a shelf, on one device in one precision.

    Parameters
    ----------
    shelf : where networks come from; a new one of its own by default.
    device : "auto", "cpu", "cuda", "cuda:N" or "mps".
    precision : "auto", "float32", "float16" or "bfloat16".
    cache_bytes : most that the stage cache holds, or how much on which device.
    threads : for torch on a CPU, for the whole process; None decides by rule.
    graphs : whether CUDA draws recorded chains of steps; see `graphs`. Pictures are the same.
    at_once : most pictures that `render_all` draws together; None decides by rule (`together`).
    clock : seconds that only rise; a test may bring its own.

    Raises
    ------
    DeviceError
        If the device is not there.
    """

    def __init__(
        self,
        shelf: "Shelf | None" = None,
        device: str = devices.AUTO,
        precision: str = devices.AUTO,
        cache_bytes: int | Callable[[str], int] = devices.cache_bytes,
        threads: int | None = None,
        *,
        graphs: bool = True,
        at_once: int | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        if shelf is None:
            from explorer.checkpoints import Shelf

            shelf = Shelf()
        self._shelf = shelf
        self._clock = clock
        self._cache_bytes = cache_bytes
        self._seeds = SeedCache()
        self._films = FilmScenes(self._seeds)
        self._budget = Budget()
        self._kept: dict[str, tuple[dict[int, int], frozenset[int]]] = {}
        self._slow = False
        self._worked: WorkedOut | None = None
        self._wants_graphs = graphs
        self._at_once = at_once
        self._most_at_once = together.AT_ONCE if at_once is None else at_once
        self._seconds: float | None = None
        """What the newest picture took that was drawn whole."""
        self.known = KnownDirections()
        """Directions kept for each network."""
        self.directions: dict[str, Direction] = {}
        """Further directions, for whatever network is drawn; they come before the known ones."""
        self.fixed_threads = threads
        """Threads for every network on a CPU; None leaves it to the rule (`devices.threads_for`)."""
        self.threads = devices.prepare(threads)
        """Most threads torch uses on a CPU."""
        self.device = devices.choose(device)
        """Device networks run on."""
        self._cache = StageCache(self._cache_limit())
        self.precision: Precision
        """Precision they run in."""
        self.precision, self._notices = devices.settle_precision(self.device, precision)
        self._graphs = self._new_graphs()

    # Networks

    def open(self, path_or_name: str | Path) -> ModelInfo:
        """Load a network, by file or by name, and tell what it is.

        Raises
        ------
        ModelNotFoundError, CheckpointError, OSError
            If there is no such network, or the file is none.
        """
        if Path(path_or_name).is_file():
            return self.info(self._shelf.register(Path(path_or_name)))
        return self.info(self._shelf.resolve_name(str(path_or_name)))

    def info(self, ref: ModelRef) -> ModelInfo:
        """Tell what a network is; loads it where it is not loaded yet."""
        ref = self._known(ref)
        generator = self.generator(ref)
        header = self._shelf.header(ref)
        return info_of(ref, generator, header)

    def generator(self, ref: ModelRef) -> Generator:
        """Network itself, on the engine's device; for work that is not a picture."""
        self._worked = None  # it would keep a network that makes room for this one
        for remedy in self._remedies():
            try:
                return self._shelf.get(self._known(ref), self.device, self.precision)
            except Exception as error:
                self._check_memory(error)
            remedy()
        raise AssertionError("the last remedy raises")

    def directions_of(self, ref: ModelRef) -> dict[str, Direction]:
        """What direction names in recipes of a network stand for, where a recipe does not carry them."""
        known = self.known.by_name(self._known(ref))
        return {**known, **self.directions} if self.directions else known

    def forget(self, ref: ModelRef) -> None:
        """Unload a network and give its memory back."""
        self._shelf.drop(self._known(ref))
        self._drop_caches()
        self._forget_limits()

    # Device and memory

    def set_device(self, device: str = devices.AUTO, precision: str = devices.AUTO) -> tuple[str, ...]:
        """Change device and precision; returns what could not be done as wished, in words.

        Raises
        ------
        DeviceError
            If the device is not there; everything then stays as it was.
        """
        chosen = devices.choose(device)
        settled, notices = devices.settle_precision(chosen, precision)
        if (chosen, settled) != (self.device, self.precision):
            self._shelf.drop_all()
            self._drop_caches()
        self.device, self.precision, self._notices = chosen, settled, notices
        self._forget_limits()
        self._kept.clear()
        self._cache.limit_bytes = self._cache_limit()
        self._graphs = self._new_graphs()
        return notices

    def _cache_limit(self) -> int:
        """Most that the stage cache holds on the device in use."""
        return self._cache_bytes if isinstance(self._cache_bytes, int) else self._cache_bytes(self.device)

    def _forget_limits(self) -> None:
        """What was found out about one network on one device does not hold for another."""
        self._slow, self._seconds = False, None
        self._most_at_once = together.AT_ONCE if self._at_once is None else self._at_once

    def _new_graphs(self) -> Graphs:
        """Recordings for the device: none yet."""
        return Graphs(recorder_for(self.device) if self._wants_graphs else None)

    @property
    def cache_stats(self) -> CacheStats:
        """What the stage cache holds, and how often it helped."""
        return self._cache.stats

    def set_cache_limit(self, cache_bytes: int | Callable[[str], int]) -> None:
        """Change how much the stage cache may hold; what it held is let go."""
        self._drop_caches()
        self._kept.clear()
        self._cache_bytes = cache_bytes
        self._cache.limit_bytes = self._cache_limit()

    # Pictures

    def render(self, request: RenderRequest) -> Frame:
        """Draw a request to its end; `live` makes no difference here.

        Raises
        ------
        ExplorerError, OSError
            If the network cannot be had, or memory does not suffice even after
            caches were dropped and the CPU was tried.
        """
        *_, frame = self._attempts(request, drafts=False)
        assert frame is not None, "an attempt ends with the frame"
        return frame

    def render_all(self, requests: Iterable[RenderRequest]) -> Iterator[Frame]:
        """Draw requests in their order, each to its end; on a GPU several at once.

        Requests are taken when they are drawn, no earlier. Where memory does not suffice
        for several, fewer are drawn at once, in the end one by one as `render` does.

        Raises
        ------
        ExplorerError, OSError
            As `render`.
        """
        waiting = iter(requests)
        while group := list(islice(waiting, self._count_at_once())):
            yield from self._render_group(group)

    def _count_at_once(self) -> int:
        if self._at_once is not None:
            return self._most_at_once
        is_quick = self._seconds is not None and self._seconds <= together.SECONDS
        return self._most_at_once if self.device != "cpu" and is_quick else 1

    def _render_group(self, group: Sequence[RenderRequest]) -> Iterator[Frame]:
        frames: Iterable[Frame] | None = None
        if 1 < len(group) <= self._most_at_once:
            try:
                frames = self._draw_together(group)
            except Exception as error:
                self._check_memory(error)
                self._most_at_once = len(group) // 2
        if len(group) > self._most_at_once:
            self._drop_caches()  # after the handler, see `_attempts`
            fewer = self._most_at_once  # which may sink further meanwhile
            for first in range(0, len(group), fewer):
                yield from self._render_group(group[first : first + fewer])
            return
        if frames is None:
            frames = map(self.render, group)
        yield from frames

    def _draw_together(self, group: Sequence[RenderRequest]) -> list[Frame] | None:
        """Frames of requests that differ in latents and transform alone; None for others."""
        began = self._clock()
        plans = [self._plan(request) for request in group]
        one = plans[0]
        shared = together.shared_steps([plan.keys[: one.last + 1] for plan in plans])
        if any(request.deep for request in group) or shared > one.last:
            return None
        alike = {(plan.source, plan.last, plan.noise, plan.move is None) for plan in plans}
        if len(alike) > 1:
            return None
        with torch.inference_mode():
            ws = torch.cat([plan.ws for plan in plans])
            moves = [plan.move for plan in plans if plan.move is not None]
            move = torch.stack(moves) if moves else None
            features = one.generator.start(len(plans))
        if shared:
            first, features = self._resume(one, shared)
            one.generator.begin(one.ws)
            for index in range(first, shared):
                features = self._step(one, index, features)
            with torch.inference_mode():
                features = together.spread(features, len(plans))
        chain = Chain(one.source, shared, one.last, len(plans), one.noise, frozenset(), move is not None)
        outcome = None
        if devices.records_together(one.generator):
            outcome = self._graphs.run(chain, one.generator, ws, features, move)
        with torch.inference_mode():
            if outcome is None:
                one.generator.begin(ws)
                for index in range(shared, one.last + 1):
                    features = one.generator.run(index, features, ws, one.noise, move)
                levels = to_levels(one.generator.picture(features))
            else:
                levels = outcome.levels
            pixels = to_host(levels)
        self._seconds = (self._clock() - began) / len(plans)
        return [
            replace(self._frame(request, plan, one.last, picture, began), seconds=self._seconds)
            for request, plan, picture in zip(group, plans, pixels, strict=True)
        ]

    def render_steps(self, request: RenderRequest) -> Iterator[Frame | None]:
        """Draw a request so that it can be given up between two steps.

        Yields None between steps, a draft where the request is live and the full
        picture would come too slowly, and the finished frame last. What was
        computed before it was given up stays in the cache.
        """
        return self._attempts(request, drafts=request.live)

    def _attempts(self, request: RenderRequest, *, drafts: bool) -> Iterator[Frame | None]:
        began = self._clock()
        for remedy in self._remedies():
            try:
                yield from self._draw(request, began, drafts=drafts)
                return
            except Exception as error:
                self._check_memory(error)
            # After the handler, so that the traceback no longer holds tensors.
            remedy()
            drafts = False

    def _draw(self, request: RenderRequest, began: float, *, drafts: bool) -> Iterator[Frame | None]:
        plan = self._plan(request)
        done = None if request.deep else self._cache.pixels(pixels_key(plan.keys[plan.last]))
        if done is not None:
            self._cache.count(hit=True)
            self._cache.touch(plan.keys)
            pixels = done.copy() if isinstance(done, np.ndarray) else to_host(done)
            yield self._frame(request, plan, plan.last, pixels, began)
            return
        first, features = self._resume(plan, plan.last)
        prepared = self._clock() - began
        draft = None
        if drafts and request.stop is None:
            stop = self._budget.choose(plan.source, plan.stops, first)
            draft = None if stop is None else plan.stops[stop]
        if draft is not None:
            features, sent = yield from self._walk(plan, first, draft, features)
            yield self._frame(request, plan, draft, self._pixels(plan, draft, features, sent), began)
            first = draft + 1
        features, sent = yield from self._walk(plan, first, plan.last, features)
        finishing = self._clock()
        pixels = self._pixels(plan, plan.last, features, sent)
        frame = self._frame(request, plan, plan.last, pixels, began)
        if request.deep:
            frame = replace(frame, deep_pixels=self._deep_pixels(plan, features))
        self._budget.record(plan.source, -1, prepared + self._clock() - finishing)
        self._slow, self._seconds = frame.seconds > SLOW_SECONDS, frame.seconds
        yield frame

    def _plan(self, request: RenderRequest) -> Plan:
        """Work out what has to be drawn: the pure part of rendering."""
        ref = self._known(request.recipe.model)
        generator = self._shelf.get(ref, self.device, self.precision)
        devices.use_threads(self.fixed_threads or devices.threads_for(generator, self.threads))
        directions = self.directions_of(ref)
        worked = self._worked
        if worked is None or not worked.fits(request, generator, directions):
            plan = self._work_out(request, ref, generator, directions)
            worked = self._worked = WorkedOut(request, directions, plan)
        plan = worked.plan
        return replace(
            plan,
            last=plan.stops[nearest_stop(plan.stops, request.stop)],
            is_deep=request.deep,
            notices=self._notices + plan.notices,
        )

    def _work_out(
        self,
        request: RenderRequest,
        ref: ModelRef,
        generator: Generator,
        directions: Mapping[str, Direction],
    ) -> Plan:
        """Plan of the full picture, without the engine's own notices."""
        if request.moment is None:
            scene = scene_of(request.recipe, generator, self._seeds, directions)
        else:
            scene = self._films.scene(request.moment, generator, directions)
        source = f"{ref.sha256} {self.device} {self.precision}"
        stops = dict(generator.early_stops())
        return Plan(
            generator=generator,
            source=source,
            ws=scene.ws.to(generator.device, non_blocking=True),
            noise=scene.noise,
            move=None if scene.transform is None else generator.move([scene.transform]),
            keys=chain_keys(source, generator.steps, scene.ws[0].numpy(), scene.noise, scene.transform),
            stops=stops,
            last=max(stops.values()),
            is_deep=False,
            notices=scene.notices,
        )

    def _resume(self, plan: Plan, before: int) -> tuple[int, Features]:
        """First step that has to run, and what it starts from: what a step ahead of `before` put out."""
        self._cache.touch(plan.keys)
        for index in range(before - 1, -1, -1):
            features = self._cache.features(plan.keys[index])
            if features is not None:
                self._cache.count(hit=True)
                return index + 1, features
        self._cache.count(hit=False)
        with torch.inference_mode():
            return 0, plan.generator.start(1)

    def _walk(
        self, plan: Plan, first: int, last: int, features: Features
    ) -> GeneratorType[None, None, tuple[Features, Sent | None]]:
        """Run steps `first` to `last`, at once where that was recorded; yields between two steps.

        Returns
        -------
        Output of the last step, and its picture where that is on its way already: of the whole picture
        then that alone, unless it is to be deep.
        """
        kept = self._kept.get(plan.source, ({}, frozenset()))[1]
        # Of the last picture its levels suffice: what they were made of is the largest of all.
        needs_last = last < plan.last or plan.is_deep
        wanted = frozenset(i for i in kept if first <= i < last) | ({last} if needs_last else frozenset())
        chain = Chain(
            plan.source, first, last, len(plan.ws), plan.noise, wanted, is_moved=plan.move is not None
        )
        began, recorded = self._clock(), self._graphs.recorded
        outcome = self._graphs.run(chain, plan.generator, plan.ws, features, plan.move)
        if outcome is None:
            plan.generator.begin(plan.ws)
            for index in range(first, last):
                features = self._step(plan, index, features)
                yield None
            return self._step(plan, last, features), None
        if self._graphs.recorded == recorded:  # recording takes longer than drawing ever will
            if self._slow:
                devices.synchronise(self.device)
            self._budget.record_chain(plan.source, first, last, self._clock() - began)
        # Ahead of the stages, which nobody waits for; of itself no copy is needed: it is there before the
        # next chain runs.
        sent = Sent(outcome.levels)
        lasting = [i for i in outcome.stages if i < plan.last]
        stages = copied(outcome.stages[i] for i in lasting)
        for index, stage in zip(lasting, stages, strict=True):
            if index in kept:
                self._cache.put(plan.keys[index], stage)
        return (stages[-1] if last < plan.last else outcome.stages.get(last, features)), sent

    def _step(self, plan: Plan, index: int, features: Features) -> Features:
        """Run one step, time it, and keep what it puts out where that is worth it."""
        began = self._clock()
        # Entered anew for each step: a generator that is paused must not leave
        # its caller in inference mode.
        with torch.inference_mode():
            after = plan.generator.run(index, features, plan.ws, plan.noise, plan.move)
        if self._slow:
            devices.synchronise(self.device)
        self._budget.record(plan.source, index, self._clock() - began)
        if index in self._worth_keeping(plan, index, after, features):
            self._cache.put(plan.keys[index], after)
        return after

    def _worth_keeping(self, plan: Plan, index: int, after: Features, before: Features) -> frozenset[int]:
        """Steps of a network whose output is kept; decided anew with each size that was not known yet."""
        sizes, kept = self._kept.get(plan.source, ({}, frozenset()))
        if index not in sizes:
            steps = plan.generator.steps
            sizes = sizes | {index: added_bytes(after, before)}
            # Half, so that the picture before stays whole while the next one is drawn.
            limit = self._cache.limit_bytes // 2
            kept = worth_keeping(steps, [sizes.get(i, 0) for i in range(len(steps))], limit)
            if self._graphs.recorder is not None and devices.draws_whole(plan.generator, self.device):
                kept = frozenset()
            self._kept[plan.source] = (sizes, kept)
        return kept

    def _pixels(self, plan: Plan, index: int, features: Features, sent: Sent | None) -> NDArray[np.uint8]:
        with torch.inference_mode():
            if sent is None:
                sent = Sent(to_levels(plan.generator.picture(features)))
            pixels: NDArray[np.uint8] = sent.arrive()[0]
            # Whoever gets the pixels may write to them. A GPU copies its own faster than the CPU does.
            is_on_gpu = sent.levels.is_cuda
            self._cache.put(
                pixels_key(plan.keys[index]), sent.levels[0].clone() if is_on_gpu else pixels.copy()
            )
        return pixels

    def _deep_pixels(self, plan: Plan, features: Features) -> NDArray[np.uint16]:
        with torch.inference_mode():
            return to_deep_pixels(plan.generator.picture(features))

    def _frame(
        self, request: RenderRequest, plan: Plan, index: int, pixels: NDArray[np.uint8], began: float
    ) -> Frame:
        """Wrap the picture of step `index`."""
        # A StyleGAN3 may draw pictures that are not square, so the last step's own height counts.
        is_full = index == len(plan.generator.steps) - 1
        return Frame(
            request=request,
            pixels=pixels,
            full_resolution=pixels.shape[0] if is_full else plan.generator.resolution,
            seconds=self._clock() - began,
            device=self.device,
            precision=self.precision,
            notices=plan.notices,
        )

    def _known(self, ref: ModelRef) -> ModelRef:
        """Reference with its digest: a name alone could mean another file tomorrow."""
        return ref if ref.sha256 else self._shelf.resolve_name(ref.name)

    # Lack of memory

    def _check_memory(self, error: Exception) -> None:
        """Let an error pass that lack of memory explains; raise any other again."""
        if not devices.is_out_of_memory(error):
            raise error
        log.warning("out of memory on %s: %s", self.device, error)

    def _remedies(self) -> tuple[Callable[[], None], ...]:
        """What to do before the next attempt, mildest first, each once; the last one raises."""
        return (self._drop_caches, self._fall_back, self._give_up)

    def _drop_caches(self) -> None:
        self._worked = None
        self._cache.clear()
        self._graphs.forget()
        devices.release(self.device)

    def _fall_back(self) -> None:
        if self.device == "cpu":
            self._give_up()
        lost = self.device
        self.set_device("cpu")
        self._notices = (f"{lost} ran out of memory, so pictures are drawn on the CPU",)

    def _give_up(self) -> None:
        raise DeviceError(
            f"there is not enough memory on {self.device} for this network; "
            "close other programs, or open a smaller network"
        )
