"""A server on loopback for tests of downloads."""

from collections.abc import Iterator

import pytest

from explorer.checkpoints import download
from tests.checkpoints.web import Web, network_bytes, serving


@pytest.fixture(scope="session")
def payload(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A whole small network."""
    return network_bytes(tmp_path_factory.mktemp("payload"))


@pytest.fixture
def web(payload: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A server that has it; downloads wait for nothing, and no proxy stands between."""
    monkeypatch.setattr(download, "PAUSES", (0.0,))
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving(payload) as web:
        yield web
