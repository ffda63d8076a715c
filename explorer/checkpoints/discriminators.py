"""Names that occur in a snapshot's discriminator alone, kept as records that nothing ever opens.

StyleGAN-XL and Projected GAN judge pictures by feature networks of other
libraries and write them into the same file (with dill) as the generator. What
they consist of is not needed to draw. So an exact list of it may be named, and
objects of it may be made empty and filled, as pickle does with classes; all of
that yields an `Inert` record that knows its name and nothing else. None of it
may be called: a file that does is refused as unsafe, save for a few calls that
only put an object together, in the one form honest writers use.

References
----------
https://github.com/autonomousvision/stylegan-xl, what its snapshots hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from explorer.checkpoints.pickle_machine import Names, PickleMachine
from explorer.checkpoints.values import Blob, Inert, Instance, Meaning, Persistent

_PARTS = {
    # The judge itself.
    "pg_modules.discriminator": "ProjectedDiscriminator MultiScaleD SingleDisc SingleDiscCond",
    "pg_modules.projector": "F_RandomProj F_Identity",
    "pg_modules.blocks": "DownBlock DownBlockPatch DownBlockSep DownBlockSGBlocks SeparableConv2d SEBlock"
    " ResidualConvUnit FeatureFusionBlock Interpolate InitLayer NoiseInjection GLU Swish CCBN CCBN1D"
    " UpBlockCond UpBlockCompCond UpBlockSmallCond UpBlockBigCond",
    "torch.nn.utils.spectral_norm": "SpectralNorm SpectralNormStateDictHook SpectralNormLoadStateDictPreHook",
    # Its feature networks: deit_base_distilled_patch16_224 and tf_efficientnet_lite0, as timm called
    # their parts over the years (0.4 to 0.9), with the hooks and methods that are put into them.
    "feature_networks.vit": "Slice AddReadout ProjectReadout Transpose"
    " forward_flex _resize_pos_embed __dict__",
    "timm.models.vision_transformer": "VisionTransformer Block Attention",
    "timm.models.deit": "VisionTransformerDistilled",
    "timm.models.efficientnet_blocks": "DepthwiseSeparableConv InvertedResidual",
    "timm.models._efficientnet_blocks": "DepthwiseSeparableConv InvertedResidual",
    "timm.models.layers.conv2d_same": "Conv2dSame",
    "timm.models.layers.drop": "DropPath",
    "timm.models.layers.mlp": "Mlp",
    "timm.models.layers.norm_act": "BatchNormAct2d",
    "timm.models.layers.patch_embed": "PatchEmbed",
    "timm.layers.conv2d_same": "Conv2dSame",
    "timm.layers.drop": "DropPath",
    "timm.layers.format": "Format",
    "timm.layers.mlp": "Mlp",
    "timm.layers.norm_act": "BatchNormAct2d",
    "timm.layers.patch_embed": "PatchEmbed",
    "torchvision.transforms.transforms": "Normalize",
    # Layers of torch itself that occur in either and in no generator.
    "torch.nn.functional": "interpolate",
    "torch.nn.modules.activation": "GELU ReLU6 SiLU Sigmoid",
    "torch.nn.modules.conv": "ConvTranspose2d",
    "torch.nn.modules.dropout": "Dropout",
    "torch.nn.modules.flatten": "Unflatten",
    "torch.nn.modules.module": "Module",
    "torch.nn.modules.normalization": "LayerNorm GroupNorm",
    "torch.nn.modules.pooling": "AvgPool2d AdaptiveAvgPool2d",
    "torch.nn.modules.upsampling": "Upsample",
    "torch.nn.quantized.modules.functional_modules": "FloatFunctional",
    "torch.ao.nn.quantized.modules.functional_modules": "FloatFunctional",
    # A Projected GAN may have another body than StyleGAN's, which is then refused by name.
    "pg_modules.networks_fastgan": "Generator FastganSynthesis FastganSynthesisCond DummyMapping",
    "training.networks_fastgan": "Generator FastganSynthesis FastganSynthesisCond DummyMapping",
}
"""By module, the exact names that may be mentioned."""

_PACKAGES = (
    "pg_modules.",
    "feature_networks.",
    "training.",
    "timm.",
    "torchvision.",
    "torch.nn.",
    "torch.ao.",
)
_CLASS = re.compile(r"[A-Z][A-Za-z0-9]{0,99}")
_METHOD = re.compile(r"(?!__)[A-Za-z_]\w{0,99}")

_CODE = "dill._dill._create_code"
_FUNCTION = "dill._dill._create_function"
_CELL = "dill._dill._create_cell"
CARRIES_CODE = frozenset({_CODE, _FUNCTION})
"""Names that mean compiled program code in the file. It is never looked at."""


def _part(full: str) -> Meaning:
    """Something to be made empty, never to be called."""

    def make(arguments: tuple[Any, ...], machine: PickleMachine) -> Inert:
        if arguments:
            raise machine.unsafe(f"makes {full} with arguments, which no generator file does")
        return Inert(full)

    return Meaning(full, make=make)


def unlisted_part(module: str, name: str) -> str | None:
    """What to say of a class that other discriminators may consist of, and that nobody has listed yet."""
    if f"{module}.".startswith(_PACKAGES) and _CLASS.fullmatch(name):
        return (
            "a snapshot whose discriminator has parts that are not on the list; "
            "saved once more with nothing but its G_ema, the generator can be read"
        )
    return None


def _only_if(
    name: str, is_usual: Callable[[tuple[Any, ...]], bool]
) -> Callable[[tuple[Any, ...], PickleMachine], Inert]:
    """A call that yields a record where its arguments are the usual ones, and is unsafe otherwise."""

    def call(arguments: tuple[Any, ...], machine: PickleMachine) -> Inert:
        if not is_usual(arguments):
            raise machine.unsafe(f"calls {name} in a way no generator file does")
        return Inert(name)

    return call


def _is_method(arguments: tuple[Any, ...]) -> bool:
    """`getattr(object, "method")`: how a method bound to an object of the file is written."""
    return (
        len(arguments) == 2
        and isinstance(arguments[0], Inert | Instance | Persistent)
        and type(arguments[1]) is str
        and _METHOD.fullmatch(arguments[1]) is not None
    )


def _is_partial(arguments: tuple[Any, ...]) -> bool:
    """`functools.partial(class)`; the arguments follow by BUILD."""
    return len(arguments) == 1 and _is_made_by_list(arguments[0])


def _is_made_by_list(value: object) -> bool:
    """A part from the list above, or a record made here: not, say, `builtins.getattr`."""
    return isinstance(value, Inert) or (isinstance(value, Meaning) and value.call is None)


def _is_code(arguments: tuple[Any, ...]) -> bool:
    """Numbers, texts, bytes and tuples: the parts of compiled code."""
    kinds = (int, str, Blob, tuple, Inert, type(None))
    return 10 <= len(arguments) <= 24 and all(isinstance(item, kinds) for item in arguments)


def _is_function(arguments: tuple[Any, ...]) -> bool:
    """`_create_function(code, globals, name, ...)`."""
    return 2 <= len(arguments) <= 7 and isinstance(arguments[0], Inert) and arguments[0].name == _CODE


def _is_bound(arguments: tuple[Any, ...]) -> bool:
    """`MethodType(function, object)`: the same as dill writes it."""
    return len(arguments) == 2 and all(map(_is_made_by_list, arguments))


def _is_old_partial(arguments: tuple[Any, ...]) -> bool:
    """`_create_ftype(partial, class, arguments, keywords)`: the same as dill wrote it until 0.3.4."""
    return len(arguments) == 4 and arguments[0] is _TYPES["PartialType"] and _is_made_by_list(arguments[1])


def _is_cell_filled(arguments: tuple[Any, ...]) -> bool:
    """`setattr(cell, "cell_contents", value)`: dill fills the cells of a closure last."""
    return (
        len(arguments) == 3
        and isinstance(arguments[0], Inert)
        and arguments[0].name == _CELL
        and arguments[1] == "cell_contents"
    )


def _getattr(arguments: tuple[Any, ...], machine: PickleMachine) -> Inert | Meaning:
    """A bound method, or dill's own way to say `setattr`: `getattr(dill._dill, "_setattr", setattr)`."""
    is_dill = len(arguments) == 3 and arguments[0] is _DILL and arguments[2] is _SETATTR
    if is_dill and arguments[1] == "_setattr":
        return _FILL_CELL
    return _make_method(arguments, machine)


