"""The page of networks: what is here and what may be fetched, in one list that can be searched."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer.checkpoints.download import discard_partial
from explorer.checkpoints.public_networks import PublicNetwork
from explorer.gui import theme
from explorer.gui.dialogs.network_card import NetworkCard
from explorer.gui.downloads import Downloads, is_offline
from explorer.gui.networks_list import GROUPS, NetworkEntry, bytes_in_words, gather, grouped
from explorer.gui.previews import preview_file
from explorer.gui.tasks import Tasks
from explorer.gui.widgets.buttons import Segment
from explorer.recipe import ModelRef

COLUMNS = ("Network", "Pixels", "Family", "Size", "Where")
NUMBERS = (1, 3)
"""Columns that are aligned to the right."""
WHERE = {
    "bundled": "Bundled",
    "downloaded": "On disk",
    "file": "On disk",
    "missing": "Gone",
    "public": "Online",
}
KEY = Qt.ItemDataRole.UserRole


class NetworksPage(QDialog):
    """List on the left, the chosen network on the right. Stays open while networks are tried.

    Parameters
    ----------
    recent : tells the files opened lately, newest first.

    Signals
    -------
    chosen(str or Path) : open this one: a name for bundled networks, a path for files.
    """

    chosen = Signal(object)

    def __init__(
        self,
        downloads: Downloads,
        tasks: Tasks,
        recent: Callable[[], Sequence[str]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Networks")
        self._downloads, self._tasks, self._recent = downloads, tasks, recent
        self._entries: dict[str, NetworkEntry] = {}
        self._items: dict[str, QTreeWidgetItem] = {}
        self._errors: dict[str, str] = {}
        self._in_use: ModelRef | None = None
        self._key = ""
        self._opening = ""
        self._sampled: set[str] = set()
        self.search = QLineEdit()
        self.search.setObjectName("network_search")
        self.search.setPlaceholderText("Search: cats, 1024, StyleGAN3, NVIDIA…")
        self.search.setAccessibleName("Search networks")
        self.search.setClearButtonEnabled(True)
        self.all, self.here = Segment("All"), Segment("On this computer")
        self.all.setChecked(True)
        segments = QWidget()
        segments.setObjectName("segments")
        pair = QHBoxLayout(segments)
        pair.setContentsMargins(2, 2, 2, 2)
        pair.setSpacing(2)
        pair.addWidget(self.all)
        pair.addWidget(self.here)
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(self.search, 1)
        top.addWidget(segments)
        self.offline = QLabel()
        self.offline.setObjectName("offline")
        self.offline.setWordWrap(True)
        self.offline.hide()
        self.tree = _make_tree()
        left = QVBoxLayout()
        left.setSpacing(10)
        left.addLayout(top)
        left.addWidget(self.offline)
        left.addWidget(self.tree, 1)
        self.card = NetworkCard()
        self.card.setFixedWidth(372)
        row = QHBoxLayout(self)
        row.setContentsMargins(18, 18, 18, 18)
        row.setSpacing(16)
        row.addLayout(left, 1)
        row.addWidget(self.card)
        self.resize(1080, 680)
        self.search.textChanged.connect(self._fill)
        self.all.toggled.connect(self._fill)
        self.tree.currentItemChanged.connect(self._choose)
        self.tree.itemActivated.connect(self._activate)
        self.card.opening.connect(self._open)
        self.card.fetching.connect(self._fetch)
        self.card.stopping.connect(self._stop)
        self.card.discarding.connect(self._discard)
        downloads.changed.connect(self._progressed)
        downloads.arrived.connect(self._arrived)
        downloads.failed.connect(self._failed)
        downloads.stopped.connect(self._stopped)
        downloads.sampled.connect(self._have_sample)
        self.card.show_nothing("Looking for networks…")

    @property
    def entries(self) -> tuple[NetworkEntry, ...]:
        """Everything listed, searched for or not."""
        return tuple(self._entries.values())

    @property
    def shown(self) -> tuple[str, ...]:
        """Keys of what the search left, from above."""
        return tuple(self._items)

    @property
    def entry(self) -> NetworkEntry | None:
        """The network on the card."""
        return self._entries.get(self._key)

    def refresh(self) -> None:
        """Look again for what is there; a hidden page does so when it is shown."""
        if self.isVisible():
            self._tasks.run(partial(gather, tuple(self._recent()), self._in_use), self._have)

    def show_in_use(self, ref: ModelRef | None) -> None:
        """Mark the network that the picture comes from."""
        self._in_use = ref
        for key, item in self._items.items():
            self._show_item(item, self._entries[key])
        self._show_card()

    def show_loading(self, name: str) -> None:
        """A network is being read from the disk, or, where `name` is empty, none is any more."""
        if not name:
            self._opening = ""
            self._show_card()

    def choose(self, key: str) -> None:
        """Put an entry on the card, as a click on it does."""
        if key in self._items:
            self.tree.setCurrentItem(self._items[key])
            self.tree.scrollToItem(self._items[key])

    def show_error(self, text: str) -> None:
        """Say on the card why its network could not be opened."""
        self._errors[self._key] = text
        self._show_card()

    def showEvent(self, event: QShowEvent) -> None:
        """Be up to date whenever it is opened, with the cursor in the search."""
        super().showEvent(event)
        self.refresh()
        self.search.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """From the search, Up and Down move in the list, and Enter opens."""
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        if event.key() in steps and self._key in self._items:
            row = self.shown.index(self._key) + steps[Qt.Key(event.key())]
            self.choose(self.shown[min(max(row, 0), len(self.shown) - 1)])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            # Not the dialog's own way, which is to press a button that was not meant.
            self._open()
        else:
            super().keyPressEvent(event)

    # The list.

    def _have(self, result: Any) -> None:
        if isinstance(result, Exception):
            self.card.show_nothing(f"The networks could not be listed. {result}")
            return
        self._entries = {entry.key: entry for entry in result}
        self._fill()

    def _fill(self) -> None:
        chosen = self._key
        self.tree.blockSignals(True)
        self.tree.clear()
        self._items = {}
        found = grouped(self._entries.values(), self.search.text(), self.here.isChecked())
        for group, entries in found.items():
            head = QTreeWidgetItem([GROUPS[group]])
            head.setFlags(Qt.ItemFlag.ItemIsEnabled)
            head.setFont(0, theme.with_weight(self.font(), self.font().Weight.DemiBold))
            self.tree.addTopLevelItem(head)
            head.setFirstColumnSpanned(True)
            for entry in entries:
                item = QTreeWidgetItem()
                item.setData(0, KEY, entry.key)
                head.addChild(item)
                self._items[entry.key] = item
                self._show_item(item, entry)
        self.tree.expandAll()
        self.tree.blockSignals(False)
        if chosen not in self._items:
            chosen = self._first_choice()
        self._key = chosen
        if chosen:
            self.tree.setCurrentItem(self._items[chosen])
        self._show_card()

    def _first_choice(self) -> str:
        """The network in use, or the first of the list."""
        for key in self._items:
            if self._is_in_use(self._entries[key]):
                return key
        return next(iter(self._items), "")

    def _show_item(self, item: QTreeWidgetItem, entry: NetworkEntry) -> None:
        item.setText(0, entry.title)
        item.setText(1, "" if entry.resolution is None else str(entry.resolution))
        item.setText(2, entry.family)
        item.setText(3, "" if entry.size is None else bytes_in_words(entry.size))
        item.setText(4, self._where(entry))
        item.setToolTip(0, entry.draws or entry.source)
        dim = self.palette().color(theme.DIM)
        for column in (1, 2, 3, 4):
            item.setForeground(column, dim)
        for column in NUMBERS:
            item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if self._is_in_use(entry):
            item.setForeground(4, self.palette().color(theme.ACCENT))

    def _where(self, entry: NetworkEntry) -> str:
        if self._is_in_use(entry):
            return "In use"
        name = "" if entry.public is None else entry.public.name
        if self._downloads.is_under_way(name):
            progress = self._downloads.progress(name)
            if progress is None or not progress.total:
                return "Waiting" if progress is None else "Fetching"
            return f"{100 * progress.done // progress.total} %"
        return "Begun" if entry.partial and not entry.is_here else WHERE[entry.place]

    def _is_in_use(self, entry: NetworkEntry) -> bool:
        ref = self._in_use
        if ref is None or not entry.is_here:
            return False
        if entry.sha256:
            return entry.sha256 == ref.sha256
        return entry.path is not None and entry.path.stem == ref.name

    # The card.

    def _choose(self, item: QTreeWidgetItem | None) -> None:
        if item is not None and item.data(0, KEY):
            self._key = item.data(0, KEY)
            self._show_card()

    def _show_card(self) -> None:
        entry = self.entry
        if entry is None or entry.key not in self._items:
            if self._entries:
                self.card.show_nothing("Nothing fits this search.")
            return
        name = "" if entry.public is None else entry.public.name
        self.card.show_entry(
            entry,
            in_use=self._is_in_use(entry),
            opening=entry.key == self._opening,
            under_way=self._downloads.is_under_way(name),
            progress=self._downloads.progress(name),
            error=self._errors.get(entry.key, ""),
            sampling=self._is_sampling(entry),
        )

    def _is_sampling(self, entry: NetworkEntry) -> bool:
        """Whether a picture by a network that is here is on its way; asks for one where there is none."""
        wants = (
            entry.place in ("bundled", "downloaded") and entry.sha256 and entry.sha256 not in self._sampled
        )
        if not wants or entry.path is None or preview_file(entry.sha256).is_file():
            return False
        return self._downloads.sample(entry.path, entry.sha256)

    def _have_sample(self, sha256: str) -> None:
        self._sampled.add(sha256)
        self._show_card()

    def _activate(self, item: QTreeWidgetItem) -> None:
        if item.data(0, KEY):
            self._open()

    def _open(self) -> None:
        entry = self.entry
        if entry is None or entry.path is None or not entry.is_here or self._is_in_use(entry):
            return
        self._errors.pop(entry.key, None)
        self._opening = entry.key
        self._show_card()
        self.chosen.emit(entry.path.stem if entry.place == "bundled" else entry.path)

    # Downloads.

    def _fetch(self) -> None:
        entry = self.entry
        if entry is not None and entry.public is not None:
            self._errors.pop(entry.key, None)
            self.offline.hide()
            self._downloads.start(entry.public)

    def _stop(self) -> None:
        entry = self.entry
        if entry is not None and entry.public is not None:
            self._downloads.stop(entry.public.name)

    def _discard(self) -> None:
        entry = self.entry
        if entry is not None and entry.public is not None:
            self._errors.pop(entry.key, None)
            self._tasks.run(partial(discard_partial, entry.public), self._discarded)

    def _discarded(self, _result: object) -> None:
        self.refresh()

    def _progressed(self, name: str) -> None:
        key = f"public {name}"
        if key in self._items:
            self._show_item(self._items[key], self._entries[key])
        if self._key == key:
            self._show_card()

    def _arrived(self, network: PublicNetwork, _path: Path) -> None:
        self._errors.pop(f"public {network.name}", None)
        self.refresh()

    def _failed(self, network: PublicNetwork, error: Exception) -> None:
        words = str(error) or type(error).__name__
        self._errors[f"public {network.name}"] = words[:1].upper() + words[1:]
        if is_offline(network, error):
            self.offline.setText(
                "There seems to be no connection to the internet. "
                "Networks on this computer open all the same."
            )
            self.offline.show()
            self.here.setChecked(True)
        self._show_card()
        self.refresh()

    def _stopped(self, _network: PublicNetwork) -> None:
        self.refresh()


def _make_tree() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setObjectName("network_list")
    tree.setAccessibleName("Networks")
    tree.setColumnCount(len(COLUMNS))
    tree.setHeaderLabels(COLUMNS)
    tree.setRootIsDecorated(False)
    tree.setIndentation(12)
    tree.setItemsExpandable(False)
    tree.setUniformRowHeights(True)
    tree.setAllColumnsShowFocus(True)
    tree.setExpandsOnDoubleClick(False)
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    for column in NUMBERS:
        tree.headerItem().setTextAlignment(column, right)
    header = tree.header()
    header.setStretchLastSection(False)
    header.setSectionsMovable(False)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    for column, width in ((1, 64), (2, 104), (3, 78), (4, 84)):
        header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(column, width)
    return tree
