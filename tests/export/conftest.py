"""What most tests of this room draw with."""

import pytest

from explorer.render import Engine
from tests.export.films import small_network


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return small_network(tmp_path_factory.mktemp("network"))


@pytest.fixture(scope="module")
def engine():
    return Engine(device="cpu", threads=1)
