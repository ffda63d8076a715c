"""The two small networks of the mark: one shapes what is laid over a picture, one guesses it back.

Both see brightness at 64 samples a tile, folded to 32 (each position holding four samples), so a
few convolutions see far at little cost. Nothing in them knows the pattern: they were
taught with a new random one for every picture (`explorer.training.mark`).
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.locations import resources_dir

WEIGHTS = "mark.safetensors"
WINDOW = 9
"""Samples; details longer than that are taken off before a network sees a picture."""


class _Body(nn.Module):
    """Convolutions at half the size: [N, C, H, W] to [N, 1, H, W], H and W even."""

    def __init__(self, channels_in: int, width: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels_in * 4, width, 3, padding=1)
        self.middle = nn.ModuleList(nn.Conv2d(width, width, 3, padding=d, dilation=d) for d in dilations)
        self.last = nn.Conv2d(width, 4, 3, padding=1)
        nn.init.normal_(self.last.weight, 0, 0.01)

    def forward(self, x: Tensor) -> Tensor:
        x = F.leaky_relu(self.first(F.pixel_unshuffle(x, 2)), 0.2)
        for layer in self.middle:
            x = x + F.leaky_relu(layer(x), 0.2)
        return F.pixel_shuffle(self.last(x), 2)


class Embedder(nn.Module):
    """Brightness and pattern to what is laid over the picture, before it is brought to strength."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.body = _Body(3, width, (1, 2, 1))
        self.gain = nn.Parameter(torch.tensor(1.0))

    def forward(self, brightness: Tensor, pattern: Tensor) -> Tensor:
        """[N, 1, H, W] in levels of 255, and a pattern of the same shape, to [N, 1, H, W]."""
        seen = torch.cat([prepared(brightness), pattern], 1)
        return self.gain * pattern + 3 * self.body(seen)


class Extractor(nn.Module):
    """Brightness to a guess of the pattern in it, at no certain strength.

    It starts from the plain answer, details as strong as their surroundings allow, and adds to it.
    """

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.body = _Body(2, width, (1, 2, 1, 2))

    def forward(self, brightness: Tensor) -> Tensor:
        """[N, 1, H, W] in levels of 255 to [N, 1, H, W]."""
        seen = prepared(brightness)
        return torch.tanh(seen[:, 1:]) + 3 * self.body(seen)


def prepared(brightness: Tensor) -> Tensor:
    """What the networks see, [N, 2, H, W]: details, and details as a share of how lively the place is."""
    detail = brightness - mean_around(brightness, WINDOW)
    # Not the root of 0, whose gradient is infinite.
    liveliness = mean_around(detail * detail, WINDOW).clamp_min(1e-3).sqrt()
    return torch.cat([detail / 16, detail / (liveliness + 2)], 1)


def mean_around(x: Tensor, size: int) -> Tensor:
    """Mean over a square of `size` (odd) around each sample; edges are repeated."""
    height, width = x.shape[-2:]
    # Two products with small matrices: 3 times faster than padding and pooling.
    return _means(height, size).to(x) @ x @ _means(width, size).to(x).T


@lru_cache(maxsize=16)
@torch.inference_mode(False)  # kept for those too who want gradients, whoever asks first
def _means(side: int, size: int) -> Tensor:
    """Matrix that takes `side` samples to their means over `size` samples: [side, side] float64."""
    places = torch.arange(side)[:, None] + torch.arange(size) - size // 2
    matrix = torch.zeros(side, side, dtype=torch.float64)
    return matrix.scatter_add_(
        1, places.clamp(0, side - 1), torch.full(places.shape, 1 / size, dtype=torch.float64)
    )


@lru_cache(maxsize=1)
def bundled() -> tuple[Embedder, Extractor]:
    """The networks this program ships, on the CPU: the embedder in float64, the extractor in float32.

    Double precision costs little at this size, and makes the pixels of a file independent of
    how many threads summed.
    """
    embedder, extractor = load(resources_dir() / WEIGHTS)
    return embedder.double(), extractor


def load(path: Path) -> tuple[Embedder, Extractor]:
    """Networks from a file that `save` wrote."""
    from safetensors.torch import load_file

    tensors = load_file(path)
    embedder, extractor = Embedder(), Extractor()
    for name, network in (("embedder", embedder), ("extractor", extractor)):
        prefix = f"{name}."
        network.load_state_dict(
            {key.removeprefix(prefix): t for key, t in tensors.items() if key.startswith(prefix)}
        )
        network.requires_grad_(False).eval()
    return embedder, extractor


def save(path: Path, embedder: Embedder, extractor: Extractor, notes: dict[str, str]) -> None:
    """Write both networks into one `.safetensors` file, `notes` (data, licence) in its header."""
    from safetensors.torch import save_file

    tensors = {
        f"{name}.{key}": tensor.detach().float().contiguous()
        for name, network in (("embedder", embedder), ("extractor", extractor))
        for key, tensor in network.state_dict().items()
    }
    save_file(tensors, path, notes)
