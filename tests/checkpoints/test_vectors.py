"""Files of other tools, written here as those tools write them."""

import pickle
import zipfile

import numpy as np
import pytest
import torch

from explorer.checkpoints.vectors import read_latent, read_vectors
from explorer.errors import CheckpointError, DirectionError

numbers = np.random.RandomState(0)
N = numbers.randn(6).astype(np.float64)


def test_interfacegan_boundaries(tmp_path):
    np.save(tmp_path / "ffhq_smile_w_boundary.npy", N[None])
    np.save(tmp_path / "ffhq_age_boundary.npy", N[None])
    (smile,) = read_vectors(tmp_path / "ffhq_smile_w_boundary.npy")
    assert (smile.name, smile.sigma, smile.warning) == ("ffhq_smile", None, "")
    assert np.array_equal(smile.values, N.astype(np.float32))
    (age,) = read_vectors(tmp_path / "ffhq_age_boundary.npy")
    assert "found in Z" in age.warning


@pytest.mark.parametrize(
    ("shape", "count", "each"),
    [((6,), 1, (6,)), ((1, 6), 1, (6,)), ((4, 6), 1, (4, 6)), ((1, 4, 6), 1, (4, 6)), ((4, 1, 6), 4, (6,))],
)
def test_shapes_of_plain_arrays(tmp_path, shape, count, each):
    np.save(tmp_path / "x.npy", np.ones(shape, np.float32))
    found = read_vectors(tmp_path / "x.npy")
    assert [one.values.shape for one in found] == [each] * count


def test_ganspace_components_with_their_deviations(tmp_path):
    components = numbers.randn(3, 1, 6).astype(np.float32)
    np.savez_compressed(
        tmp_path / "stylegan2-ffhq_style_ipca_c80_n300000_w.npz",
        act_comp=components,
        lat_comp=components,
        act_mean=np.zeros((1, 6)),
        lat_mean=np.zeros((1, 6)),
        act_stdev=np.array([3.0, 2.0, 1.0]),
        lat_stdev=np.array([3.0, 2.0, 1.0]),
        var_ratio=np.ones(3),
        random_stdevs=np.ones(3),
    )
    found = read_vectors(tmp_path / "stylegan2-ffhq_style_ipca_c80_n300000_w.npz")
    assert [one.sigma for one in found] == [3, 2, 1]
    assert [one.warning for one in found] == ["", "", ""]
    assert np.array_equal(found[1].values, components[1, 0])


def test_a_saved_ganspace_direction_is_a_pickle_of_plain_things(tmp_path):
    one = {"name": "Smile", "lat_comp": N.astype(np.float32)[None, None], "lat_stdev": np.float32(1.5)}
    one |= {"act_comp": one["lat_comp"], "latent_space": "W", "edit_start": 0, "edit_end": 18}
    (tmp_path / "smile.pkl").write_bytes(pickle.dumps(one, protocol=4))
    (found,) = read_vectors(tmp_path / "smile.pkl")
    assert (found.name, found.sigma) == ("Smile", 1.5)


@pytest.mark.parametrize("is_old", [False, True])
def test_rosinality_sefa_takes_columns(tmp_path, is_old):
    vectors = torch.linalg.qr(torch.randn(6, 6))[0]
    torch.save(
        {"ckpt": "a.pt", "eigvec": vectors},
        tmp_path / "factor.pt",
        _use_new_zipfile_serialization=not is_old,
    )
    found = read_vectors(tmp_path / "factor.pt")
    assert [one.name for one in found][:2] == ["sefa 1", "sefa 2"]
    assert np.array_equal(found[2].values, vectors[:, 2].numpy())


def test_tensors_in_torch_files(tmp_path):
    torch.save(torch.ones(1, 6), tmp_path / "smile.pt")
    (one,) = read_vectors(tmp_path / "smile.pt")
    assert one.name == "smile"
    torch.save({"age": torch.ones(6), "pose": torch.ones(4, 6), "n": 3}, tmp_path / "all.pt")
    assert [one.name for one in read_vectors(tmp_path / "all.pt")] == ["age", "pose"]


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(300 << 20))


class Runs:
    def __reduce__(self):
        return (eval, ("1/0",))


WRONG = {
    "objects.npy": lambda p: np.save(p, np.array([{"a": 1}], dtype=object), allow_pickle=True),
    "nan.npy": lambda p: np.save(p, np.full(6, np.nan)),
    "text.npy": lambda p: np.save(p, np.array(["a"])),
    "cut.npy": lambda p: p.write_bytes(b"\x93NUMPY\x01\x00\x76\x00{'descr'"),
    "empty.npz": lambda p: np.savez(p),
    "latent.npz": lambda p: np.savez(p, w=np.ones((1, 4, 6))),
    "cut.npz": lambda p: p.write_bytes(b"PK\x03\x04 and no more"),
    "bomb.npz": bomb,
    "none.pt": lambda p: torch.save({"a": 1}, p),
    "network.pt": lambda p: torch.save({"g_ema": {"x.bias": torch.ones(6)}, "latent_avg": torch.ones(6)}, p),
    "deep.npy": lambda p: np.save(p, np.ones((2, 3, 4, 6))),
    "noise.npy": lambda p: p.write_bytes(b"nothing at all"),
    "runs.pkl": lambda p: p.write_bytes(pickle.dumps(Runs())),
    "runs.pt": lambda p: torch.save({"eigvec": Runs()}, p),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_direction_is_refused_in_words(tmp_path, name):
    WRONG[name](tmp_path / name)
    with pytest.raises((DirectionError, CheckpointError), match=r"\w"):
        read_vectors(tmp_path / name)


@pytest.mark.parametrize("shape", [(6,), (1, 6), (4, 6), (1, 4, 6)])
@pytest.mark.parametrize("kind", ["npz", "npy", "pt"])
def test_latents_of_projectors(tmp_path, shape, kind):
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    path = tmp_path / f"latent.{kind}"
    if kind == "npz":
        np.savez(path, w=values)
    elif kind == "npy":
        np.save(path, values)
    else:
        torch.save({"me.jpg": {"img": torch.zeros(3), "latent": torch.from_numpy(values), "noise": []}}, path)
    assert np.array_equal(read_latent(path), values.reshape(-1, 6))


@pytest.mark.parametrize(
    "value", [np.zeros((2, 3, 4)), np.array([np.nan, 1.0]), np.array(["a"]), np.zeros(0)]
)
def test_what_is_no_latent_is_refused(tmp_path, value):
    np.savez(tmp_path / "a.npz", w=value)
    with pytest.raises(DirectionError, match=r"a\.npz"):
        read_latent(tmp_path / "a.npz")
