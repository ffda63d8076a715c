"""NVIDIA's PyTorch pickles: StyleGAN2-ADA, StyleGAN3, StyleGAN-XL, and what the community trained with them.

A snapshot is a dictionary of networks, each an object of their persistence
scheme that carries its attributes and, as program text, the source of its
class. The text is never looked at. The names of modules, parameters and
buffers, joined by dots, are the canonical names already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from explorer.checkpoints import stylegan2_layout, stylegan3_layout
from explorer.checkpoints.statements import Found, first_rows, left_out, turned
from explorer.checkpoints.stylegan2_layout import Switches
from explorer.checkpoints.values import Inert, Instance, Persistent, TensorView, plain, plain_list
from explorer.errors import CorruptCheckpointError, UnsafeCheckpointError, UnsupportedCheckpointError
from explorer.models.description import NetworkDescription

FORMAT = "pytorch-pickle"
MAX_DEPTH = 16
MAX_MODULES = 10_000

Module = Persistent | Instance


@dataclass
class Parts:
    """A network taken apart: tensors and modules by dotted name."""

    tensors: dict[str, TensorView] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)

    def attribute(self, module: str, name: str, default: Any = None) -> Any:
        """A plain attribute of a module, or the default where either is missing."""
        found = self.modules.get(module)
        if found is None or found.state is None:
            return default
        return plain(found.state.get(name, default))


def is_snapshot(value: object) -> bool:
    """Whether a pickle's value is a snapshot of this kind."""
    return isinstance(value, Persistent) or (
        isinstance(value, dict)
        and any(isinstance(value.get(key), Persistent | Inert) for key in ("G_ema", "G", "D"))
    )


def read_snapshot(value: Any, path: str) -> Found:
    """Find the generator in a snapshot (`G_ema` first) and describe it.

    Raises
    ------
    UnsafeCheckpointError, UnsupportedCheckpointError, CorruptCheckpointError
    """
    notes: tuple[str, ...] = ()
    header: dict[str, Any] = {}
    network = value
    if isinstance(value, dict):
        network = value.get("G_ema")
        if not isinstance(network, Persistent | Inert):
            network = value.get("G")
            notes = ("The file holds no averaged generator (G_ema); the training copy (G) is used.",)
        header = _training_set(value.get("training_set_kwargs"))
    if isinstance(network, Inert):
        raise UnsupportedCheckpointError(
            f"{path}: a network of the class {network.name[:80]!a}: a Projected GAN without StyleGAN's "
            "generator (FastGAN), which has no style space"
        )
    if not isinstance(network, Persistent):
        raise UnsupportedCheckpointError(f"{path}: a snapshot without a generator, only with a discriminator")
    parts = take_apart(network, path)
    if not parts.tensors and network.source_length:
        raise UnsafeCheckpointError(
            f"{path}: refused, and nothing in it was run. The network {network.class_name!a} holds no "
            f"weights, only {network.source_length} characters of program text for its reader to run "
            f"(at byte {network.at})"
        )
    if "synthesis.b4" in parts.modules:
        found = _stylegan2(parts, path)
    elif "synthesis.input" in parts.modules and parts.attribute("synthesis", "layer_names"):
        found = _stylegan3(parts, path)
    else:
        raise UnsupportedCheckpointError(
            f"{path}: a network of the class {network.class_name[:80]!a} in NVIDIA's format, "
            "but not a generator this version knows"
        )
    if isinstance(parts.modules.get("mapping.embed"), Instance):
        # Only StyleGAN-XL has an ordinary embedding there.
        header["family"] = "StyleGAN-XL"
        is_raised = network.class_name == "SuperresGenerator"
        notes += (f"A StyleGAN-XL network{', raised from a smaller one' if is_raised else ''}.",)
    return Found(found.description, found.tensors, FORMAT, header, notes + found.notes)


