import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from explorer.render.pixels import to_pixels


def reference(image):
    """The rule, in NumPy and float32."""
    levels = np.clip(image[0] * np.float32(127.5) + np.float32(128), 0, 255)
    return levels.astype(np.uint8).transpose(1, 2, 0)


@given(arrays(np.float32, (1, 3, 4, 5), elements=st.floats(-3, 3, width=32)))
def test_bytes_follow_the_reference_rule(image):
    for tensor in (
        torch.from_numpy(image),
        torch.from_numpy(image).contiguous(memory_format=torch.channels_last),
    ):
        pixels = to_pixels(tensor)
        assert pixels.dtype == np.uint8
        assert pixels.flags.c_contiguous
        np.testing.assert_array_equal(pixels, reference(image))


def test_known_levels():
    image = torch.tensor([-1.0, -1.01, 0.0, 0.99, 1.0, 2.0]).view(1, 1, 1, 6)
    assert to_pixels(image)[0, :, 0].tolist() == [0, 0, 128, 254, 255, 255]


@pytest.mark.parametrize(
    ("channels", "taken"), [(1, (0, 0, 0)), (2, (0, 0, 0)), (3, (0, 1, 2)), (4, (0, 1, 2))]
)
def test_one_channel_is_grey_and_of_four_three_are_taken(channels, taken):
    image = torch.arange(channels).view(1, channels, 1, 1) / 10
    expected = [int(np.float32(c) / np.float32(10) * np.float32(127.5) + np.float32(128)) for c in taken]
    assert to_pixels(image)[0, 0].tolist() == expected


@pytest.mark.parametrize("shape", [(2, 3, 4, 4), (3, 4, 4), (1, 0, 4, 4)])
def test_what_is_not_one_picture_is_refused(shape):
    with pytest.raises(ValueError, match="one picture"):
        to_pixels(torch.zeros(shape))


@pytest.mark.parametrize("channels", [1, 3])
def test_memory_is_its_own(channels):
    image = torch.zeros(1, channels, 4, 4)
    first, second = to_pixels(image), to_pixels(image)
    first[:] = 7
    assert (second == 128).all()
    assert (image == 0).all()
