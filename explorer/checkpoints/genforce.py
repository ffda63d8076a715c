"""State dictionaries of genforce (and InterFaceGAN's successors): StyleGAN and StyleGAN2.

Layers are numbered; values are TensorFlow's with PyTorch's axes, so up-sampling
kernels of StyleGAN2 are turned and style biases count from one, as there.

References
----------
https://github.com/genforce/genforce, names of `models/stylegan*_generator.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from explorer.checkpoints import stylegan1_layout, stylegan2_layout
from explorer.checkpoints.statements import (
    FLIPPED,
    PLANE,
    PLUS_ONE,
    SAME,
    WITHOUT_BATCH,
    Change,
    Found,
    Rule,
    rule,
    translate,
)
from explorer.checkpoints.stylegan2_layout import Switches
from explorer.checkpoints.values import TensorView
from explorer.errors import CorruptCheckpointError, UnsupportedCheckpointError

FORMAT = "genforce-pth"

_NUMBER = Change(lambda s: (), lambda t: t.reshape(()))
"""[] or [1] to []; longer ones fail when the sizes are checked."""


def find_state(value: Mapping[Any, Any]) -> Mapping[Any, Any] | None:
    """The generator's dictionary (averaged first) within a file of this kind, or None."""
    inner = value.get("models")
    for outer in (value, inner if isinstance(inner, dict) else {}):
        for key in ("generator_smooth", "generator"):
            state = outer.get(key)
            if isinstance(state, dict) and _is_generator(state):
                return state
    return value if _is_generator(value) else None


def _is_generator(state: Mapping[Any, Any]) -> bool:
    return "mapping.dense0.weight" in state and (
        "synthesis.early_layer.const" in state or "synthesis.layer0.const" in state
    )


def read_state(state: Mapping[Any, Any], path: str) -> Found:
    """Describe the generator in a state dictionary.

    Raises
    ------
    UnsupportedCheckpointError, CorruptCheckpointError
    """
    for name, statement in state.items():
        if type(name) is not str or len(name) > 256 or not isinstance(statement, TensorView):
            raise CorruptCheckpointError(f"{path}: {str(name)[:80]!a} should be a tensor")
    stated = dict(state)
    is_second = "synthesis.early_layer.const" in stated
    if is_second and "mapping.label_weight" in stated:
        raise UnsupportedCheckpointError(f"{path}: StyleGAN2 with classes in genforce's form is not known")
    outputs = (re.match(r"synthesis\.output(\d)\.", name) for name in stated)
    last = max((int(match[1]) for match in outputs if match), default=0)
    rules = _STYLEGAN2 if is_second else (*_STYLEGAN1, *_first_torgb(last))
    tensors, notes = translate(stated, rules, path)
    shapes = stylegan2_layout.shapes_of(tensors)
    if is_second:
        description = stylegan2_layout.describe(shapes, Switches(), path)
    else:
        description = stylegan1_layout.describe(shapes, fused_scale="auto", lr_multiplier=0.01, path=path)
    return Found(description, tensors, FORMAT, notes=notes)


_MAPPING: tuple[Rule, ...] = (
    rule(r"mapping\.dense(\d{1,2})\.(weight|bias)", r"mapping.fc\1.\2"),
    rule(r"mapping\.label_weight", "mapping.label.weight"),
    rule(r"truncation\.w_avg", "mapping.w_avg"),
    # Constants of the layers' code: filters, and the level of detail of a grown network.
    rule(r"(?:.*\.)?(?:kernel|lod)", None),
)


def _second_layer(index: int) -> str:
    """StyleGAN2: the 4x4 convolution, then two layers per resolution."""
    if index == 0:
        return "synthesis.b4.conv1"
    return f"synthesis.b{1 << (index + 5) // 2}.conv{1 - index % 2}"


def _second_name(match: re.Match[str]) -> str:
    return f"{_second_layer(int(match[1]))}.{_SECOND_PARAMETERS[match[2]]}"


def _torgb_name(match: re.Match[str]) -> str:
    return f"synthesis.b{4 << int(match[1])}.torgb.{_SECOND_PARAMETERS[match[2]]}"


_SECOND_PARAMETERS = {
    "weight": "weight",
    "bias": "bias",
    "style.weight": "affine.weight",
    "style.bias": "affine.bias",
    "noise_strength": "noise_strength",
    "noise": "noise_const",
}
_STYLEGAN2: tuple[Rule, ...] = (
    *_MAPPING,
    rule(r"synthesis\.early_layer\.const", "synthesis.b4.const", WITHOUT_BATCH),
    rule(r"synthesis\.layer(\d?[13579])\.(weight)", _second_name, FLIPPED),
    rule(r"synthesis\.layer(\d{1,2})\.(weight|bias|style\.weight)", _second_name, SAME),
    rule(r"synthesis\.layer(\d{1,2})\.(style\.bias)", _second_name, PLUS_ONE),
    rule(r"synthesis\.layer(\d{1,2})\.(noise_strength)", _second_name, _NUMBER),
    rule(r"synthesis\.layer(\d{1,2})\.(noise)", _second_name, PLANE),
    rule(r"synthesis\.output(\d)\.(weight|bias|style\.weight)", _torgb_name, SAME),
    rule(r"synthesis\.output(\d)\.(style\.bias)", _torgb_name, PLUS_ONE),
)


def _first_name(match: re.Match[str]) -> str:
    """StyleGAN: two layers per resolution, from the constant on."""
    index = int(match[1])
    return f"synthesis.b{4 << index // 2}.layer{index % 2}.{_FIRST_PARAMETERS[match[2]]}"


_FIRST_PARAMETERS = {
    "weight": "weight",
    "bias": "bias",
    "style.weight": "style.weight",
    "style.bias": "style.bias",
    "apply_noise.weight": "noise_weight",
    "apply_noise.noise": "noise_const",
}
_STYLEGAN1: tuple[Rule, ...] = (
    *_MAPPING,
    rule(r"synthesis\.layer0\.const", "synthesis.b4.const", WITHOUT_BATCH),
    rule(r"synthesis\.layer(\d{1,2})\.(weight|bias|style\.(?:weight|bias)|apply_noise\.weight)", _first_name),
    rule(r"synthesis\.layer(\d{1,2})\.(apply_noise\.noise)", _first_name, PLANE),
)


def _first_torgb(last: int) -> tuple[Rule, ...]:
    """The finest to-RGB layer draws; the others did while the network grew."""
    return (
        rule(rf"synthesis\.output{last}\.(weight|bias)", r"synthesis.torgb.\1"),
        rule(r"synthesis\.output\d\..*", None),
    )
