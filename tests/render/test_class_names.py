"""What classes are called: by the file itself, or by the table of public networks."""

import pytest

from explorer.checkpoints import Shelf, save_network
from explorer.render import Engine
from tests.models.synthetic import channels_of, description_of, random_tensors


def info_of(tmp_path, name, c_dim, header):
    path = tmp_path / f"{name}.safetensors"
    tensors = random_tensors("skip", 16, channels_of(16, 128, 16), seed=0, c_dim=c_dim)
    save_network(path, description_of("skip", 16, c_dim=c_dim), tensors, header)
    return Engine(Shelf(), device="cpu").open(path)


@pytest.mark.parametrize(
    ("name", "c_dim", "header", "names"),
    [
        ("zoo", 2, {"class_names": ["ant", "bee"]}, ("ant", "bee")),
        ("zoo", 3, {"class_names": ["ant", "bee"]}, ()),
        ("zoo", 2, {"class_names": ["ant", 5]}, ()),
        ("zoo", 2, {"class_names": ["ant", "b\ne"]}, ()),
        ("zoo", 2, {"class_names": "ab"}, ()),
        ("zoo", 2, {}, ()),
        ("zoo", 0, {"class_names": []}, ()),
        ("cifar10", 4, {}, ()),
    ],
)
def test_a_file_names_its_classes(tmp_path, name, c_dim, header, names):
    assert info_of(tmp_path, name, c_dim, header).class_names == names


def test_the_public_networks_do_where_the_file_does_not(tmp_path):
    names = info_of(tmp_path, "cifar10", 10, {}).class_names
    assert len(names) == 10
    assert names[3] == "cat"
