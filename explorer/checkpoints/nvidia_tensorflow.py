"""NVIDIA's TensorFlow pickles: StyleGAN, StyleGAN2 and StyleGAN2-ADA, and their community.

A file holds networks of one class, each with its variables as numpy arrays,
its options, and the source of its build function as text (never looked at).
The third of three is the averaged generator. Sizes come from shapes; options
only say what shapes cannot.
"""

from __future__ import annotations

import re
from typing import Any

from explorer.checkpoints import stylegan1_layout, stylegan2_layout
from explorer.checkpoints.statements import (
    FLIPPED_KERNEL,
    KERNEL,
    PLANE,
    PLUS_ONE,
    SAME,
    TRANSPOSED,
    WITHOUT_BATCH,
    Found,
    Rule,
    rule,
    translate,
)
from explorer.checkpoints.stylegan2_layout import Switches
from explorer.checkpoints.values import Instance, NumpyArray, plain
from explorer.errors import CorruptCheckpointError, UnsafeCheckpointError, UnsupportedCheckpointError

FORMAT = "tensorflow-pickle"
NETWORK = "dnnlib.tflib.network.Network"
MAX_DEPTH = 4
MAX_VARIABLES = 10_000

Options = dict[str, Any]


def is_network(value: object) -> bool:
    """Whether a pickle's value is a TensorFlow network or several."""
    members = value if isinstance(value, tuple | list) else [value]
    return any(isinstance(member, Instance) and member.class_name == NETWORK for member in members)


def read_network(value: Any, path: str) -> Found:
    """Find the averaged generator and describe it.

    Raises
    ------
    UnsafeCheckpointError, UnsupportedCheckpointError, CorruptCheckpointError
    """
    chosen, notes = _choose(value, path)
    state = chosen.state or {}
    variables = _variables(state, path)
    options = _options(state)
    if not variables and isinstance(state.get("build_module_src"), str):
        raise UnsafeCheckpointError(
            f"{path}: refused, and nothing in it was run. The network has no variables at all, only "
            f"{len(state['build_module_src'])} characters of program text for its reader to run "
            f"(at byte {chosen.at})"
        )
    if any("attention" in name.lower() or "selfatten" in name.lower() for name in variables):
        raise UnsupportedCheckpointError(
            f"{path}: a StyleGAN2 with attention layers, which are not drawn here"
        )
    if any(name.endswith("/StyleMod/weight") for name in variables):
        found = _stylegan1(variables, options, path)
    elif any(name.endswith("/mod_weight") for name in variables):
        found = _stylegan2(variables, options, path)
    else:
        raise UnsupportedCheckpointError(
            f"{path}: a TensorFlow network {str(state.get('name'))[:40]!a} without styles: "
            "a discriminator, or a Progressive GAN"
        )
    return Found(found.description, found.tensors, FORMAT, found.header, notes + found.notes)


def _choose(value: Any, path: str) -> tuple[Instance, tuple[str, ...]]:
    """The averaged generator: named Gs, or else the last one that has a synthesis part."""
    members = list(value) if isinstance(value, tuple | list) else [value]
    networks = [
        member
        for member in members[:16]
        if isinstance(member, Instance) and member.class_name == NETWORK and isinstance(member.state, dict)
    ]
    if not networks:
        raise CorruptCheckpointError(f"{path}: TensorFlow networks without contents")
    averaged = [network for network in networks if (network.state or {}).get("name") == "Gs"]
    if averaged:
        return averaged[-1], ()
    whole = [network for network in networks if _has_components(network)]
    return (whole or networks)[-1], (
        "No network in the file is called Gs; the last generator in it is used.",
    )


def _has_components(network: Instance) -> bool:
    components = (network.state or {}).get("components")
    return isinstance(components, dict) and bool(components)


