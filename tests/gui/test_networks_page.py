"""The page of networks: searched, licensed, fetched, opened. Nothing here leaves this machine."""

import threading
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from explorer import locations
from explorer.checkpoints import download as downloading
from explorer.checkpoints import save_network
from explorer.checkpoints.download import DownloadProgress
from explorer.checkpoints.public_networks import SUBJECTS, Licence, PublicNetwork, public_networks
from explorer.checkpoints.transport import Transport
from explorer.errors import CorruptCheckpointError, DownloadError, DownloadStoppedError
from explorer.gui import networks_list
from explorer.gui.dialogs import networks as networks_page
from explorer.gui.dialogs.network_card import progress_in_words
from explorer.gui.dialogs.networks import NetworksPage
from explorer.gui.downloads import Downloads
from explorer.gui.engine_maker import EngineMaker
from explorer.gui.main_window import MainWindow
from explorer.gui.networks_list import GROUPS, bytes_in_words, gather, grouped
from explorer.gui.previews import draw_preview, preview_file
from explorer.gui.render_bridge import RenderBridge
from explorer.gui.settings import Settings
from tests.models.synthetic import channels_of, description_of, random_tensors

LICENCE = Licence("Terms of the house", "https://example.org/licence", "Look, but do not sell.")
CATS = PublicNetwork(
    name="tiny-cats",
    title="Tiny cats",
    draws="Cats of sixteen pixels.",
    subject="cats",
    resolution=16,
    family="stylegan2",
    publisher="Nobody",
    licence=LICENCE,
    url="https://example.org/tiny-cats.safetensors",
    size=123_456,
)
DOGS = PublicNetwork(
    name="tiny-dogs",
    title="Tiny dogs",
    draws="Dogs of thirty-two pixels.",
    subject="dogs",
    resolution=32,
    family="stylegan3-t",
    publisher="Somebody",
    licence=LICENCE,
    url="https://example.org/tiny-dogs.pkl",
)


def write_network(path: Path, resolution: int = 16, seed: int = 0) -> None:
    tensors = random_tensors("skip", resolution, channels_of(resolution, 128, 16), seed=seed)
    save_network(path, description_of("skip", resolution), tensors, {"title": "Tiny faces", "licence": "CC0"})


@pytest.fixture(autouse=True)
def at_home(tmp_path, monkeypatch):
    """A home of our own: one bundled network, an empty folder of downloads, two public networks."""
    weights, data = tmp_path / "weights", tmp_path / "data"
    weights.mkdir()
    data.mkdir()
    write_network(weights / "faces.safetensors")
    monkeypatch.setattr(locations, "weights_dir", lambda: weights)
    monkeypatch.setattr(locations, "user_data_dir", lambda: data)
    monkeypatch.setattr(networks_list, "public_networks", lambda: (CATS, DOGS))
    return tmp_path


class FakeFetch:
    """A download that waits for the test at each of its steps."""

    def __init__(self) -> None:
        self.go = threading.Semaphore(0)
        self.accepted: list[bool] = []
        self.error: Exception | None = None
        self.path: Path | None = None

    def __call__(
        self,
        entry: PublicNetwork,
        *,
        accept_licence: bool,
        progress: Callable[[DownloadProgress], None],
        should_stop: Callable[[], bool],
    ) -> Path:
        self.accepted.append(accept_licence)
        for done in (0, 250, 500):
            progress(DownloadProgress("downloading", done, 1000, 100.0))
            while not self.go.acquire(timeout=0.01):
                if should_stop():
                    raise DownloadStoppedError(f"{entry.name}: stopped after {done} bytes")
        if self.error is not None:
            raise self.error
        assert self.path is not None
        return self.path


@pytest.fixture
def fetch():
    return FakeFetch()


@pytest.fixture
def page(window, fetch, qtbot):
    """The page of a window with a fake engine and a fake way to the network."""
    window.downloads.close()
    window.downloads = window.networks_door._downloads = Downloads(window, fetch)
    window.networks_door._downloads.arrived.connect(window.networks_door._arrived)
    window.networks_door._downloads.failed.connect(window.networks_door._failed)
    window.commands["networks_page"].trigger()
    page = window.networks_door.page
    qtbot.waitUntil(lambda: bool(page.entries))
    yield page
    for _ in range(100):
        fetch.go.release()


