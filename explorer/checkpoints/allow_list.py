"""The names generator files consist of, level by level, and the inert value each makes.

A name here is an exact pair (module, name) of texts. Being on the list means
that *we* know what its arguments state; the thing so named is never imported.
"""

from __future__ import annotations

from typing import Any

from explorer.checkpoints.pickle_machine import Names, PickleMachine
from explorer.checkpoints.values import (
    NUMPY_CODES,
    Bag,
    Blob,
    Impossible,
    Instance,
    Meaning,
    NumpyArray,
    NumpyType,
    Persistent,
    Table,
    TensorView,
)

MAX_CLASS_NAME = 128


def _persistent(arguments: tuple[Any, ...], machine: PickleMachine) -> Persistent:
    """NVIDIA's `_reconstruct_persistent_obj(meta)`: here, a class name and attributes."""
    meta = _only(arguments, dict)
    class_name, state, source = meta.get("class_name"), meta.get("state"), meta.get("module_src", "")
    if meta.get("type") != "class" or type(meta.get("version")) is not int:
        raise Impossible("a persistent object that is no class")
    if type(class_name) is not str or len(class_name) > MAX_CLASS_NAME or not isinstance(state, dict):
        raise Impossible("a persistent object without class name or state")
    return Persistent(class_name, state, len(source) if isinstance(source, str) else 0, machine.opcode_at)


def _table(arguments: tuple[Any, ...], machine: PickleMachine) -> Table:
    """An ordered dictionary: empty, or from a list of pairs as Python 2 wrote it."""
    table = Table()
    if arguments:
        for pair in _only(arguments, list | tuple):
            if not isinstance(pair, list | tuple) or len(pair) != 2:
                raise Impossible("a dictionary of something else than pairs")
            machine.check_key(pair[0])
            table[pair[0]] = pair[1]
    return table


def _bag(arguments: tuple[Any, ...], machine: PickleMachine) -> Bag:
    return Bag(_only(arguments, list | tuple)) if arguments else Bag()


def _tensor(arguments: tuple[Any, ...], machine: PickleMachine) -> TensorView:
    """`_rebuild_tensor[_v2](storage, offset, size, stride[, requires_grad, hooks[, metadata]])`."""
    if not 4 <= len(arguments) <= 7:
        raise Impossible(f"a tensor made of {len(arguments)} parts")
    return TensorView.checked(*arguments[:4])


def _parameter(arguments: tuple[Any, ...], machine: PickleMachine) -> TensorView:
    """`_rebuild_parameter[_with_state](tensor, requires_grad, hooks[, state])`."""
    if not 1 <= len(arguments) <= 4 or not isinstance(arguments[0], TensorView):
        raise Impossible("a parameter without a tensor")
    return arguments[0]


def _storage_from_bytes(arguments: tuple[Any, ...], machine: PickleMachine) -> Any:
    """`_load_from_bytes(bytes)`: the bytes are an old torch stream, read with the same care."""
    from explorer.checkpoints.torch_streams import read_nested_storage

    return read_nested_storage(_only(arguments, Blob), machine)


def _size(arguments: tuple[Any, ...], machine: PickleMachine) -> tuple[Any, ...]:
    return tuple(_only(arguments, list | tuple))


def _nothing(arguments: tuple[Any, ...], machine: PickleMachine) -> None:
    """A device or the like: accepted and forgotten."""
    return


def _numpy_type(arguments: tuple[Any, ...], machine: PickleMachine) -> NumpyType:
    """`numpy.dtype(code, align, copy)`."""
    if not 1 <= len(arguments) <= 3 or not isinstance(arguments[0], str):
        raise Impossible("a numpy type without a code")
    code = arguments[0]
    order = code[0] if code[:1] in ("<", ">", "|", "=") else ""
    code = code[len(order) :]
    if code not in NUMPY_CODES:
        if code.startswith(("O", "V", "M", "m")):
            raise machine.unsafe(f"holds a numpy array of objects or records ({code[:20]!a})")
        raise machine.unsupported(f"holds a numpy array of the type {code[:20]!a}")
    return NumpyType(code, order or "|")


