"""Where networks run: what this machine has, what it can do, and how many threads it gets."""

import os

import torch

from explorer import allocator
from explorer.errors import DeviceError
from explorer.models import Generator, Precision

AUTO = "auto"
PRECISIONS: tuple[Precision, ...] = ("float32", "float16", "bfloat16")
MIB = 2**20
CACHE_BYTES = 256 * MIB
MOST_CACHE_BYTES = 4096 * MIB
MAX_THREADS = 8
"""Batch 1 of these networks gains little from more, and the machine has other work."""
SMALL_NETWORK = 1_000_000_000
"""Multiplications for a picture below which one thread draws it. The bundled network needs
138 million and takes 7 ms; two threads take 1.2x as long, and 1.6x beside one busy neighbour."""


def available() -> tuple[str, ...]:
    """Devices of this machine, fastest first; always ends with "cpu"."""
    found: list[str] = []
    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        found += ["cuda"] if count == 1 else ["cuda", *(f"cuda:{i}" for i in range(1, count))]
    if torch.backends.mps.is_available():
        found.append("mps")
    return (*found, "cpu")


def choose(name: str = AUTO) -> str:
    """Name of the device to use.

    Parameters
    ----------
    name : "auto" takes the fastest there is; otherwise "cpu", "cuda", "cuda:N" or "mps".

    Raises
    ------
    DeviceError
        If the machine does not have it; says which it has.
    """
    present = available()
    if name == AUTO:
        return present[0]
    wanted = "cuda" if name == "cuda:0" else name
    if wanted in present:
        return wanted
    raise DeviceError(f"{_why_not(wanted)}; devices here: {', '.join(present)}. Choose one of them, or auto")


def _why_not(name: str) -> str:
    if name == "cuda":
        built = torch.backends.cuda.is_built()
        return (
            "there is no usable NVIDIA GPU (the driver may be missing)"
            if built
            else "this build of torch has no CUDA (install one from pytorch.org to use an NVIDIA GPU)"
        )
    if name.startswith("cuda:"):
        return f"there is no GPU {name}"
    if name == "mps":
        return "mps needs a Mac with Apple silicon and macOS 12.3 or newer"
    return f"unknown device {name!r}"


def settle_precision(device: str, wanted: str) -> tuple[Precision, tuple[str, ...]]:
    """Precision a device will really use, and a notice where that is not the wish.

    "auto" is float32 everywhere: exact, and on a CPU also the fastest.

    Raises
    ------
    DeviceError
        If `wanted` is no precision at all.
    """
    if wanted == AUTO:
        return "float32", ()
    if wanted not in PRECISIONS:
        raise DeviceError(f"unknown precision {wanted!r}; choose auto, {', '.join(PRECISIONS)}")
    precision: Precision = wanted
    if precision == "float32":
        return precision, ()
    if device == "cpu":
        # Measured 6.8 times slower than float32 on CPUs without native support.
        return "float32", (f"{precision} is slower than float32 on a CPU, so float32 is used",)
    if precision == "bfloat16" and not _has_bfloat16(device):
        return "float32", (f"{device} cannot do bfloat16, so float32 is used",)
    return precision, ()


def _has_bfloat16(device: str) -> bool:
    return device.startswith("cuda") and torch.cuda.is_bf16_supported()


def cache_bytes(device: str) -> int:
    """What half-done pictures may take where no one says: on an NVIDIA GPU they lie in its own memory.

    A sixteenth of that, at most 4 GiB, and never less than elsewhere. One picture of StyleGAN3-T 1024
    in float32 has stages of 350 MB each.
    """
    if not (device.startswith("cuda") and torch.cuda.is_available()):
        return CACHE_BYTES
    whole = int(torch.cuda.get_device_properties(device).total_memory)
    return min(max(whole // 16, CACHE_BYTES), MOST_CACHE_BYTES)


def default_threads() -> int:
    """Most threads for torch, by a rule that needs no measuring: every core, at most `MAX_THREADS`.

    Passive waiting (set in `explorer/__init__.py`) is what makes the last core
    safe to use: a thread that waits sleeps, so the window and an encoder find
    the core free between two layers.
    """
    return max(1, min(usable_cores(), MAX_THREADS))


def usable_cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads_for(generator: Generator, most: int) -> int:
    """How many threads draw a network on a CPU: one where it is small, else `most`.

    The steps of a small network are shorter than it takes to wake another thread. Keeping
    one awake between them (a long `GOMP_SPINCOUNT`) made the bundled network 1.3x faster
    on two idle cores, but a larger one 13x slower beside one busy neighbour.
    """
    return 1 if generator.forms.multiplications < SMALL_NETWORK else most


def draws_whole(generator: Generator, device: str) -> bool:
    """Whether a device had better draw every picture of a network from its first step on.

    A small one is a single launch of a recorded chain, which takes an H100 about 1 ms for the bundled
    network. Its stages would have to be copied one by one to start from them later: an edit of a middle
    row took 1.0 to 1.3 times as long as the whole picture.
    """
    return device.startswith("cuda") and generator.forms.multiplications < SMALL_NETWORK


def records_together(generator: Generator) -> bool:
    """Whether several pictures at once are worth a recorded chain.

    In float32 large ones keep a card busy by themselves. Recorded, eight of StyleGAN2 1024 took an H100
    126 instead of 98 ms (the library finds other algorithms meanwhile), in float16 21.5 instead of 23.2.
    """
    return generator.precision != "float32" or generator.forms.multiplications < SMALL_NETWORK


def use_threads(count: int) -> None:
    """Have the calling thread draw with so many threads."""
    if torch.get_num_threads() != count:
        torch.set_num_threads(count)


def prepare(threads: int | None = None) -> int:
    """Set what torch keeps per process, on the thread that will draw; return the thread count.

    float32 means float32: TF32 keeps 10 bits of mantissa and is off. Of several
    cuDNN algorithms the deterministic ones are taken, without timing them first,
    so that the same recipe gives the same bits in every process.
    """
    count = default_threads() if threads is None else max(1, threads)
    torch.set_num_threads(count)
    allocator.keep_freed()
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    # Sums of products of half precision are kept in float32 to their end.
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    return count


def synchronise(device: str) -> None:
    """Wait until the device has done what it was given; nothing to wait for on a CPU."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    elif device == "mps":
        torch.mps.synchronize()


def release(device: str) -> None:
    """Give memory that was freed, and is kept for later, back to device and system."""
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
    elif device == "mps":
        torch.mps.empty_cache()
    allocator.give_back()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception of torch or Python says that memory ran out.

    Only CUDA has a class for it; MPS and the CPU raise a `RuntimeError`.
    """
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)
