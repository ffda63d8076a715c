"""Networks: one file per published generator, and the face all of them share.

Promises: pictures equal the published networks' within 1e-4 in float32; a
picture depends on arguments alone, never on what was drawn before; synthesis
can be entered at any step. Deliberately ignorant of files, recipes and clocks.
"""

from collections.abc import Callable, Mapping

from torch import Tensor

from explorer.models.description import NetworkDescription
from explorer.models.generator import (
    Features,
    Generator,
    NoiseMode,
    NoisePlan,
    Precision,
    Step,
    Transform,
)

__all__ = [
    "Features",
    "Generator",
    "NetworkDescription",
    "NoiseMode",
    "NoisePlan",
    "Precision",
    "Step",
    "Transform",
    "build_generator",
    "known_architectures",
]


def _stylegan1(description: NetworkDescription, tensors: Mapping[str, Tensor]) -> Generator:
    from explorer.models.stylegan1 import StyleGAN1

    return StyleGAN1(description, tensors)


def _stylegan2(description: NetworkDescription, tensors: Mapping[str, Tensor]) -> Generator:
    from explorer.models.stylegan2 import StyleGAN2

    return StyleGAN2(description, tensors)


def _stylegan3(description: NetworkDescription, tensors: Mapping[str, Tensor]) -> Generator:
    from explorer.models.stylegan3 import StyleGAN3

    return StyleGAN3(description, tensors)


# A new family is one file here, one table in `checkpoints`, and one row below.
_FAMILIES: dict[str, Callable[[NetworkDescription, Mapping[str, Tensor]], Generator]] = {
    "stylegan1": _stylegan1,
    "stylegan2": _stylegan2,
    "stylegan3-t": _stylegan3,
    "stylegan3-r": _stylegan3,
}


def known_architectures() -> tuple[str, ...]:
    """Architectures `build_generator` can build."""
    return tuple(_FAMILIES)


def build_generator(description: NetworkDescription, tensors: Mapping[str, Tensor]) -> Generator:
    """Build a generator on the CPU in float32 from tensors under canonical names.

    Parameters
    ----------
    description : sizes and switches
    tensors : canonical names (`mapping.fc0.weight`, `synthesis.b4.const`, ...) to values

    Raises
    ------
    ValueError
        If a tensor is missing, superfluous sizes disagree, or the family is unknown.
    """
    if description.architecture not in _FAMILIES:
        raise ValueError(f"no network family {description.architecture!r}; known: {', '.join(_FAMILIES)}")
    return _FAMILIES[description.architecture](description, tensors)
