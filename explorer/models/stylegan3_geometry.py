"""Sizes, rates and filters of StyleGAN3's layers: read from a description, or designed for a new network.

References
----------
Karras et al. Alias-Free Generative Adversarial Networks. 2021, section 3.2 and appendices B and C.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from explorer.models.description import NetworkDescription

_LARGEST = 1 << 14
_FILTER_SIZE = 6
_MARGIN = 10


@dataclass(frozen=True, slots=True)
class InputGeometry:
    """Grid of the Fourier features."""

    size: tuple[int, int]
    """Width and height."""
    sampling_rate: float
    """Samples per picture width."""
    bandwidth: float
    """Largest frequency drawn undamped, in periods per picture width."""

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> "InputGeometry":
        """From `options["input"]`. Raises `ValueError` where it makes no sense."""
        stated = options.get("input")
        if not isinstance(stated, Mapping):
            raise ValueError("the option 'input' of a StyleGAN3 should be a dictionary")
        width, height = _whole_numbers(stated, "size", "input", 2, 1)
        rate, bandwidth = _positive(stated, "sampling_rate", "input"), _positive(stated, "bandwidth", "input")
        if bandwidth >= rate / 2:
            raise ValueError(f"the input's bandwidth {bandwidth} is not below half its sampling rate {rate}")
        return cls((width, height), rate, bandwidth)


@dataclass(frozen=True, slots=True)
class LayerGeometry:
    """One layer's sizes and switches."""

    name: str
    in_size: tuple[int, int]
    """Width and height."""
    out_size: tuple[int, int]
    up: int
    down: int
    padding: tuple[int, int, int, int]
    """Left, right, top, bottom, at the raised rate; below zero it crops."""
    clamp: float | None
    is_torgb: bool
    use_fp16: bool

    @classmethod
    def chain(cls, options: Mapping[str, Any], description: NetworkDescription) -> list["LayerGeometry"]:
        """All of `options["layers"]`. Raises `ValueError` unless they make one chain."""
        stated = options.get("layers")
        if not isinstance(stated, Sequence) or isinstance(stated, str) or not stated:
            raise ValueError("the option 'layers' of a StyleGAN3 should be a list of dictionaries")
        layers = [cls.read(layer) for layer in stated]
        if len(layers) + 1 != description.num_ws:
            raise ValueError(
                f"{len(layers)} layers read {len(layers) + 1} rows of ws, not {description.num_ws}"
            )
        size = InputGeometry.read(options).size
        for layer in layers:
            if layer.in_size != size:
                raise ValueError(
                    f"the layer {layer.name!r} reads {layer.in_size}, the one before draws {size}"
                )
            size = layer.out_size
        if size[1] != description.resolution:
            raise ValueError(f"the last layer is {size[1]} high, the resolution is {description.resolution}")
        if [layer.is_torgb for layer in layers] != [False] * (len(layers) - 1) + [True]:
            raise ValueError("the last layer, and no other, should be toRGB")
        return layers

    @classmethod
    def read(cls, stated: object) -> "LayerGeometry":
        """From one entry of `options["layers"]`."""
        if not isinstance(stated, Mapping) or not isinstance(stated.get("name"), str):
            raise ValueError("an entry of the option 'layers' should be a dictionary with a name")
        name = stated["name"]
        left, right, top, bottom = _whole_numbers(stated, "padding", name, 4, -_LARGEST)
        in_width, in_height = _whole_numbers(stated, "in_size", name, 2, 1)
        out_width, out_height = _whole_numbers(stated, "out_size", name, 2, 1)
        clamp = None if stated.get("conv_clamp") is None else _positive(stated, "conv_clamp", name)
        return cls(
            name,
            (in_width, in_height),
            (out_width, out_height),
            _factor(stated, "up_factor", name),
            _factor(stated, "down_factor", name),
            (left, right, top, bottom),
            clamp,
            stated.get("is_torgb") is True,
            stated.get("use_fp16") is True,
        )

    def check(self, kernel: int, up_taps: int, down_taps: int) -> None:
        """Raise `ValueError` unless sizes, padding and filters make the size that is stated."""
        for axis in (0, 1):
            raised = (self.in_size[axis] + kernel - 1) * self.up + sum(self.padding[2 * axis : 2 * axis + 2])
            wanted = (self.out_size[axis] - 1) * self.down + down_taps
            if raised - up_taps + 1 != wanted:
                raise ValueError(
                    f"the layer {self.name!r} raises {self.in_size} to {raised - up_taps + 1} samples, "
                    f"but {wanted} are needed for {self.out_size}"
                )


