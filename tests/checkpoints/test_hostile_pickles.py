"""Pickles no honest writer would write: the abuse lists of scanners and readers, rebuilt by hand."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from explorer.checkpoints import read_checkpoint
from explorer.checkpoints.pickle_machine import MAX_OPCODES
from explorer.errors import (
    CorruptCheckpointError,
    UnsafeCheckpointError,
    UnsupportedCheckpointError,
)
from tests.checkpoints.assembler import (
    Call,
    Make,
    Module,
    Name,
    PersistentId,
    Raw,
    array,
    code,
    dtype_of,
    generator_module,
    legacy_bytes,
    network_tensors,
    pickle,
    snapshot,
    storage,
    tensor,
)
from tests.checkpoints.guarded import read_guarded
from tests.checkpoints.hostile import CALLABLES, refuse, split


def test_the_honest_file_all_others_are_made_from(tmp_path: Path) -> None:
    path = tmp_path / "honest.pkl"
    path.write_bytes(snapshot(z_dim=5, num_ws=4))
    network = read_checkpoint(path)
    assert network.description.resolution == 8
    for name, value in network_tensors().items():
        assert torch.equal(network.tensors[name], value), name


FLOATS = storage(torch.arange(6.0))
BLOB = FLOATS.args[0]
OBJECT = b"\x80\x02(X\x07\x00\x00\x00storage"
"""Start of the pickle in a storage's stream that names its type."""


def hidden(call: Any) -> dict[str, bytes]:
    """A call in every corner of a file that is honest otherwise."""
    blob = BLOB
    root = generator_module()
    root.attributes["_init_kwargs"] = {"z_dim": call}
    buffer = generator_module()
    buffer.modules["mapping"].buffers["w_avg"] = call
    good = generator_module()
    return {
        "alone": pickle(call),
        "as the generator": pickle({"G_ema": call}),
        "as the discriminator": pickle({"G_ema": good, "D": call}),
        "among training options": pickle({"G_ema": good, "training_set_kwargs": {"path": call}}),
        "as a buffer": pickle({"G_ema": buffer}),
        "as a constructor argument": pickle({"G_ema": root}),
        "dropped at once": b"\x80\x04" + code(call) + b"0" + code({"G_ema": good}) + b".",
        "dropped with a group": b"\x80\x04(" + code(call) + b"1" + code({"G_ema": good}) + b".",
        "in the memo only": b"\x80\x04" + code(call) + b"\x940" + code({"G_ema": good}) + b".",
        "as a key": b"\x80\x04" + code({}) + code(call) + code(1) + b"s.",
        "behind the end": pickle({"G_ema": good}) + pickle(call),
        "in a storage": pickle(Call("torch.storage", "_load_from_bytes", (pickle(call),))),
        "in a storage, behind its magic": pickle(
            Call("torch.storage", "_load_from_bytes", (blob[:15] + pickle(call),))
        ),
        "as a storage's object": pickle(
            Call("torch.storage", "_load_from_bytes", (blob[: blob.index(OBJECT)] + pickle(call),))
        ),
    }


CORNERS = list(hidden(Call("os", "system", ("true",))))


@pytest.mark.parametrize("name", CALLABLES)
def test_no_callable_passes(name: str, tmp_path: Path) -> None:
    module, rest = split(name)
    message = refuse(pickle({"G_ema": Call(module, rest, ("x",))}), UnsafeCheckpointError, tmp_path)
    assert ascii(name)[1:-1] in message
    assert "at byte" in message


@pytest.mark.parametrize("corner", CORNERS)
def test_no_corner_hides_a_call(corner: str, tmp_path: Path) -> None:
    message = refuse(hidden(Call("os", "system", ("true",)))[corner], UnsafeCheckpointError, tmp_path)
    assert "nothing in it was run" in message


@pytest.mark.parametrize("corner", ["as the discriminator", "dropped at once", "in the memo only"])
def test_naming_is_enough(corner: str, tmp_path: Path) -> None:
    """What is only named may be called by other means; honest files do not name it."""
    refuse(hidden(Name("posix", "system"))[corner], UnsafeCheckpointError, tmp_path)


