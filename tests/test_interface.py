"""The public Python interface, as other people's scripts use it."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch

import explorer
from explorer import CheckpointError, allocator, inspect_checkpoint, load_generator, mappings
from explorer.checkpoints import read_checkpoint
from explorer.checkpoints.loading import build
from explorer.checkpoints.safetensors_form import save_network
from explorer.models import build_generator
from explorer.render import Engine
from tests.models.synthetic import random_network, random_tensors
from tests.models.synthetic_stylegan3 import random_network as random_stylegan3


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    network = random_network()
    tensors = random_tensors("skip", 16, {4: 16, 8: 16, 16: 8})
    path = tmp_path_factory.mktemp("networks") / "tiny.safetensors"
    save_network(path, network.description, tensors, {"name": "tiny"})
    return path


def test_load_and_draw(path):
    G = load_generator(path, device="cpu")
    assert (G.architecture, G.resolution, G.c_dim, G.num_ws) == ("stylegan2", 16, 0, 6)
    assert G.w_avg.shape == (G.w_dim,)
    z = G.latent(7)
    assert z.dtype == torch.float32
    assert np.array_equal(z.numpy(), np.random.RandomState(7).randn(1, G.z_dim).astype(np.float32))
    ws = G.mapping(z, c=None, psi=0.7, cutoff=4)
    assert ws.shape == (1, G.num_ws, G.w_dim)
    for mode in ("const", "none", "random"):
        image = G.synthesis(ws, noise_mode=mode)
        assert image.shape == (1, 3, 16, 16)
        assert image.dtype == torch.float32
    assert torch.equal(load_generator(str(path)).synthesis(ws), G.synthesis(ws))


def test_what_a_network_cannot_do_is_a_value_error(path):
    G = load_generator(path)
    ws = G.mapping(G.latent(0))
    with pytest.raises(ValueError, match="StyleGAN3"):
        G.synthesis(ws, transform=(0.1, 0.0, 30.0))
    with pytest.raises(ValueError, match="noise_mode"):
        G.synthesis(ws, noise_mode="loud")
    with pytest.raises(ValueError, match="ws must be"):
        G.synthesis(ws[:, :3])
    with pytest.raises(ValueError, match="cutoff"):
        G.mapping(G.latent(0), cutoff=99)


def test_inspect_tells_what_it_is(path):
    info = inspect_checkpoint(path)
    assert info.architecture == "stylegan2"
    assert info.resolution == 16
    assert info.parameters == load_generator(path).parameters
    assert len(info.sha256) == 64


def test_errors_are_one_family(tmp_path):
    bad = tmp_path / "bad.pkl"
    bad.write_bytes(b"\x80\x04no network\n.")
    with pytest.raises(CheckpointError) as caught:
        load_generator(bad)
    assert isinstance(caught.value, ValueError)
    assert "bad.pkl" in str(caught.value)
    with pytest.raises(OSError, match=r"absent\.pkl"):
        load_generator(tmp_path / "absent.pkl")
    with pytest.raises(LookupError, match="nosuch"):
        load_generator("nosuch")


def test_the_bundled_network_by_name():
    G = load_generator("faces")
    assert G.resolution >= 128
    image = G.synthesis(G.mapping(G.latent(0), psi=0.7))
    assert image.shape == (1, 3, G.resolution, G.resolution)


def test_names_promised_are_there():
    for name in explorer.__all__:
        assert getattr(explorer, name) is not None
    with pytest.raises(AttributeError):
        explorer.no_such_name  # noqa: B018


def resident_of(path):
    """Bytes in memory of the mappings of a file; None where the system does not tell."""
    if not Path("/proc/self/smaps").is_file():
        return None
    found, is_ours = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            is_ours = line.endswith(str(path))
        elif is_ours and line.startswith("Rss:"):
            found += 1024 * int(line.split()[1])
    return found


def test_weights_are_not_in_memory_twice(path):
    read = read_checkpoint(path)
    values = {name: tensor.clone() for name, tensor in read.tensors.items()}
    assert resident_of(path) != 0
    G = load_generator(path)
    picture = G.synthesis(G.mapping(G.latent(0)))
    read.rest()
    del G
    assert resident_of(path) in (0, None)
    # What is asked for again comes from the file again.
    assert all(torch.equal(read.tensors[name], value) for name, value in values.items())
    G = build(read, str(path))
    assert torch.equal(G.to("cpu").synthesis(G.mapping(G.latent(0))), picture)


def test_layers_that_lay_their_weights_out_anew_leave_the_others_in_the_file(tmp_path, request):
    file = tmp_path / "wide.safetensors"
    wide = random_network("skip", 32, channels={4: 256, 8: 256, 16: 256, 32: 128})
    save_network(file, wide.description, wide._tensors, {})
    G = load_generator(file)
    own = [layer.name for layer, form in G.forms.rows.items() if form.has_own_weights]
    assert len(own) > 4
    ws = G.mapping(G.latent(0), psi=0.7)
    before = torch.get_num_threads()
    request.addfinalizer(lambda: torch.set_num_threads(before))
    for threads in (1, 2, 1):  # each time some are laid out again
        torch.set_num_threads(threads)
        torch.testing.assert_close(G.synthesis(ws), wide.synthesis(ws), rtol=1e-5, atol=1e-5)
        assert (resident_of(file) or 0) < file.stat().st_size / 4
    there = read_checkpoint(file).tensors
    for name in own:
        assert torch.equal(G._tensors[f"{name}.weight"], there[f"{name}.weight"])


@pytest.mark.parametrize("family", ["stylegan2", "stylegan2 wide", "stylegan3-t"])
def test_pictures_after_the_first_need_nothing_of_the_file(family, tmp_path):
    """It may lie on a drive that is unplugged, or be written over: a page that is gone ends the process."""
    network = {
        "stylegan2": lambda: random_network("skip", 32, channels={4: 64, 8: 64, 16: 64, 32: 32}),
        "stylegan2 wide": lambda: random_network("skip", 32, channels={4: 256, 8: 256, 16: 256, 32: 128}),
        "stylegan3-t": lambda: build_generator(*random_stylegan3("T", channel_base=4096, channel_max=200)),
    }[family]()
    file = tmp_path / "network.safetensors"
    save_network(file, network.description, network._tensors, {})
    G = load_generator(file)
    G.synthesis(G.mapping(G.latent(0), psi=0.7))
    mappings.rest()
    assert resident_of(file) in (0, None)
    G.synthesis(G.mapping(G.latent(1), psi=0.5), noise_mode="const" if G.has_noise else "none")
    assert resident_of(file) in (0, None)


def test_a_file_cut_short_while_it_is_open_is_said_in_words(tmp_path):
    file, other = tmp_path / "wide.safetensors", tmp_path / "other.safetensors"
    wide = random_network("skip", 32, channels={4: 256, 8: 256, 16: 256, 32: 128})
    for path in (file, other):
        save_network(path, wide.description, wide._tensors, {})
    G, H = load_generator(file), load_generator(other)
    ws = G.mapping(G.latent(0), psi=0.7)
    picture = G.synthesis(ws)
    os.truncate(file, 4096)
    assert torch.equal(G.synthesis(ws), picture)
    with pytest.raises(
        CheckpointError, match=r"wide\.safetensors: the file was cut short .* put the file back"
    ):
        G.differentiable_synthesis(ws.clone().requires_grad_())
    with pytest.raises(CheckpointError, match="cut short"):
        type(G)(G.description, G._tensors)
    assert torch.equal(H.synthesis(ws), picture)
    H.differentiable_synthesis(ws.clone().requires_grad_())


def test_what_was_changed_in_tensors_that_nothing_was_built_of_stays(path):
    changed = read_checkpoint(path).tensors
    name = next(name for name in changed if name.endswith("conv1.weight"))
    changed[name].fill_(3)
    load_generator(path)
    mappings.rest()
    assert (changed[name] == 3).all()


def test_memory_of_pictures_is_kept_by_the_engine_but_not_for_scripts_that_did_not_ask(path, monkeypatch):
    told = []
    monkeypatch.setattr(allocator, "keep_freed", lambda: told.append("keep"))
    load_generator(path)
    assert told == []
    Engine(device="cpu")
    assert told == ["keep"]
