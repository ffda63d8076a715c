"""All that a GPU runs but the GPU: its forms drawn on the CPU, in every precision, for every family.

`processor.kind` is the one place where networks ask what they run on, so replacing it brings out the
forms, the batched styles and the half precisions of a GPU. What this cannot show is a card's speed.
"""

import pytest
import torch

from explorer.models import Generator, build_generator, processor
from tests.models import synthetic, synthetic_stylegan3
from tests.models.test_golden_families import FILES as OTHERS
from tests.models.test_golden_stylegan2 import FILES as STYLEGAN2
from tests.models.test_golden_stylegan2 import Golden
from tests.support import needs_golden

GPU = torch.cuda.is_available()


@pytest.fixture
def on_gpu(monkeypatch):
    """Where there is a GPU, that; else a CPU that draws in a GPU's forms."""
    if not GPU:
        monkeypatch.setattr(processor, "kind", lambda device: "cuda")
    return "cuda" if GPU else "cpu"


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
    golden = Golden(name, tmp_path)
    network = made(golden.generator, on_gpu, precision)
    key = "img_const" if "img_const" in golden.arrays else "img"
    ws, wanted = golden.tensor("w"), golden.tensor(key)
    for found in (network.synthesis(ws), torch.cat([network.synthesis(part) for part in ws.split(1)])):
        if precision == "float32":
            assert float((found.cpu() - wanted).abs().max()) <= 1e-4
        else:
            assert error(found, wanted) <= HALF_ERROR[precision]


@pytest.mark.parametrize("precision", ["float32", "float16"])
@pytest.mark.parametrize("batch", [1, 2])
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