_make_method = _only_if("builtins.getattr", _is_method)
_make_partial = _only_if("functools.partial", _is_partial)
_make_code = _only_if(_CODE, _is_code)
_DILL = Meaning("dill._dill")
_SETATTR = Meaning("builtins.setattr")
_FILL_CELL = Meaning("dill._dill._setattr", call=_only_if("setattr", _is_cell_filled))
_TYPES = {
    "CellType": Meaning("types.CellType"),
    "CodeType": Meaning("types.CodeType", call=_make_code),
    "FunctionType": Meaning("types.FunctionType"),
    "PartialType": Meaning("functools.partial", call=_make_partial),
    "MethodType": Meaning("types.MethodType", call=_only_if("types.MethodType", _is_bound)),
}


def _load_type(arguments: tuple[Any, ...], machine: PickleMachine) -> Meaning:
    """In dill, `_load_type(name)` names a type of the interpreter."""
    if len(arguments) != 1 or type(arguments[0]) is not str or arguments[0] not in _TYPES:
        raise machine.unsafe("asks dill for a type that no generator file needs")
    return _TYPES[arguments[0]]


NAMES: Names = {
    **{
        (module, name): _part(f"{module}.{name}")
        for module, names in _PARTS.items()
        for name in names.split()
    },
    **dict.fromkeys(
        (("builtins", "getattr"), ("__builtin__", "getattr")),
        Meaning("builtins.getattr", call=_getattr),
    ),
    **dict.fromkeys((("builtins", "setattr"), ("__builtin__", "setattr")), _SETATTR),
    ("functools", "partial"): Meaning("functools.partial", call=_make_partial),
    ("dill", "_dill"): _DILL,
    ("dill._dill", "_load_type"): Meaning("dill._dill._load_type", call=_load_type),
    ("dill._dill", "_create_code"): Meaning(_CODE, call=_make_code),
    ("dill._dill", "_create_cell"): Meaning(_CELL, call=_only_if(_CELL, lambda a: len(a) <= 1)),
    ("dill._dill", "_create_ftype"): Meaning(
        "dill._dill._create_ftype", call=_only_if("dill._dill._create_ftype", _is_old_partial)
    ),
    ("dill._dill", "_create_function"): Meaning(_FUNCTION, call=_only_if(_FUNCTION, _is_function)),
}
"""All that a discriminator may mention: parts, and the few calls that put one together."""