def take_apart(network: Persistent, path: str) -> Parts:
    """Walk the modules and collect parameters and buffers under dotted names.

    Iterative and bounded: references may be shared or circular in a hostile file.
    """
    parts = Parts()
    waiting: list[tuple[str, object, int]] = [("", network, 0)]
    while waiting:
        name, module, depth = waiting.pop()
        if module is None:
            continue
        if not isinstance(module, Persistent | Instance) or module.state is None:
            raise CorruptCheckpointError(f"{path}: the part {name[:80]!a} of the network is no module")
        if depth > MAX_DEPTH or len(parts.modules) >= MAX_MODULES:
            raise UnsafeCheckpointError(
                f"{path}: refused. Its modules are nested over {MAX_DEPTH} deep or more than {MAX_MODULES}, "
                f"as in no network; the file is built to exhaust its reader (at byte {module.at})"
            )
        parts.modules[name] = module
        for group in ("_buffers", "_parameters"):
            for key, tensor in _named(module.state, group, path):
                if isinstance(tensor, TensorView):
                    parts.tensors[_join(name, key)] = tensor
                elif tensor is not None:
                    raise CorruptCheckpointError(
                        f"{path}: {_join(name, key)[:80]!a} is listed as a tensor but is none"
                    )
        for key, child in _named(module.state, "_modules", path):
            waiting.append((_join(name, key), child, depth + 1))
    return parts


def _named(state: dict[Any, Any], group: str, path: str) -> Iterator[tuple[str, Any]]:
    entries = state.get(group, {})
    if not isinstance(entries, dict):
        raise CorruptCheckpointError(f"{path}: a module whose {group} are no dictionary")
    for key, value in entries.items():
        if type(key) is not str or not 0 < len(key) <= 128 or "." in key:
            raise CorruptCheckpointError(f"{path}: a module whose {group} have no proper names")
        yield key, value


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _stylegan2(parts: Parts, path: str) -> Found:
    tensors, notes = _known(parts, stylegan2_layout.is_known, path)
    for module in ("mapping.fc0", "synthesis.b4.conv1"):
        activation = parts.attribute(module, "activation", "lrelu")
        if activation != "lrelu":
            raise UnsupportedCheckpointError(
                f"{path}: a StyleGAN2 with the activation {str(activation)[:40]!a}; only lrelu is known"
            )
    blocks = [name for name in parts.modules if name.startswith("synthesis.b") and name.count(".") == 1]
    clamps = {_number(parts.attribute(f"{name}.conv1", "conv_clamp"), path) for name in blocks}
    if len(clamps) > 1:
        raise UnsupportedCheckpointError(f"{path}: a StyleGAN2 that clamps its layers differently")
    switches = Switches(
        conv_clamp=clamps.pop(),
        lr_multiplier=_number(parts.attribute("mapping.fc0", "bias_gain", 0.01), path) or 0.01,
        label_mode="table" if "mapping.embed_proj.weight" in tensors else "embed",
        num_fp16_res=sum(bool(parts.attribute(name, "use_fp16", False)) for name in blocks),
    )
    for name, view in tensors.items():
        if name.endswith("resample_filter"):
            stylegan2_layout.check_filter(view, 1, path)
    description = stylegan2_layout.describe(stylegan2_layout.shapes_of(tensors), switches, path)
    _check_stated(parts, description, path)
    return Found(description, tensors, FORMAT, notes=notes)


def _stylegan3(parts: Parts, path: str) -> Found:
    tensors, notes = _known(parts, stylegan3_layout.is_known, path)
    names = parts.attribute("synthesis", "layer_names")
    if not isinstance(names, list) or not all(type(name) is str for name in names):
        raise CorruptCheckpointError(f"{path}: the layers of the network have no names")
    options: dict[str, Any] = {
        "layers": [_layer_geometry(parts, name, path) for name in names],
        "input": {
            "size": _pair(parts.attribute("synthesis.input", "size"), path),
            "sampling_rate": _number(parts.attribute("synthesis.input", "sampling_rate"), path),
            "bandwidth": _number(parts.attribute("synthesis.input", "bandwidth"), path),
        },
        "output_scale": _number(parts.attribute("synthesis", "output_scale", 0.25), path),
        "lr_multiplier": _number(parts.attribute("mapping.fc0", "bias_gain", 0.01), path),
    }
    if "mapping.embed_proj.weight" in tensors:
        options["label_mode"] = "table"
    description = stylegan3_layout.describe(stylegan2_layout.shapes_of(tensors), options, path)
    _check_stated(parts, description, path)
    return Found(description, tensors, FORMAT, notes=notes)