def _whole_numbers(stated: Mapping[str, Any], key: str, name: str, count: int, least: int) -> list[int]:
    values = stated.get(key)
    if (
        not isinstance(values, Sequence)
        or len(values) != count
        or not all(type(value) is int and least <= value <= _LARGEST for value in values)
    ):
        raise ValueError(f"{key} of the layer {name!r} should be {count} whole numbers, not {values!r}")
    return list(values)


def _factor(stated: Mapping[str, Any], key: str, name: str) -> int:
    value = stated.get(key)
    if type(value) is not int or not 1 <= value <= 16:
        raise ValueError(f"{key} of the layer {name!r} should be a whole number from 1 to 16, not {value!r}")
    return value


def _positive(stated: Mapping[str, Any], key: str, name: str) -> float:
    value = stated.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError(f"{key} of the layer {name!r} should be a positive number, not {value!r}")
    return float(value)


def design_description(
    config: Literal["T", "R"],
    resolution: int,
    *,
    channel_base: int | None = None,
    channel_max: int | None = None,
    num_layers: int = 14,
    num_critical: int = 2,
    z_dim: int = 512,
    w_dim: int = 512,
    c_dim: int = 0,
    img_channels: int = 3,
) -> NetworkDescription:
    """Describe a network as NVIDIA's training would lay it out, for tests and benchmarks.

    Parameters
    ----------
    channel_base, channel_max : None takes the configuration's (32768 and 512 for T, twice that for R).

    References
    ----------
    Karras et al. 2021, appendix C.1 and table 6.
    """
    factor = 2 if config == "R" else 1
    base = 32768 * factor if channel_base is None else channel_base
    most = 512 * factor if channel_max is None else channel_max
    kernel = 1 if config == "R" else 3
    half = resolution / 2
    exponents = [min(i / (num_layers - num_critical), 1) for i in range(num_layers + 1)]
    cutoffs = [2 * (half / 2) ** e for e in exponents]
    stop_bands = [2**2.1 * (half * 2**0.3 / 2**2.1) ** e for e in exponents]
    # The rounding mends powers of two that floating point leaves a hair too high.
    rates = [2 ** math.ceil(round(math.log2(min(2 * band, resolution)), 9)) for band in stop_bands]
    widths = [
        max(band, rate / 2) - cutoff for band, rate, cutoff in zip(stop_bands, rates, cutoffs, strict=True)
    ]
    sizes = [rate + 2 * _MARGIN for rate in rates]
    sizes[-2:] = [resolution, resolution]
    channels = [round(min(base / 2 / cutoff, most)) for cutoff in cutoffs]
    channels[-1] = img_channels

    layers: list[dict[str, Any]] = []
    for i in range(num_layers + 1):
        before = max(i - 1, 0)
        is_torgb = i == num_layers
        raised = max(rates[before], rates[i]) * (1 if is_torgb else 2)
        up, down = raised // rates[before], raised // rates[i]
        up_taps = _FILTER_SIZE * up if up > 1 and not is_torgb else 1
        down_taps = _FILTER_SIZE * down if down > 1 and not is_torgb else 1
        k = 1 if is_torgb else kernel
        total = (sizes[i] - 1) * down + 1 - (sizes[before] + k - 1) * up + up_taps - 1 + down_taps - 1
        low = (total + up) // 2
        layers.append(
            {
                "name": f"L{i}_{sizes[i]}_{channels[i]}",
                "is_torgb": is_torgb,
                "is_critically_sampled": i >= num_layers - num_critical,
                "in_channels": channels[before],
                "out_channels": channels[i],
                "in_size": [sizes[before]] * 2,
                "out_size": [sizes[i]] * 2,
                "in_sampling_rate": rates[before],
                "out_sampling_rate": rates[i],
                "in_cutoff": cutoffs[before],
                "out_cutoff": cutoffs[i],
                "in_half_width": widths[before],
                "out_half_width": widths[i],
                "conv_kernel": k,
                "conv_clamp": 256,
                "use_fp16": rates[i] * 16 > resolution,
                "up_factor": up,
                "down_factor": down,
                "padding": [low, total - low] * 2,
            }
        )
    return NetworkDescription(
        architecture="stylegan3-r" if config == "R" else "stylegan3-t",
        resolution=resolution,
        img_channels=img_channels,
        z_dim=z_dim,
        w_dim=w_dim,
        c_dim=c_dim,
        num_ws=num_layers + 2,
        options={
            "layers": layers,
            "input": {"size": [sizes[0]] * 2, "sampling_rate": rates[0], "bandwidth": cutoffs[0]},
            "output_scale": 0.25,
        },
    )