def _variables(state: Options, path: str, prefix: str = "", depth: int = 0) -> dict[str, NumpyArray]:
    """All variables by full name, components included."""
    found: dict[str, NumpyArray] = {}
    rows = state.get("variables", [])
    components = state.get("components", {})
    if not isinstance(rows, list) or not isinstance(components, dict) or depth > MAX_DEPTH:
        raise CorruptCheckpointError(f"{path}: a TensorFlow network in an unknown arrangement")
    if len(rows) > MAX_VARIABLES or len(components) > 16:
        raise CorruptCheckpointError(f"{path}: a TensorFlow network of {len(rows)} variables")
    for row in rows:
        named = isinstance(row, tuple | list) and len(row) == 2 and type(row[0]) is str
        if not named or not isinstance(row[1], NumpyArray) or len(row[0]) > 256:
            raise CorruptCheckpointError(f"{path}: a TensorFlow network with a variable that is no array")
        found[prefix + row[0]] = row[1]
    for key, component in components.items():
        if (
            type(key) is not str
            or not isinstance(component, Instance)
            or not isinstance(component.state, dict)
        ):
            raise CorruptCheckpointError(f"{path}: a TensorFlow network with a part that is no network")
        found |= _variables(component.state, path, f"{prefix}{key}/", depth + 1)
    return found


def _options(state: Options) -> Options:
    """Options of the generator and, where they say more, of its two parts."""
    merged: Options = {}
    components = state.get("components", {})
    for part in (*components.values(), None):
        stated = (state if part is None else part.state).get("static_kwargs", {})
        if isinstance(stated, dict):
            merged |= {key: plain(item) for key, item in stated.items() if type(key) is str}
    return merged


# Rules that all generations share; a `None` leaves out what drawing does not need.
_MAPPING: tuple[Rule, ...] = (
    rule(r"dlatent_avg", "mapping.w_avg"),
    rule(r"mapping/Dense(\d+)/weight", r"mapping.fc\1.weight", TRANSPOSED),
    rule(r"mapping/Dense(\d+)/bias", r"mapping.fc\1.bias"),
    rule(r"mapping/LabelConcat/weight", "mapping.label.weight"),
    rule(r"mapping/LabelEmbed/weight", "mapping.embed.weight", TRANSPOSED),
    rule(r"mapping/LabelEmbed/bias", "mapping.embed.bias"),
    rule(r"(?:synthesis/)?lod", None),
)


def _noise_name(match: re.Match[str]) -> str:
    """StyleGAN2: noise0 is the 4x4 layer's, then two per resolution."""
    index = int(match[1])
    if index == 0:
        return "synthesis.b4.conv1.noise_const"
    return f"synthesis.b{1 << (index + 5) // 2}.conv{1 - index % 2}.noise_const"


_LAYERS = {"Conv": "conv1", "Conv1": "conv1", "Conv0_up": "conv0", "ToRGB": "torgb", "Skip": "skip"}


def _layer_name(match: re.Match[str]) -> str:
    """StyleGAN2 layers: `4x4/Conv`, `8x8/Conv0_up`, `8x8/Conv1`, `8x8/ToRGB`."""
    layer = _LAYERS[match["layer"]]
    parameter = {"mod_weight": "affine.weight", "mod_bias": "affine.bias"}.get(match["name"], match["name"])
    return f"synthesis.b{match['size']}.{layer}.{parameter}"


_SIZE = r"synthesis/(?P<size>\d{1,5})x(?P=size)/"
_STYLEGAN2: tuple[Rule, ...] = (
    *_MAPPING,
    rule(_SIZE + r"Const/const", r"synthesis.b\g<size>.const", WITHOUT_BATCH),
    rule(r"synthesis/noise(\d{1,2})", _noise_name, PLANE),
    rule(_SIZE + r"(?P<layer>Conv0_up|Skip)/(?P<name>weight)", _layer_name, FLIPPED_KERNEL),
    rule(_SIZE + r"(?P<layer>Conv|Conv1|ToRGB)/(?P<name>weight)", _layer_name, KERNEL),
    rule(_SIZE + r"(?P<layer>Conv0_up|Conv|Conv1|ToRGB)/(?P<name>mod_weight)", _layer_name, TRANSPOSED),
    rule(_SIZE + r"(?P<layer>Conv0_up|Conv|Conv1|ToRGB)/(?P<name>mod_bias)", _layer_name, PLUS_ONE),
    rule(_SIZE + r"(?P<layer>Conv0_up|Conv|Conv1|ToRGB)/(?P<name>bias|noise_strength)", _layer_name, SAME),
)