def test_a_name_put_together_from_the_memo(tmp_path: Path) -> None:
    """The strings lie far apart, in the wrong order, under other names than they were written."""
    parts = code("system") + b"q\x070" + code("os") + b"r\xff\xff\xff\x7f0" + code("OrderedDict") + b"q\x070"
    parts += code("system") + b"q\x07" + b"0"
    swapped = b"\x80\x04" + parts + b"j\xff\xff\xff\x7f" + b"h\x07" + b"\x93)R."
    assert "os.system" in refuse(swapped, UnsafeCheckpointError, tmp_path)


def test_a_listed_name_from_the_memo_is_still_listed(tmp_path: Path) -> None:
    pieces = code("OrderedDict") + b"q\x010" + code("collections") + b"q\x020" + b"h\x02h\x01\x93)R."
    refuse(b"\x80\x04" + pieces, UnsupportedCheckpointError, tmp_path)


GOOD = torch.arange(6.0).reshape(2, 3)


def top(opcodes: bytes) -> bytes:
    return b"\x80\x04" + opcodes + b"."


def load(blob: bytes) -> bytes:
    return pickle(Call("torch.storage", "_load_from_bytes", (blob,)))


def with_tensor(value: Any) -> bytes:
    root = generator_module()
    root.modules["mapping"].modules["fc0"].parameters["bias"] = value
    return pickle({"G_ema": root})


UNSAFE: dict[str, bytes] = {
    "INST": top(b"(" + code("true") + b"ios\nsystem\n"),
    "OBJ": top(b"(" + b"Nobuiltins\nexec\n"),
    "OBJ behind a listed name": top(b"(" + code(Name("collections", "OrderedDict")) + b"o"),
    "EXT1": top(b"\x82\x01)R"),
    "EXT2": top(b"\x83\x01\x00)R"),
    "EXT4": top(b"\x84\x01\x00\x00\x00)R"),
    "PERSID": top(b"Pstorage\n"),
    "text INT": top(b"I01\n"),
    "text LONG": top(b"L99999999999L\n"),
    "text FLOAT": top(b"F1.5\n"),
    "text STRING": top(b"S'x'\n"),
    "text UNICODE": top(b"Vx\n"),
    "text PUT": top(b"Np0\n"),
    "text GET": top(b"g0\n"),
    "DUP": top(b"N2"),
    "LIST": top(b"(l"),
    "DICT": top(b"(d"),
    "NEXT_BUFFER": top(b"\x97"),
    "READONLY_BUFFER": top(b"N\x98"),
    "NEWOBJ_EX with keywords": top(
        code(Name("collections", "OrderedDict")) + b")" + code({"a": 1}) + b"\x92"
    ),
    "REDUCE of what is only a tag": top(code(Call("numpy", "ndarray", ((2,),)))),
    "NEWOBJ of a function": top(code(Make("torch.storage", "_load_from_bytes", args=(BLOB,)))),
    "REDUCE of a class": top(code(Call("dnnlib.tflib.network", "Network"))),
    "REDUCE of a dtype": top(code(Call("torch", "float32"))),
    "a codec that is no codec of bytes": pickle(Call("_codecs", "encode", ("x", "rot13"))),
    "a codec chosen by no text": pickle(Call("_codecs", "encode", ("x", 3))),
    "numpy objects": pickle(Call("numpy", "dtype", ("O8", False, True))),
    "numpy records": pickle(Call("numpy", "dtype", ("V16", False, True))),
    "a storage naming what only its pickle may name": load(pickle(Call("collections", "OrderedDict"))),
    "a storage within a storage": load(BLOB[: BLOB.index(OBJECT)] + load(BLOB)),
    "a second pickle behind the first": snapshot() + b"\x80\x04N.",
    "one byte behind the end": snapshot() + b"\n",
    "a module inside itself": top(
        # A state dictionary whose `_modules` hold the very object it belongs to.
        code(Name("torch_utils.persistence", "_reconstruct_persistent_obj"))
        + b"}q\x01("
        + code("type")
        + code("class")
        + code("version")
        + code(6)
        + code("class_name")
        + code("Generator")
        + code("state")
        + b"}q\x02"
        + b"u\x85Rq\x03"
        + b"0h\x02("
        + code("_modules")
        + b"}"
        + code("child")
        + b"h\x03s"
        + b"u0"
        + b"h\x03"
    ),
    "program text and nothing else": pickle({"G_ema": Module("Generator")}),
    "networks of program text": pickle(
        (Make("dnnlib.tflib.network", "Network", {"name": "Gs", "build_module_src": "import os"}),)
    ),
}

