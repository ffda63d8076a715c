"""Downloads that go well, break off, are stopped, meet another version, and are taken up again."""

from __future__ import annotations

import datetime
import threading
from pathlib import Path

import pytest

from explorer import inspect_checkpoint, load_generator
from explorer.checkpoints import Register, Shelf, part_file
from explorer.checkpoints import download as module
from explorer.checkpoints.download import DownloadProgress, discard_partial, download, partial_bytes
from explorer.checkpoints.download_pace import Pace
from explorer.checkpoints.downloaded import downloaded_networks, networks_dir, read_record
from explorer.checkpoints.transport import Transport
from explorer.errors import DownloadError, DownloadStoppedError, ExplorerError, ModelNotFoundError
from tests.checkpoints.web import Handler, Web, break_at, entry_for, fetch, network_bytes

# all goes well


def test_what_was_fetched_is_found_by_name(web: Web) -> None:
    seen: list[DownloadProgress] = []
    entry = entry_for(web.url, web.sha256)
    path = fetch(entry, progress=seen.append)
    assert path == networks_dir() / "tiny.safetensors"
    assert path.read_bytes() == web.body
    assert {now.stage for now in seen} >= {"connecting", "checking"}
    assert seen[-1].done == seen[-1].total == len(web.body)
    assert not [other for other in path.parent.iterdir() if other.name.startswith(".")]

    record = read_record(path)
    assert record is not None
    assert (record.source, record.sha256) == (web.url, web.sha256)
    assert (record.licence, record.licence_url) == ("Test Licence 1.0", "https://example.org/licence")
    accepted = datetime.datetime.fromisoformat(record.accepted)
    assert abs(datetime.datetime.now(datetime.UTC) - accepted) < datetime.timedelta(minutes=5)

    assert load_generator("tiny").resolution == 16
    assert inspect_checkpoint("tiny").licence == "Test Licence 1.0"
    shelf = Shelf(register=Register(networks_dir() / "empty.json"))
    ref = shelf.resolve_name("tiny")
    assert (ref.name, ref.sha256) == ("tiny", web.sha256)
    shelf.get(ref)
    assert shelf.header(ref)["licence"] == "Test Licence 1.0"
    assert shelf.header(ref)["title"] == "Tiny"  # what the file itself says comes first

    asked = len(web.requests)
    assert download(entry, accept_licence=False) == path  # here already: nothing to accept, nobody asked
    assert len(web.requests) == asked


def test_a_slow_server_is_waited_for_and_told_of(web: Web) -> None:
    seen: list[DownloadProgress] = []

    def drip(handler: Handler) -> None:
        data, sent = handler.begin(), 0
        while not any(now.done for now in seen) and sent < len(data) // 2:
            handler.pour(data[sent : sent + 1000])
            sent += 1000
            web.closing.wait(0.02)
        handler.pour(data[sent:])

    web.answer = drip
    assert fetch(entry_for(web.url), progress=seen.append).read_bytes() == web.body
    counts = [now.done for now in seen]
    assert counts == sorted(counts)
    assert any(0 < count < len(web.body) for count in counts)
    assert {now.total for now in seen if now.stage == "downloading"} == {len(web.body)}
    assert len(web.requests) == 1


def test_a_recipe_finds_it_by_its_digest_alone(web: Web) -> None:
    fetch(entry_for(web.url))
    forgetful = Shelf(register=Register(networks_dir() / "empty.json"))
    from explorer.recipe import ModelRef

    assert forgetful.get(ModelRef("another name", web.sha256)).resolution == 16


def test_nothing_is_asked_before_the_licence_is_accepted(web: Web) -> None:
    with pytest.raises(DownloadError, match=r"Test Licence 1\.0, https://example\.org/licence"):
        download(entry_for(web.url), accept_licence=False, opener=Transport(plain_loopback=True))
    assert not web.requests
    assert downloaded_networks() == ()


def test_errors_are_of_both_families() -> None:
    assert issubclass(DownloadError, ExplorerError)
    assert issubclass(DownloadError, OSError)


# the line


def test_a_broken_line_is_taken_up_where_it_broke(web: Web) -> None:
    web.answer = break_at(20_000, 0, 30_000)
    assert fetch(entry_for(web.url, web.sha256)).read_bytes() == web.body
    assert web.ranges() == ["", "bytes=20000-", "bytes=20000-", "bytes=50000-"]
    assert web.requests[-1][2]["if-range"] == '"one"'


