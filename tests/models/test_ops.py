"""Doubling of pictures."""

import pytest
import torch

from explorer.models.ops import add_doubled_, upsample2


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("size", [(1, 1), (4, 4), (3, 8), (40, 5)])
def test_a_doubled_image_is_added(size, n):
    random = torch.Generator().manual_seed(size[0])
    image = torch.randn(n, 3, *size, generator=random)
    picture = torch.randn(n, 3, 2 * size[0], 2 * size[1], generator=random)
    wanted = picture + upsample2(image)
    add_doubled_(picture, image)
    torch.testing.assert_close(picture, wanted, rtol=1e-6, atol=1e-6)


def test_gradients_pass():
    image = torch.randn(1, 3, 4, 4, requires_grad=True)
    picture = torch.zeros(1, 3, 8, 8)
    add_doubled_(picture, image)
    picture.sum().backward()
    assert image.grad is not None
    assert float(image.grad.sum()) == pytest.approx(float(upsample2(torch.ones(1, 3, 4, 4)).sum()))