CORRUPT: dict[str, bytes] = {
    "nothing behind the protocol": b"\x80\x04",
    "an unknown protocol": b"\x80\x09N.",
    "an unknown opcode": top(b"\xff"),
    "a stop with nothing": b"\x80\x04.",
    "a stop with two": top(b"NN"),
    "a stop within a group": top(b"N("),
    "a pop below the group": top(b"N(00"),
    "a tuple without a group": top(b"Nt"),
    "a memo never written": top(b"h\x05"),
    "a large memo never written": top(b"j\xff\xff\xff\xff"),
    "a memo of nothing": top(b"q\x01N"),
    "an item of a tuple": top(b")Na"),
    "an item of a text": top(code("x") + b"Na"),
    "items of a dictionary": top(b"}(NNe"),
    "items of a set, appended": top(b"\x8fNa"),
    "additions to a list": top(b"](N\x90"),
    "a key of a list": top(b"]NNs"),
    "a key of a tensor": top(code(tensor(GOOD)) + b"NNs"),
    "half a pair": top(b"}(Nu"),
    "a key that is a list": top(b"}]Ns"),
    "a key that is a fraction": top(b"}" + code(1.5) + b"Ns"),
    "a key of 16 bytes": top(b"}" + code(1 << 100) + b"Ns"),
    "a key that is bytes": top(b"}" + code(b"x") + b"Ns"),
    "a key that is a global": top(b"}" + code(Name("numpy", "ndarray")) + b"Ns"),
    "the state of a list": top(b"]}b"),
    "the state of a tensor": top(code(tensor(GOOD)) + b"}b"),
    "the state of a global": top(code(Name("numpy", "ndarray")) + b"}b"),
    "the state of an object, a list": top(code(Make("dnnlib.tflib.network", "Network", [1]))),
    "the state of an object, twice": top(code(Make("dnnlib.tflib.network", "Network", {"a": 1})) + b"}b"),
    "an object with arguments": top(code(Make("dnnlib.tflib.network", "Network", args=("x",)))),
    "a call of a text": top(code("x") + b")R"),
    "a call of a tensor": top(code(tensor(GOOD)) + b")R"),
    "arguments that are a list": top(code(Name("collections", "OrderedDict")) + b"]R"),
    "a name that is a number": top(code(1) + code("system") + b"\x93"),
    "a name that is bytes": top(code(b"os") + code(b"system") + b"\x93"),
    "a name without an end": b"\x80\x02cos" + b"x" * 5000,
    "a name that is not ASCII": b"\x80\x02c\xff\xfe\nx\n.",
    "a text that is not UTF-8": top(b"X\x02\x00\x00\x00\xff\xfe"),
    "a text of 4 GB": top(b"X\xff\xff\xff\xff"),
    "a text of 2^63 bytes": top(b"\x8d" + struct.pack("<Q", 1 << 63)),
    "bytes of 2^63": top(b"\x8e" + struct.pack("<Q", 1 << 63)),
    "bytes of 4 GB": top(b"B\xff\xff\xff\xff"),
    "an array of 2^63 bytes": top(b"\x96" + struct.pack("<Q", 1 << 63)),
    "an old text of negative length": top(b"T" + struct.pack("<i", -5)),
    "a number of 200 bytes": top(b"\x8a\xc8" + bytes(200)),
    "a number of negative length": top(b"\x8b" + struct.pack("<i", -1)),
    "a number of 2 GB": top(b"\x8b" + struct.pack("<i", (1 << 31) - 1)),
    "a frame beyond the end": top(b"\x95" + struct.pack("<Q", 1 << 40) + b"N"),
    "a frame within a frame": top(b"\x95" + struct.pack("<Q", 12) + b"\x95" + struct.pack("<Q", 1) + b"NN0"),
    "a storage outside the file": top(code(PersistentId(("storage", "x", "0", "cpu", 4)))),
    "an ordered dictionary of numbers": pickle(Call("collections", "OrderedDict", ([1, 2],))),
    "an ordered dictionary of triples": pickle(Call("collections", "OrderedDict", ([(1, 2, 3)],))),
    "a set of a number": pickle(Call("builtins", "set", (5,))),
    # Tensors.
    "stride 0": with_tensor(tensor(GOOD, size=(6, 6), stride=(0, 1))),
    "all strides 0": with_tensor(tensor(GOOD, size=(160_000, 160_000), stride=(0, 0))),
    "overlapping strides": with_tensor(tensor(GOOD, size=(3, 3), stride=(1, 1))),
    "nearly overlapping strides": with_tensor(tensor(GOOD, size=(2, 3), stride=(2, 1))),
    "a negative stride": with_tensor(tensor(GOOD, offset=5, size=(6,), stride=(-1,))),
    "a negative offset": with_tensor(tensor(GOOD, offset=-1)),
    "an offset beyond": with_tensor(tensor(GOOD, offset=1)),
    "an offset of 2^62": with_tensor(tensor(GOOD, offset=1 << 62)),
    "a size beyond": with_tensor(tensor(GOOD, size=(2, 4), stride=(4, 1))),
    "a size of 2^62": with_tensor(tensor(GOOD, size=(1 << 62,), stride=(1,))),
    "sizes whose product wraps": with_tensor(tensor(GOOD, size=(1 << 32, 1 << 32), stride=(1, 1))),
    "a negative size": with_tensor(tensor(GOOD, size=(-2, 3))),
    "more sizes than strides": with_tensor(tensor(GOOD, size=(2, 3), stride=(1,))),
    "rank nine": with_tensor(tensor(GOOD, size=(1,) * 9, stride=(1,) * 9)),
    "rank of thousands": with_tensor(tensor(GOOD, size=(1,) * 5000, stride=(1,) * 5000)),
    "a size that is a boolean": with_tensor(tensor(GOOD, size=(True, 3))),
    "a size that is a fraction": with_tensor(tensor(GOOD, size=(2.0, 3))),
    "a size that is a text": with_tensor(tensor(GOOD, size="23")),
    "a tensor as a storage": with_tensor(tensor(GOOD, held=tensor(GOOD))),
    "a text as a storage": with_tensor(tensor(GOOD, held="storage")),
    "a tensor of three parts": with_tensor(Call("torch._utils", "_rebuild_tensor_v2", (FLOATS, 0, (6,)))),
    "a parameter of a text": with_tensor(Call("torch._utils", "_rebuild_parameter", ("x", False, {}))),
    "weights that are a text": with_tensor("weights"),
    "weights that are an array": with_tensor(np.zeros(7, np.float32)),
    "whole numbers as weights": with_tensor(torch.arange(7)),
    # Streams of storages.
    "an empty storage": load(b""),
    "a storage of the wrong magic": load(BLOB.replace(b"\x6c\xfc\x9c", b"\x6c\xfc\x9d", 1)),
    "a storage cut off": load(BLOB[:-1]),
    "a storage without data": load(BLOB[:-24]),
    "a storage with more data": load(BLOB + b"\0"),
    "a storage of other length": load(BLOB[:-32] + struct.pack("<q", 5) + BLOB[-24:]),
    "a storage of negative length": load(BLOB[:-32] + struct.pack("<q", -6) + BLOB[-24:]),
    "a storage of 2^62": load(BLOB[:-32] + struct.pack("<q", 1 << 62) + BLOB[-24:]),
    "a storage whose object is no storage": load(legacy_bytes({"a": 1})),
    # Arrays.
    "an array larger than its bytes": pickle(
        Raw(
            code(Call("numpy.core.multiarray", "_reconstruct", (Name("numpy", "ndarray"), (0,), b"b")))
            + code((1, (1 << 20, 1 << 20), dtype_of("f4"), False, b"1234"))
            + b"b"
        )
    ),
    "an array built twice": pickle(
        Raw(code(array(np.zeros(2, np.float32))) + code((1, (1,), dtype_of("f4"), False, b"1234")) + b"b")
    ),
    "an array of another class": pickle(
        Call("numpy.core.multiarray", "_reconstruct", (Name("numpy", "dtype"), (0,), b"b"))
    ),
    "a scalar of three bytes": pickle(Call("numpy.core.multiarray", "scalar", (dtype_of("f4"), b"123"))),
    "a scalar of no type": pickle(Call("numpy.core.multiarray", "scalar", ("f4", b"1234"))),
    "an array from a lying buffer": pickle(
        Call("numpy._core.numeric", "_frombuffer", (b"1234", dtype_of("f8"), (1,), "C"))
    ),
    "a dtype with fields": pickle(
        Raw(
            code(Call("numpy", "dtype", ("f4", False, True)))
            + code((3, "<", None, ("a",), {}, 8, 1, 0))
            + b"b"
        )
    ),
    # Persistent objects and networks.
    "a persistent text": pickle(Call("torch_utils.persistence", "_reconstruct_persistent_obj", ("x",))),
    "a persistent object without state": pickle(
        Call(
            "torch_utils.persistence",
            "_reconstruct_persistent_obj",
            ({"type": "class", "version": 6, "class_name": "Generator"},),
        )
    ),
    "a persistent function": pickle(
        Call("torch_utils.persistence", "_reconstruct_persistent_obj", ({"type": "func", "version": 6},))
    ),
    "variables that are texts": pickle(
        (Make("dnnlib.tflib.network", "Network", {"name": "Gs", "variables": [("w", "x")]}),)
    ),
    "a TensorFlow network of nothing": pickle((Make("dnnlib.tflib.network", "Network"),)),
}

