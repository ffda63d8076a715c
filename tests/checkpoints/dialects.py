"""The small network of `assembler`, written in the other dialects."""

import math
from typing import Any

import numpy as np
import torch

from tests.checkpoints.assembler import Make, network_tensors, pickle

FILTER = torch.outer(torch.tensor([1.0, 3, 3, 1]), torch.tensor([1.0, 3, 3, 1])) / 64


def rosinality(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """State dictionary of `g_ema` as stylegan2-pytorch names it."""
    state: dict[str, torch.Tensor] = {}
    for name, value in tensors.items():
        parts = name.split(".")
        if parts[0] == "mapping":
            if parts[1] != "w_avg":
                state[f"style.{int(parts[1][2:]) + 1}.{parts[2]}"] = value
            continue
        block = int(math.log2(int(parts[1][1:]))) - 2
        if parts[2] == "const":
            state["input.input"] = value[None]
            continue
        rest = ".".join(parts[3:]).replace("affine", "conv.modulation")
        if parts[2] == "torgb":
            prefix = "to_rgb1" if block == 0 else f"to_rgbs.{block - 1}"
            changed = {"weight": ("conv.weight", value[None]), "bias": ("bias", value.reshape(1, -1, 1, 1))}
        else:
            index = 0 if block == 0 else 2 * block - 1 + int(parts[2][-1])
            prefix = "conv1" if index == 0 else f"convs.{index - 1}"
            changed = {
                "weight": ("conv.weight", value[None]),
                "bias": ("activate.bias", value),
                "noise_strength": ("noise.weight", value.reshape(-1)),
            }
            if rest == "noise_const":
                state[f"noises.noise_{index}"] = value[None, None]
                continue
            if rest == "weight" and index % 2:
                state[f"{prefix}.conv.blur.kernel"] = FILTER * 4
        new, changed_value = changed.get(rest, (rest, value))
        state[f"{prefix}.{new}"] = changed_value
    return state


def tensorflow(tensors: dict[str, torch.Tensor], base: tuple[int, int] = (4, 4), **options: Any) -> bytes:
    """Pickle of three networks as NVIDIA's TensorFlow code writes it; the first two are empty.

    Forks whose pictures are not square name their blocks by `base`, doubled again and again.
    """
    own: list[tuple[str, Any]] = [("lod", np.float32(0))]
    mapping: list[tuple[str, Any]] = []
    synthesis: list[tuple[str, Any]] = []
    for name, tensor in tensors.items():
        value = tensor.numpy()
        parts = name.split(".")
        if name == "mapping.w_avg":
            own.append(("dlatent_avg", value))
        elif parts[0] == "mapping":
            layer = parts[1].replace("fc", "Dense").replace("embed", "LabelEmbed")
            layer = layer.replace("label", "LabelConcat")
            turned = parts[2] == "weight" and parts[1] != "label"
            mapping.append((f"{layer}/{parts[2]}", value.T if turned else value))
        else:
            synthesis.append(_synthesis_variable(parts[1:], value, base))
    state = {
        "version": 4,
        "name": "Gs",
        "static_kwargs": options,
        "components": {
            "mapping": _network("G_mapping", mapping),
            "synthesis": _network("G_synthesis", synthesis),
        },
        "build_module_src": "raise RuntimeError",
        "build_func_name": "G_main",
        "variables": own,
    }
    networks = (_network("G", []), _network("D", []), Make("dnnlib.tflib.network", "Network", state))
    return pickle(networks)


def _network(name: str, variables: list[tuple[str, Any]]) -> Make:
    state = {"version": 4, "name": name, "static_kwargs": {}, "components": {}, "variables": variables}
    return Make("dnnlib.tflib.network", "Network", state)


def _synthesis_variable(parts: list[str], value: np.ndarray, base: tuple[int, int]) -> tuple[str, np.ndarray]:
    size = int(parts[0][1:])
    power = int(math.log2(size))
    block = f"{base[0] * size // 4}x{base[1] * size // 4}"
    if parts[1] == "const":
        return f"{block}/Const/const", value[None]
    layer = {"conv0": "Conv0_up", "conv1": "Conv" if size == 4 else "Conv1", "torgb": "ToRGB"}[parts[1]]
    rest = ".".join(parts[2:])
    if rest == "noise_const":
        index = 0 if size == 4 else 2 * power - 5 + int(parts[1][-1])
        return f"noise{index}", value[None, None]
    if rest == "weight":
        flipped = value[:, :, ::-1, ::-1] if layer == "Conv0_up" else value
        return f"{block}/{layer}/weight", flipped.transpose(2, 3, 1, 0)
    if rest == "affine.weight":
        return f"{block}/{layer}/mod_weight", value.T
    if rest == "affine.bias":
        return f"{block}/{layer}/mod_bias", value - np.float32(1)
    return f"{block}/{layer}/{rest}", value


def small_rosinality(**extra: Any) -> dict[str, Any]:
    """A whole file of the rosinality kind."""
    tensors = network_tensors()
    return {"g_ema": rosinality(tensors), "latent_avg": tensors["mapping.w_avg"], **extra}


def genforce_second(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """State dictionary of a StyleGAN2 as genforce names it."""
    state = _genforce_mapping(tensors)
    for name, value in tensors.items():
        parts = name.split(".")
        if parts[0] == "mapping":
            continue
        block = int(math.log2(int(parts[1][1:]))) - 2
        rest = ".".join(parts[3:]).replace("affine", "style")
        if parts[2] == "const":
            state["synthesis.early_layer.const"] = value[None]
            continue
        if rest == "style.bias":
            value = value - 1
        if parts[2] == "torgb":
            state[f"synthesis.output{block}.{rest}"] = value
            continue
        index = 0 if block == 0 else 2 * block - 1 + int(parts[2][-1])
        if rest == "noise_const":
            state[f"synthesis.layer{index}.noise"] = value[None, None]
        else:
            turned = rest == "weight" and index % 2
            state[f"synthesis.layer{index}.{rest}"] = value.flip(2, 3) if turned else value
            state[f"synthesis.layer{index}.filter.kernel"] = torch.ones(4, 4)
    return state


def genforce_first(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """State dictionary of a StyleGAN as genforce names it, with a to-RGB layer left from growing."""
    state = _genforce_mapping(tensors) | {"synthesis.lod": torch.zeros(())}
    blocks = {name.split(".")[1] for name in tensors if name.startswith("synthesis.b")}
    last = len(blocks) - 1
    for name, value in tensors.items():
        parts = name.split(".")
        if parts[0] == "mapping":
            continue
        if parts[1] == "torgb":
            state[f"synthesis.output{last}.{parts[2]}"] = value
            state[f"synthesis.output{last - 1}.{parts[2]}"] = torch.zeros(1)
        elif parts[2] == "const":
            state["synthesis.layer0.const"] = value[None]
        else:
            index = 2 * (int(math.log2(int(parts[1][1:]))) - 2) + int(parts[2][-1])
            rest = ".".join(parts[3:])
            if rest == "noise_const":
                state[f"synthesis.layer{index}.apply_noise.noise"] = value[None, None]
            else:
                rest = rest.replace("noise_weight", "apply_noise.weight")
                state[f"synthesis.layer{index}.{rest}"] = value
    return state


def _genforce_mapping(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    state = {"truncation.w_avg": tensors["mapping.w_avg"]}
    for name, value in tensors.items():
        if name.startswith("mapping.fc"):
            state[name.replace("fc", "dense")] = value
        elif name == "mapping.label.weight":
            state["mapping.label_weight"] = value
    return state
