"""The fast form against the straightforward one, over shapes that the golden files do not have."""

import pytest
import torch

from explorer.bench.plain import PlainStyleGAN2
from explorer.models.generator import NoiseMode
from explorer.models.stylegan2 import StyleGAN2
from tests.models.synthetic import description_of, random_tensors


@pytest.mark.parametrize("noise", ["const", "none"])
@pytest.mark.parametrize("clamp", [None, 1.5])
@pytest.mark.parametrize("arch", ["skip", "resnet", "orig"])
def test_the_fast_form_draws_the_same_picture(arch: str, clamp: float | None, noise: NoiseMode) -> None:
    channels = {4: 33, 8: 40, 16: 18, 32: 7, 64: 3}
    tensors = random_tensors(arch, 64, channels, w_dim=12, z_dim=5)
    description = description_of(arch, 64, w_dim=12, z_dim=5, conv_clamp=clamp)
    fast, plain = StyleGAN2(description, tensors), PlainStyleGAN2(description, tensors)
    ws = torch.randn(2, fast.num_ws, 12, generator=torch.Generator().manual_seed(1))
    wanted = plain.synthesis(ws, noise)
    together = fast.synthesis(ws, noise)
    alone = torch.cat([fast.synthesis(part, noise) for part in ws.split(1)])
    for found in (together, alone):
        assert float((found - wanted).abs().max() / wanted.abs().max()) < 1e-5
