"""The search, on networks small enough to be searched in a second."""

import numpy as np
import pytest
import torch

from explorer import load_generator
from explorer.errors import ProjectionError
from explorer.latents import compose
from explorer.models.stylegan1 import StyleGAN1
from explorer.models.stylegan3 import StyleGAN3
from explorer.projection import Settings, project, recipe_of
from explorer.projection.distance import Distance, psnr
from explorer.recipe import SUPPLIED_PICTURE, ModelRef, document
from tests.models import synthetic, synthetic_stylegan3, test_stylegan1


def stylegan3():
    return StyleGAN3(*synthetic_stylegan3.random_network("T"))


def stylegan1():
    return StyleGAN1(test_stylegan1.description_of(), test_stylegan1.random_tensors(test_stylegan1.CHANNELS))


NETWORKS = {
    "skip": synthetic.random_network,
    "resnet": lambda: synthetic.random_network("resnet"),
    "classes": lambda: synthetic.random_network("skip", c_dim=3),
    "grey": lambda: synthetic.random_network("skip", img_channels=1),
    "with alpha": lambda: synthetic.random_network("skip", img_channels=4),
    "stylegan1": stylegan1,
    "stylegan3": stylegan3,
}


def picture_of(generator, seed):
    """What a network draws for a seed, as an 8-bit picture of three channels."""
    label = torch.eye(generator.c_dim)[[1]] if generator.c_dim else None
    image = generator.synthesis(generator.mapping(generator.latent(seed), label))
    pixels = ((image[0, :3] + 1) * 127.5).round().clamp(0, 255).byte()
    return pixels.expand(3, -1, -1).permute(1, 2, 0).numpy()


def search(generator, target, **settings):
    return [found for found in project(generator, target, Settings(**settings)) if found is not None]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_family_comes_nearer(name):
    generator = NETWORKS[name]()
    found = search(generator, picture_of(generator, 7), steps=24, samples=8)
    steps = [progress for progress in found if progress.done]
    assert [progress.done for progress in steps] == list(range(1, 25))
    assert {progress.stage for progress in steps} == {"w", "w+"}
    losses = [progress.loss for progress in steps]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.8 * losses[0]
    last = steps[-1]
    assert last.ws.shape == (1, generator.num_ws, generator.w_dim)
    # What is reported is what is drawn from it.
    assert torch.allclose(generator.synthesis(last.ws), last.image, atol=1e-3)
    assert (last.class_index is None) == (generator.c_dim == 0)


def test_a_face_of_the_bundled_network_is_found_again():
    """Networks without training are too wild for it; `bench --only invert` measures more."""
    generator = load_generator("faces")
    last = search(generator, picture_of(generator, 7), steps=90, samples=64, space="w")[-1]
    assert last.psnr > 30


def test_equal_seeds_find_equal_latents():
    generator = synthetic.random_network()
    target = picture_of(generator, 7)
    one, two, other = (search(generator, target, steps=6, samples=16, seed=s)[-1] for s in (1, 1, 2))
    assert torch.equal(one.ws, two.ws)
    assert not torch.equal(one.ws, other.ws)


def test_in_w_all_rows_are_one():
    generator = synthetic.random_network()
    last = search(generator, picture_of(generator, 7), steps=6, samples=8, space="w")[-1]
    recipe = recipe_of(ModelRef("net"), last)
    assert recipe.base.rows == 1
    assert torch.equal(compose(recipe, generator), last.ws)


def test_the_recipe_is_a_source_like_any_other():
    generator = synthetic.random_network("skip", c_dim=3)
    last = search(generator, picture_of(generator, 7), steps=10, samples=8)[-1]
    recipe = recipe_of(ModelRef("net"), last, "ab" * 32)
    assert document.loads(document.dumps(recipe)) == recipe
    assert (recipe.base.origin, recipe.base.picture_sha256) == (SUPPLIED_PICTURE, "ab" * 32)
    assert recipe.base.is_of_supplied_picture
    assert recipe.class_index == last.class_index
    assert torch.equal(compose(recipe, generator), last.ws)


def test_a_class_may_be_asked_for():
    generator = synthetic.random_network("skip", c_dim=3)
    target = picture_of(generator, 7)
    assert search(generator, target, steps=2, samples=8, class_index=2)[-1].class_index == 2
    with pytest.raises(ProjectionError, match="classes 0 to 2"):
        search(generator, target, class_index=3)
    with pytest.raises(ProjectionError, match="no classes"):
        search(synthetic.random_network(), target, class_index=0)


def test_pictures_of_another_size_are_refused():
    with pytest.raises(ProjectionError, match="16 x 16"):
        search(synthetic.random_network(), np.zeros((16, 32, 3), np.uint8))


@pytest.mark.parametrize("settings", [{"steps": 0}, {"space": "z"}])
def test_impossible_settings(settings):
    with pytest.raises(ProjectionError):
        Settings(**settings)


def test_the_penalty_keeps_rows_together():
    generator = synthetic.random_network()
    target = picture_of(generator, 7)[::-1].copy()  # upside down: out of reach for W
    apart = []
    for penalty in (0.0, 10.0):
        ws = search(generator, target, steps=40, samples=8, penalty=penalty)[-1].ws[0]
        apart.append(float((ws - ws.mean(dim=0)).square().mean()))
    assert apart[1] < 0.5 * apart[0]


def test_distance():
    generator = torch.Generator().manual_seed(0)
    for height, width in ((64, 64), (64, 32), (40, 40)):
        target = torch.rand(1, 3, height, width, generator=generator) * 2 - 1
        distance = Distance(target)
        assert float(distance(target)) == 0
        both = distance(torch.cat([target, target + 0.1]))
        assert both.shape == (2,)
        assert float(both[0]) == 0
        assert 0 < float(both[1]) < float(distance(target + 0.3))


def test_psnr():
    black = torch.full((1, 3, 4, 4), -1.0)
    assert psnr(black, black) == 99.0
    assert psnr(black, -black) == 0.0
    assert psnr(black, black + 2 / 255) == pytest.approx(48.13, abs=0.01)