# The list.


def test_it_is_reached_from_menu_key_and_layers_button(window, qtbot):
    action = window.commands["networks_page"]
    assert action in window.column.model.choose.menu().actions()
    assert action in window.commands.submenus["networks"].actions()
    QTest.keyClick(
        window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    assert window.networks_door.page.isVisible()
    qtbot.waitUntil(lambda: bool(window.networks_door.page.entries))


def test_bundled_and_public_networks_are_grouped_by_what_they_draw(page):
    assert page.shown == ("bundled faces", "public tiny-cats", "public tiny-dogs")
    heads = [page.tree.topLevelItem(i).text(0) for i in range(page.tree.topLevelItemCount())]
    assert heads == ["People", "Cats", "Dogs"]
    assert page.entry.key == "bundled faces"
    assert set(GROUPS) >= set(SUBJECTS)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("cats", ["public tiny-cats"]),
        ("16 nobody", ["public tiny-cats"]),
        ("STYLEGAN3", ["public tiny-dogs"]),
        ("tiny dogs 32x32", ["public tiny-dogs"]),
        ("walrus", []),
    ],
)
def test_the_search_looks_at_everything_known(page, words, found):
    page.search.setText(words)
    assert list(page.shown) == found
    assert (page.card.main.isHidden()) == (not found)


def test_what_is_on_this_computer_alone(page):
    page.here.click()
    assert page.shown == ("bundled faces",)
    page.all.click()
    assert len(page.shown) == 3


def test_files_opened_lately_are_listed_with_what_they_are(at_home):
    own, gone, odd = at_home / "mine.safetensors", at_home / "gone.pkl", at_home / "odd.pkl"
    write_network(own, 32)
    odd.write_bytes(b"nonsense")
    entries = {entry.key: entry for entry in gather([str(own), str(gone), str(odd)])}
    mine = entries[f"file {own}"]
    assert (mine.title, mine.resolution, mine.family, mine.licence) == ("Tiny faces", 32, "StyleGAN2", "CC0")
    assert mine.is_here
    assert not entries[f"file {gone}"].is_here
    assert "odd.pkl" in entries[f"file {odd}"].note
    assert list(grouped(entries.values(), here_only=True)) == ["people", "own"]


def test_a_bundled_network_opened_by_its_file_is_listed_once(at_home):
    entries = gather([str(at_home / "weights" / "faces.safetensors")])
    assert [entry.key for entry in entries if entry.is_here] == ["bundled faces"]


def test_an_unreadable_table_leaves_the_rest(monkeypatch):
    def fail():
        raise ValueError("network 'x': unusable url")

    monkeypatch.setattr(networks_list, "public_networks", fail)
    assert [entry.key for entry in gather()] == ["bundled faces"]


def test_the_real_table_has_a_place_for_every_network(page, qtbot, monkeypatch):
    monkeypatch.setattr(networks_list, "public_networks", public_networks)
    page.refresh()
    qtbot.waitUntil(lambda: len(page.shown) > 3)
    assert len(page.shown) == 1 + len(public_networks())
    for key in page.shown[1:]:
        page.choose(key)
        assert page.card.main.text() == "Download"
        assert page.entry.licence_url.startswith("https://")


# Licence and download.


def test_a_licence_is_accepted_before_a_download(page, fetch):
    page.choose("public tiny-cats")
    assert not page.card.main.isEnabled()
    assert page.card.main.toolTip() == "Accept the licence first."
    words = [label.text() for label in page.card.licence.findChildren(type(page.card.title))]
    assert any("Terms of the house" in text for text in words)
    assert any(LICENCE.summary in text for text in words)
    assert any(LICENCE.url in text for text in words)
    page.card.main.click()
    assert fetch.accepted == []
    page.card.licence.accepted.click()
    assert page.card.main.isEnabled()
    page.choose("public tiny-dogs")
    assert not page.card.main.isEnabled(), "what was accepted was the licence of another network"