def design_filters(layer: Mapping[str, Any], is_radial: bool) -> dict[str, Tensor]:
    """Filters of a layer that states its rates: `up_filter` and `down_filter`, absent where it needs none.

    Parameters
    ----------
    layer : an entry of `options["layers"]`
    is_radial : configuration R, whose down filters are round except in critically sampled layers
    """
    filters = {}
    raised = layer["in_sampling_rate"] * layer["up_factor"]
    if not layer["is_torgb"] and layer["up_factor"] > 1:
        taps = _FILTER_SIZE * layer["up_factor"]
        filters["up_filter"] = low_pass(taps, layer["in_cutoff"], 2 * layer["in_half_width"], raised)
    if not layer["is_torgb"] and layer["down_factor"] > 1:
        taps = _FILTER_SIZE * layer["down_factor"]
        round_one = is_radial and not layer["is_critically_sampled"]
        design = radial_low_pass if round_one else low_pass
        filters["down_filter"] = design(taps, layer["out_cutoff"], 2 * layer["out_half_width"], raised)
    return filters


def low_pass(taps: int, cutoff: float, width: float, rate: float) -> Tensor:
    """Windowed sinc filter, summing to one. [taps] float32.

    Parameters
    ----------
    cutoff, width, rate : middle and width of the transition band and sampling rate, in one unit
    """
    c = cutoff / (rate / 2)
    filter_ = c * np.sinc(c * (np.arange(taps) - (taps - 1) / 2)) * _kaiser(taps, width, rate)
    return torch.from_numpy((filter_ / filter_.sum()).astype(np.float32))


def radial_low_pass(taps: int, cutoff: float, width: float, rate: float) -> Tensor:
    """Round counterpart of `low_pass`: windowed jinc. [taps, taps] float32, `taps` even."""
    a = (np.arange(taps) - (taps - 1) / 2) / rate
    r = np.hypot(a[:, None], a)
    bessel = torch.special.bessel_j1(torch.from_numpy(2 * math.pi * cutoff * r)).numpy()
    window = _kaiser(taps, width, rate)
    filter_ = bessel / (math.pi * r) * np.outer(window, window)
    return torch.from_numpy((filter_ / filter_.sum()).astype(np.float32))


def _kaiser(taps: int, width: float, rate: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    attenuation = 2.285 * (taps - 1) * math.pi * width / (rate / 2) + 7.95
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    elif attenuation > 21:
        beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    else:
        beta = 0.0
    return np.kaiser(taps, beta)
