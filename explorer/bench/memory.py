"""`memory`: the most a process needs to draw, ours against the plain form, each in a process of its own.

Two forms in one process would share a heap, and the second would look cheap.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from explorer.bench import Result
from explorer.bench.conditions import Conditions
from explorer.bench.plain_process import PLAIN
from explorer.bench.subjects import Subject
from explorer.checkpoints import Register, Shelf, read_checkpoint
from explorer.recipe import Recipe
from explorer.render import Engine, RenderRequest, devices
from explorer.render.known_directions import KnownDirections

MIB = 2**20
PICTURES = 3
PROCESSES = 3
"""Of each form that is compared."""


def run(subject: Subject, conditions: Conditions) -> Iterator[Result]:
    """One result; without figures of memory where the system does not tell them."""
    ours = _in_child("ours", subject.path, conditions)
    result: Result = {"name": "memory", "model": subject.name, "device": conditions.device} | ours
    if subject.read().description.architecture in PLAIN and conditions.device == "cpu":
        # The stage cache has its own limit and the plain form has none: forms are compared without it.
        alone = _usual_peak("uncached", subject.path, conditions)
        plain = _usual_peak("plain", subject.path, conditions)
        result |= {"uncached_peak_mib": alone, "plain_peak_mib": plain}
        if ours["peak_mib"] and alone and plain:
            result |= {"ratio": alone / plain, "cached_ratio": ours["peak_mib"] / plain}
    yield result


def _usual_peak(form: str, path: Path, conditions: Conditions) -> float | None:
    """Median of several processes: how long pages of a file stay is the system's choice, 60 MiB and more."""
    peaks = [
        _in_child(form, path, conditions)["peak_mib"] for _ in range(1 if conditions.smoke else PROCESSES)
    ]
    return None if None in peaks else statistics.median(peaks)


def _in_child(form: str, path: Path, conditions: Conditions) -> dict[str, Any]:
    command = [sys.executable, "-m", __name__, form, str(path), conditions.device, conditions.precision]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(answer.stdout))


def draw_ours(
    shelf: Shelf, path: Path, device: str, precision: str, scratch: Path, cache_bytes: int | None = None
) -> dict[str, float | None]:
    """Open, draw, unload; what that took and gave back, by default with as much cache as the device gets.

    Run in a fresh process.

    What is left after unloading is mostly the code of torch's libraries that drawing was the
    first to need (25 MiB), which the system takes back by itself where memory is short.
    """
    engine = Engine(shelf, device, precision, devices.cache_bytes if cache_bytes is None else cache_bytes)
    engine.known = KnownDirections(scratch)
    before = resident_mib()
    ref = engine.open(path).ref
    for number in range(PICTURES):
        engine.render(RenderRequest(Recipe(ref, psi=0.7 + number / 10)))
    figures = {
        "weights_mib": engine.generator(ref).nbytes / MIB,
        "cache_mib": engine.cache_stats.bytes / MIB,
        "cache_limit_mib": engine.cache_stats.limit_bytes / MIB,
        "peak_mib": peak_mib(),
    }
    if engine.device.startswith("cuda"):
        figures["gpu_peak_mib"] = torch.cuda.max_memory_allocated(engine.device) / MIB
    loaded = resident_mib()
    engine.forget(ref)
    after = resident_mib()
    if before is not None and loaded is not None and after is not None:
        figures["model_and_cache_mib"] = loaded - before
        figures["left_after_unloading_mib"] = after - before
    return figures


def draw_plain(shelf: Shelf, path: Path) -> dict[str, float | None]:
    """Draw as many pictures the plain way. Run in a fresh process."""
    generator = shelf.get(shelf.register(path))
    ws = generator.mapping(generator.latent(0), psi=0.7)
    del generator
    shelf.drop_all()
    network = read_checkpoint(path)
    yardstick = PLAIN[network.description.architecture](network.description, network.tensors)
    for _ in range(PICTURES):
        yardstick.synthesis(ws)
    return {"peak_mib": peak_mib()}


def peak_mib() -> float | None:
    """Most memory this process ever had resident; None where the system does not tell."""
    peak = _proc_status("VmHWM")
    if peak is not None:
        return peak
    try:
        import resource
    except ImportError:  # Windows
        return None
    # Not on Linux: there a process inherits this figure from its parent. macOS counts bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB


def resident_mib() -> float | None:
    """Memory resident now; None where the system does not tell."""
    return _proc_status("VmRSS")


def _proc_status(name: str) -> float | None:
    status = Path("/proc/self/status")
    if not status.is_file():
        return None
    for line in status.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return None


def main(form: str, path: Path, device: str, precision: str) -> None:
    """Print the figures of this process, after drawing in one form."""
    with TemporaryDirectory() as folder:
        scratch = Path(folder)
        shelf = Shelf(register=Register(scratch / "networks.json"))
        if form == "plain":
            figures = draw_plain(shelf, path)
        else:
            cache_bytes = 0 if form == "uncached" else None
            figures = draw_ours(shelf, path, device, precision, scratch, cache_bytes)
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
