"""Numbers of the public networks for weights made by a rule: no files needed (specification, section 9)."""

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.models.generator import NoiseMode
from tests.models.synthetic import by_rule

Z = torch.from_numpy(np.random.RandomState(0).randn(2, 8).astype(np.float32))


def close(found: Tensor, wanted: list[float], tolerance: float = 1e-4) -> None:
    torch.testing.assert_close(found, torch.tensor(wanted), rtol=0, atol=tolerance)


def test_mapping() -> None:
    ws = by_rule("skip").mapping(Z, psi=0.7, cutoff=4)
    assert ws.shape == (2, 6, 8)
    close(
        ws[0, 0], [0.846825, 1.130185, 0.903791, 0.270451, -0.143192, -0.231451, -0.214700, -0.101271], 1e-5
    )
    close(
        ws[0, 5], [1.138879, 1.591403, 1.326593, 0.463753, -0.121634, -0.281188, -0.313987, -0.205256], 1e-5
    )


def test_conditional_mapping() -> None:
    w = by_rule("skip", resolution=8, mapping_layers=2, c_dim=2).mapping(Z, torch.eye(2))[:, 0]
    close(w[0], [-0.058302, -0.007401, 0.232833, 0.395411, 0.377574, 0.188525, -0.016973, -0.063600], 1e-5)
    close(w[1], [-0.032352, -0.027295, -0.010242, 0.054294, 0.132498, 0.149498, 0.099675, 0.007271], 1e-5)


@pytest.mark.parametrize(
    ("arch", "noise", "mean", "std", "corner", "middle", "far"),
    [
        (
            "skip",
            "const",
            -1.431206,
            2.906368,
            [0.93863, 0.27741, -0.49788],
            [-10.28047, -3.40700, 6.88075],
            [0.76764, -0.42481, -1.06703],
        ),
        (
            "skip",
            "none",
            -1.537113,
            3.248209,
            [0.60680, 0.12047, -0.36345],
            [-11.62461, -4.23232, 6.82036],
            [0.20462, -0.42558, -0.59733],
        ),
        (
            "resnet",
            "const",
            -0.602105,
            1.627149,
            [0.43145, 0.10678, -0.26371],
            [-5.14311, -1.09098, 3.45298],
            [-0.33942, -0.37222, -0.23582],
        ),
        (
            "orig",
            "const",
            -0.761300,
            2.981974,
            [1.33816, 0.25762, -0.93643],
            [-9.75730, -1.77492, 7.00629],
            [-0.07529, -0.14587, -0.14886],
        ),
    ],
)
@pytest.mark.parametrize("batch", [1, 2])
def test_pictures(
    arch: str,
    noise: NoiseMode,
    mean: float,
    std: float,
    corner: list[float],
    middle: list[float],
    far: list[float],
    batch: int,
) -> None:
    network = by_rule(arch)
    ws = network.mapping(Z, psi=0.7, cutoff=4)
    # One sample at a time takes other paths through the layers than a batch does.
    image = torch.cat([network.synthesis(part, noise) for part in ws.split(batch)])
    assert image.shape == (2, 3, 16, 16)
    assert image.dtype == torch.float32
    close(image.mean()[None], [mean])
    close(image.std(correction=0)[None], [std])
    close(image[0, :, 0, 0], corner)
    close(image[0, :, 8, 7], middle)
    close(image[1, :, 15, 14], far)
