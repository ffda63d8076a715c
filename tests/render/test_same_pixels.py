"""The same recipe gives the same pixels: in the window's thread, on the command line, in any process."""

import os
import queue
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from explorer.checkpoints import Shelf, save_network
from explorer.recipe import Mix, Noise, Recipe, SeedBlend, document
from explorer.render.engine import Engine
from explorer.render.frame import RenderRequest
from explorer.render.worker import RenderWorker
from tests.models.synthetic import channels_of, description_of, random_tensors
from tests.support import REPOSITORY


@pytest.fixture
def network(tmp_path):
    """A network wide enough for several threads to share its work."""
    path = tmp_path / "wide.safetensors"
    channels = channels_of(32, 1024, 64)
    save_network(path, description_of("skip", 32), random_tensors("skip", 32, channels), {"title": "Wide"})
    return path


def edited(ref):
    return Recipe(
        ref,
        SeedBlend.between(1, 2, 0.25),
        mixes=(Mix(7, "fine", 0.5),),
        psi=0.7,
        noise=Noise("random", 3, 0.8),
    )


def render_in_child(recipe, folder, threads):
    file = folder / f"recipe-{threads}.json"
    file.write_text(document.dumps(recipe))
    picture = folder / f"picture-{threads}.png"
    command = [sys.executable, "-m", "explorer", "render", "--recipe", str(file), "--out", str(picture)]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    # The invisible mark is laid over files alone.
    command += ["--device", "cpu", "--no-mark"]
    subprocess.run(command, check=True, cwd=REPOSITORY, env=environment)
    return np.asarray(Image.open(picture).convert("RGB"))


def test_in_this_process_on_the_render_thread_and_in_child_processes(network, tmp_path):
    engine = Engine(device="cpu")
    recipe = edited(engine.open(network).ref)
    here = engine.render(RenderRequest(recipe)).pixels
    assert here.std() > 10  # a picture, not a plain surface

    answers = queue.Queue()
    worker = RenderWorker(lambda: Engine(device="cpu"), answers.put)
    worker.start()
    worker.submit(RenderRequest(recipe, live=True))
    on_the_thread = answers.get(timeout=60).pixels
    assert worker.close(60)
    np.testing.assert_array_equal(on_the_thread, here)

    for threads in (1, 2):
        np.testing.assert_array_equal(render_in_child(recipe, tmp_path, threads), here)


def test_what_was_drawn_before_changes_nothing(network):
    engine = Engine(Shelf(), device="cpu")
    recipe = edited(engine.open(network).ref)
    first = engine.render(RenderRequest(recipe)).pixels
    for seed in range(5):
        engine.render(RenderRequest(recipe.with_(base=SeedBlend.of(seed), noise=Noise("random", seed))))
        engine.render(RenderRequest(recipe.with_(psi=seed / 5), stop=8))
    engine.set_cache_limit(0)
    np.testing.assert_array_equal(engine.render(RenderRequest(recipe)).pixels, first)


def test_forgetting_a_network_and_opening_it_again_changes_nothing(network):
    engine = Engine(device="cpu")
    ref = engine.open(network).ref
    first = engine.render(RenderRequest(edited(ref))).pixels
    engine.forget(ref)
    assert engine.cache_stats.bytes == 0
    np.testing.assert_array_equal(engine.render(RenderRequest(edited(ref))).pixels, first)
