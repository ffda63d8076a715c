"""StyleGAN-XL snapshots as its code writes them: made by hand, since no real file fits into a repository."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import leaky_relu

from explorer.checkpoints import inspect_checkpoint, load_generator, read_checkpoint
from explorer.checkpoints.convert import convert
from explorer.errors import CheckpointError, CorruptCheckpointError, UnsafeCheckpointError
from explorer.errors import UnsupportedCheckpointError as Unsupported
from explorer.models import NetworkDescription
from explorer.models.stylegan3_geometry import design_filters
from tests.checkpoints.assembler import (
    Call,
    Make,
    Module,
    Name,
    Raw,
    code,
    generator_module,
    pickle,
    storage,
    tensor,
)
from tests.models import synthetic_stylegan3

CLASSES, ROWS, INNER = 4, 20, 6
"""Classes of the network, and rows and width of the table it carries."""

FUNCTION_CODE = Call(
    "dill._dill", "_create_code", (1, 0, 0, 1, 1, 67, b"d\0S\0", (None,), (), (), "x", "h", 1, b"")
)
HOOK = Call(
    "dill._dill",
    "_create_function",
    (
        FUNCTION_CODE,
        Name("feature_networks.vit", "__dict__"),
        "hook",
        None,
        (Call("dill._dill", "_create_cell"),),
    ),
)


def filled(cell: Any, setter: Any = None, name: str = "cell_contents", value: Any = "1") -> Raw:
    """A closure's cell as dill 0.4 fills it; what `setattr` returns is dropped at once."""
    parts = (Name("dill", "_dill"), "_setattr", Name("builtins", "setattr"))
    setter = setter or Call("builtins", "getattr", parts)
    return Raw(code(setter) + code((cell, name, value)) + b"R0N")


NORM = Name("torch.nn.modules.normalization", "LayerNorm")
CELL = Call("dill._dill", "_create_cell", (None,))


def network(is_superres: bool = False) -> tuple[NetworkDescription, dict[str, torch.Tensor]]:
    """A StyleGAN3-R with classes from a table; the head of a super-resolution one has 3x3 kernels."""
    description, tensors = synthetic_stylegan3.by_rule("R")
    layers = [dict(layer) for layer in description.options["layers"]]
    if is_superres:
        for layer in layers[4:-1]:
            layer["conv_kernel"] = 3
            for axis in (0, 2):
                low, high = layer["padding"][axis : axis + 2]
                total = low + high - 2 * layer["up_factor"]
                low = (total + layer["up_factor"]) // 2
                layer["padding"][axis : axis + 2] = [low, total - low]
            name = f"synthesis.{layer['name']}"
            tensors[f"{name}.weight"] = tensors[f"{name}.weight"] + torch.randn(
                *tensors[f"{name}.weight"].shape[:2], 3, 3, generator=torch.Generator().manual_seed(1)
            )
            for key, taps in design_filters(layer, is_radial=False).items():
                tensors[f"{name}.{key}"] = taps
    draw = torch.Generator().manual_seed(0)
    w_dim, z_dim = description.w_dim, description.z_dim
    tensors |= {
        "mapping.w_avg": torch.randn(CLASSES, w_dim, generator=draw),
        "mapping.embed.weight": torch.randn(ROWS, INNER, generator=draw),
        "mapping.embed_proj.weight": torch.randn(z_dim, INNER, generator=draw),
        "mapping.embed_proj.bias": torch.randn(z_dim, generator=draw),
        "mapping.fc0.weight": 100 * torch.randn(w_dim, 2 * z_dim, generator=draw),
    }
    options = {**description.options, "layers": layers, "label_mode": "table"}
    return replace(description, c_dim=CLASSES, options=options), tensors


def on_device(value: torch.Tensor) -> Call:
    """A storage that was left where training had it."""
    held = storage(value)
    assert held.args[0].count(b"X\3\0\0\0cpu") == 1
    return replace(held, args=(held.args[0].replace(b"X\3\0\0\0cpu", b"X\6\0\0\0cuda:0"),))