UNSUPPORTED: dict[str, bytes] = {
    "an empty dictionary": pickle({}),
    "a number": pickle(5),
    "texts": pickle(["a", "b"]),
    "a discriminator of StyleGAN-XL": pickle(
        {"D": Make("pg_modules.discriminator", "ProjectedDiscriminator", {"a": 1})}
    ),
    "a backbone of StyleGAN-XL": pickle({"D": Make("timm.models.efficientnet", "EfficientNet", {"a": 1})}),
    "a Progressive GAN": pickle(Make("tfutil", "Network", {"version": 2})),
    "complex numbers": load(BLOB.replace(b"torch\nFloatStorage", b"torch\nComplexFloatStorage")),
    "a discriminator alone": pickle({"D": generator_module()}),
    "another network of the same makers": pickle(
        {"G_ema": Module("TriPlaneGenerator", parameters={"weight": torch.zeros(3)})}
    ),
    "a memo far out, of nothing bad": top(b"Nr\xff\xff\xff\x07"),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_what_tries_something_is_unsafe(name: str, tmp_path: Path) -> None:
    refuse(UNSAFE[name], UnsafeCheckpointError, tmp_path)


@pytest.mark.parametrize("name", CORRUPT)
def test_what_cannot_be_is_corrupt(name: str, tmp_path: Path) -> None:
    refuse(CORRUPT[name], CorruptCheckpointError, tmp_path)


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_is_honest_but_foreign_is_unsupported(name: str, tmp_path: Path) -> None:
    refuse(UNSUPPORTED[name], UnsupportedCheckpointError, tmp_path)


def spoiled(change: Callable[[dict[str, torch.Tensor]], None]) -> bytes:
    tensors = network_tensors()
    change(tensors)
    return snapshot(tensors)


def without(name: str) -> bytes:
    return spoiled(lambda tensors: tensors.pop(name))


def instead(name: str, value: torch.Tensor) -> bytes:
    return spoiled(lambda tensors: tensors.update({name: value}))


MISSHAPEN = {
    "no average": without("mapping.w_avg"),
    "no constant": without("synthesis.b4.const"),
    "no last layer": without("synthesis.b8.conv1.weight"),
    "no style": without("synthesis.b8.conv0.affine.bias"),
    "no colours": without("synthesis.b8.torgb.weight"),
    "noise without strength": without("synthesis.b8.conv0.noise_strength"),
    "a mapping of other width": instead("mapping.fc1.weight", torch.zeros(9, 7)),
    "an average of other width": instead("mapping.w_avg", torch.zeros(9)),
    "an infinite average": instead("mapping.w_avg", torch.full((7,), torch.inf)),
    "layers that do not fit": instead("synthesis.b8.conv0.weight", torch.zeros(4, 5, 3, 3)),
    "kernels of five": instead("synthesis.b8.conv1.weight", torch.zeros(4, 4, 5, 5)),
    "noise of other size": instead("synthesis.b8.conv1.noise_const", torch.zeros(4, 4)),
    "an empty axis": instead("synthesis.b8.torgb.weight", torch.zeros(0, 4, 1, 1)),
    "a block left out": snapshot(
        {name: value for name, value in network_tensors(16).items() if ".b8." not in name}
    ),
    "a claim of other z": snapshot(z_dim=512),
    "a claim of other rows": snapshot(num_ws=18),
    "a claim of another kind": snapshot(img_resolution="8"),
}


@pytest.mark.parametrize("name", MISSHAPEN)
def test_tensors_that_make_no_network(name: str, tmp_path: Path) -> None:
    refuse(MISSHAPEN[name], CorruptCheckpointError, tmp_path)


@pytest.mark.parametrize("size", [(4, 2), (9000, 4), (4, 9000)])
def test_a_constant_that_does_not_fit(size: tuple[int, int], tmp_path: Path) -> None:
    refuse(instead("synthesis.b4.const", torch.zeros(6, *size)), CorruptCheckpointError, tmp_path)


def test_a_constant_that_every_block_would_double_beyond_all_bounds(tmp_path: Path) -> None:
    tensors = network_tensors(64, channels=dict.fromkeys((4, 8, 16, 32, 64), 2))
    data = snapshot(tensors | {"synthesis.b4.const": torch.zeros(2, 600, 600)})
    assert "5 blocks" in refuse(data, CorruptCheckpointError, tmp_path)


def test_tensors_that_share_bytes_cannot_outgrow_the_file(tmp_path: Path) -> None:
    """A mapping of many layers that fit each other, all of them the same stored bytes."""
    tensors = network_tensors()
    root = generator_module({name: value for name, value in tensors.items() if ".fc" not in name})
    layers = root.modules["mapping"].modules
    layers["fc0"] = Module("fc", parameters={"weight": torch.zeros(7, 5), "bias": torch.zeros(7)})
    layers["fc1"] = Module("fc", parameters={"weight": Raw(b"h\x05"), "bias": Raw(b"h\x06")})
    for index in range(2, 300):
        layers[f"fc{index}"] = layers["fc1"]
    shared = code(tensor(torch.zeros(7, 7))) + b"q\x050" + code(tensor(torch.zeros(7))) + b"q\x060"
    small = b"\x80\x04" + shared + code({"G_ema": root}) + b"."
    (tmp_path / "small.pkl").write_bytes(small)
    assert len(read_checkpoint(tmp_path / "small.pkl").tensors) > 600

    tensors = network_tensors(8, channels={4: 6, 8: 4}, w_dim=400)
    root = generator_module({name: value for name, value in tensors.items() if ".fc" not in name})
    layers = root.modules["mapping"].modules
    layers["fc0"] = Module("fc", parameters={"weight": torch.zeros(400, 5), "bias": torch.zeros(400)})
    layers["fc1"] = Module("fc", parameters={"weight": Raw(b"h\x05"), "bias": Raw(b"h\x06")})
    for index in range(2, 300):
        layers[f"fc{index}"] = layers["fc1"]
    shared = code(tensor(torch.zeros(400, 400))) + b"q\x050" + code(tensor(torch.zeros(400))) + b"q\x060"
    message = refuse(b"\x80\x04" + shared + code({"G_ema": root}) + b".", CorruptCheckpointError, tmp_path)
    assert "more bytes than the file has" in message


def test_every_cut_is_refused(tmp_path: Path) -> None:
    data = snapshot()
    for length in range(1, len(data), 37):
        refuse(data[:length], CorruptCheckpointError, tmp_path)


def test_hostile_names_are_shown_harmlessly(tmp_path: Path) -> None:
    message = refuse(pickle(Call("os\x1b[2J\n", "system\u202e" + "x" * 300)), UnsafeCheckpointError, tmp_path)
    assert "\x1b" not in message
    assert "\u202e" not in message


BOMBS = {
    "groups": b"\x80\x04" + b"(" * 2_000_000,
    "lists on the stack": b"\x80\x04" + b"]" * 2_000_000,
    "lists within lists": b"\x80\x04" + b"]" * 2_000_000 + b"a" * 1_999_999 + b".",
    "tuples within tuples": b"\x80\x04N" + b"\x85" * 2_000_000 + b".",
    "opcodes without end": b"\x80\x04" + b"N0" * MAX_OPCODES + b"N.",
    "memo entries": b"\x80\x04" + b"]\x940" * 2_000_000 + b"N.",
    "memo far out": b"\x80\x04N"
    + b"".join(b"r" + struct.pack("<I", n) for n in range(1 << 31, (1 << 31) + 1000)),
    "a billion laughs": b"\x80\x04](NNNNNNNNNNe\x94"
    + b"".join(b"0](" + bytes([0x68, n]) * 10 + b"e\x94" for n in range(60))
    + b".",
    "sharing modules": b"\x80\x04"
    + code(Module("Leaf", parameters={"weight": torch.zeros(1)}))
    + b"q\x000"
    + b"".join(
        code(Module("Pair", modules={"a": Raw(bytes([0x68, n])), "b": Raw(bytes([0x68, n]))}))
        + bytes([0x71, n + 1])
        + b"0"
        for n in range(14)
    )
    + code({"G_ema": Raw(b"h\x0e")})
    + b".",
    "text, again and again": b"\x80\x04"
    + (b"X" + struct.pack("<I", 1 << 20) + b"a" * (1 << 20) + b"0") * 100
    + b"N.",
    "keys": b"\x80\x04}(" + b"".join(b"J" + struct.pack("<i", n) + b"N" for n in range(30_000)) + b"u" + b".",
    "keys that collide": b"\x80\x04}("
    + b"".join(b"\x8a\x10" + (n * ((1 << 61) - 1)).to_bytes(16, "little") + b"N" for n in range(30_000))
    + b"u.",
    "storages of the same bytes": b"\x80\x04"
    + code(BLOB)
    + b"q\x000"
    + code(Name("torch.storage", "_load_from_bytes"))
    + b"q\x010"
    + b"h\x01h\x00\x85R0" * 50_000
    + b"N.",
}


def test_bombs_do_not_go_off(tmp_path: Path) -> None:
    good = tmp_path / "good.pkl"
    good.write_bytes(snapshot())
    files = []
    for name, data in BOMBS.items():
        files.append(tmp_path / f"{name}.pkl")
        files[-1].write_bytes(data)
    report = read_guarded(good, files, tmp_path)
    assert report.heard == []
    assert report.grown_kb < 1 << 20
    for file in files:
        answer = report.answers[file.name]
        assert answer.kind.endswith("CheckpointError"), (file.name, answer)
        assert answer.cause == "None", (file.name, answer)
        assert answer.seconds < 5, (file.name, answer)