def _revised_rules(resolution: int) -> tuple[Rule, ...]:
    """Configurations B to D of StyleGAN2 keep one to-RGB layer per level of detail; only the finest draws."""
    block = f"synthesis.b{resolution}.torgb"
    return (
        rule(r"synthesis/ToRGB_lod0/weight", f"{block}.weight", KERNEL),
        rule(r"synthesis/ToRGB_lod0/bias", f"{block}.bias"),
        rule(r"synthesis/ToRGB_lod0/mod_weight", f"{block}.affine.weight", TRANSPOSED),
        rule(r"synthesis/ToRGB_lod0/mod_bias", f"{block}.affine.bias", PLUS_ONE),
        rule(r"synthesis/ToRGB_lod\d+/.*", None),
    )


def _stylegan2(variables: dict[str, NumpyArray], options: Options, path: str) -> Found:
    _refuse_options(options, path)
    variables = _square_names(variables, path)
    resolution = _resolution(variables, path)
    tensors, notes = translate(variables, (*_STYLEGAN2, *_revised_rules(resolution)), path)
    clamp = options.get("conv_clamp")
    switches = Switches(
        conv_clamp=None if clamp is None else _number(clamp, "conv_clamp", path),
        lr_multiplier=_number(options.get("mapping_lrmul", 0.01), "mapping_lrmul", path),
        label_mode="concat" if "mapping/LabelConcat/weight" in variables else "embed",
        num_fp16_res=int(_number(options.get("num_fp16_res", 0), "num_fp16_res", path)),
    )
    description = stylegan2_layout.describe(stylegan2_layout.shapes_of(tensors), switches, path)
    return Found(description, tensors, FORMAT, _header(options), notes)


def _refuse_options(options: Options, path: str) -> None:
    """Options that change the picture in ways we do not draw."""
    wrong = {
        "resample_kernel": [1, 3, 3, 1],
        "nonlinearity": "lrelu",
        "mapping_nonlinearity": "lrelu",
        "normalize_latents": True,
    }
    for name, usual in wrong.items():
        stated = options.get(name, usual)
        if isinstance(stated, tuple):
            stated = list(stated)
        if stated is not None and stated != usual:
            raise UnsupportedCheckpointError(
                f"{path}: a network with {name} {str(stated)[:40]!a}; only {usual} is known"
            )


_STYLEGAN1_LAYERS = {"Const": "layer0", "Conv0_up": "layer0", "Conv": "layer1", "Conv1": "layer1"}
_STYLEGAN1_PARAMETERS = {
    "weight": "weight",
    "bias": "bias",
    "Noise/weight": "noise_weight",
    "StyleMod/weight": "style.weight",
    "StyleMod/bias": "style.bias",
}


def _stylegan1_name(match: re.Match[str]) -> str:
    layer, parameter = _STYLEGAN1_LAYERS[match["layer"]], _STYLEGAN1_PARAMETERS[match["name"]]
    return f"synthesis.b{match['size']}.{layer}.{parameter}"


def _stylegan1_noise(match: re.Match[str]) -> str:
    """StyleGAN: two planes per resolution, from the constant on."""
    index = int(match[1])
    return f"synthesis.b{4 << index // 2}.layer{index % 2}.noise_const"