def begin(page, key="public tiny-cats"):
    page.choose(key)
    page.card.licence.accepted.setChecked(True)
    page.card.main.click()


def test_progress_is_shown_and_cancelling_keeps_what_has_arrived(page, fetch, qtbot, monkeypatch):
    begin(page)
    qtbot.waitUntil(lambda: page.card.bar.maximum() == 1000)
    fetch.go.release()
    qtbot.waitUntil(lambda: page.card.bar.value() == 250)
    assert "1 kB" in page.card.words.text()
    assert fetch.accepted == [True]
    assert page._items["public tiny-cats"].text(4) == "25 %"
    assert page.card.main.isHidden()
    assert page.card.other.text() == "Cancel"
    monkeypatch.setattr(networks_list, "partial_bytes", lambda entry: 250_000 if entry is CATS else 0)
    with qtbot.waitSignal(page._downloads.stopped):
        page.card.other.click()
    qtbot.waitUntil(lambda: page.card.main.text() == "Resume download")
    assert page.card.main.isEnabled(), "the licence stays accepted"
    assert "250 kB" in page.card.words.text()
    assert page._items["public tiny-cats"].text(4) == "Begun"
    assert page.card.other.text() == "Start over"


def test_what_has_arrived_may_be_thrown_away(page, qtbot, monkeypatch):
    arrived = {"tiny-cats": 1000}
    monkeypatch.setattr(networks_list, "partial_bytes", lambda entry: arrived.get(entry.name, 0))
    monkeypatch.setattr(networks_page, "discard_partial", lambda entry: arrived.pop(entry.name))
    page.refresh()
    page.choose("public tiny-cats")
    qtbot.waitUntil(lambda: page.card.main.text() == "Resume download")
    page.card.other.click()
    qtbot.waitUntil(lambda: page.card.main.text() == "Download")
    assert page.card.other.isHidden()


def test_one_waits_for_the_other(page, fetch, qtbot):
    begin(page)
    qtbot.waitUntil(lambda: page._downloads.progress("tiny-cats") is not None)
    begin(page, "public tiny-dogs")
    assert "Waits" in page.card.words.text()
    with qtbot.waitSignals([page._downloads.stopped, page._downloads.stopped]):
        page.card.other.click()
        page.choose("public tiny-cats")
        page.card.other.click()
    assert fetch.accepted == [True]


def test_a_failure_is_told_in_words_and_may_be_tried_again(page, fetch, qtbot):
    fetch.error = DownloadError("example.org no longer has tiny-cats. See its page")
    for _ in range(3):
        fetch.go.release()
    with qtbot.waitSignal(page._downloads.failed):
        begin(page)
    assert page.card.error.text() == "Example.org no longer has tiny-cats. See its page"
    assert page.offline.isHidden()
    assert page.card.main.isEnabled()
    page.card.main.click()
    assert page.card.error.isHidden()


def test_offline_says_so_and_shows_what_is_here(page, fetch, qtbot):
    import socket

    fetch.error = DownloadError("cannot reach example.org: this computer seems to be offline")
    fetch.error.__cause__ = socket.gaierror(-2, "Name or service not known")
    for _ in range(3):
        fetch.go.release()
    with qtbot.waitSignal(page._downloads.failed):
        begin(page)
    assert not page.offline.isHidden()
    assert page.shown == ("bundled faces",)


def test_a_closed_page_leaves_the_news_to_the_window(window, page, fetch, qtbot, tmp_path):
    fetch.path = tmp_path / "tiny-cats.safetensors"
    fetch.path.write_bytes(b"network of cats")
    begin(page)
    page.close()
    with qtbot.waitSignal(window.networks_door.notice):
        for _ in range(3):
            fetch.go.release()
    (notice,) = window.notices.notices
    assert notice.title == "Tiny cats is here"
    with qtbot.waitSignal(window.desk.changed):
        notice.offers[0][1]()
    assert window.desk.info.ref.name == "tiny-cats"


def test_closing_the_window_ends_a_download(window, page, fetch, qtbot):
    begin(page)
    qtbot.waitUntil(lambda: page._downloads.progress("tiny-cats") is not None)
    window.close()
    assert not any(thread.name.startswith("download") for thread in threading.enumerate())