def tree(
    description: NetworkDescription, tensors: dict[str, torch.Tensor], kind: str = "Generator"
) -> Module:
    """The network as modules with attributes; the table of classes is an ordinary embedding."""
    root = Module(
        kind, {"z_dim": description.z_dim, "c_dim": description.c_dim, "num_ws": description.num_ws}
    )
    for name, value in tensors.items():
        *place, last = name.split(".")
        if place == ["mapping", "embed"]:
            continue
        module = root
        for part in place:
            module = module.modules.setdefault(part, Module(part))
        module.buffers[last] = tensor(value, held=on_device(value))
    if "mapping.embed.weight" in tensors:
        table = {"_parameters": {"weight": tensors["mapping.embed.weight"]}, "_buffers": {}, "_modules": {}}
        root.modules["mapping"].modules["embed"] = Make("torch.nn.modules.sparse", "Embedding", table)
    synthesis, options = root.modules["synthesis"], description.options
    synthesis.attributes["layer_names"] = [layer["name"] for layer in options["layers"]]
    synthesis.modules["input"].attributes |= {**options["input"], "size": np.array(options["input"]["size"])}
    for layer in options["layers"]:
        arrays = {key: np.array(layer[key]) for key in ("in_size", "out_size")}
        synthesis.modules[layer["name"]].attributes |= layer | arrays
        # Left over from training: filters to blend between, of which the plain ones are in use.
        synthesis.modules[layer["name"]].buffers["up_filter16"] = torch.ones(3)
    return root


def discriminator() -> Make:
    """What judges pictures: classes of other libraries, hooks with code in them, bound methods."""
    block = Make("timm.models.vision_transformer", "Block", {"_forward_hooks": {3: HOOK}})
    partial = Raw(code(Call("functools", "partial", (NORM,))) + code((NORM, (), {"eps": 1e-6}, {})) + b"b")
    method = Call("dill._dill", "_load_type", ("MethodType",))
    bound = Raw(code(method) + code((Name("feature_networks.vit", "forward_flex"), block)) + b"R")
    normalise = {"mean": [0.5], "interp": Name("torch.nn.functional", "interpolate")}
    inner = {
        "0": block,
        "1": Make(
            "pg_modules.discriminator",
            "SingleDiscCond",
            {"n": Make("torch.nn.utils.spectral_norm", "SpectralNorm", {})},
        ),
        "2": Make("torchvision.transforms.transforms", "Normalize", normalise),
        "norm": partial,
        "forward": Call("builtins", "getattr", (block, "forward_flex")),
        "bound": bound,
        "cell": filled(CELL),
        "partial": Raw(code(Call("dill._dill", "_load_type", ("PartialType",))) + code((NORM,)) + b"R"),
        "old partial": Call(
            "dill._dill",
            "_create_ftype",
            (Call("dill._dill", "_load_type", ("PartialType",)), NORM, (), {}),
        ),
        "own": Module("FullyConnectedLayer", {"bias_gain": 1}),
        "skip": Make("torch.nn.quantized.modules.functional_modules", "FloatFunctional", {}),
    }
    return Make("pg_modules.discriminator", "ProjectedDiscriminator", {"_modules": inner})


def write(folder: Path, root: Module, judge: Any = None, **more: Any) -> Path:
    path = folder / "network.pkl"
    path.write_bytes(pickle({"G": None, "D": judge or discriminator(), "G_ema": root, **more}))
    return path