def _known(
    parts: Parts, is_known: Callable[[str], bool], path: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Tensors of the generator that drawing needs, and a note on the others."""
    tensors: dict[str, Any] = {name: view for name, view in parts.tensors.items() if is_known(name)}
    unknown = sorted(parts.tensors.keys() - tensors.keys())
    table = tensors.get("mapping.embed.weight")
    if not isinstance(parts.modules.get("mapping.embed"), Instance) or table is None:
        return tensors, left_out(unknown)
    # StyleGAN-XL. Every network of it holds the table of ImageNet's 1000 classes, also one with
    # fewer classes of its own, or none: the averages tell how many there are.
    if "mapping.embed_proj.weight" not in tensors:
        del tensors["mapping.embed.weight"]
        return tensors, left_out(unknown)
    if parts.attribute("mapping.embed_proj", "activation", "lrelu") != "lrelu":
        raise UnsupportedCheckpointError(f"{path}: a StyleGAN-XL that maps classes without leaky ReLU")
    if parts.attribute("mapping.embed_proj", "bias_gain", 1) != 1:
        raise UnsupportedCheckpointError(f"{path}: a StyleGAN-XL with a learning rate of its own for classes")
    shape = parts.tensors["mapping.w_avg"].shape if "mapping.w_avg" in tensors else ()
    classes = shape[0] if len(shape) == 2 else parts.attribute("", "c_dim", table.shape[0])
    if type(classes) is not int or len(table.shape) != 2 or not 1 <= classes <= table.shape[0]:
        raise CorruptCheckpointError(f"{path}: {ascii(classes)[:40]} classes in a table {list(table.shape)}")
    tensors["mapping.embed.weight"] = turned("mapping.embed.weight", table, first_rows(classes), path)
    return tensors, left_out(unknown)


def _layer_geometry(parts: Parts, name: str, path: str) -> dict[str, Any]:
    """What a StyleGAN3 layer states of itself, in plain numbers."""
    module = f"synthesis.{name}"
    padding = plain_list(parts.attribute(module, "padding"))
    if len(padding) != 4 or not all(type(item) is int for item in padding):
        raise CorruptCheckpointError(f"{path}: the layer {name[:80]!a} has no proper padding")
    geometry: dict[str, Any] = {"name": name}
    for key in stylegan3_layout.LAYER_FLAGS:
        geometry[key] = bool(parts.attribute(module, key, False))
    for key in stylegan3_layout.LAYER_PAIRS:
        geometry[key] = _pair(parts.attribute(module, key), path)
    for key in stylegan3_layout.LAYER_NUMBERS:
        value = parts.attribute(module, key)
        number = _number(value, path)
        geometry[key] = value if type(value) is int else number
    geometry["conv_clamp"] = _number(parts.attribute(module, "conv_clamp"), path)
    geometry["padding"] = padding
    return geometry


def _pair(value: object, path: str) -> list[int]:
    pair = stylegan3_layout.whole_pair(plain_list(value) or value)
    if pair is None:
        raise CorruptCheckpointError(f"{path}: a layer without proper sizes")
    return pair


def _check_stated(parts: Parts, description: NetworkDescription, path: str) -> None:
    """Compare the sizes that the generator states with those its tensors have."""
    stated = {
        "z_dim": description.z_dim,
        "w_dim": description.w_dim,
        "c_dim": description.c_dim,
        "num_ws": description.num_ws,
        "img_channels": description.img_channels,
    }
    for name, value in stated.items():
        claim = parts.attribute("", name, value)
        if claim != value:
            raise CorruptCheckpointError(
                f"{path}: the network claims {name} {ascii(claim)[:40]}, its tensors say {value}"
            )
    # Forks whose pictures are not square state one side, both, or what a square would have.
    height, width, blocks = description.resolution, description.width, description.num_ws // 2
    nominal = 2 << blocks if description.architecture == "stylegan2" else height
    claim = parts.attribute("", "img_resolution", height)
    if claim not in (height, width, nominal) and plain_list(claim) not in ([height, width], [width, height]):
        raise CorruptCheckpointError(
            f"{path}: the network claims img_resolution {ascii(claim)[:40]}, "
            f"its tensors draw {height} x {width}"
        )


def _number(value: object, path: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, int | float) and abs(value) < 1e9:
        return float(value)
    raise CorruptCheckpointError(f"{path}: a setting of the network should be a number")


def _training_set(stated: object) -> dict[str, Any]:
    """Facts about the training pictures, without the path on someone's machine."""
    if not isinstance(stated, dict):
        return {}
    facts: dict[str, Any] = {}
    for key in ("resolution", "use_labels", "max_size", "xflip"):
        value = plain(stated.get(key))
        if isinstance(value, bool | int):
            facts[key] = value
    path = stated.get("path")
    if isinstance(path, str) and len(path) < 4096:
        facts["name"] = path.replace("\\", "/").rstrip("/").rpartition("/")[2][:200]
    return {"training_set": facts} if facts else {}
