"""Which networks each benchmark measures, where none is named: all of it fits into some ten minutes."""

from collections.abc import Mapping, Sequence

from explorer.bench.conditions import Conditions

_OFFICIAL = ("random-compact-128", "random-paper-256", "random-config-f-1024")
CPU: Mapping[str, tuple[str, ...]] = {
    "frame": (*_OFFICIAL, "random-sg3-t-256"),
    "partial": _OFFICIAL,
    "draft": _OFFICIAL,
    "memory": _OFFICIAL,
}
GPU: Mapping[str, tuple[str, ...]] = {
    "frame": ("random-config-f-1024", "random-sg3-t-1024"),
    "partial": ("random-config-f-1024", "random-sg3-t-1024"),
    "film": ("random-config-f-1024",),
    "draft": ("random-config-f-1024",),
    "memory": ("random-config-f-1024",),
}
"""Benchmarks that also measure networks of official sizes with random weights. On a GPU these come first:
it is lent for minutes, and the bundled network asks little of it. All of it is made for 8 minutes, of
which making the networks, first launches and two plain pictures on the CPU take about two."""


def planned(
    names: Sequence[str], wanted: Sequence[str], bundled: Sequence[str], conditions: Conditions
) -> dict[str, tuple[str, ...]]:
    """Networks in the order they are measured, each with its benchmarks.

    Parameters
    ----------
    names : benchmarks to run
    wanted : networks named by the user, all of which run all benchmarks; where there is
        none, the bundled ones do, and those of official sizes what is listed for the device.
    """
    if wanted or conditions.smoke:
        return {model: tuple(names) for model in wanted or bundled}
    is_cpu = conditions.device == "cpu"
    official: dict[str, tuple[str, ...]] = {}
    for name in names:
        for model in (CPU if is_cpu else GPU).get(name, ()):
            official[model] = (*official.get(model, ()), name)
    own = {model: tuple(names) for model in bundled}
    return own | official if is_cpu else official | own
