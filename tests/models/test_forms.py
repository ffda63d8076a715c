"""The table that tells in which form each layer is drawn."""

import pytest

import explorer.models.forms as forms_module
from explorer.models.forms import Form, Forms, LayerShape
from tests.models.synthetic import random_network


def layer(channels, size, **options):
    return LayerShape("b", channels, channels, (size, size), **options)


def test_forms_by_shape(monkeypatch):
    monkeypatch.setattr(forms_module, "has_nnpack", lambda: False)
    monkeypatch.setattr(forms_module, "ALONE_ROWS_FROM", 600_000_000)  # without long vectors
    forms = Forms(is_fast_cpu=True)
    assert forms.choose(layer(512, 4)) == Form("activations")
    assert forms.choose(layer(512, 8)) == Form("winograd", 2)
    assert forms.choose(layer(512, 32)) == Form("winograd", 4)
    assert forms.choose(layer(256, 4)) == Form("activations", packed=True)
    assert forms.choose(layer(256, 8)) == Form("activations", packed=True)
    assert forms.choose(layer(512, 4, up=True)) == Form("activations", packed=True)
    assert forms.choose(layer(128, 16, up=True)) == Form("activations")
    assert forms.choose(layer(256, 8, up=True)) == Form("activations", packed=True)
    assert forms.choose(layer(256, 16, up=True)) == Form("activations", packed=True)
    assert forms.choose(layer(512, 32, up=True)) == Form("rows")
    assert forms.choose(layer(128, 256, up=True)) == Form("rows")
    assert forms.choose(layer(512, 16, up=True)) == Form("rows", alone=True, packed=True)
    assert forms.choose(LayerShape("b", 256, 128, (64, 64), up=True)).alone
    assert not forms.choose(LayerShape("b", 256, 128, (32, 32), up=True)).alone
    assert forms.choose(layer(256, 4, reads_constant=True)) == Form("constant")
    assert forms.choose(layer(128, 64, up=True)) == Form("weights")
    assert forms.choose(layer(32, 512, up=True)) == Form("weights")
    assert forms.choose(layer(512, 64)) == Form("winograd", 4, apart=True)
    assert forms.choose(layer(32, 1024)) == Form("weights")
    assert forms.choose(layer(128, 128)) == Form("winograd", 4)
    assert forms.choose_stylegan1(layer(512, 32)) == Form("winograd", 4)
    assert forms.choose_stylegan1(layer(512, 16, up=True)) == Form("ordinary")
    assert forms.choose_stylegan3(layer(512, 36)) == Form("winograd", 4)
    assert forms.choose_stylegan3(layer(512, 36, kernel=1)) == Form("weights")
    assert forms.choose_stylegan3(layer(64, 276)) == Form("weights")


def test_long_vectors_widen_the_form_of_rows(monkeypatch):
    shape = LayerShape("b", 256, 128, (32, 32), up=True)
    for least, alone in ((300_000_000, True), (600_000_000, False)):
        monkeypatch.setattr(forms_module, "ALONE_ROWS_FROM", least)
        assert Forms(is_fast_cpu=True).choose(shape).alone == alone


def test_memory_of_transformed_weights_is_bounded():
    one = 4 * 36 * 256 * 256
    forms = Forms(is_fast_cpu=True, limit_bytes=2 * one)
    chosen = [forms.choose(LayerShape(f"b{i}", 256, 256, (32, 32))).kind for i in range(3)]
    assert chosen == ["winograd", "winograd", "activations"]


def test_the_library_too_keeps_to_the_limit(monkeypatch):
    monkeypatch.setattr(forms_module, "has_nnpack", lambda: True)
    forms = Forms(is_fast_cpu=True, limit_bytes=4 * 64 * 256 * 256 + 4 * 36 * 256 * 256)
    chosen = [forms.choose(LayerShape(f"b{i}", 256, 256, (64, 64))).kind for i in range(3)]
    assert chosen == ["nnpack", "winograd", "weights"]


def test_a_constant_layer_too_keeps_to_the_limit():
    first = layer(256, 4, reads_constant=True)
    assert Forms(is_fast_cpu=True, limit_bytes=4 * 16 * 256 * 256 - 1).choose(first).kind == "activations"
    assert Forms(is_fast_cpu=False).choose(first).kind == "activations"


def test_only_a_cpu_in_float32_and_square_layers_use_winograd():
    assert Forms(is_fast_cpu=False).choose(layer(512, 32)).kind == "activations"
    wide = LayerShape("b", 512, 512, (32, 64))
    assert Forms(is_fast_cpu=True).choose(wide).kind == "activations"


@pytest.mark.parametrize("has_nnpack", [True, False])
def test_the_library_draws_large_layers(has_nnpack, monkeypatch):
    monkeypatch.setattr(forms_module, "has_nnpack", lambda: has_nnpack)
    forms = Forms(is_fast_cpu=True)
    shapes = (64, 64), (64, 128), (128, 32), (128, 256), (256, 64)
    found = [forms.choose(layer(*shape)) for shape in shapes]
    assert [form.kind == "nnpack" for form in found] == 5 * [has_nnpack]
    assert list(forms.rows.values()) == found
    assert forms.choose(layer(512, 64)).kind != "nnpack"
    assert forms.choose(layer(64, 64, up=True)).kind != "nnpack"
    assert forms.choose(LayerShape("b", 64, 64, (64, 128))).kind != "nnpack"
    assert forms.choose_stylegan1(layer(64, 128)).kind != "nnpack"
    assert Forms(is_fast_cpu=False).choose(layer(64, 128)).kind != "nnpack"


def test_a_network_shows_its_table():
    network = random_network("skip", 16, channels={4: 32, 8: 256, 16: 128})
    lines = str(network.forms).splitlines()
    assert len(lines) == len(network.forms.rows) == 5
    assert "synthesis.b16.conv1" in lines[-1]
    assert lines[-1].endswith("winograd 4x4")
    assert "doubled" in lines[-2]