@pytest.mark.parametrize("is_superres", [False, True])
def test_snapshots_with_their_discriminator(is_superres: bool, tmp_path: Path) -> None:
    description, tensors = network(is_superres)
    kind = "SuperresGenerator" if is_superres else "Generator"
    path = write(tmp_path, tree(description, tensors, kind), progress={"cur_nimg": torch.tensor([5])})
    found = read_checkpoint(path)
    assert found.description.options["layers"] == description.options["layers"]
    assert replace(found.description, options={}) == replace(description, options={})
    tensors["mapping.embed.weight"] = tensors["mapping.embed.weight"][:CLASSES]
    assert found.tensors.keys() == tensors.keys()
    assert all(torch.equal(found.tensors[name], value) for name, value in tensors.items())
    assert any("up_filter16" in note for note in found.notes)
    info = inspect_checkpoint(path)
    assert (info.architecture, info.c_dim, info.options["label_mode"]) == ("stylegan3-r", CLASSES, "table")
    assert info.header["family"] == "StyleGAN-XL"
    assert is_superres == any("raised from a smaller one" in note for note in info.notes)
    assert "pg_modules.discriminator.ProjectedDiscriminator" in info.globals


def test_classes_come_from_the_table(tmp_path: Path) -> None:
    """The mapping of the paper, written out: table, projection, activation, then both normalised."""
    description, tensors = network()
    generator = load_generator(write(tmp_path, tree(description, tensors)))
    z, chosen = generator.latent(3), 2
    label = torch.eye(CLASSES)[[chosen]]

    def dense(x: torch.Tensor, name: str, rate: float) -> torch.Tensor:
        weight, bias = tensors[f"mapping.{name}.weight"], tensors[f"mapping.{name}.bias"]
        return leaky_relu(x @ weight.t() * rate / weight.shape[1] ** 0.5 + bias * rate, 0.2) * 2**0.5

    def unit(x: torch.Tensor) -> torch.Tensor:
        return x / x.square().mean(dim=1, keepdim=True).sqrt()

    row = dense(tensors["mapping.embed.weight"][[chosen]], "embed_proj", 1.0)
    w = dense(dense(torch.cat([unit(z), unit(row)], dim=1), "fc0", 0.01), "fc1", 0.01)
    assert torch.allclose(generator.mapping(z, label)[:, 0], w, atol=1e-5)
    average = tensors["mapping.w_avg"][[chosen]]
    half = generator.mapping(z, label, psi=0.5)[:, -1]
    assert torch.allclose(half, average + 0.5 * (w - average), atol=1e-5)


def test_conversion_draws_the_same_bits(tmp_path: Path) -> None:
    description, tensors = network(is_superres=True)
    path = write(tmp_path, tree(description, tensors, "SuperresGenerator"))
    first = load_generator(path)
    convert(path, tmp_path / "ours.safetensors")
    second = load_generator(tmp_path / "ours.safetensors")
    ws = first.mapping(first.latent(0), torch.eye(CLASSES)[:1])
    assert torch.equal(second.mapping(second.latent(0), torch.eye(CLASSES)[:1]), ws)
    assert torch.equal(first.synthesis(ws), second.synthesis(ws))


def test_a_network_without_classes_carries_the_table_in_vain(tmp_path: Path) -> None:
    description, tensors = synthetic_stylegan3.by_rule("T")
    root = tree(description, tensors | {"mapping.embed.weight": torch.ones(ROWS, INNER)})
    found = read_checkpoint(write(tmp_path, root))
    assert found.description.c_dim == 0
    assert found.tensors.keys() == tensors.keys()


def test_more_classes_than_the_table_has(tmp_path: Path) -> None:
    description, tensors = network()
    tensors["mapping.w_avg"] = torch.zeros(ROWS + 1, description.w_dim)
    with pytest.raises(CorruptCheckpointError, match="classes"):
        read_checkpoint(write(tmp_path, tree(description, tensors)))


def test_a_projected_gan_of_another_body_is_named(tmp_path: Path) -> None:
    root = Make("pg_modules.networks_fastgan", "Generator", {"_modules": {}})
    with pytest.raises(Unsupported, match="FastGAN"):
        read_checkpoint(write(tmp_path, root))


