"""The mapping network all families share: z and label to w.

References
----------
Karras, Laine, Aila. A Style-Based Generator Architecture for GANs. 2019, section 2.
Karras et al. Training Generative Adversarial Networks with Limited Data. 2020 (labels).
Sauer, Schwarz, Geiger. StyleGAN-XL. 2022, section 3.2 (labels from a table).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.models.description import NetworkDescription
from explorer.models.ops import SLOPE, SQRT2, by_input, linear, normalize, number_option
from explorer.models.weights import WeightTable


class MappingNetwork:
    """Fully connected layers with leaky ReLU, weights scaled for use when built.

    `label_mode` "embed" (2-ADA, StyleGAN3): the label goes through a linear layer
    and is normalised by itself. "concat" (StyleGAN and StyleGAN2 in TensorFlow):
    the label times a matrix is joined behind z, then both are normalised as one.
    "table" (StyleGAN-XL): each class has a row in a table, `mapping.embed.weight`, that
    goes through a layer with leaky ReLU, `mapping.embed_proj`, and is normalised by itself.
    `label_mode` is what holds where the description does not say.

    `has_gain_in_weights`: StyleGAN (2019) multiplies the weights by sqrt(2), so that
    the bias escapes it; the others multiply what comes out.
    """

    def __init__(
        self,
        description: NetworkDescription,
        weights: WeightTable,
        device: torch.device,
        *,
        label_mode: str = "embed",
        has_gain_in_weights: bool = False,
    ):
        self._description = description
        self._label_mode = description.options.get("label_mode", label_mode)
        if self._label_mode not in ("embed", "concat", "table"):
            raise ValueError(f"unknown label_mode {self._label_mode!r}; modes are embed, concat, table")
        rate = number_option(description.options, "lr_multiplier", 0.01) or 0.01

        c_dim, width = description.c_dim, description.z_dim
        self._embed: tuple[Tensor, Tensor | None] | None = None
        if c_dim > 0:
            bias = None
            if self._label_mode == "embed":
                table = weights.take("mapping.embed.weight", None, c_dim) / math.sqrt(c_dim)
                bias = weights.take("mapping.embed.bias", table.shape[0]).to(device)
            elif self._label_mode == "table":
                # Two linear maps in a row are one.
                rows = weights.take("mapping.embed.weight", c_dim, None)
                projection = weights.take("mapping.embed_proj.weight", None, rows.shape[1])
                table = projection @ rows.t() / math.sqrt(rows.shape[1])
                bias = weights.take("mapping.embed_proj.bias", table.shape[0]).to(device)
            else:
                table = weights.take("mapping.label.weight", c_dim, None).t().contiguous()
            self._embed = (table.to(device), bias)
            width += table.shape[0]

        self._layers: list[tuple[Tensor, Tensor]] = []
        while weights.has(f"mapping.fc{len(self._layers)}.weight"):
            name = f"mapping.fc{len(self._layers)}"
            weight = weights.take(f"{name}.weight", None, width)
            bias = weights.take(f"{name}.bias", weight.shape[0])
            # The gain sqrt(2) comes after the activation; leaky ReLU lets a positive factor through.
            scale = SQRT2 * rate
            bias = bias * (rate if has_gain_in_weights else scale)
            self._layers.append((by_input(weight, scale / math.sqrt(width)).to(device), bias.to(device)))
            width = weight.shape[0]
        if width != description.w_dim or not self._layers:
            raise ValueError(f"the mapping network ends {width} wide, w_dim is {description.w_dim}")

    def __call__(self, z: Tensor, c: Tensor | None) -> Tensor:
        """Map to w, untruncated.

        Parameters
        ----------
        z : [N, z_dim]
        c : [N, c_dim], or None where `c_dim` is 0

        Returns
        -------
        [N, w_dim] float32

        Raises
        ------
        ValueError
            If a shape does not fit.
        """
        z_dim, c_dim = self._description.z_dim, self._description.c_dim
        if z.ndim != 2 or z.shape[1] != z_dim:
            raise ValueError(f"z must be [N, {z_dim}], not {list(z.shape)}")
        x = z.to(torch.float32)
        if self._embed is None:
            if c is not None and c.numel() > 0:
                raise ValueError("this network has no classes; leave c out")
            x = normalize(x)
        else:
            if c is None or c.shape != (z.shape[0], c_dim):
                found = "nothing" if c is None else list(c.shape)
                raise ValueError(
                    f"this network has {c_dim} classes: c must be [{z.shape[0]}, {c_dim}], not {found}"
                )
            label = F.linear(c.to(z.device, torch.float32), *self._embed)
            if self._label_mode == "table":
                label = F.leaky_relu_(label, SLOPE).mul_(SQRT2)
            if self._label_mode == "concat":
                x = normalize(torch.cat([x, label], dim=1))
            else:
                x = torch.cat([normalize(x), normalize(label)], dim=1)
        for weight, bias in self._layers:
            x = F.leaky_relu_(linear(x, weight, bias), SLOPE)
        return x

    def tensors(self) -> list[Tensor]:
        """All tensors it holds."""
        held = [t for layer in self._layers for t in layer]
        return held + [t for t in self._embed or () if t is not None]
