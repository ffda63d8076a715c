"""Floats become bytes, here and nowhere else."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def to_pixels(image: Tensor) -> NDArray[np.uint8]:
    """Turn a picture as networks draw it into bytes for screens and files.

    The rule of the reference tools: times 127.5, plus 128, clamp, truncate.
    Everything happens on the device, so that 3 bytes a pixel travel, not 12.

    Parameters
    ----------
    image : [1, C, H, W] float32, nominally -1..1. One channel (or two) is shown as
        grey; of four or more the first three are taken as they are.

    Returns
    -------
    [H, W, 3] uint8 RGB, C-contiguous, memory of its own.

    Raises
    ------
    ValueError
        If `image` is not one picture.
    """
    _check_single(image)
    return to_host(to_levels(image))[0]


def to_levels(images: Tensor) -> Tensor:
    """First half of `to_pixels`, of one picture or several: bytes that are still on the device.

    Returns
    -------
    [N, H, W, 3] uint8, contiguous.
    """
    planes = _planes(images)
    # Bytes before interleaving: a channels_last picture then needs no shuffle at
    # all, and a planar one shuffles a quarter of the memory.
    levels = planes.mul(127.5).add_(128).clamp_(0, 255).to(torch.uint8)
    return levels.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).contiguous()


def to_host(levels: Tensor) -> NDArray[np.uint8]:
    """Second half of `to_pixels`: to the CPU, through memory that a GPU writes to by itself."""
    return Sent(levels).arrive()


class Sent:
    """Levels on their way to the CPU; what the device is given meanwhile need not be waited for.

    Pinned memory comes from a store that torch keeps, and goes back to it with the array.
    """

    def __init__(self, levels: Tensor) -> None:
        self.levels = levels
        """What was sent, still on the device."""
        self._landing: Tensor | None = None
        if levels.device.type != "cuda":
            return
        try:
            self._landing = torch.empty(levels.shape, dtype=levels.dtype, pin_memory=True)
        except RuntimeError:  # the system lets no more memory be pinned
            return
        self._landing.copy_(levels, non_blocking=True)
        self._landed = torch.cuda.Event()
        self._landed.record(torch.cuda.current_stream(levels.device))

    def arrive(self) -> NDArray[np.uint8]:
        """[N, H, W, 3], once they are here: the one place where drawing waits for a GPU."""
        if self._landing is None:
            return self.levels.cpu().numpy()
        self._landed.synchronize()
        return self._landing.numpy()


def to_deep_pixels(image: Tensor) -> NDArray[np.uint16]:
    """Turn a picture into 16 bit values, for files that are worked on further.

    The rule of `to_pixels` with 257 times finer steps, so that `value / 257`, rounded, is
    the byte that `to_pixels` gives (257 is odd: no value lies between two bytes).

    Parameters
    ----------
    image : [1, C, H, W] float32, as for `to_pixels`.

    Returns
    -------
    [H, W, 3] uint16 RGB, C-contiguous, memory of its own.

    Raises
    ------
    ValueError
        If `image` is not one picture.
    """
    _check_single(image)
    # float64 on the CPU: 16 of float32's 24 bits leave too few to round by.
    values = _planes(image)[0].cpu().double().mul(127.5 * 257).add_(127.5 * 257 + 0.5).clamp_(0, 65535)
    return np.ascontiguousarray(values.expand(3, -1, -1).permute(1, 2, 0).numpy().astype(np.uint16))


def _check_single(image: Tensor) -> None:
    if image.ndim != 4 or image.shape[0] != 1 or image.shape[1] < 1:
        raise ValueError(f"expected one picture [1, C, H, W], not {list(image.shape)}")


def _planes(images: Tensor) -> Tensor:
    """The planes that are shown: three of colour, or one of grey. [N, 3 or 1, H, W]."""
    if images.ndim != 4 or images.shape[1] < 1:
        raise ValueError(f"expected pictures [N, C, H, W], not {list(images.shape)}")
    return images[:, :3] if images.shape[1] >= 3 else images[:, :1]
