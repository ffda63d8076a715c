"""Chains of steps recorded once and replayed: on a GPU the launches of a picture become one.

At batch 1 a fast GPU waits for Python, not for arithmetic: a picture of StyleGAN2 is
some two hundred small launches. A CUDA graph holds them all. It reads and writes fixed
memory, so what changes from picture to picture is copied in, and what is to outlive the
next picture is copied out. Everything else, and every bit of the picture, stays as it
is step by step; so whatever fails here (capture, memory) is simply drawn step by step.

Nothing here has been run on a GPU yet; the tests replay on the CPU.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from weakref import ref

import torch
from torch import Tensor

from explorer.models import Features, Generator, NoisePlan
from explorer.render.pixels import to_levels

log = logging.getLogger(__name__)

T = TypeVar("T")
CHAINS = 8
"""Chains kept: full pictures, and those that a few sliders start from the middle."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What a recording holds for: equal chains launch the same work on the same kind of memory."""

    source: str
    """Names network, device and precision."""
    first: int
    last: int
    """Steps, both included. The last one makes a picture: each (network, batch, precision, stop)
    has its chain, and so has each step that edits start from."""
    batch: int
    noise: NoisePlan
    kept: frozenset[int]
    """Steps whose outputs are wanted besides that of the last."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a chain put out. Its tensors are overwritten by the next chain: copy what should last."""

    stages: dict[int, Features]
    """Output of the kept steps and of the last one."""
    levels: Tensor
    """[H, W, 3] uint8, the picture after the last step."""


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

    def record(self, work: Callable[[], T]) -> tuple[T, Callable[[], object]]:
        """See `Recorder.record`."""
        with torch.cuda.device(self._device):
            self._pool = self._pool or torch.cuda.graph_pool_handle()
            # Once outside of the recording: libraries take their workspaces at first use.
            aside = torch.cuda.Stream()
            aside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(aside):
                work()
            torch.cuda.current_stream().wait_stream(aside)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=self._pool):
                result = work()
            graph.replay()  # recording alone computes nothing
            return result, graph.replay


def recorder_for(device: str) -> Recorder | None:
    """What records on a device; None where nothing does, and each step is launched by itself."""
    return CudaRecorder(device) if device.startswith("cuda") else None


def fixed_from(network: Generator) -> int:
    """First step that may be recorded: StyleGAN3's very first takes its transform from the CPU."""
    return 1 if network.has_transform else 0


@dataclass(slots=True)
class _Recording:
    network: "ref[Generator]"
    ws: Tensor
    features: Features
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
        self._seen: OrderedDict[Chain, _Recording | None] = OrderedDict()
        self._refused: set[str] = set()

    def run(self, chain: Chain, network: Generator, ws: Tensor, features: Features) -> Outcome | None:
        """Run a chain on what the step before it put out; None where it has to go step by step.

        Parameters
        ----------
        ws : [batch, num_ws, w_dim] on the device
        """
        if self.recorder is None or chain.source in self._refused or not _is_fixed(chain, network):
            return None
        recording = self._seen.get(chain)
        is_new = chain not in self._seen
        if recording is not None and recording.network() is not network:
            recording, is_new = None, True  # unloaded and loaded again: its weights lie elsewhere
        self._seen[chain] = recording
        self._seen.move_to_end(chain)
        while len(self._seen) > CHAINS:
            self._seen.popitem(last=False)
        if is_new:
            return None
        try:
            with torch.inference_mode():
                if recording is None:
                    recording = self._record(self.recorder, chain, network, ws, features)
                    self._seen[chain] = recording
                else:
                    recording.ws.copy_(ws)
                    for fixed, given in zip(_tensors(recording.features), _tensors(features), strict=True):
                        fixed.copy_(given)
                    recording.replay()
            return recording.outcome
        except Exception as error:
            log.warning("%s is drawn step by step from now on: %s", chain.source, error)
            self.forget()
            self._refused.add(chain.source)
            return None

    def forget(self) -> None:
        """Let go of all recordings and their memory."""
        self._seen.clear()

    def _record(
        self, recorder: Recorder, chain: Chain, network: Generator, ws: Tensor, features: Features
    ) -> _Recording:
        fixed_ws = ws.clone()
        fixed = copied([features])[0]

        def work() -> Outcome:
            stages: dict[int, Features] = {}
            at = fixed
            network.begin(fixed_ws)
            for index in range(chain.first, chain.last + 1):
                at = network.run(index, at, fixed_ws, chain.noise)
                if index in chain.kept or index == chain.last:
                    stages[index] = at
            return Outcome(stages, to_levels(network.picture(at)))

        outcome, replay = recorder.record(work)
        return _Recording(ref(network), fixed_ws, fixed, outcome, replay)


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
    return chain.first >= fixed_from(network) and not (network.has_noise and has_own_planes)


def _tensors(features: Features) -> list[Tensor]:
    return [t for t in (features.x, features.rgb, features.residual) if t is not None]
