"""Writes pickles by hand, honest and hostile, and a small honest snapshot to spoil.

Nothing here uses `pickle.dump`: a test must be able to write what no honest
writer would.
"""

import io
import re
import struct
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from tests.models.synthetic import fill, shapes

STOP = b"."
SOURCE = 'raise RuntimeError("embedded source must never be executed")'


@dataclass
class Call:
    """REDUCE of a global."""

    module: str
    name: str
    args: tuple[Any, ...] = ()


@dataclass
class Make:
    """NEWOBJ of a global, then BUILD with a state where there is one."""

    module: str
    name: str
    state: Any = None
    args: tuple[Any, ...] = ()


@dataclass
class Name:
    """A global by itself."""

    module: str
    name: str


@dataclass
class PersistentId:
    """BINPERSID."""

    value: Any


@dataclass
class Raw:
    """Opcodes as they are."""

    code: bytes


@dataclass
class Module:
    """A module of NVIDIA's persistence scheme, before it is written."""

    class_name: str
    attributes: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    buffers: dict[str, Any] = field(default_factory=dict)
    modules: dict[str, Any] = field(default_factory=dict)

    def call(self) -> Call:
        state = {
            "training": False,
            "_parameters": Call("collections", "OrderedDict") if not self.parameters else self.parameters,
            "_buffers": self.buffers,
            "_modules": self.modules,
            **self.attributes,
        }
        meta = {
            "type": "class",
            "version": 6,
            "module_src": SOURCE,
            "class_name": self.class_name,
            "state": state,
        }
        return Call("torch_utils.persistence", "_reconstruct_persistent_obj", (meta,))


def pickle(value: Any) -> bytes:
    """A whole pickle of protocol 4."""
    return b"\x80\x04" + code(value) + STOP


def code(value: Any) -> bytes:
    """Opcodes that leave `value` on the stack."""
    match value:
        case Raw():
            return value.code
        case Module():
            return code(value.call())
        case None:
            return b"N"
        case bool():
            return b"\x88" if value else b"\x89"
        case int() if 0 <= value < 256:
            return b"K" + bytes([value])
        case int() if -(1 << 31) <= value < 1 << 31:
            return b"J" + struct.pack("<i", value)
        case int():
            raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            return b"\x8a" + bytes([len(raw)]) + raw
        case float():
            return b"G" + struct.pack(">d", value)
        case str():
            return _text(value.encode("utf-8", "surrogatepass"))
        case bytes():
            return b"B" + struct.pack("<I", len(value)) + value
        case tuple():
            return b"(" + b"".join(map(code, value)) + b"t"
        case list():
            return b"](" + b"".join(map(code, value)) + b"e"
        case dict():
            return b"}(" + b"".join(code(key) + code(item) for key, item in value.items()) + b"u"
        case Name():
            return code(value.module) + code(value.name) + b"\x93"
        case Call():
            return code(Name(value.module, value.name)) + code(value.args) + b"R"
        case Make():
            made = code(Name(value.module, value.name)) + code(value.args) + b"\x81"
            return made if value.state is None else made + code(value.state) + b"b"
        case PersistentId():
            return code(value.value) + b"Q"
        case torch.Tensor():
            return code(tensor(value))
        case np.ndarray() | np.generic():
            return code(array(np.asarray(value)))
    raise TypeError(f"no opcodes for {type(value)}")


def legacy_bytes(value: Any) -> bytes:
    """What `torch.save` writes in the old form, with storages numbered instead of called by address."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save(value, buffer, _use_new_zipfile_serialization=False)
    data = buffer.getvalue()
    texts = re.findall(rb"X([\x06-\x14]\0\0\0)(\d{6,20})", data)
    keys = dict.fromkeys(digits for length, digits in texts if length[0] == len(digits))
    for number, key in enumerate(keys):
        data = data.replace(_text(key), _text(b"%d" % number))
    return data


def old_stream(state: dict[str, torch.Tensor]) -> bytes:
    """A state dictionary in torch's old form, written by hand: the same bytes in every run."""
    rows = {}
    for key, value in enumerate(state.values()):
        held = PersistentId(("storage", Name("torch", "FloatStorage"), str(key), "cpu", value.numel(), None))
        rows[str(key)] = tensor(value, held=held)
    facts = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    whole = {"g_ema": dict(zip(state, rows.values(), strict=True))}
    pickles = [0x1950A86A20F9469CFC6C, 1001, facts, whole, list(rows)]
    # The magic number is recognised by its exact bytes, protocol 2.
    head = b"\x80\x02" + b"".join(pickle(part) for part in pickles)[2:]
    data = [struct.pack("<q", value.numel()) + value.numpy().tobytes() for value in state.values()]
    return head + b"".join(data)


def _text(raw: bytes) -> bytes:
    return b"X" + struct.pack("<I", len(raw)) + raw


def storage(value: torch.Tensor) -> Call:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Call("torch.storage", "_load_from_bytes", (legacy_bytes(value.storage()),))


def tensor(
    value: torch.Tensor,
    offset: Any = None,
    size: Any = None,
    stride: Any = None,
    held: Any = None,
) -> Call:
    """A tensor as a pickle states it; every part may be replaced by a lie."""
    parts = (
        storage(value) if held is None else held,
        value.storage_offset() if offset is None else offset,
        tuple(value.shape) if size is None else size,
        value.stride() if stride is None else stride,
        False,
        Call("collections", "OrderedDict"),
    )
    return Call("torch._utils", "_rebuild_tensor_v2", parts)


def array(value: np.ndarray, core: str = "numpy.core.multiarray") -> Any:
    """An array or scalar as numpy pickles it."""
    dtype = dtype_of(value.dtype)
    if value.ndim == 0:
        return Call(core, "scalar", (dtype, value.tobytes()))
    made = Call(core, "_reconstruct", (Name("numpy", "ndarray"), (0,), b"b"))
    return Raw(code(made) + code((1, value.shape, dtype, False, value.tobytes())) + b"b")


def dtype_of(dtype: np.dtype[Any] | str, **changes: Any) -> Raw:
    text = dtype if isinstance(dtype, str) else dtype.str[1:]
    made = Call("numpy", "dtype", (text, False, True))
    return Raw(code(made) + code((3, "<", None, None, None, -1, -1, 0)) + b"b")


CHANNELS = {4: 6, 8: 4, 16: 2}


def network_tensors(resolution: int = 8, **options: Any) -> dict[str, torch.Tensor]:
    """Canonical tensors of a very small skip generator."""
    sizes = {"channels": CHANNELS, "z_dim": 5, "w_dim": 7, "mapping_layers": 2} | options
    table = shapes("skip", resolution, **sizes)
    return {name: fill(name, shape) for name, shape in table.items()}


def generator_module(tensors: dict[str, torch.Tensor] | None = None, **attributes: Any) -> Module:
    """The generator as a tree of modules, from canonical tensors."""
    root = Module("Generator", attributes)
    for name, value in (tensors or network_tensors()).items():
        *path, last = name.split(".")
        module = root
        for part in path:
            module = module.modules.setdefault(part, Module(part))
        is_buffer = last in ("w_avg", "noise_const")
        (module.buffers if is_buffer else module.parameters)[last] = value
    return root


def snapshot(tensors: dict[str, torch.Tensor] | None = None, **attributes: Any) -> bytes:
    """A small honest file of the StyleGAN2-ADA kind."""
    return pickle({"G": None, "D": None, "G_ema": generator_module(tensors, **attributes)})