_STYLEGAN1_LAYER = _SIZE + r"(?P<layer>Const|Conv0_up|Conv|Conv1)/"
_STYLEGAN1: tuple[Rule, ...] = (
    *_MAPPING,
    rule(_SIZE + r"Const/const", r"synthesis.b\g<size>.const", WITHOUT_BATCH),
    rule(r"synthesis/noise(\d{1,2})", _stylegan1_noise, PLANE),
    rule(_STYLEGAN1_LAYER + r"(?P<name>weight)", _stylegan1_name, KERNEL),
    rule(_STYLEGAN1_LAYER + r"(?P<name>StyleMod/weight)", _stylegan1_name, TRANSPOSED),
    rule(_STYLEGAN1_LAYER + r"(?P<name>bias|Noise/weight|StyleMod/bias)", _stylegan1_name),
    rule(r"synthesis/ToRGB_lod0/weight", "synthesis.torgb.weight", KERNEL),
    rule(r"synthesis/ToRGB_lod0/bias", "synthesis.torgb.bias"),
    rule(r"synthesis/ToRGB_lod\d+/.*", None),  # drew smaller pictures while the network grew
)


def _stylegan1(variables: dict[str, NumpyArray], options: Options, path: str) -> Found:
    _refuse_options(options, path)
    variables = _square_names(variables, path)
    _resolution(variables, path)
    lod = variables.get("synthesis/lod", variables.get("lod"))
    if lod is not None and lod.shape == () and plain(lod) != 0:
        raise UnsupportedCheckpointError(
            f"{path}: a StyleGAN saved while still growing (lod {plain(lod):g}); only grown ones are drawn"
        )
    tensors, notes = translate(variables, _STYLEGAN1, path)
    fused = options.get("fused_scale", "auto")
    if fused not in ("auto", True, False):
        raise CorruptCheckpointError(f"{path}: fused_scale should be auto, true or false")
    description = stylegan1_layout.describe(
        stylegan2_layout.shapes_of(tensors),
        fused_scale=fused,
        lr_multiplier=_number(options.get("mapping_lrmul", 0.01), "mapping_lrmul", path),
        path=path,
    )
    return Found(description, tensors, FORMAT, _header(options), notes)


def _resolution(variables: dict[str, NumpyArray], path: str) -> int:
    sizes = [
        (int(m[1]), int(m[2]))
        for name in variables
        if (m := re.match(r"synthesis/(\d{1,5})x(\d{1,5})/", name))
    ]
    if not sizes:
        raise CorruptCheckpointError(f"{path}: a generator without layers")
    return max(height for height, _ in sizes)


def _square_names(variables: dict[str, NumpyArray], path: str) -> dict[str, NumpyArray]:
    """Call the blocks of forks whose pictures are not square 4x4, 8x8, … by how often they double."""
    starts = [
        m for name in variables if (m := re.fullmatch(r"synthesis/(\d{1,4})x(\d{1,4})/Const/const", name))
    ]
    base = (int(starts[0][1]), int(starts[0][2])) if len(starts) == 1 else (4, 4)
    if base == (4, 4):
        return variables
    names = {f"synthesis/{base[0] << k}x{base[1] << k}/": f"synthesis/{4 << k}x{4 << k}/" for k in range(11)}
    renamed = {}
    for name, value in variables.items():
        match = re.match(r"synthesis/\d{1,5}x\d{1,5}/", name)
        if match and match[0] not in names:
            raise CorruptCheckpointError(
                f"{path}: {name[:80]!a} does not go on from {base[0]} x {base[1]}, the size of the constant"
            )
        renamed[names[match[0]] + name[match.end() :] if match else name] = value
    return renamed


def _header(options: Options) -> dict[str, Any]:
    """Settings worth keeping: the truncation its makers drew with."""
    kept = {}
    for name in ("truncation_psi", "truncation_cutoff"):
        value = options.get(name)
        if isinstance(value, int | float) and abs(value) < 1000:
            kept[name] = value
    return {"defaults": kept} if kept else {}


def _number(value: object, name: str, path: str) -> float:
    if isinstance(value, int | float) and abs(value) < 1e9:
        return float(value)
    raise CorruptCheckpointError(f"{path}: {name} should be a number")