def _numpy_empty(arguments: tuple[Any, ...], machine: PickleMachine) -> NumpyArray:
    """`_reconstruct(numpy.ndarray, (0,), b"b")`: an array whose contents follow by BUILD."""
    if not arguments or not isinstance(arguments[0], Meaning) or arguments[0].name != "numpy.ndarray":
        raise Impossible("an array of an unknown class")
    return NumpyArray()


def _numpy_scalar(arguments: tuple[Any, ...], machine: PickleMachine) -> NumpyArray:
    if len(arguments) != 2:
        raise Impossible("a numpy scalar without type or bytes")
    array = NumpyArray()
    array.fill((), arguments[0], False, _as_blob(arguments[1]))
    return array


def _numpy_from_buffer(arguments: tuple[Any, ...], machine: PickleMachine) -> NumpyArray:
    """`_frombuffer(bytes, dtype, shape, order)`, the form of pickle protocol 5."""
    if len(arguments) != 4 or arguments[3] not in ("C", "F"):
        raise Impossible("an array from bytes in an unknown way")
    array = NumpyArray()
    array.fill(arguments[2], arguments[1], arguments[3] == "F", arguments[0])
    return array


def _encode(arguments: tuple[Any, ...], machine: PickleMachine) -> Blob:
    """`_codecs.encode(text, "latin1")`: how protocol 2 of Python 3 writes bytes."""
    if len(arguments) != 2 or not isinstance(arguments[0], str) or arguments[1] not in ("latin1", "latin-1"):
        raise machine.unsafe("encodes text in an unknown way")
    machine.spend_text(len(arguments[0]))
    return _as_blob(arguments[0])


def _as_blob(value: object) -> Blob:
    """Bytes, also where Python 2 wrote them as text."""
    if isinstance(value, Blob):
        return value
    if isinstance(value, str):
        try:
            data = value.encode("latin-1")
        except UnicodeEncodeError:
            raise Impossible("bytes written as text that are no bytes") from None
        return Blob(memoryview(data), 0, len(data))
    raise Impossible("bytes expected, something else found")


def _only(arguments: tuple[Any, ...], kind: Any) -> Any:
    if len(arguments) != 1 or not isinstance(arguments[0], kind):
        raise Impossible("a call with the wrong arguments")
    return arguments[0]


def _instance(name: str) -> Meaning:
    def make(arguments: tuple[Any, ...], machine: PickleMachine) -> Instance:
        if arguments:
            raise Impossible(f"{name} made with arguments")
        return Instance(name, at=machine.opcode_at)

    return Meaning(name, make=make)


def _rows(*meanings: Meaning, homes: tuple[str, ...] = ()) -> dict[tuple[str, str], Meaning]:
    """Key meanings by their full name, or by their last word in each of `homes`."""
    rows = {}
    for meaning in meanings:
        module, _, name = meaning.name.rpartition(".")
        for home in homes or (module,):
            rows[home, name] = meaning
    return rows


