"""Chains of steps recorded once and replayed: on a GPU the launches of a picture become one.

At batch 1 a fast GPU waits for Python, not for arithmetic: a picture of StyleGAN2 is
some two hundred small launches. A CUDA graph holds them all. It reads and writes fixed
memory, so what changes from picture to picture is copied in, and what is to outlive the
next picture is copied out. Everything else, and every bit of the picture, stays as it
is step by step; so whatever fails here (capture, memory) is simply drawn step by step.

Measured on an H200 (torch 2.11), batch 1, from a request to bytes on the CPU, recorded against step by step:
StyleGAN2 1024 in float16 2.9 against 5.8 ms, in float32 13.7 against 14.4; StyleGAN3-T 1024 in float16 10.3
against 12.9; the bundled network 1.0 against 3.5 ms.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from weakref import WeakSet, ref

import torch
from torch import Tensor

from explorer.models import Features, Generator, NoisePlan
from explorer.render.pixels import to_levels

log = logging.getLogger(__name__)

T = TypeVar("T")
CHAINS = 8
"""Recordings kept: full pictures, batches, and what a few sliders start from the middle."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What a recording holds for: equal chains launch the same work on the same kind of memory.

    Each (network, batch, precision, stop) has its chain, and so has each step that edits start from.
    """

    source: str
    """Names network, device and precision."""
    first: int
    last: int
    """Steps, both included. The last one makes a picture."""
    batch: int
    noise: NoisePlan
    kept: frozenset[int]
    """Steps whose outputs are wanted; each takes memory as long as the recording lives."""
    is_moved: bool = False
    """Whether the user moves the picture (StyleGAN3)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a chain put out. Its tensors are overwritten by the next chain: copy what should last."""

    stages: dict[int, Features]
    """Output of the kept steps."""
    levels: Tensor
    """[batch, H, W, 3] uint8, the pictures after the last step."""


class Recorder(Protocol):
    """Records work that runs on a device."""

    def record(self, work: Callable[[], T]) -> tuple[T, Callable[[], object]]:
        """Run `work` and remember it.

        Returns
        -------
        What it returned, and a function that does the same work again into the same memory.
        """


class CudaRecorder:
    """Records CUDA graphs. Those of one recorder share memory, since they never run at once."""

    def __init__(self, device: str) -> None:
        self._device = torch.device(device)
        self._pool: Any = None
        self._stream: Any = None
        """Aside of drawing. One for all: libraries keep a workspace of 32 MiB for each they have seen."""
        self._alive: WeakSet[Any] = WeakSet()

    def record(self, work: Callable[[], T]) -> tuple[T, Callable[[], object]]:
        """See `Recorder.record`."""
        with torch.cuda.device(self._device):
            if not self._alive:  # memory that no graph holds any more cannot be shared again
                self._pool = torch.cuda.graph_pool_handle()
            if self._stream is None:
                self._stream = torch.cuda.Stream()
            before = torch.cuda.current_stream()
            # Once outside of the recording: libraries take their workspaces at first use.
            self._stream.wait_stream(before)
            with torch.cuda.stream(self._stream):
                work()
            before.wait_stream(self._stream)
            graph = torch.cuda.CUDAGraph()
            try:
                with self._recording(graph, self._pool):
                    result = work()
            except BaseException:
                torch.cuda.set_stream(before)
                self._end_recording()
                raise
            finally:
                # A recording that was broken off leaves its own stream in place.
                torch.cuda.set_stream(before)
            graph.replay()  # recording alone computes nothing
            self._alive.add(graph)
            return result, graph.replay

    def _recording(self, graph: Any, pool: Any = None) -> Any:
        """Other threads may go on meanwhile; what they do with the GPU breaks nothing here."""
        return torch.cuda.graph(graph, pool=pool, stream=self._stream, capture_error_mode="thread_local")

    def _end_recording(self) -> None:
        """Have torch forget a recording that was broken off.

        Else its allocator takes it as still going on and gives no memory back from then on, and
        its random numbers on the GPU are refused. Versions that see to it themselves refuse this.
        """
        end = getattr(torch._C, "_cuda_endAllocateToPool", None)
        if end is not None:
            with suppress(RuntimeError):
                end(torch.cuda.current_device(), self._pool)
        with suppress(RuntimeError), self._recording(torch.cuda.CUDAGraph()):
            torch.zeros(1, device=self._device)  # a whole recording leaves random numbers as they should be


def recorder_for(device: str) -> Recorder | None:
    """What records on a device; None where nothing does, and each step is launched by itself."""
    return CudaRecorder(device) if device.startswith("cuda") else None


@dataclass(slots=True)
class _Recording:
    network: "ref[Generator]"
    ws: Tensor
    features: Features
    move: Tensor | None
    outcome: Outcome
    replay: Callable[[], object]


class Graphs:
    """Recordings of chains, made when a chain is wanted for the second time.

    Parameters
    ----------
    recorder : records on the device; None draws everything step by step: the one switch.
    """

    def __init__(self, recorder: Recorder | None) -> None:
        self.recorder = recorder
        self.recorded = 0
        """Recordings made so far."""
        self._seen: OrderedDict[Chain, None] = OrderedDict()
        """Wanted once. Apart from the recordings, so that chains that never come back let none of them go."""
        self._recordings: OrderedDict[Chain, _Recording] = OrderedDict()
        self._refused: set[tuple[str, int]] = set()

    def run(
        self, chain: Chain, network: Generator, ws: Tensor, features: Features, move: Tensor | None = None
    ) -> Outcome | None:
        """Run a chain on what the step before it put out; None where it has to go step by step.

        Parameters
        ----------
        ws : [batch, num_ws, w_dim] on the device
        move : the chain's transform as `Generator.run` takes it, on the device
        """
        key = (chain.source, chain.batch)
        if self.recorder is None or key in self._refused or not _is_fixed(chain, network):
            return None
        recording = self._recordings.get(chain)
        if recording is not None and recording.network() is not network:
            del self._recordings[chain]  # unloaded and loaded again: its weights lie elsewhere
            self._seen.pop(chain, None)
            recording = None
        if recording is None and chain not in self._seen:
            _remember(self._seen, chain, None)
            return None
        try:
            with torch.inference_mode():
                if recording is None:
                    recording = self._record(self.recorder, chain, network, ws, features, move)
                else:
                    recording.ws.copy_(ws)
                    if recording.move is not None and move is not None:
                        recording.move.copy_(move)
                    for fixed, given in zip(_tensors(recording.features), _tensors(features), strict=True):
                        fixed.copy_(given)
                    recording.replay()
            _remember(self._recordings, chain, recording)
            return recording.outcome
        except Exception as error:
            log.warning(
                "%s is drawn step by step from now on, %d at a time: %s", chain.source, chain.batch, error
            )
            self._refused.add(key)
        # After the handler, so that its traceback holds no memory of the recording any more.
        self.forget()
        return None

    def forget(self) -> None:
        """Let go of all recordings and their memory."""
        self._seen.clear()
        self._recordings.clear()

    def _record(
        self,
        recorder: Recorder,
        chain: Chain,
        network: Generator,
        ws: Tensor,
        features: Features,
        move: Tensor | None,
    ) -> _Recording:
        fixed_ws = ws.clone()
        fixed_move = None if move is None else move.clone()
        fixed = copied([features])[0]

        def work() -> Outcome:
            stages: dict[int, Features] = {}
            at = fixed
            network.begin(fixed_ws)
            for index in range(chain.first, chain.last + 1):
                at = network.run(index, at, fixed_ws, chain.noise, fixed_move)
                if index in chain.kept:
                    stages[index] = at
            return Outcome(stages, to_levels(network.picture(at)))

        outcome, replay = recorder.record(work)
        self.recorded += 1
        return _Recording(ref(network), fixed_ws, fixed, fixed_move, outcome, replay)


def _remember(store: OrderedDict[Chain, T], chain: Chain, value: T) -> None:
    """Put in as the newest, and let go of the oldest above `CHAINS`."""
    store[chain] = value
    store.move_to_end(chain)
    while len(store) > CHAINS:
        store.popitem(last=False)


def copied(stages: Iterable[Features]) -> list[Features]:
    """Copy stages into memory of their own; what they shared is shared by the copies."""
    copies: dict[tuple[int, torch.Size, tuple[int, ...]], Tensor] = {}

    def copy(tensor: Tensor) -> Tensor:
        place = (tensor.data_ptr(), tensor.shape, tensor.stride())
        if place not in copies:
            copies[place] = tensor.clone()  # keeps the order in memory
        return copies[place]

    return [
        Features(
            copy(stage.x),
            None if stage.rgb is None else copy(stage.rgb),
            None if stage.residual is None else copy(stage.residual),
        )
        for stage in stages
    ]


def _is_fixed(chain: Chain, network: Generator) -> bool:
    """Whether a chain launches the same work for every picture. Random planes come and go with seeds."""
    has_own_planes = chain.noise.mode == "random" or bool(chain.noise.blend)
    return not (network.has_noise and has_own_planes)


def _tensors(features: Features) -> list[Tensor]:
    return [t for t in (features.x, features.rgb, features.residual) if t is not None]
