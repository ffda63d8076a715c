"""State dictionaries that use NVIDIA's names already: weights alone, without settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from explorer.checkpoints import stylegan2_layout
from explorer.checkpoints.statements import Found, left_out
from explorer.checkpoints.stylegan2_layout import Switches
from explorer.checkpoints.values import TensorView
from explorer.errors import UnsupportedCheckpointError

FORMAT = "state-dict"


def find_state(value: Mapping[Any, Any]) -> Mapping[Any, Any] | None:
    """The generator's dictionary within a file of this kind (averaged first), or None."""
    for candidate in (value.get("G_ema"), value.get("g_ema"), value.get("state_dict"), value.get("G"), value):
        if isinstance(candidate, dict) and "mapping.fc0.weight" in candidate:
            return candidate
    return None


def read_state(state: Mapping[Any, Any], path: str) -> Found:
    """Describe the generator in a state dictionary.

    Raises
    ------
    UnsupportedCheckpointError, CorruptCheckpointError
    """
    if "synthesis.input.freqs" in state:
        raise UnsupportedCheckpointError(
            f"{path}: weights of a StyleGAN3 without its layers' sizes. Open the snapshot they came from"
        )
    tensors = {
        name: statement
        for name, statement in state.items()
        if type(name) is str and isinstance(statement, TensorView) and stylegan2_layout.is_known(name)
    }
    for name, statement in tensors.items():
        if name.endswith("resample_filter"):
            stylegan2_layout.check_filter(statement, 1, path)
    description = stylegan2_layout.describe(stylegan2_layout.shapes_of(tensors), Switches(), path)
    notes = left_out(sorted(str(name) for name in state.keys() - tensors.keys()))
    return Found(
        description,
        tensors,
        FORMAT,
        notes=("The file holds weights without settings; the usual ones are assumed (no clamp).", *notes),
    )