_CONTAINERS: Names = {
    **_rows(Meaning("collections.OrderedDict", call=_table, make=_table)),
    **_rows(Meaning("builtins.set", call=_bag), homes=("builtins", "__builtin__")),
}
_NUMPY: Names = {
    **_rows(Meaning("numpy.ndarray"), Meaning("numpy.dtype", call=_numpy_type)),
    **_rows(
        Meaning("multiarray._reconstruct", call=_numpy_empty),
        Meaning("multiarray.scalar", call=_numpy_scalar),
        homes=("numpy.core.multiarray", "numpy._core.multiarray"),
    ),
    **_rows(
        Meaning("numeric._frombuffer", call=_numpy_from_buffer),
        homes=("numpy.core.numeric", "numpy._core.numeric"),
    ),
    **_rows(Meaning("_codecs.encode", call=_encode)),
}
_TENSORS: Names = _rows(
    Meaning("torch._utils._rebuild_tensor", call=_tensor),
    Meaning("torch._utils._rebuild_tensor_v2", call=_tensor),
    Meaning("torch._utils._rebuild_parameter", call=_parameter),
    Meaning("torch._utils._rebuild_parameter_with_state", call=_parameter),
    Meaning("torch.Size", call=_size),
    Meaning("torch.device", call=_nothing),
    *(Meaning(f"torch.{name}") for name in ("float16", "bfloat16", "float32", "float64", "int32", "int64")),
)

STORAGES: Names = _rows(
    Meaning("torch.DoubleStorage", element="float64"),
    Meaning("torch.FloatStorage", element="float32"),
    Meaning("torch.HalfStorage", element="float16"),
    Meaning("torch.BFloat16Storage", element="bfloat16"),
    Meaning("torch.LongStorage", element="int64"),
    Meaning("torch.IntStorage", element="int32"),
    Meaning("torch.ShortStorage", element="int16"),
    Meaning("torch.CharStorage", element="int8"),
    Meaning("torch.ByteStorage", element="uint8"),
    Meaning("torch.BoolStorage", element="bool"),
)
"""All that may be named inside the stream of a single storage."""

PLAIN_PICKLE: Names = {
    **_CONTAINERS,
    **_NUMPY,
    **_TENSORS,
    **_rows(
        Meaning("torch_utils.persistence._reconstruct_persistent_obj", call=_persistent),
        Meaning("torch.storage._load_from_bytes", call=_storage_from_bytes),
        _instance("dnnlib.tflib.network.Network"),
        *(
            _instance(f"torch.nn.modules.{name}")
            for name in (
                "activation.LeakyReLU",
                "activation.ReLU",
                "batchnorm.BatchNorm2d",
                "container.ModuleDict",
                "container.ModuleList",
                "container.Sequential",
                "conv.Conv2d",
                "linear.Identity",
                "linear.Linear",
                "sparse.Embedding",
            )
        ),
    ),
    **_rows(Meaning("EasyDict", call=_table, make=_table), homes=("dnnlib.util", "dnnlib")),
}
"""Pickles of NVIDIA's PyTorch and TensorFlow code."""

TORCH_ARCHIVE: Names = {
    **_CONTAINERS,
    **_NUMPY,
    **_TENSORS,
    **STORAGES,
    **_rows(_instance("argparse.Namespace")),
}
"""State dictionaries written by `torch.save`, zip or old stream."""

_FOREIGN = {
    ("tfutil", "Network"): "a Progressive GAN network, which has no style space",
    ("networks", "Network"): "a Progressive GAN network, which has no style space",
    ("torch", "ComplexFloatStorage"): "a checkpoint with complex numbers",
    ("torch", "ComplexDoubleStorage"): "a checkpoint with complex numbers",
    ("torch", "QInt8Storage"): "a quantised checkpoint",
    ("torch", "QUInt8Storage"): "a quantised checkpoint",
    ("torch", "QInt32Storage"): "a quantised checkpoint",
    ("torch.storage", "UntypedStorage"): "a checkpoint with untyped storages",
    ("torch", "UntypedStorage"): "a checkpoint with untyped storages",
}
"""Names that mark an honest file of another kind."""

_FOREIGN_PACKAGES = {
    "pytorch_lightning": "a training state of PyTorch Lightning",
}
"""Packages whose names do the same, whatever follows the dot."""


def foreign_kind(module: str, name: str) -> str | None:
    """A word for the kind of file that names this, or None where it marks no kind we know."""
    return _FOREIGN.get((module, name)) or _FOREIGN_PACKAGES.get(module.partition(".")[0])
