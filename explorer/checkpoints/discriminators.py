"""Names that occur in a snapshot's discriminator alone, kept as records that nothing ever opens.

StyleGAN-XL and Projected GAN judge pictures by feature networks of other
libraries and write them into the same file (with dill) as the generator. What
they name is not needed to draw. So it may be named, and objects of it may be
made empty and filled, as pickle does with classes; all of that yields an
`Inert` record that knows its name and nothing else. None of it may be called:
a file that does is refused as unsafe, save for a few calls that only put an
object together, in the one form honest writers use.

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

_PACKAGES = (
    "pg_modules.",
    "training.networks_fastgan.",
    "feature_networks.",
    "timm.models.",
    "timm.layers.",
    "torchvision.models.",
    "torchvision.ops.",
    "torchvision.transforms.",
    "torch.nn.modules.",
    "torch.nn.quantized.modules.",
    "torch.ao.nn.quantized.modules.",
)
_MODULES = ("torch.nn.functional", "torch.nn.utils.spectral_norm")
_NAME = re.compile(r"(?!__)[A-Za-z_]\w{0,99}|__dict__")
"""Of a class or function, or the dictionary of a module, as dill refers to the globals of a closure."""

_CODE = "dill._dill._create_code"
_FUNCTION = "dill._dill._create_function"
_CELL = "dill._dill._create_cell"
CARRIES_CODE = frozenset({_CODE, _FUNCTION})
"""Names that mean compiled program code in the file. It is never looked at."""


def inert_name(module: str, name: str) -> Meaning | None:
    """What a name of a discriminator's package stands for: something to be made, never to be called."""
    if not _NAME.fullmatch(name):
        return None
    if module not in _MODULES and not f"{module}.".startswith(_PACKAGES):
        return None
    full = f"{module}.{name}"

    def make(arguments: tuple[Any, ...], machine: PickleMachine) -> Inert:
        if arguments:
            raise machine.unsafe(f"makes {ascii(full)[1:-1]} with arguments, which no generator file does")
        return Inert(full)

    return Meaning(full, make=make)


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
        and _NAME.fullmatch(arguments[1]) is not None
        and not arguments[1].startswith("__")
    )


def _is_partial(arguments: tuple[Any, ...]) -> bool:
    """`functools.partial(class)`; the arguments follow by BUILD."""
    return len(arguments) == 1 and _is_made_by_list(arguments[0])


def _is_made_by_list(value: object) -> bool:
    """A name of the packages above, or a record made here: not, say, `builtins.getattr`."""
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


CALLS: Names = {
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
"""The few calls that honest discriminators hold."""
