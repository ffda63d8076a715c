"""Undo and redo as three lists of values; no inverses to write.

`History` is itself immutable: every operation returns a new one. Undoing n
edits stands on the very object from before them.
"""

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

T = TypeVar("T")

DEFAULT_LIMIT = 500


@dataclass(frozen=True, slots=True)
class _Step(Generic[T]):
    value: T
    """The value to return to when the edit is taken back."""
    name: str
    """What the edit did, for the menu: "Undo Change psi"."""


@dataclass(frozen=True, slots=True)
class History(Generic[T]):
    """A present value with the edits behind and ahead of it.

    A drag is one step: edits with the same `merge` key replace the present
    until `seal` is called or an edit with another key arrives.
    """

    present: T
    past: tuple[_Step[T], ...] = ()
    future: tuple[_Step[T], ...] = ()
    open_merge: str | None = None
    limit: int = DEFAULT_LIMIT
    """Most steps kept; the oldest go first."""

    def edit(self, value: T, name: str, merge: str | None = None) -> "History[T]":
        """Make `value` the present. An edit that changes nothing returns `self`."""
        if value == self.present:
            return self
        if merge is not None and merge == self.open_merge and self.past:
            if value == self.past[-1].value:
                # The hand came back to where the drag began. The step stays, so
                # that the drag may go on, but the first object is restored.
                value = self.past[-1].value
            return replace(self, present=value, future=())
        past = (*self.past, _Step(self.present, name))[-self.limit :]
        return replace(self, present=value, past=past, future=(), open_merge=merge)

    def seal(self) -> "History[T]":
        """End the running drag: the next edit is a step of its own."""
        if self.open_merge is None:
            return self
        sealed = replace(self, open_merge=None)
        if sealed.past and sealed.past[-1].value == sealed.present:
            # The drag ended where it began: there is nothing to undo.
            sealed = replace(sealed, present=sealed.past[-1].value, past=sealed.past[:-1])
        return sealed

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to take back."""
        return bool(self.past)

    @property
    def can_redo(self) -> bool:
        """Whether there is an edit to bring back."""
        return bool(self.future)

    @property
    def undo_name(self) -> str:
        """Name of the edit that `undo` takes back; empty if there is none."""
        return self.past[-1].name if self.past else ""

    @property
    def redo_name(self) -> str:
        """Name of the edit that `redo` brings back; empty if there is none."""
        return self.future[0].name if self.future else ""

    def undo(self) -> "History[T]":
        """Take one edit back; `self` if there is none."""
        if not self.past:
            return self
        last = self.past[-1]
        ahead = (_Step(self.present, last.name), *self.future)
        return replace(self, present=last.value, past=self.past[:-1], future=ahead, open_merge=None)

    def redo(self) -> "History[T]":
        """Bring one edit back; `self` if there is none."""
        if not self.future:
            return self
        first = self.future[0]
        past = (*self.past, _Step(self.present, first.name))
        return replace(self, present=first.value, past=past, future=self.future[1:], open_merge=None)