def test_a_network_that_fails_to_open_is_told_on_the_page(window, page, qtbot, tmp_path):
    odd = tmp_path / "odd.pkl"
    odd.write_bytes(b"nonsense")
    window.settings.remember("recent_models", odd)
    page.refresh()
    qtbot.waitUntil(lambda: f"file {odd}" in page.shown)
    page.choose(f"file {odd}")
    picture = window.viewer.picture
    with qtbot.waitSignal(window.incoming.notice):
        page.card.main.click()
        assert (page.card.main.text(), page.card.main.isEnabled()) == ("Opening…", False)
    assert (page.card.main.text(), page.card.main.isEnabled()) == ("Open", True)
    assert "not a network" in page.card.error.text()
    assert window.viewer.picture is picture
    with qtbot.waitSignal(window.incoming.notice):
        page.card.main.click()  # tried again


def test_a_network_that_was_seen_has_a_picture_on_its_card(window, page, qtbot):
    sha256 = window.desk.info.ref.sha256
    qtbot.waitUntil(preview_file(sha256).is_file)
    entry = replace(page.entry, sha256=sha256)
    page.card.show_entry(entry)
    assert not page.card.preview.isHidden()
    page.card.show_entry(replace(entry, sha256="0" * 64))
    assert page.card.preview.isHidden()
    assert "first picture here" in page.card.sample.text()


def test_a_network_that_is_not_here_says_why_it_has_no_picture(page):
    page.choose("public tiny-cats")
    assert page.card.preview.isHidden()
    assert not page.card.sample.isHidden()
    assert "before the download" in page.card.sample.text()


def test_a_bundled_network_never_opened_has_its_picture_drawn(window, page, qtbot, monkeypatch):
    downloads = Downloads(window, sample=draw_preview)
    monkeypatch.setattr(page, "_downloads", downloads)
    downloads.sampled.connect(page._have_sample)
    qtbot.waitUntil(lambda: bool(page.entry.sha256))
    assert not preview_file(page.entry.sha256).is_file()
    with qtbot.waitSignal(downloads.sampled):
        page.choose("public tiny-cats")
        page.choose("bundled faces")
        assert "being drawn" in page.card.sample.text()
    assert not page.card.preview.isHidden()
    assert page.card.sample.isHidden()
    downloads.close()


def test_a_picture_that_cannot_be_drawn_is_not_asked_for_again(window, page, qtbot, monkeypatch):
    asked = []

    def fail(path, sha256):
        asked.append(sha256)
        raise CorruptCheckpointError("spoiled meanwhile")

    downloads = Downloads(window, sample=fail)
    monkeypatch.setattr(page, "_downloads", downloads)
    downloads.sampled.connect(page._have_sample)
    for _ in range(3):
        page.choose("public tiny-cats")
        page.choose("bundled faces")
        qtbot.waitUntil(lambda: not downloads._sampling)
    downloads.close()
    assert asked == [page.entry.sha256]
    assert "first picture here" in page.card.sample.text()


def test_keys_lead_through_the_list(page):
    page.search.setText("tiny-")
    QTest.keyClick(page.search, Qt.Key.Key_Down)
    assert page.entry.key == "public tiny-dogs"
    QTest.keyClick(page.search, Qt.Key.Key_Up)
    assert page.entry.key == "public tiny-cats"
    QTest.keyClick(page.search, Qt.Key.Key_Return)
    assert not page._downloads.is_busy, "Enter opens, and never fetches"


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (None, "Waits for the download before it…"),
        (DownloadProgress("connecting", 0, None, 0.0), "Connecting…"),
        (DownloadProgress("downloading", 2_000_000, None, 0.0), "2 MB"),
        (
            DownloadProgress("downloading", 36_000_000, 360_000_000, 4e6),
            "36 MB of 360 MB · 4 MB a second · 81 s left",
        ),
        (
            DownloadProgress("downloading", 0, 360_000_000, 1e5),
            "1 kB of 360 MB · 100 kB a second · 60 min left",
        ),
        (DownloadProgress("checking", 1, 1, 0.0), "Checking what has arrived…"),
    ],
)
def test_progress_in_words(progress, words):
    assert progress_in_words(progress) == words
    assert bytes_in_words(1_230_000_000) == "1.23 GB"


