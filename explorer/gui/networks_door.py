"""The way to the page of networks, and what is said of downloads while it is closed."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from explorer.gui.downloads import Downloads
from explorer.gui.incoming import Incoming
from explorer.gui.model_desk import ModelDesk
from explorer.gui.notices import Notice, notice_of
from explorer.gui.settings import Settings
from explorer.gui.tasks import Tasks
from explorer.render.model_info import ModelInfo

if TYPE_CHECKING:
    from explorer.checkpoints.public_networks import PublicNetwork
    from explorer.gui.dialogs.networks import NetworksPage


class NetworksDoor(QObject):
    """Makes the page when it is first asked for, and keeps it up to date.

    Signals
    -------
    notice(Notice) : a download ended while nobody looked.
    """

    notice = Signal(object)

    def __init__(
        self,
        window: QWidget,
        downloads: Downloads,
        tasks: Tasks,
        desk: ModelDesk,
        incoming: Incoming,
        kept: Settings,
    ) -> None:
        super().__init__(window)
        self._window, self._downloads, self._tasks = window, downloads, tasks
        self._desk, self._incoming, self._kept = desk, incoming, kept
        self.page: NetworksPage | None = None
        downloads.arrived.connect(self._arrived)
        downloads.failed.connect(self._failed)
        incoming.notice.connect(self._said)

    def open(self) -> None:
        """Show the page."""
        if self.page is None:
            from explorer.gui.dialogs.networks import NetworksPage

            self.page = NetworksPage(self._downloads, self._tasks, self._recent, self._window)
            self.page.chosen.connect(self._incoming.open_network)
            self._desk.loading.connect(self.page.show_loading)
        self._show_in_use(self._desk.info)
        self.page.show()
        self.page.raise_()
        self.page.activateWindow()

    def network_changed(self, info: ModelInfo) -> None:
        """Another network is in use."""
        self._show_in_use(info)

    def _show_in_use(self, info: ModelInfo | None) -> None:
        if self.page is not None:
            self.page.show_in_use(None if info is None else info.ref)

    def _recent(self) -> list[str]:
        return self._kept.recent_models

    @property
    def _is_seen(self) -> bool:
        return self.page is not None and self.page.isVisible()

    def _said(self, notice: Notice) -> None:
        """A network that could not be opened is told where the hand is."""
        if self.page is not None and self._is_seen and notice.level == "error" and notice.key == "open":
            self.page.show_error(notice.text)

    def _arrived(self, network: "PublicNetwork", path: Path) -> None:
        if not self._is_seen:
            offer = ("Open", partial(self._incoming.open_network, path))
            text = "It has been checked, and is on this computer from now on."
            self.notice.emit(Notice(f"{network.title} is here", text, "done", network.name, (offer,)))

    def _failed(self, network: "PublicNetwork", error: Exception) -> None:
        if not self._is_seen:
            self.notice.emit(notice_of(error, f"{network.title} could not be downloaded", network.name))
