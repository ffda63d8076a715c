"""All that a GPU runs but the GPU: its forms drawn on the CPU, in every precision, for every family.

`processor.kind` is the one place where networks ask what they run on, so replacing it brings out the
forms, the batched styles and the half precisions of a GPU. What this cannot show is a card's speed.
"""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from explorer.bench.random_networks import RandomNetwork
from explorer.models import Generator, banded, build_generator, modulated, processor
from explorer.render import devices
from explorer.render.pixels import to_levels
from tests.models import synthetic, synthetic_stylegan3
from tests.models.launches import Devices
from tests.models.test_golden_families import FILES as OTHERS
from tests.models.test_golden_stylegan2 import FILES as STYLEGAN2
from tests.models.test_golden_stylegan2 import Golden
from tests.support import needs_golden

GPU = torch.cuda.is_available()


@pytest.fixture
def on_gpu(monkeypatch):
    """Where there is a GPU, that; else a CPU that draws in a GPU's forms."""
    if GPU:
        devices.prepare()  # torch by itself convolves float32 in TF32
        return "cuda"
    monkeypatch.setattr(processor, "kind", lambda device: "cuda")
    return "cpu"


def made(network: Generator, device: str, precision: str = "float32") -> Generator:
    """The same network as it is drawn on `device`; built anew, so that it asks again."""
    return type(network)(network.description, network._tensors, device, precision)


SMALL = {
    "skip": lambda: synthetic.random_network("skip", 32, channels={4: 24, 8: 24, 16: 16, 32: 8}),
    "resnet": lambda: synthetic.random_network("resnet", 16, channels={4: 24, 8: 16, 16: 8}),
    "stylegan3-t": lambda: build_generator(*synthetic_stylegan3.random_network("T")),
    "stylegan3-r": lambda: build_generator(*synthetic_stylegan3.random_network("R")),
}
HALF_ERROR = {"float16": 1e-2, "bfloat16": 8e-2}
"""Of the largest value. bfloat16 keeps 8 bits where float16 keeps 11."""


QUICK = {
    ("float16", "ada_skip_fp16_cond.pkl"),
    ("float16", "ada_resnet_fp16.pkl"),
    ("float16", "sg3_t.pkl"),
    ("float16", "tf_sg1_fused.pkl"),
    ("bfloat16", "ada_resnet_fp16.pkl"),
}


def latents(network: Generator, count: int) -> torch.Tensor:
    return torch.cat([network.mapping(network.latent(seed), psi=0.8) for seed in range(count)]).cpu()