def test_a_server_that_never_gets_on_is_given_up_and_its_bytes_kept(web: Web) -> None:
    web.answer = break_at(1000, 0, 0, 0, 0, 0, 0, 0)
    entry = entry_for(web.url)
    with pytest.raises(DownloadError, match=r"1,000 of .* bytes.*1,000 bytes are kept"):
        fetch(entry)
    assert partial_bytes(entry) == 1000
    web.answer = None
    assert fetch(entry).read_bytes() == web.body
    assert web.ranges()[-1] == "bytes=1000-"


def test_a_stop_keeps_what_came_and_asking_again_goes_on(web: Web) -> None:
    entry = entry_for(web.url, web.sha256)

    def drip(handler: Handler) -> None:
        data = handler.begin()
        handler.pour(data[:30_000])
        handler.wfile.flush()
        web.closing.wait(10)  # slower than anybody waits

    web.answer = drip
    with pytest.raises(DownloadStoppedError, match="goes on from there"):
        fetch(entry, should_stop=lambda: partial_bytes(entry) > 0)
    kept = partial_bytes(entry)
    assert 0 < kept <= 30_000
    assert not [thread for thread in threading.enumerate() if thread.name == "download-watch"]
    assert downloaded_networks() == ()
    with pytest.raises(ModelNotFoundError):
        load_generator("tiny")
    web.answer = None
    assert fetch(entry).read_bytes() == web.body
    assert web.ranges()[-1] == f"bytes={kept}-"


def test_a_stop_is_heard_while_the_server_is_silent(web: Web) -> None:
    asked = threading.Event()

    def silence(handler: Handler) -> None:
        asked.set()
        web.closing.wait(10)

    web.answer = silence
    with pytest.raises(DownloadStoppedError):
        fetch(entry_for(web.url), should_stop=asked.is_set, opener=Transport(60, plain_loopback=True))
    assert not web.closing.is_set()


def test_silence_ends_in_words(web: Web) -> None:
    def stall(handler: Handler) -> None:
        data = handler.begin()
        handler.pour(data[:5000] if len(web.requests) == 1 else b"")
        web.closing.wait(10)

    web.answer = stall
    with pytest.raises(DownloadError, match="no answer for a long time"):
        fetch(entry_for(web.url), opener=Transport(0.2, plain_loopback=True))
    assert partial_bytes(entry_for(web.url)) == 5000


