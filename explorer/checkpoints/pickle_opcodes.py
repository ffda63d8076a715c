"""What each opcode does to a `PickleMachine`, and which opcodes there are.

The list is what generator files use. Ways to call that bypass the table of
names, registries outside the file and the text forms of protocol 0 are known
by name only, to be refused.

References
----------
Python documentation, `pickletools`: the meaning of each opcode.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from explorer.checkpoints.values import Bag, Inert, Meaning

if TYPE_CHECKING:
    from explorer.checkpoints.pickle_machine import PickleMachine

MAX_MARKS = 1_000
MAX_INTEGER_BYTES = 16
MAX_NAME_LENGTH = 256

_UINT16, _UINT32, _UINT64 = (struct.Struct("<" + code) for code in "HIQ")
_INT32 = struct.Struct("<i")
_FLOAT64 = struct.Struct(">d")


def _proto(machine: PickleMachine) -> None:
    version = machine.byte()
    if version > 5:
        raise machine.corrupt(f"claims pickle protocol {version}; there are five")


def _frame(machine: PickleMachine) -> None:
    length = machine.unpack(_UINT64)
    # Readers differ on frames that lie; an honest writer's never nest or overrun.
    if machine.opcode_at < machine.frame_end or length > machine.stop - machine.position:
        raise machine.corrupt(f"claims a frame of {length} bytes that does not fit")
    machine.frame_end = machine.position + length


def _mark(machine: PickleMachine) -> None:
    if len(machine.marks) >= MAX_MARKS:
        raise machine.unsafe(f"is built to exhaust its reader: groups nested over {MAX_MARKS} deep")
    machine.marks.append(len(machine.stack))


def _pop(machine: PickleMachine) -> None:
    if machine.marks and machine.marks[-1] == len(machine.stack):
        machine.marks.pop()
    else:
        machine.pop()


def _pop_mark(machine: PickleMachine) -> None:
    machine.pop_mark()


def _bytes8(machine: PickleMachine) -> None:
    machine.stack.append(machine.blob(machine.unpack(_UINT64)))


def _bytes4(machine: PickleMachine) -> None:
    machine.stack.append(machine.blob(machine.unpack(_UINT32)))


def _bytes1(machine: PickleMachine) -> None:
    machine.stack.append(machine.blob(machine.byte()))


def _text8(machine: PickleMachine) -> None:
    machine.stack.append(machine.text(machine.unpack(_UINT64)))


def _text4(machine: PickleMachine) -> None:
    machine.stack.append(machine.text(machine.unpack(_UINT32)))


def _text1(machine: PickleMachine) -> None:
    machine.stack.append(machine.text(machine.byte()))


def _old_text4(machine: PickleMachine) -> None:
    """Python 2 strings serve as text and as bytes; short ones are names."""
    _old_text(machine, machine.unpack(_INT32))


def _old_text1(machine: PickleMachine) -> None:
    _old_text(machine, machine.byte())


def _old_text(machine: PickleMachine, length: int) -> None:
    if length < 0:
        raise machine.corrupt("holds a text of negative length")
    machine.stack.append(
        machine.text(length, "latin-1") if length <= MAX_NAME_LENGTH else machine.blob(length)
    )


def _int4(machine: PickleMachine) -> None:
    machine.stack.append(machine.unpack(_INT32))


def _int2(machine: PickleMachine) -> None:
    machine.stack.append(machine.unpack(_UINT16))


def _int1(machine: PickleMachine) -> None:
    machine.stack.append(machine.byte())


def _long1(machine: PickleMachine) -> None:
    _long(machine, machine.byte())


def _long4(machine: PickleMachine) -> None:
    _long(machine, machine.unpack(_INT32))


def _long(machine: PickleMachine, length: int) -> None:
    if not 0 <= length <= MAX_INTEGER_BYTES:
        raise machine.corrupt(f"holds a whole number of {length} bytes")
    begin = machine.take(length)
    machine.stack.append(int.from_bytes(machine.buffer[begin : begin + length], "little", signed=True))


def _float(machine: PickleMachine) -> None:
    machine.stack.append(machine.unpack(_FLOAT64))


def _tuple(machine: PickleMachine) -> None:
    machine.stack.append(tuple(machine.pop_mark()))


def _tuple1(machine: PickleMachine) -> None:
    machine.stack.append((machine.pop(),))


def _tuple2(machine: PickleMachine) -> None:
    second = machine.pop()
    machine.stack.append((machine.pop(), second))


def _tuple3(machine: PickleMachine) -> None:
    third, second = machine.pop(), machine.pop()
    machine.stack.append((machine.pop(), second, third))


def _append(machine: PickleMachine) -> None:
    item = machine.pop()
    _extend(machine, [item], list)


def _appends(machine: PickleMachine) -> None:
    _extend(machine, machine.pop_mark(), list)


def _additems(machine: PickleMachine) -> None:
    _extend(machine, machine.pop_mark(), Bag)


def _extend(machine: PickleMachine, items: list[Any], kind: type[list[Any]]) -> None:
    target = machine.top()
    if type(target) is not kind:
        raise machine.corrupt("adds items to what is no list or set")
    target.extend(items)


def _frozenset(machine: PickleMachine) -> None:
    machine.stack.append(Bag(machine.pop_mark()))


def _setitem(machine: PickleMachine) -> None:
    value, key = machine.pop(), machine.pop()
    _set_items(machine, [key, value])


def _setitems(machine: PickleMachine) -> None:
    _set_items(machine, machine.pop_mark())


def _set_items(machine: PickleMachine, items: list[Any]) -> None:
    target = machine.top()
    if not isinstance(target, dict) or len(items) % 2:
        raise machine.corrupt("sets items of what is no dictionary")
    for key, value in zip(items[::2], items[1::2], strict=True):
        machine.check_key(key)
        target[key] = value


def _put1(machine: PickleMachine) -> None:
    machine.memo[machine.byte()] = machine.top()


def _put4(machine: PickleMachine) -> None:
    machine.memo[machine.unpack(_UINT32)] = machine.top()


def _memoize(machine: PickleMachine) -> None:
    machine.memo[len(machine.memo)] = machine.top()


def _get1(machine: PickleMachine) -> None:
    _get(machine, machine.byte())


def _get4(machine: PickleMachine) -> None:
    _get(machine, machine.unpack(_UINT32))


def _get(machine: PickleMachine, index: int) -> None:
    try:
        machine.stack.append(machine.memo[index])
    except KeyError:
        raise machine.corrupt(f"refers to part {index}, which it never stated") from None


def _global(machine: PickleMachine) -> None:
    module = machine.line()
    _push_global(machine, module, machine.line())


def _stack_global(machine: PickleMachine) -> None:
    name, module = machine.pop(), machine.pop()
    if type(module) is not str or type(name) is not str:
        raise machine.corrupt("names a global by what is no text")
    _push_global(machine, module, name)


def _push_global(machine: PickleMachine, module: str, name: str) -> None:
    meaning = machine.names.get((module, name))
    shown = f"{module[:80]}.{name[:80]}"
    if meaning is None:
        kind = machine.foreign(module, name)
        if kind:
            raise machine.unsupported(f"is {kind} (it names {ascii(shown)[1:-1]})")
        raise machine.unsafe(
            f"names {ascii(shown)[1:-1]}, which is not on the list of what generators consist of"
        )
    machine.budget.globals.setdefault(shown, machine.opcode_at)
    machine.stack.append(meaning)


def _reduce(machine: PickleMachine) -> None:
    arguments, function = machine.pop(), machine.pop()
    _use(machine, function, arguments, "call")


def _newobj(machine: PickleMachine) -> None:
    arguments, function = machine.pop(), machine.pop()
    _use(machine, function, arguments, "make")


def _newobj_ex(machine: PickleMachine) -> None:
    keywords, arguments, function = machine.pop(), machine.pop(), machine.pop()
    if not isinstance(keywords, dict) or keywords:
        raise machine.unsafe("makes an object with keyword arguments, which no generator file does")
    _use(machine, function, arguments, "make")


def _use(machine: PickleMachine, function: object, arguments: object, way: str) -> None:
    if isinstance(function, Inert):
        raise machine.unsafe(f"calls what it made of {ascii(function.name)[1:-1]}")
    if not isinstance(function, Meaning) or not isinstance(arguments, tuple):
        raise machine.corrupt("calls what is no function")
    maker = function.call if way == "call" else function.make
    if maker is None:
        raise machine.unsafe(f"calls {function.name}, which generator files only mention")
    machine.stack.append(maker(arguments, machine))


def _build(machine: PickleMachine) -> None:
    state, target = machine.pop(), machine.top()
    build = getattr(type(target), "build", None)
    if build is None:
        raise machine.corrupt("sets the state of what has none")
    build(target, state)


def _binpersid(machine: PickleMachine) -> None:
    if machine.persistent is None:
        raise machine.corrupt("refers to a storage outside itself")
    machine.stack.append(machine.persistent(machine.pop()))


def _push(value: Any) -> Callable[[PickleMachine], None]:
    def op(machine: PickleMachine) -> None:
        machine.stack.append(value)

    return op


def _push_new(kind: type) -> Callable[[PickleMachine], None]:
    def op(machine: PickleMachine) -> None:
        machine.stack.append(kind())

    return op


Handler = Callable[["PickleMachine"], None]

_HANDLERS: dict[int, Handler] = {
    0x80: _proto,
    0x95: _frame,
    ord("("): _mark,
    ord("0"): _pop,
    ord("1"): _pop_mark,
    ord("N"): _push(None),
    0x88: _push(True),
    0x89: _push(False),
    ord("J"): _int4,
    ord("M"): _int2,
    ord("K"): _int1,
    0x8A: _long1,
    0x8B: _long4,
    ord("G"): _float,
    ord("X"): _text4,
    0x8C: _text1,
    0x8D: _text8,
    ord("T"): _old_text4,
    ord("U"): _old_text1,
    ord("B"): _bytes4,
    ord("C"): _bytes1,
    0x8E: _bytes8,
    0x96: _bytes8,  # BYTEARRAY8: protocol 5 writes arrays so
    ord("}"): _push_new(dict),
    ord("]"): _push_new(list),
    ord(")"): _push(()),
    0x8F: _push_new(Bag),
    ord("t"): _tuple,
    0x85: _tuple1,
    0x86: _tuple2,
    0x87: _tuple3,
    ord("a"): _append,
    ord("e"): _appends,
    ord("s"): _setitem,
    ord("u"): _setitems,
    0x90: _additems,
    0x91: _frozenset,
    ord("q"): _put1,
    ord("r"): _put4,
    0x94: _memoize,
    ord("h"): _get1,
    ord("j"): _get4,
    ord("c"): _global,
    0x93: _stack_global,
    ord("R"): _reduce,
    0x81: _newobj,
    0x92: _newobj_ex,
    ord("b"): _build,
    ord("Q"): _binpersid,
}

OPCODES: tuple[Handler | None, ...] = tuple(_HANDLERS.get(code) for code in range(256))
"""By the byte that stands for it; None where generator files never use it."""

# Known to pickle and to no generator: ways to call, registries outside the
# file, and the text forms of protocol 0, of which each reader has its own idea.
REFUSED = {
    ord("i"): "INST",
    ord("o"): "OBJ",
    0x82: "EXT1",
    0x83: "EXT2",
    0x84: "EXT4",
    ord("P"): "PERSID",
    ord("I"): "INT",
    ord("L"): "LONG",
    ord("F"): "FLOAT",
    ord("S"): "STRING",
    ord("V"): "UNICODE",
    ord("p"): "PUT",
    ord("g"): "GET",
    ord("2"): "DUP",
    ord("l"): "LIST",
    ord("d"): "DICT",
    0x97: "NEXT_BUFFER",
    0x98: "READONLY_BUFFER",
}