def error(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((found.cpu() - wanted).abs().max() / wanted.abs().max())


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("name", SMALL)
def test_a_gpus_forms_draw_the_same_pictures(name, batch, on_gpu, monkeypatch):
    gpu = processor.kind
    monkeypatch.setattr(processor, "kind", lambda device: device.type)
    network = SMALL[name]()
    ws = latents(network, batch)
    wanted = network.synthesis(ws)
    monkeypatch.setattr(processor, "kind", gpu)
    assert error(made(network, on_gpu).synthesis(ws), wanted) < 2e-5


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", SMALL)
def test_half_precisions_stay_near(name, precision, on_gpu):
    if not GPU and (precision, name) == ("float16", "stylegan3-r"):
        pytest.skip("float16 takes long on a CPU")
    network = SMALL[name]()
    ws = latents(network, 2)
    wanted = made(network, on_gpu).synthesis(ws).cpu()
    half = made(network, on_gpu, precision)
    features = half.start(2)
    with torch.inference_mode():
        for index in range(len(half.steps) - 1):
            features = half.run(index, features, ws.to(on_gpu))
    assert features.x.dtype == getattr(torch, precision)
    assert error(half.synthesis(ws), wanted) <= HALF_ERROR[precision]


@needs_golden
@pytest.mark.parametrize("precision", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("name", [*STYLEGAN2, *OTHERS])
def test_golden_pictures(name, precision, on_gpu, tmp_path):
    if not GPU and precision != "float32" and (precision, name) not in QUICK:
        pytest.skip("half precision takes long on a CPU: a few networks stand for all")
    golden = Golden(name, tmp_path)
    network = made(golden.generator, on_gpu, precision)
    key = "img_const" if "img_const" in golden.arrays else "img"
    ws, wanted = golden.tensor("w"), golden.tensor(key)
    found_in = [network.synthesis(ws)]
    if GPU:
        found_in.append(torch.cat([network.synthesis(part) for part in ws.split(1)]))
    for found in found_in:
        if precision == "float32":
            assert float((found.cpu() - wanted).abs().max()) <= 1e-4
        else:
            assert error(found, wanted) <= HALF_ERROR[precision]


@pytest.mark.parametrize(("batch", "precision"), [(1, "float32"), (2, "bfloat16")])
@pytest.mark.parametrize("name", SMALL)
def test_channels_lie_last_from_step_to_step(name, batch, precision, on_gpu):
    network = made(SMALL[name](), on_gpu, precision)
    ws = latents(network, batch).to(on_gpu)
    features = network.start(batch)
    network.begin(ws)
    with torch.inference_mode():
        for index, step in enumerate(network.steps):
            features = network.run(index, features, ws)
            if features.x.shape[1] > 3:
                assert features.x.is_contiguous(memory_format=torch.channels_last), step.name


def stylegan1() -> Generator:
    pytest.importorskip("hypothesis", reason="its tests need it")
    from tests.models.test_stylegan1 import NETWORK

    return NETWORK


def steps_of(network: Generator, batch: int, precision: str) -> Devices:
    """All that a picture asks of a GPU, from latents that lie there to bytes that do."""
    there = made(network, "meta", precision)
    ws = torch.empty(batch, there.num_ws, there.w_dim, device="meta")
    move = there.move([(0.1, 0.0, 10.0)] * batch)
    with torch.inference_mode(), Devices() as asked:
        features = there.start(batch)
        there.begin(ws)
        for index in range(len(there.steps)):
            features = there.run(index, features, ws, transform=move)
        levels = to_levels(there.picture(features))
    assert levels.device.type == "meta"
    return asked


@pytest.mark.parametrize(("batch", "precision"), [(1, "float32"), (4, "float16")])
@pytest.mark.parametrize("name", [*SMALL, "stylegan1"])
def test_a_picture_neither_waits_for_a_gpu_nor_sends_anything_to_it(name, batch, precision, monkeypatch):
    """A value that is looked at, or made on the CPU, stops here: there are no numbers on this device."""
    monkeypatch.setattr(processor, "kind", lambda device: "cuda")
    asked = steps_of({**SMALL, "stylegan1": stylegan1}[name](), batch, precision)
    assert asked.waits == []
    assert asked.travels == []


def test_what_waits_or_travels_would_be_seen():
    network = made(SMALL["stylegan3-t"](), "meta")
    ws = torch.empty(1, network.num_ws, network.w_dim, device="meta")
    with torch.inference_mode(), Devices() as asked:
        network.run(0, network.start(1), ws, transform=(0.1, 0.0, 10.0))
        torch.equal(torch.ones(1), torch.ones(1))
    assert asked.travels
    assert asked.waits == ["equal"]


@pytest.mark.parametrize(
    ("make", "precision", "most"),
    [
        (lambda: RandomNetwork(1024, 2048, 8, width=16).make(), "float32", 200),
        (lambda: RandomNetwork(1024, 2048, 8, width=16).make(), "float16", 225),
        (lambda: RandomNetwork(1024, 2048, 8, width=16, config="T").make(), "float32", 280),
        (lambda: RandomNetwork(1024, 2048, 8, width=16, config="T").make(), "float16", 292),
    ],
)
def test_a_picture_of_1024_pixels_is_few_launches(make, precision, most, monkeypatch):
    """Before, with styles layer by layer and depth-wise convolutions: 1244 for StyleGAN3."""
    monkeypatch.setattr(processor, "kind", lambda device: "cuda")
    monkeypatch.setattr(banded, "STRIP_BYTES", 2**40)  # launches of strips depend on the width
    assert steps_of(build_generator(*make()), 1, precision).total <= most


@pytest.mark.parametrize("config", ["T", "R"])
def test_strips_of_raised_rows_change_nothing(config, on_gpu, monkeypatch):
    network = SMALL[f"stylegan3-{config.lower()}"]()
    ws = latents(network, 2)
    wanted = made(network, on_gpu).synthesis(ws)
    monkeypatch.setattr(banded, "STRIP_BYTES", 40_000)
    # A GPU's library may add up products in another order where there are fewer of them.
    assert error(made(network, on_gpu).synthesis(ws), wanted.cpu()) < (1e-5 if GPU else 1e-6)


@pytest.mark.parametrize("last_is_half", [True, False])
def test_odd_channels_are_filled_up_for_matrix_units(last_is_half, on_gpu, monkeypatch):
    description, tensors = RandomNetwork(32, 200, 13, width=16, config="T", num_layers=6).make()
    description.options["layers"][-1]["use_fp16"] = last_is_half
    network = build_generator(description, tensors)
    ws = latents(network, 2)
    half = made(network, on_gpu, "float16")
    assert error(half.synthesis(ws), made(network, on_gpu).synthesis(ws).cpu()) <= HALF_ERROR["float16"]
    features = half.start(2)
    with torch.inference_mode():
        for index in range(len(half.steps) - 1):
            features = half.run(index, features, ws.to(on_gpu))
    assert network._layers[-2].out_channels % 8
    assert features.x.shape[1] % 8 == 0
    assert half.parameters == network.parameters


def test_many_channels_put_out_are_convolved_in_parts(on_gpu, monkeypatch):
    network = SMALL["skip"]()
    ws = latents(network, 2)
    wanted = made(network, on_gpu).synthesis(ws)
    monkeypatch.setattr(modulated, "_MOST_CHANNELS", 40)
    assert error(made(network, on_gpu).synthesis(ws), wanted.cpu()) < 1e-6


def test_many_samples_are_convolved_in_parts(on_gpu, monkeypatch):
    network = SMALL["skip"]()
    ws = latents(network, 3)
    wanted = made(network, on_gpu).synthesis(ws)
    monkeypatch.setattr(modulated, "_WIDE", 16)
    monkeypatch.setattr(modulated, "_LARGE", 8)
    monkeypatch.setattr(modulated, "_MOST_SAMPLES", 2)
    convolve, counts = F.conv2d, set()

    def counting(x, *args, **kwargs):
        counts.add(len(x))
        return convolve(x, *args, **kwargs)

    parted = made(network, on_gpu)
    monkeypatch.setattr(F, "conv2d", counting)
    assert error(parted.synthesis(ws), wanted.cpu()) < 1e-6
    assert counts == {1, 2, 3}


class Rounding(TorchDispatchMode):
    """Whether TF32 was allowed wherever float32 was multiplied."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func._schema.name.removeprefix("aten::")
        floats = all(a.dtype == torch.float32 for a in args if isinstance(a, torch.Tensor))
        if floats and name in ("conv2d", "convolution", "bmm"):
            flags = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
            self.seen.append((name, *flags))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", ["skip", "stylegan3-t"])
def test_only_the_float32_layers_of_half_precision_may_round_to_tf32(name, on_gpu):
    devices.prepare(threads=torch.get_num_threads())
    network = SMALL[name]()
    options = dict(network.description.options)
    if name == "skip":
        options["num_fp16_res"] = 2
    else:
        options["layers"] = [dict(layer, use_fp16=place > 2) for place, layer in enumerate(options["layers"])]
    network = build_generator(replace(network.description, options=options), network._tensors)
    ws = latents(network, 1).to(on_gpu)
    for precision, allowed in (("float32", False), ("float16", True)):
        drawn = made(network, on_gpu, precision)
        with Rounding() as rounding:
            drawn.synthesis(ws)
        convolutions = [flags for kind, *flags in rounding.seen if kind != "bmm"]
        assert convolutions
        assert all(flags == [allowed, allowed] for flags in convolutions)
        assert not torch.backends.cudnn.allow_tf32
        assert not torch.backends.cuda.matmul.allow_tf32
