"""A pickle stream, followed opcode by opcode, with nothing behind the opcodes.

The machine knows exactly the opcodes that generator files use. A global is
compared with a table of allowed names and becomes the table's entry; it is
never looked up, imported or called. REDUCE and NEWOBJ hand plain arguments to
a function of ours that makes an inert value (`allow_list`), BUILD fills such a
value once. Everything else is refused, at the byte where it stands.

Following the stream, rather than searching it for names, is what makes memo
tricks harmless: a name fetched from the memo is the name that is compared.

References
----------
Python documentation, `pickletools`: the meaning of each opcode.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from explorer.checkpoints.values import Bag, Blob, Impossible
from explorer.errors import CorruptCheckpointError, UnsafeCheckpointError, UnsupportedCheckpointError

# Bounds far above any honest file (a 1024-pixel snapshot of three networks has
# some 60,000 opcodes, a stack of 2,000 and 20,000 memo entries) and low enough
# that the worst file costs about a second and 200 MB.
MAX_OPCODES = 1_000_000
MAX_STACK = 65_536
MAX_MARKS = 1_000
MAX_MEMO = 500_000
MAX_TEXT_BYTES = 64 << 20
MAX_INTEGER_BYTES = 16
MAX_NAME_LENGTH = 256
MAX_SECONDS = 20.0


@dataclass(frozen=True)
class Meaning:
    """What an allowed global stands for, and the ways it may be used."""

    name: str
    call: Callable[[tuple[Any, ...], PickleMachine], Any] | None = None
    """REDUCE: makes a value from the arguments."""
    make: Callable[[tuple[Any, ...], PickleMachine], Any] | None = None
    """NEWOBJ: makes an empty value, to be filled by BUILD or SETITEMS."""
    element: str | None = None
    """Storage classes: their element type."""


Names = Mapping[tuple[str, str], Meaning]


@dataclass
class Budget:
    """What one file may cost in all, nested streams included."""

    opcodes: int = MAX_OPCODES
    text_bytes: int = MAX_TEXT_BYTES
    deadline: float = field(default_factory=lambda: time.monotonic() + MAX_SECONDS)
    globals: set[str] = field(default_factory=set)


class PickleMachine:
    """Reads one pickle from `start` to its STOP.

    Parameters
    ----------
    path : for messages
    buffer : the bytes; positions in messages count from its start
    start, stop : where the stream lies; it may end before `stop`
    names : globals allowed at this level
    foreign : globals that mark an honest file of another kind, with a word for it
    budget : shared by all streams of a file
    persistent : makes a value of a persistent id; None where there are none
    """

    def __init__(
        self,
        path: str,
        buffer: memoryview,
        start: int,
        stop: int,
        names: Names,
        budget: Budget,
        persistent: Callable[[Any], Any] | None = None,
        foreign: Mapping[tuple[str, str], str] | None = None,
    ) -> None:
        self.path = path
        self.buffer = buffer
        self.position = start
        self.stop = stop
        self.names = names
        self.budget = budget
        self.persistent = persistent
        self.foreign = foreign or {}
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.frame_end = start
        self.opcode_at = start

    def run(self) -> Any:
        """Follow the stream to STOP and return its one value; `position` is then behind it.

        Raises
        ------
        UnsafeCheckpointError, UnsupportedCheckpointError, CorruptCheckpointError
        """
        budget = self.budget
        try:
            while True:
                self.opcode_at = self.position
                code = self.buffer[self._take(1)]
                if code == _STOP:
                    return self._finish()
                handler = _OPCODES.get(code)
                if handler is None:
                    raise self._refuse_opcode(code)
                handler(self)
                budget.opcodes -= 1
                if len(self.stack) > MAX_STACK or len(self.memo) > MAX_MEMO or budget.opcodes < 0:
                    raise self.unsafe("is built to exhaust its reader: far more parts than any generator has")
                if budget.opcodes & 0xFFF == 0 and time.monotonic() > budget.deadline:
                    raise self.unsafe(f"is built to exhaust its reader: over {MAX_SECONDS:.0f} s of opcodes")
        except Impossible as error:
            raise self.corrupt(f"states what cannot be: {error}") from None

    # Refusals: what, and where.

    def unsafe(self, what: str) -> UnsafeCheckpointError:
        """The error for a file that tries to do something."""
        return UnsafeCheckpointError(
            f"{self.path}: refused, and nothing in it was run. The file {what} {self._at()}"
        )

    def corrupt(self, what: str) -> CorruptCheckpointError:
        """The error for a file that cannot be right."""
        return CorruptCheckpointError(
            f"{self.path}: damaged or cut off; fetch it again. The file {what} {self._at()}"
        )

    def unsupported(self, what: str) -> UnsupportedCheckpointError:
        """The error for an honest file of another kind."""
        return UnsupportedCheckpointError(
            f"{self.path}: not a generator this version knows. The file {what} {self._at()}"
        )

    def _at(self) -> str:
        return f"(at byte {self.opcode_at})"

    def _refuse_opcode(self, code: int) -> Exception:
        if code in _REFUSED:
            return self.unsafe(f"uses the opcode {_REFUSED[code]}, which no generator file needs")
        return self.corrupt(f"has the unknown opcode 0x{code:02x}")

    # Reading bytes and moving values.

    def _take(self, count: int) -> int:
        """Position of the next `count` bytes, after stepping over them."""
        begin = self.position
        if count > self.stop - begin:
            raise self.corrupt("ends in the middle of a value")
        self.position = begin + count
        return begin

    def _unpack(self, form: struct.Struct) -> Any:
        return form.unpack_from(self.buffer, self._take(form.size))[0]

    def _text(self, length: int, encoding: str = "utf-8") -> str:
        begin = self._take(length)
        self.spend_text(length)
        try:
            return bytes(self.buffer[begin : begin + length]).decode(encoding)
        except UnicodeDecodeError:
            raise self.corrupt("holds a text that is not UTF-8") from None

    def spend_text(self, length: int) -> None:
        """Count decoded text against the budget; weights never come as text, save in very old files."""
        self.budget.text_bytes -= length
        if self.budget.text_bytes < 0:
            raise self.unsafe(f"is built to exhaust its reader: over {MAX_TEXT_BYTES >> 20} MB of text")

    def _line(self) -> str:
        """Text up to the next newline, as GLOBAL writes its two names."""
        begin = self.position
        limit = min(self.stop, begin + MAX_NAME_LENGTH + 1)
        end = bytes(self.buffer[begin:limit]).find(b"\n")
        if end < 0:
            raise self.corrupt("holds a name without an end")
        self.position = begin + end + 1
        try:
            return bytes(self.buffer[begin : begin + end]).decode("ascii")
        except UnicodeDecodeError:
            raise self.corrupt("holds a name that is not ASCII") from None

    def _blob(self, length: int) -> Blob:
        begin = self._take(length)
        return Blob(self.buffer, begin, begin + length)

    def _pop(self) -> Any:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise self.corrupt("takes a value where there is none")
        return self.stack.pop()

    def _top(self) -> Any:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise self.corrupt("uses a value where there is none")
        return self.stack[-1]

    def _pop_mark(self) -> list[Any]:
        if not self.marks:
            raise self.corrupt("closes a group it never opened")
        begin = self.marks.pop()
        items = self.stack[begin:]
        del self.stack[begin:]
        return items

    def _finish(self) -> Any:
        if len(self.stack) != 1 or self.marks:
            raise self.corrupt("stops with values left over or missing")
        return self.stack.pop()

    # Opcodes, in the order of the pickle documentation.

    def _op_proto(self) -> None:
        version = self.buffer[self._take(1)]
        if version > 5:
            raise self.corrupt(f"claims pickle protocol {version}; there are five")

    def _op_frame(self) -> None:
        length = self._unpack(_UINT64)
        # Readers differ on frames that lie; an honest writer's never nest or overrun.
        if self.opcode_at < self.frame_end or length > self.stop - self.position:
            raise self.corrupt(f"claims a frame of {length} bytes that does not fit")
        self.frame_end = self.position + length

    def _op_mark(self) -> None:
        if len(self.marks) >= MAX_MARKS:
            raise self.unsafe(f"is built to exhaust its reader: groups nested over {MAX_MARKS} deep")
        self.marks.append(len(self.stack))

    def _op_pop(self) -> None:
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self._pop()

    def _op_pop_mark(self) -> None:
        self._pop_mark()

    def _op_bytes8(self) -> None:
        self.stack.append(self._blob(self._unpack(_UINT64)))

    def _op_bytes4(self) -> None:
        self.stack.append(self._blob(self._unpack(_UINT32)))

    def _op_bytes1(self) -> None:
        self.stack.append(self._blob(self._unpack(_UINT8)))

    def _op_text8(self) -> None:
        self.stack.append(self._text(self._unpack(_UINT64)))

    def _op_text4(self) -> None:
        self.stack.append(self._text(self._unpack(_UINT32)))

    def _op_text1(self) -> None:
        self.stack.append(self._text(self._unpack(_UINT8)))

    def _op_old_text4(self) -> None:
        """Python 2 strings serve as text and as bytes; short ones are names."""
        self._old_text(self._unpack(_INT32))

    def _op_old_text1(self) -> None:
        self._old_text(self._unpack(_UINT8))

    def _old_text(self, length: int) -> None:
        if length < 0:
            raise self.corrupt("holds a text of negative length")
        self.stack.append(self._text(length, "latin-1") if length <= MAX_NAME_LENGTH else self._blob(length))

    def _op_int4(self) -> None:
        self.stack.append(self._unpack(_INT32))

    def _op_int2(self) -> None:
        self.stack.append(self._unpack(_UINT16))

    def _op_int1(self) -> None:
        self.stack.append(self._unpack(_UINT8))

    def _op_long1(self) -> None:
        self._long(self._unpack(_UINT8))

    def _op_long4(self) -> None:
        self._long(self._unpack(_INT32))

    def _long(self, length: int) -> None:
        if not 0 <= length <= MAX_INTEGER_BYTES:
            raise self.corrupt(f"holds a whole number of {length} bytes")
        begin = self._take(length)
        self.stack.append(int.from_bytes(self.buffer[begin : begin + length], "little", signed=True))

    def _op_float(self) -> None:
        self.stack.append(self._unpack(_FLOAT64))

    def _op_tuple(self) -> None:
        self.stack.append(tuple(self._pop_mark()))

    def _op_tuple1(self) -> None:
        self.stack.append((self._pop(),))

    def _op_tuple2(self) -> None:
        second = self._pop()
        self.stack.append((self._pop(), second))

    def _op_tuple3(self) -> None:
        third, second = self._pop(), self._pop()
        self.stack.append((self._pop(), second, third))

    def _op_append(self) -> None:
        item = self._pop()
        self._extend([item], list)

    def _op_appends(self) -> None:
        self._extend(self._pop_mark(), list)

    def _op_additems(self) -> None:
        self._extend(self._pop_mark(), Bag)

    def _extend(self, items: list[Any], kind: type[list[Any]]) -> None:
        target = self._top()
        if type(target) is not kind:
            raise self.corrupt("adds items to what is no list or set")
        target.extend(items)

    def _op_frozenset(self) -> None:
        self.stack.append(Bag(self._pop_mark()))

    def _op_setitem(self) -> None:
        value, key = self._pop(), self._pop()
        self._set_items([key, value])

    def _op_setitems(self) -> None:
        self._set_items(self._pop_mark())

    def _set_items(self, items: list[Any]) -> None:
        target = self._top()
        if not isinstance(target, dict) or len(items) % 2:
            raise self.corrupt("sets items of what is no dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            self.check_key(key)
            target[key] = value

    def check_key(self, key: object) -> None:
        """Keys are scalars: their hash costs nothing and runs nothing."""
        if not isinstance(key, str | int | float | None):
            raise self.corrupt("uses as a key what is neither text nor number")

    def _op_put1(self) -> None:
        self.memo[self._unpack(_UINT8)] = self._top()

    def _op_put4(self) -> None:
        self.memo[self._unpack(_UINT32)] = self._top()

    def _op_memoize(self) -> None:
        self.memo[len(self.memo)] = self._top()

    def _op_get1(self) -> None:
        self._get(self._unpack(_UINT8))

    def _op_get4(self) -> None:
        self._get(self._unpack(_UINT32))

    def _get(self, index: int) -> None:
        if index not in self.memo:
            raise self.corrupt(f"refers to part {index}, which it never stated")
        self.stack.append(self.memo[index])

    def _op_global(self) -> None:
        module = self._line()
        self._push_global(module, self._line())

    def _op_stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        if type(module) is not str or type(name) is not str:
            raise self.corrupt("names a global by what is no text")
        self._push_global(module, name)

    def _push_global(self, module: str, name: str) -> None:
        meaning = self.names.get((module, name))
        shown = f"{module[:80]}.{name[:80]}"
        if meaning is None:
            if (module, name) in self.foreign:
                raise self.unsupported(f"is {self.foreign[module, name]} (it names {shown})")
            raise self.unsafe(
                f"names {ascii(shown)[1:-1]}, which is not on the list of what generators consist of"
            )
        self.budget.globals.add(shown)
        self.stack.append(meaning)

    def _op_reduce(self) -> None:
        arguments, function = self._pop(), self._pop()
        self._use(function, arguments, "call")

    def _op_newobj(self) -> None:
        arguments, function = self._pop(), self._pop()
        self._use(function, arguments, "make")

    def _op_newobj_ex(self) -> None:
        keywords, arguments, function = self._pop(), self._pop(), self._pop()
        if not isinstance(keywords, dict) or keywords:
            raise self.unsafe("makes an object with keyword arguments, which no generator file does")
        self._use(function, arguments, "make")

    def _use(self, function: object, arguments: object, way: str) -> None:
        if not isinstance(function, Meaning) or not isinstance(arguments, tuple):
            raise self.corrupt("calls what is no function")
        maker = function.call if way == "call" else function.make
        if maker is None:
            raise self.unsafe(f"calls {function.name}, which generator files only mention")
        self.stack.append(maker(arguments, self))

    def _op_build(self) -> None:
        state, target = self._pop(), self._top()
        build = getattr(type(target), "build", None)
        if build is None:
            raise self.corrupt("sets the state of what has none")
        build(target, state)

    def _op_binpersid(self) -> None:
        if self.persistent is None:
            raise self.corrupt("refers to a storage outside itself")
        self.stack.append(self.persistent(self._pop()))


def _push(value: Any) -> Callable[[PickleMachine], None]:
    def op(machine: PickleMachine) -> None:
        machine.stack.append(value)

    return op


def _push_new(kind: type) -> Callable[[PickleMachine], None]:
    def op(machine: PickleMachine) -> None:
        machine.stack.append(kind())

    return op


_UINT8, _UINT16, _UINT32, _UINT64 = (struct.Struct("<" + code) for code in "BHIQ")
_INT32 = struct.Struct("<i")
_FLOAT64 = struct.Struct(">d")

_STOP = ord(".")
_OPCODES: dict[int, Callable[[PickleMachine], None]] = {
    0x80: PickleMachine._op_proto,
    0x95: PickleMachine._op_frame,
    ord("("): PickleMachine._op_mark,
    ord("0"): PickleMachine._op_pop,
    ord("1"): PickleMachine._op_pop_mark,
    ord("N"): _push(None),
    0x88: _push(True),
    0x89: _push(False),
    ord("J"): PickleMachine._op_int4,
    ord("M"): PickleMachine._op_int2,
    ord("K"): PickleMachine._op_int1,
    0x8A: PickleMachine._op_long1,
    0x8B: PickleMachine._op_long4,
    ord("G"): PickleMachine._op_float,
    ord("X"): PickleMachine._op_text4,
    0x8C: PickleMachine._op_text1,
    0x8D: PickleMachine._op_text8,
    ord("T"): PickleMachine._op_old_text4,
    ord("U"): PickleMachine._op_old_text1,
    ord("B"): PickleMachine._op_bytes4,
    ord("C"): PickleMachine._op_bytes1,
    0x8E: PickleMachine._op_bytes8,
    0x96: PickleMachine._op_bytes8,  # BYTEARRAY8: protocol 5 writes arrays so
    ord("}"): _push_new(dict),
    ord("]"): _push_new(list),
    ord(")"): _push(()),
    0x8F: _push_new(Bag),
    ord("t"): PickleMachine._op_tuple,
    0x85: PickleMachine._op_tuple1,
    0x86: PickleMachine._op_tuple2,
    0x87: PickleMachine._op_tuple3,
    ord("a"): PickleMachine._op_append,
    ord("e"): PickleMachine._op_appends,
    ord("s"): PickleMachine._op_setitem,
    ord("u"): PickleMachine._op_setitems,
    0x90: PickleMachine._op_additems,
    0x91: PickleMachine._op_frozenset,
    ord("q"): PickleMachine._op_put1,
    ord("r"): PickleMachine._op_put4,
    0x94: PickleMachine._op_memoize,
    ord("h"): PickleMachine._op_get1,
    ord("j"): PickleMachine._op_get4,
    ord("c"): PickleMachine._op_global,
    0x93: PickleMachine._op_stack_global,
    ord("R"): PickleMachine._op_reduce,
    0x81: PickleMachine._op_newobj,
    0x92: PickleMachine._op_newobj_ex,
    ord("b"): PickleMachine._op_build,
    ord("Q"): PickleMachine._op_binpersid,
}

# Known to pickle and to no generator: ways to call, registries outside the
# file, and the text forms of protocol 0, of which each reader has its own idea.
_REFUSED = {
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
