"""Sums after a convolution in one pass, and one after the other where no such kernel can be made."""

import math

import pytest
import torch
import torch.nn.functional as F

from explorer.bench.random_networks import RandomNetwork
from explorer.models import build_generator, fused, processor

GPU = torch.cuda.is_available()


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(fused, "_unavailable", set())


def plain(x, bias, noise, strength, slope, clamp):
    x = x.double() + (0 if bias is None else bias.double())
    x = x + (0 if noise is None else strength * noise.double())
    x = torch.where(x > 0, x, x * slope)
    return x if clamp is None else x.clamp(-clamp, clamp)


def numbers(dtype, device):
    random = torch.Generator().manual_seed(1)
    x = 3 * torch.randn(2, 8, 6, 4, generator=random)
    x = x.to(device, dtype, memory_format=torch.channels_last)
    bias = torch.randn(8, 1, 1, generator=random).to(device, dtype)
    return x, bias, torch.randn(1, 1, 6, 4, generator=random).to(device, dtype)


@pytest.mark.parametrize(
    "device", ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not GPU, reason="no GPU"))]
)
@pytest.mark.parametrize(
    ("dtype", "error"), [(torch.float32, 1e-6), (torch.float16, 1e-2), (torch.bfloat16, 1e-1)]
)
@pytest.mark.parametrize("parts", ["", "bias", "noise", "bias noise"])
def test_sums_are_what_they_are_called(parts, dtype, error, device):
    x, bias, noise = numbers(dtype, device)
    bias, noise = bias if "bias" in parts else None, noise if "noise" in parts else None
    for slope, clamp in ((0.2, 2.0), (0.2, None), (1.0, 2.0), (1.0, None)):
        wanted = plain(x, bias, noise, 0.7, slope, clamp)
        found = fused.finish(x.clone(), bias, noise, 0.7, slope, clamp)
        assert found.dtype == dtype
        assert found.stride() == x.stride()
        assert float((found.double() - wanted).abs().max()) <= error
    assert not fused._unavailable


@pytest.mark.skipif(not GPU, reason="no GPU")
@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_a_gpus_kernel_passes_on_what_is_no_number(value):
    x = torch.full((8,), value, device="cuda", dtype=torch.float16)
    found = fused.finish(x.clone(), clamp=None)
    assert torch.equal(found.isnan(), x.isnan())
    assert torch.equal(found.isinf(), x.isinf())


class Pretends(torch.Tensor):
    """A tensor of the CPU that says it lies on a GPU."""

    is_cuda = True


def test_a_gpu_that_makes_no_kernels_draws_pass_by_pass_and_is_not_asked_again(monkeypatch, caplog):
    asked = []

    def refuse(parts):
        asked.append(parts)
        raise RuntimeError("no compiler")

    monkeypatch.setattr(fused, "_kernel", refuse)
    for _ in range(2):
        x = torch.tensor([-10.0, 1.0]).as_subclass(Pretends)
        found = fused.finish(x, clamp=1.5)
        assert found.tolist() == [-1.5, 1.0]
    assert asked == [()]
    assert "no compiler" in caplog.text


def test_lack_of_memory_is_no_reason_to_do_without(monkeypatch):
    def full(parts):
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(fused, "_kernel", full)
    with pytest.raises(torch.OutOfMemoryError):
        fused.finish(torch.ones(2).as_subclass(Pretends))
    assert not fused._unavailable


@pytest.mark.parametrize("config", [None, "T"])
def test_pictures_are_made_of_what_a_kernel_returns(config, monkeypatch):
    """A kernel writes new memory; what it read may hold anything afterwards."""
    monkeypatch.setattr(processor, "kind", lambda device: "cuda")
    sizes = RandomNetwork(32, 256, 16, width=16, config=config, num_layers=6)
    network = build_generator(*sizes.make())
    ws = network.mapping(network.latent(1), psi=0.7)
    wanted = network.synthesis(ws)
    finish = fused.finish
    calls = []

    def apart(x, *args, **kwargs):
        made = finish(x.clone(), *args, **kwargs)
        x.fill_(math.nan)
        calls.append(made.shape)
        return made

    monkeypatch.setattr(fused, "finish", apart)
    found = network.synthesis(ws)
    assert calls
    assert torch.equal(found, wanted)


def test_gradients_go_through_it():
    x = torch.tensor([-1.0, 0.5, 3.0], requires_grad=True)
    (F.relu(x) * 0 + fused.finish(x * 1, torch.ones(3), clamp=2.0)).sum().backward()
    assert x.grad.tolist() == pytest.approx([0.2, 1.0, 0.0])
