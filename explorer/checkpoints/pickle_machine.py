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

from explorer.checkpoints.pickle_opcodes import MAX_NAME_LENGTH, OPCODES, REFUSED
from explorer.checkpoints.values import Blob, Impossible, Meaning
from explorer.errors import CorruptCheckpointError, UnsafeCheckpointError, UnsupportedCheckpointError

# Bounds far above any honest file (a 1024-pixel snapshot of three networks has
# some 60,000 opcodes, a stack of 2,000 and 20,000 memo entries) and low enough
# that the worst file costs about a second and 200 MB.
MAX_OPCODES = 1_000_000
MAX_STACK = 65_536
MAX_MEMO = 500_000
MAX_TEXT_BYTES = 64 << 20
MAX_KEY = 1 << 31
MAX_SECONDS = 20.0

STOP = ord(".")
_BATCH = range(1, 257)


Names = Mapping[tuple[str, str], Meaning]


@dataclass
class Budget:
    """What one file may cost in all, nested streams included."""

    opcodes: int = MAX_OPCODES
    text_bytes: int = MAX_TEXT_BYTES
    deadline: float = field(default_factory=lambda: time.monotonic() + MAX_SECONDS)
    globals: dict[str, int] = field(default_factory=dict)
    """Names it mentions, each with the place where it does so first."""
    preamble: bytes = b""
    """How the latest tensor stream began, once it was found right."""


class PickleMachine:
    """Reads one pickle from `start` to its STOP.

    Parameters
    ----------
    path : for messages
    buffer : the bytes; positions in messages count from its start
    start, stop : where the stream lies; it may end before `stop`
    names : globals allowed at this level
    foreign : tells of a global that is not allowed which honest kind of file it marks, if any
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
        foreign: Callable[[str, str], str | None] = lambda module, name: None,
    ) -> None:
        self.path = path
        self.buffer = buffer
        self.position = start
        self.stop = stop
        self.names = names
        self.budget = budget
        self.persistent = persistent
        self.foreign = foreign
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
        buffer, stop, opcodes, followed = self.buffer, self.stop, OPCODES, 0
        try:
            while True:
                # An opcode adds one value at most, so limits need no look each time.
                for followed in _BATCH:  # noqa: B007 (counted below)
                    self.opcode_at = position = self.position
                    if position >= stop:
                        raise self.corrupt("ends before its STOP")
                    self.position = position + 1
                    code = buffer[position]
                    if code == STOP:
                        return self._finish()
                    handler = opcodes[code]
                    if handler is None:
                        raise self._refuse_opcode(code)
                    handler(self)
                self._spend(followed)
                followed = 0
        except Impossible as error:
            raise self.corrupt(f"states what cannot be: {error}") from None
        finally:
            self.budget.opcodes -= followed

    def _spend(self, opcodes: int) -> None:
        """Count opcodes against the budget of the file, and look at every limit."""
        budget = self.budget
        budget.opcodes -= opcodes
        if len(self.stack) > MAX_STACK or len(self.memo) > MAX_MEMO or budget.opcodes < 0:
            raise self.unsafe("is built to exhaust its reader: far more parts than any generator has")
        if time.monotonic() > budget.deadline:
            raise self.unsafe(f"is built to exhaust its reader: over {MAX_SECONDS:.0f} s of opcodes")

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
        if code in REFUSED:
            return self.unsafe(f"uses the opcode {REFUSED[code]}, which no generator file needs")
        return self.corrupt(f"has the unknown opcode 0x{code:02x}")

    # Reading bytes and moving values.

    def take(self, count: int) -> int:
        """Position of the next `count` bytes, after stepping over them."""
        begin = self.position
        if count > self.stop - begin:
            raise self.corrupt("ends in the middle of a value")
        self.position = begin + count
        return begin

    def byte(self) -> int:
        """The next byte as a number."""
        position = self.position
        if position >= self.stop:
            raise self.corrupt("ends in the middle of a value")
        self.position = position + 1
        return self.buffer[position]

    def unpack(self, form: struct.Struct) -> Any:
        """The next fixed-size number."""
        begin = self.position
        end = begin + form.size
        if end > self.stop:
            raise self.corrupt("ends in the middle of a value")
        self.position = end
        return form.unpack_from(self.buffer, begin)[0]

    def text(self, length: int, encoding: str = "utf-8") -> str:
        """The next `length` bytes as text."""
        begin = self.take(length)
        self.spend_text(length)
        try:
            return str(self.buffer[begin : begin + length], encoding)
        except UnicodeDecodeError:
            raise self.corrupt("holds a text that is not UTF-8") from None

    def spend_text(self, length: int) -> None:
        """Count decoded text against the budget; weights never come as text, save in very old files."""
        self.budget.text_bytes -= length
        if self.budget.text_bytes < 0:
            raise self.unsafe(f"is built to exhaust its reader: over {MAX_TEXT_BYTES >> 20} MB of text")

    def line(self) -> str:
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

    def blob(self, length: int) -> Blob:
        """The next `length` bytes, left where they are."""
        begin = self.take(length)
        return Blob(self.buffer, begin, begin + length)

    def pop(self) -> Any:
        """Take the topmost value off the stack; values below an open group are out of reach."""
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise self.corrupt("takes a value where there is none")
        return self.stack.pop()

    def top(self) -> Any:
        """Look at the topmost value."""
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise self.corrupt("uses a value where there is none")
        return self.stack[-1]

    def pop_mark(self) -> list[Any]:
        """Close the innermost group and take all its values."""
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

    def check_key(self, key: object) -> None:
        """Raise unless a key is a text or a small number: thousands of large ones can be made to collide."""
        is_small = isinstance(key, int) and -MAX_KEY <= key < MAX_KEY
        if not (is_small or key is None or type(key) is str):
            raise self.corrupt("uses as a key what is neither text nor a small number")
