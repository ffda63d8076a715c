"""Directions: one slider for each way through the latent space that is known for this network."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QInputDialog, QLabel, QLineEdit, QMenu, QToolButton, QVBoxLayout, QWidget

from explorer.errors import RecipeError
from explorer.gui.panels.panel import Panel, row_name
from explorer.gui.store import Store
from explorer.gui.widgets.buttons import IconButton, TextButton
from explorer.gui.widgets.direction_details import About
from explorer.gui.widgets.direction_row import KINDS, DirectionRow
from explorer.recipe import Layers, Push, Recipe, direction_edits, edits
from explorer.recipe.notation import format_layers, parse_layers
from explorer.render.model_info import ModelInfo

if TYPE_CHECKING:
    from explorer.latents import Direction

LONG = 8
"""A longer list can be searched."""
AT_ONCE = 3
"""New rows that are made and shown in one go. More are first made one by one, 2 ms each, and then
shown group by group, 4 to 6 ms each, the first 9 as all below moves: in between the window answers."""
ROW_SPACING = 3
LOADING = "Directions appear when the network is loaded."
EMPTY = "No directions are known for this network yet."
PAUSE_MS = 5
"""Between two rows of a long list: time to take a hand's wishes, and to paint."""

Key = tuple[str, int]
"""A direction's name, and the place among the recipe's pushes of that name."""


