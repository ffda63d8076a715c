"""Work in pieces over threads."""

import threading
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from explorer.models import build_generator, filtered_lrelu
from explorer.models.pieces import spread
from explorer.models.winograd import WinogradConv
from tests.models.synthetic_stylegan3 import random_network
from tests.models.test_winograd import styled


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def on(threads: int, draw) -> Tensor:
    torch.set_num_threads(threads)
    picture = draw()
    assert torch.get_num_threads() == threads
    return picture


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_every_piece_is_done_once(threads: int) -> None:
    torch.set_num_threads(threads)
    done, workers, inner = [], [], set()

    def worker():
        workers.append(threading.get_ident())

        def work(piece: int) -> None:
            inner.add((torch.get_num_threads(), torch.is_inference_mode_enabled()))
            done.append(piece)

        return work

    with torch.inference_mode():
        spread(worker, 7)
    assert sorted(done) == list(range(7))
    assert len(workers) == threads
    assert inner == {(1, True)}


def test_a_piece_that_fails_is_told() -> None:
    torch.set_num_threads(2)

    def fail(piece: int) -> None:
        raise ValueError(f"piece {piece}")

    with pytest.raises(ValueError, match="piece"):
        spread(lambda: fail, 4)


def test_strips_apart_have_the_same_bits_on_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.models.winograd._CACHE_BYTES", 1)
    x, weight, style, scale, bias = styled(40)
    conv = WinogradConv(weight, 4, 40, apart=True)
    pictures = [on(threads, lambda: conv(x, style, scale, bias)) for threads in (1, 2, 3, 1)]
    assert all(torch.equal(picture, pictures[0]) for picture in pictures)


@pytest.mark.parametrize("config", ["T", "R"])
def test_filters_have_the_same_bits_on_any_number_of_threads(config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filtered_lrelu, "STRIP_BYTES", 6000)
    network = build_generator(*random_network(config, 64))
    layer = network._layers[-2]._filtered_lrelu
    x = torch.randn(1, layer._channels, 66, 66)
    with torch.inference_mode():
        pictures = [on(threads, lambda: layer(x.clone())) for threads in (1, 2, 3)]
    assert all(torch.equal(picture, pictures[0]) for picture in pictures)