# For real, from a server on this very machine to the picture.


class Server(ThreadingHTTPServer):
    """Sends one file, ranges too; after half of the first answer it drops the line, or falls silent."""

    daemon_threads = True

    def __init__(self, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.body = body
        self.ranges: list[str] = []
        self.falls_silent = False
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/tiny-cats.safetensors"


class _Answer(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        first = int(asked[len("bytes=") : -1]) if asked else 0
        body = self.server.body
        self.server.ranges.append(asked)
        self.send_response(206 if asked else 200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(body) - first))
        self.send_header("ETag", '"one"')
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        end = len(body) // 2 if len(self.server.ranges) == 1 else len(body)
        self.wfile.write(body[first:end])
        if end < len(body) and self.server.falls_silent:
            self.wfile.flush()
            self.server.over.wait(30)
        self.close_connection = True

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path):
    write_network(tmp_path / "cats.safetensors", 16, seed=7)
    server = Server((tmp_path / "cats.safetensors").read_bytes())
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def on_loopback(server, monkeypatch):
    """The list of public networks names the server, and downloads may reach it."""
    monkeypatch.setattr(networks_list, "public_networks", lambda: (replace(CATS, url=server.url),))
    monkeypatch.setattr(downloading, "make_transport", lambda: Transport(plain_loopback=True))
    monkeypatch.setattr(downloading, "PAUSES", (0.0,))


def test_a_real_download_is_cancelled_and_resumed(window, server, on_loopback, qtbot):
    server.falls_silent = True
    window.commands["networks_page"].trigger()
    page = window.networks_door.page
    qtbot.waitUntil(lambda: "public tiny-cats" in page.shown)
    begin(page)
    half = len(server.body) // 2
    qtbot.waitUntil(lambda: downloading.partial_bytes(page.entry.public) == half)
    with qtbot.waitSignal(page._downloads.stopped):
        page.card.other.click()
    qtbot.waitUntil(lambda: page.card.main.text() == "Resume download")
    assert page.entry.partial == half
    page.card.main.click()
    qtbot.waitUntil(lambda: page.entry.place == "downloaded", timeout=20_000)
    assert server.ranges == ["", f"bytes={half}-"]
    assert page.entry.path.read_bytes() == server.body


def test_from_download_to_picture(qtbot, server, on_loopback, settle):
    maker = EngineMaker("cpu")
    window = MainWindow(RenderBridge(maker), Settings(), maker.facts)
    window.show()
    try:
        with qtbot.waitSignal(window.settled, timeout=60_000):
            window.begin()
        first = window.viewer.frame
        window.commands["networks_page"].trigger()
        page = window.networks_door.page
        assert isinstance(page, NetworksPage)
        qtbot.waitUntil(lambda: "public tiny-cats" in page.shown)
        begin(page)
        qtbot.waitUntil(lambda: page.entry is not None and page.entry.place == "downloaded", timeout=20_000)
        assert server.ranges[0] == ""
        assert server.ranges[1].startswith("bytes="), "the second try goes on where the first ended"
        assert page.card.main.text() == "Open"
        # Drawn before anyone opened it, since its publisher's pictures may not be shown.
        qtbot.waitUntil(lambda: not page.card.preview.isHidden(), timeout=20_000)
        with qtbot.waitSignal(window.desk.changed):
            page.card.main.click()
        settle(window)
        assert window.viewer.frame.request.recipe.model.name == "tiny-cats"
        assert window.viewer.frame.pixels.tobytes() != first.pixels.tobytes()
        assert page._items["public tiny-cats"].text(4) == "In use"
        assert not page.card.main.isEnabled()
        # And back, at once: both are on the shelf.
        page.choose("bundled faces")
        with qtbot.waitSignal(window.desk.changed):
            page.card.main.click()
        settle(window)
        assert window.viewer.frame.pixels.tobytes() == first.pixels.tobytes()
    finally:
        window.close()
        window.deleteLater()