class DirectionsPanel(Panel):
    """Lists what is known for the network and what the recipe carries, in one.

    Signals
    -------
    wanted_some : find the first ones, without questions.
    wanted(str) : "find", "teach", "import" or "export".
    renamed(str, str) : give the first the second as its name.
    noted(str, str) : give the first the second as its note.
    removed(str) : forget it.
    arranged(list) : names of all that are known in their new order.
    """

    TITLE = "Directions"
    KEY = "directions"

    wanted_some = Signal()
    wanted = Signal(str)
    renamed = Signal(str, str)
    noted = Signal(str, str)
    removed = Signal(str)
    arranged = Signal(object)

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._known: dict[str, Direction] = {}
        self._own: frozenset[str] = frozenset()
        self._tried = ""
        self._info: ModelInfo | None = None
        self.rows: dict[Key, DirectionRow] = {}
        self._made: dict[Key, DirectionRow] = {}  # and not yet shown
        self._bare: DirectionRow | None = None
        """Made last, and not yet dressed."""
        self._count = 0
        self._more = QTimer(self)
        self._more.setSingleShot(True)
        self._more.setInterval(PAUSE_MS)
        self._more.timeout.connect(self._make_more)
        self.search = QLineEdit()
        self.search.setObjectName("direction_search")
        self.search.setPlaceholderText("Search directions…")
        self.search.setAccessibleName("Search directions")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.column.addWidget(self.search)
        self._list = QVBoxLayout()
        self._list.setSpacing(ROW_SPACING)
        # Holds the room of rows still to come, so that what is below moves, and is painted anew, once.
        self._room = QWidget()
        self._room.hide()
        self._list.addWidget(self._room)
        self.column.addLayout(self._list)
        self.hint = QLabel(EMPTY)
        self.hint.setProperty("role", "hint")
        self.hint.setWordWrap(True)
        self.column.addWidget(self.hint)
        self.some = TextButton("Find directions")
        self.some.setObjectName("find_some_button")
        self.some.setToolTip("Look for the ten ways in which the faces of this network differ most")
        self.some.clicked.connect(self.wanted_some)
        self.column.addWidget(self.some)
        self.finder = IconButton("search", "Find directions…")
        self.finder.setObjectName("find_directions_button")
        self.finder.clicked.connect(partial(self._want, "find"))
        self.more = IconButton("more", "Teach, import and export directions")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        for key, text in (
            ("find", "Find directions…"),
            ("teach", "Teach a direction…"),
            ("import", "Import directions…"),
            ("export", "Export directions…"),
        ):
            menu.addAction(text).triggered.connect(partial(self._want, key))
        self.more.setMenu(menu)
        self.reset = IconButton("reset", "Reset directions: go along none")
        self.reset.setObjectName("reset_directions_button")
        self.reset.clicked.connect(self.reset_all)
        self.show_busy(LOADING)
        self._show_state()

    def tools(self) -> tuple[QWidget, ...]:
        """Find, import and export, reset."""
        return (self.finder, self.more, self.reset)

    def why_not(self, info: ModelInfo | None) -> str:
        """Without a network there is nowhere to go."""
        return "" if info is not None else LOADING

    def show_known(self, directions: Sequence["Direction"], own: frozenset[str]) -> None:
        """Take in what is known for the network in use.

        Parameters
        ----------
        own : names that the user keeps, and may rename and remove.
        """
        self._known = {direction.name: direction for direction in directions}
        self._own = own
        self.show_busy()
        self.show_recipe(self.store.recipe, None)

    def show_busy(self, text: str = "") -> None:
        """Say what is going on; nothing where it is over."""
        self.some.setEnabled(not text)
        self.hint.setText(text or EMPTY)

    @property
    def is_complete(self) -> bool:
        """Whether all rows are there."""
        return not self._more.isActive()

    def show_recipe(self, recipe: Recipe, info: ModelInfo | None) -> None:
        """Show the amounts; rows are made anew where there are others, many of them bit by bit."""
        self._show_rows_of(info)
        wanted = self._keys(recipe)
        self._count = len(wanted)
        if list(self.rows) != list(wanted):
            self._build(self._due(wanted))
            self._keep_room(len(wanted) - len(self.rows))
        for key, row in self.rows.items():
            self._show_row(key, row, recipe)
        self.reset.setEnabled(bool(recipe.directions))
        self._show_state()

    def _show_row(self, key: Key, row: DirectionRow, recipe: Recipe) -> None:
        name, place = key
        pushes = direction_edits.pushes_of(recipe, name)
        direction = self._known.get(name)
        push = pushes[place] if place < len(pushes) else Push(name, 0.0)
        own: Layers = "all"
        if push.stored is not None:
            own = push.stored.layers
        elif direction is not None:
            own = direction.layers
        row.show_push(push, own)
        row.show_about(self._about(name, push))

    def _due(self, wanted: dict[Key, str]) -> dict[Key, str]:
        """Of the rows there have to be, those that may be seen now; the others follow by themselves."""
        missing = [key for key in wanted if key not in self.rows]
        if len(missing) <= AT_ONCE:
            return wanted
        is_made = all(key in self._made for key in missing)
        later = {*missing[AT_ONCE if is_made else 0 :]}
        if later:
            self._more.start()
        return {key: kind for key, kind in wanted.items() if key not in later}

    def _keep_room(self, count: int) -> None:
        """Keep room for rows that are not shown yet."""
        some = next(iter(self.rows.values()), None)
        self._room.setVisible(count > 0 and some is not None)
        if count > 0 and some is not None:
            self._room.setFixedHeight(count * (some.sizeHint().height() + ROW_SPACING) - ROW_SPACING)

    def _make_more(self) -> None:
        """Make one row of a long list, or show some once all are made."""
        recipe = self.store.recipe
        wanted = self._keys(recipe)
        missing = [key for key in wanted if key not in self.rows and key not in self._made]
        if self._bare is not None:  # apart from its making: both take the first some 4 ms
            for part in (self._bare, *self._bare.findChildren(QWidget)):
                part.ensurePolished()
            self._bare = None
            self._more.start()
            return
        if missing:
            key = missing[0]
            row = self._made[key] = self._bare = self._new_row(key, wanted[key])
            self._show_row(key, row, recipe)
            self._more.start()
            return
        self.show_recipe(recipe, None)
        if self.is_complete:
            for row in self._made.values():  # of another network, chosen meanwhile
                row.deleteLater()
            self._made.clear()
            self.completed.emit()

    def _about(self, name: str, push: Push) -> About:
        direction = self._known.get(name)
        if direction is None:
            return About(push.stored.kind if push.stored else "", "came with this picture", False, False)
        effects = tuple(direction.effects.items())
        return About(direction.kind, direction.note, name in self._own, True, effects)

    def _show_rows_of(self, info: ModelInfo | None) -> None:
        """Another network may have other rows; what is open shows them."""
        if info is not None and info is not self._info:
            self._info = info
            for row in self.rows.values():
                self._fill(row)

    def _fill(self, row: DirectionRow) -> None:
        """Make the bars of a row that is open."""
        if row.details is not None and self._info is not None:
            num_ws = self._info.num_ws
            zones = edits.zone_rows(num_ws)
            names = [row_name(index, self._info) for index in range(num_ws)]
            row.details.set_rows(names, {zone: zones[zone] for zone in ("coarse", "middle", "fine")})

    def _keys(self, recipe: Recipe) -> dict[Key, str]:
        """Rows there have to be, each with its kind."""
        keys: dict[Key, str] = {}
        for name, direction in self._known.items():
            count = max(len(direction_edits.pushes_of(recipe, name)), 1)
            keys.update({(name, place): direction.kind for place in range(count)})
        seen: dict[str, int] = {}
        for push in recipe.directions:
            if push.name not in self._known:
                place = seen.get(push.name, 0)
                seen[push.name] = place + 1
                keys[(push.name, place)] = push.stored.kind if push.stored else ""
        return keys

    def _build(self, wanted: dict[Key, str]) -> None:
        self._bare = None  # what is shown is dressed by that
        for key in [key for key in self.rows if key not in wanted]:
            row = self.rows.pop(key)
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        rows = {
            key: self.rows.get(key) or self._made.pop(key, None) or self._new_row(key, kind)
            for key, kind in wanted.items()
        }
        for index, row in enumerate(rows.values()):
            if self._list.indexOf(row) != index:
                self._list.removeWidget(row)
                self._list.insertWidget(index, row)
        self.rows = rows

    def _new_row(self, key: Key, kind: str) -> DirectionRow:
        row = DirectionRow(key[0], kind, self)
        row.setObjectName(f"direction_{key[0]}")
        row.edited.connect(partial(self._edit, key))
        row.sealed.connect(self.store.seal)
        row.track.resetting.connect(partial(self._reset_row, key))
        row.switched.connect(partial(self._switch, key))
        row.locked.connect(partial(self._lock, key))
        row.strength_edited.connect(partial(self._edit_strength, key))
        row.noted.connect(partial(self.noted.emit, key[0]))
        row.opened.connect(partial(self._fill, row))
        row.carried.connect(partial(self._carry, key))
        row.dropped.connect(self._drop)
        row.layers_chosen.connect(partial(self._choose_layers, key))
        row.asked.connect(partial(self._do, key))
        return row

    def _show_state(self) -> None:
        is_empty = not self._count
        self.hint.setVisible(is_empty)
        self.some.setVisible(is_empty)
        self.search.setVisible(self._count > LONG)
        self._filter()

    def _filter(self) -> None:
        words = self.search.text().lower().split() if self._count > LONG else []
        for (name, _), row in self.rows.items():
            direction = self._known.get(name)
            told = [name] if direction is None else [name, direction.kind, direction.note]
            text = " ".join([*told, KINDS.get(told[1], "")] if direction is not None else told).lower()
            row.setVisible(all(word in text for word in words))

    # What the user does.

    def _push(self, key: Key) -> Push:
        """The push of a row, carrying its direction, so that the picture is enough by itself."""
        name, place = key
        pushes = direction_edits.pushes_of(self.store.recipe, name)
        push = pushes[place] if place < len(pushes) else Push(name, 0.0)
        if push.stored is None and name in self._known:
            push = replace(push, stored=self._known[name].stored())
        return push

    def _put(self, key: Key, push: Push, words: str, merge: str | None = None) -> None:
        # A row that only the recipe knows of must not go away under the hand that drags it through 0.
        is_known = key[0] in self._known and len(direction_edits.pushes_of(self.store.recipe, key[0])) < 2
        recipe = direction_edits.with_push(self.store.recipe, push, key[1], keep=not is_known)
        self.store.edit(recipe, words, merge=merge)

    def _edit(self, key: Key, amount: float) -> None:
        push = replace(self._push(key), amount=round(amount, 6))
        self._put(key, push, f"Change {key[0]}", f"direction {key[0]} {key[1]}")

    def _reset_row(self, key: Key) -> None:
        push = replace(self._push(key), amount=0.0, layers=None, is_on=True, row_strengths=())
        self._put(key, push, f"Reset {key[0]}", f"direction {key[0]} {key[1]}")

    def _switch(self, key: Key, is_on: bool) -> None:
        words = f"Switch {key[0]} {'on' if is_on else 'off'}"
        self._put(key, replace(self._push(key), is_on=is_on), words)

    def _choose_layers(self, key: Key, layers: Layers | None) -> None:
        push = replace(self._push(key), layers=layers, row_strengths=())
        self._put(key, push, f"Change rows of {key[0]}")

    def _lock(self, key: Key, is_locked: bool) -> None:
        words = f"{'Keep' if is_locked else 'Stop keeping'} {key[0]} still"
        self._put(key, replace(self._push(key), is_locked=is_locked), words)

    def _edit_strength(self, key: Key, row: int, strength: float) -> None:
        push, details = self._push(key), self.rows[key].details
        if details is None:
            return
        own: Layers = push.stored.layers if push.stored is not None else "all"
        strengths = [*direction_edits.row_strengths(push, own, len(details.tracks))]
        strengths[row] = strength
        push = direction_edits.with_row_strengths(push, strengths, own)
        self._put(key, push, f"Change rows of {key[0]}", f"direction rows {key[0]} {key[1]}")

    def reset_all(self) -> None:
        """Go along no direction any more."""
        self.store.edit(self.store.recipe.with_(directions=()), "Reset directions")

    # Order: rows change places under the hand, and the list is told when it lets go.

    def _carry(self, key: Key, height: int) -> None:
        keys = list(self.rows)
        if key[0] not in self._known or key not in keys:
            return
        at = keys.index(key)
        for to, other in enumerate(keys):
            row = self.rows[other]
            top = row.mapToGlobal(row.rect().topLeft()).y()
            if other != key and other[0] in self._known and row.isVisible():
                middle = top + row.height() // 2
                if (to < at and height < middle) or (to > at and height > middle):
                    keys.insert(to, keys.pop(at))
                    self._build(dict.fromkeys(keys, ""))
                    return

    def _drop(self) -> None:
        names = [*dict.fromkeys(name for name, _ in self.rows if name in self._known)]
        if names != list(self._known):
            self.arranged.emit(names)

    def try_push(self, push: Push) -> None:
        """Go along a direction that is only being looked at, in the place of the last such."""
        recipe = self.store.recipe
        if self._tried and self._tried not in self._known:
            recipe = direction_edits.without(recipe, self._tried)
        self._tried = push.name
        self.store.edit(direction_edits.with_push(recipe, push), f"Try {push.name}")

    def _want(self, key: str, _checked: bool = False) -> None:
        self.wanted.emit(key)

    def _do(self, key: Key, what: str) -> None:
        name = key[0]
        if what == "rename":
            new, ok = QInputDialog.getText(self, "Rename direction", "Name", text=name)
            if ok and new.strip() and new.strip() != name:
                self.renamed.emit(name, new.strip())
        elif what == "rows":
            self._ask_rows(key)
        elif what == "remove":
            self.store.edit(direction_edits.without(self.store.recipe, name), f"Remove {name}")
            if name in self._own:
                self.removed.emit(name)
        else:
            names = list(self._known)
            at = names.index(name)
            to = max(at - 1, 0) if what == "up" else min(at + 1, len(names) - 1)
            names.insert(to, names.pop(at))
            self.arranged.emit(names)

    def _ask_rows(self, key: Key) -> None:
        push = self._push(key)
        now = "" if push.layers is None else format_layers(push.layers)
        text, ok = QInputDialog.getText(self, "Rows", "Rows like 4-8 or 0,2,5", text=now)
        if not ok:
            return
        try:
            self._choose_layers(key, parse_layers(text) if text.strip() else None)
        except RecipeError as error:
            self.rows[key].rows.setToolTip(str(error))
            self._ask_rows(key)