def test_a_finished_part_needs_no_server(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = entry_for(web.url)

    def interrupted(self: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module._Job, "check", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fetch(entry)
    asked = len(web.requests)
    assert fetch(entry).read_bytes() == web.body
    assert len(web.requests) == asked


def test_busy_servers_are_asked_again(web: Web) -> None:
    left = [503, 429]

    def answer(handler: Handler) -> None:
        if left:
            handler.say(left.pop(), {"Content-Length": "0"})
        else:
            handler.well()

    web.answer = answer
    assert fetch(entry_for(web.url)).is_file()


def test_two_downloads_of_one_network_do_not_mix(web: Web) -> None:
    with (
        part_file.PartFile(networks_dir(), "tiny.safetensors").locked(),
        pytest.raises(DownloadError, match=r"tiny\.safetensors is being downloaded already"),
    ):
        fetch(entry_for(web.url))
    assert fetch(entry_for(web.url)).is_file()


# another version, or none that can be told


def test_a_changed_file_is_fetched_anew(web: Web, tmp_path: Path) -> None:
    web.answer = break_at(20_000, *[0] * 8)
    with pytest.raises(DownloadError):
        fetch(entry_for(web.url))
    web.answer, web.etag, web.body = None, '"two"', network_bytes(tmp_path, seed=1)
    assert fetch(entry_for(web.url)).read_bytes() == web.body


def test_a_changed_file_from_a_server_deaf_to_if_range_is_fetched_anew(web: Web, tmp_path: Path) -> None:
    old, new = web.body, network_bytes(tmp_path, seed=1)

    def answer(handler: Handler) -> None:
        if web.body is old:
            handler.pour(handler.begin()[:20_000])
            web.body, web.etag = new, '"two"'
            return
        del handler.headers["If-Range"]
        handler.well()

    web.answer = answer
    assert fetch(entry_for(web.url)).read_bytes() == new


def test_ranges_that_are_ignored_mean_beginning_anew(web: Web) -> None:
    left = [20_000]

    def answer(handler: Handler) -> None:
        del handler.headers["Range"]
        data = handler.begin()
        handler.pour(data[: left.pop()] if left else data)

    web.answer = answer
    assert fetch(entry_for(web.url)).read_bytes() == web.body
    assert web.ranges() == ["", "bytes=20000-"]


def test_without_a_version_nothing_is_pieced_together(web: Web) -> None:
    web.etag = ""
    web.answer = break_at(20_000)
    assert fetch(entry_for(web.url)).read_bytes() == web.body
    assert web.ranges() == ["", ""]


def test_a_known_digest_stands_in_for_a_version(web: Web) -> None:
    web.etag = ""
    web.answer = break_at(20_000)
    assert fetch(entry_for(web.url, web.sha256)).read_bytes() == web.body
    assert web.ranges() == ["", "bytes=20000-"]


def test_a_server_that_gives_a_little_at_a_time_is_borne_with(web: Web) -> None:
    def answer(handler: Handler) -> None:
        span = handler.headers.get("Range", "")
        start = int(span.removeprefix("bytes=").removesuffix("-") or 0)
        data = web.body[start : start + 50_000]
        if not span:
            handler.say(200, {"ETag": web.etag, "Content-Length": str(len(web.body))})
        else:
            stated = f"bytes {start}-{start + len(data) - 1}/{len(web.body)}"
            handler.say(206, {"ETag": web.etag, "Content-Range": stated, "Content-Length": str(len(data))})
        handler.pour(data)

    web.answer = answer
    assert fetch(entry_for(web.url)).read_bytes() == web.body


@pytest.mark.parametrize(
    "stated", ["bytes 0-9/{total}", "bytes {start}-9/10", "bytes {start}-{total}/*", "lines 1-2/3", ""]
)
def test_a_part_that_is_not_the_one_asked_for_is_not_appended(web: Web, stated: str) -> None:
    def answer(handler: Handler) -> None:
        span = handler.headers.get("Range")
        if len(web.requests) == 1:
            handler.pour(handler.begin()[:20_000])
        elif span is None:
            handler.well()
        else:
            words = stated.format(start=20_000, total=len(web.body))
            handler.say(206, {"Content-Range": words, "Content-Length": str(len(web.body) - 20_000)})
            handler.pour(web.body[20_000:])

    web.answer = answer
    assert fetch(entry_for(web.url)).read_bytes() == web.body


def test_a_part_longer_than_the_file_is_thrown_away(web: Web) -> None:
    networks_dir().mkdir()
    part = networks_dir() / ".tiny.safetensors.part"
    part.write_bytes(b"x" * (len(web.body) + 5))
    part.with_name(part.name + ".json").write_text('{"version": "\\"one\\"", "total": null}')
    assert fetch(entry_for(web.url)).read_bytes() == web.body


def test_a_note_full_of_nonsense_is_no_hindrance(web: Web) -> None:
    networks_dir().mkdir()
    part = networks_dir() / ".tiny.safetensors.part"
    for note in ("[", "[]", '{"version": 5, "total": "x"}', '{"version": "a\\r\\nHost: b", "total": 3}'):
        part.write_bytes(b"x" * 100)
        part.with_name(part.name + ".json").write_text(note)
        path = fetch(entry_for(web.url))
        assert path.read_bytes() == web.body
        assert web.ranges()[-1] == ""
        path.unlink()


def test_a_part_can_be_forgotten(web: Web) -> None:
    entry = entry_for(web.url)
    web.answer = break_at(1000, 0, 0, 0, 0)
    with pytest.raises(DownloadError):
        fetch(entry)
    discard_partial(entry)
    assert partial_bytes(entry) == 0
    assert list(networks_dir().iterdir()) == []


# pace


def test_the_pace_is_that_of_the_last_seconds() -> None:
    now = [100.0]
    pace = Pace(lambda: now[0])
    assert pace.rate(5000) == 0.0  # bytes of earlier runs are no speed
    for _ in range(100):
        now[0] += 0.1
        rate = pace.rate(5000 + round((now[0] - 100) * 1000))
    assert rate == pytest.approx(1000, rel=0.01)
    for _ in range(40):
        now[0] += 0.1
        rate = pace.rate(15_000)
    assert rate == 0.0
    assert pace.rate(0) == 0.0  # begun anew
    assert [pace.is_due(), pace.is_due()] == [True, False]
    now[0] += 0.2
    assert pace.is_due()


def test_the_time_left_is_told_where_it_can_be() -> None:
    assert DownloadProgress("downloading", 10, 110, 50.0).seconds_left == 2.0
    assert DownloadProgress("downloading", 10, None, 50.0).seconds_left is None
    assert DownloadProgress("connecting", 10, 110, 0.0).seconds_left is None