BLOCK = Make("timm.models.vision_transformer", "Block", {})
HOSTILE: dict[str, Any] = {
    "a function of a listed package": Call("torchvision.transforms.functional", "resize", ("x",)),
    "a class of one, called": Call("timm.models.vision_transformer", "Block", (1,)),
    "a class made with arguments": Make("timm.models.layers.mlp", "Mlp", args=("x",)),
    "a module next to the packages": Name("torchvision.datasets.utils", "download_url"),
    "a package of a similar name": Name("timm_models", "Block"),
    "a module's own machinery": Name("timm.models", "__loader__"),
    "an attribute of an attribute": Name("timm.models", "os.system"),
    "a function beside listed classes": Name("timm.models.vision_transformer", "checkpoint_filter_fn"),
    "a listed class of another module": Name("os", "Mlp"),
    "a class within a listed class": Name("timm.models.layers.mlp", "Mlp.forward"),
    "a listed name in other letters": Name("timm.models.layers.mlp", "mlp"),
    "getattr of a name": Call("builtins", "getattr", (Name("timm.models", "os"), "system")),
    "getattr of machinery": Call("builtins", "getattr", (BLOCK, "__class__")),
    "getattr of a chain": Call("builtins", "getattr", (BLOCK, "a.b")),
    "a bound method, called": Raw(code(Call("builtins", "getattr", (BLOCK, "save"))) + b")R"),
    "getattr of a module": Call("builtins", "getattr", (Call("builtins", "__import__", ("os",)), "system")),
    "a partial of a call": Call("functools", "partial", (Name("builtins", "getattr"),)),
    "a partial with arguments": Call("functools", "partial", (NORM, "x")),
    "a partial, called": Raw(code(Call("functools", "partial", (NORM,))) + b")R"),
    "a function, called": Raw(code(HOOK) + b")R"),
    "a function of no code": Call("dill._dill", "_create_function", ("x", {})),
    "code of nothing": Call("dill._dill", "_create_code", ("x",)),
    "setattr of its own": Call("builtins", "setattr", (BLOCK, "a", 1)),
    "a cell filled by setattr": filled(CELL, Name("builtins", "setattr")),
    "setattr on a block": filled(BLOCK),
    "another name in a cell": filled(CELL, name="__class__"),
    "getattr of dill": Call("builtins", "getattr", (Name("dill", "_dill"), "_import_module")),
    "getattr of dill, with setattr": Call(
        "builtins", "getattr", (Name("dill", "_dill"), "_import_module", Name("builtins", "setattr"))
    ),
    "an old partial of a call": Call(
        "dill._dill", "_create_ftype", (Name("builtins", "getattr"), NORM, (), {})
    ),
    "an import by dill": Call("dill._dill", "_import_module", ("os",)),
    "a type no network needs": Call("dill._dill", "_load_type", ("ModuleType",)),
    "a type made": Call("dill._dill", "_create_type", ("x",)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_discriminator_that_does_something(name: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint(write(tmp_path, generator_module(), HOSTILE[name]))
    assert type(caught.value) is UnsafeCheckpointError, caught.value
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "part",
    [
        Name("timm.models.resnet", "ResNet"),
        Name("torchvision.models.vgg", "VGG"),
        Name("torch.nn.modules.rnn", "LSTM"),
        Name("training.networks_stylegan2", "Discriminator"),
    ],
    ids=lambda part: part.name,
)
def test_a_part_that_nobody_has_listed(part: Name, tmp_path: Path) -> None:
    """Honest, perhaps, but only exact names pass; the message says which it was and what helps."""
    with pytest.raises(Unsupported, match=rf"nothing but its G_ema.*{part.module}\.{part.name}\).*at byte"):
        read_checkpoint(write(tmp_path, generator_module(), part))


@pytest.mark.parametrize("corner", ["generator", "buffer", "alone"])
def test_records_never_become_weights(corner: str, tmp_path: Path) -> None:
    root = generator_module()
    root.modules["mapping"].buffers["w_avg"] = BLOCK
    path = write(tmp_path, {"generator": HOOK, "buffer": root, "alone": None}[corner], HOOK)
    with pytest.raises(CheckpointError):
        read_checkpoint(path)
    path.write_bytes(pickle(HOOK))
    with pytest.raises(UnsafeCheckpointError, match="program code"):
        read_checkpoint(path)
