"""What named directions do, as tables of a model card."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from explorer.attributes import MEASURES

if TYPE_CHECKING:
    from explorer.render.face_directions import Named, Report

ASIDE = 0.1
"""Side effects of at least this many spreads for each standard deviation are named."""
_HEAD = (
    "direction",
    "one step changes its measure by",
    "in spreads",
    "mean goes one way from -3 to +3",
    "steps of single faces that do not go back",
    "identity kept at ±1, ±2, ±3",
    "side effects, in spreads",
)


def as_markdown(report: "Report", command: str, strip: str = "") -> str:
    """Write the tables of a report.

    Parameters
    ----------
    command : what makes the same file again.
    strip : file of the pictures, beside this one; none where empty.
    """
    names = list(report.spreads)
    text = [
        "# What the named directions do",
        "",
        f"Made by `{command}`.",
        "",
        f"{report.samples:,} random faces at psi {report.psi:g} were measured, "
        "and each measure regressed on W.",
        f"Each direction was then tried on {report.faces} other faces, from -3 to +3 standard deviations, in",
        "steps of one.",
        "",
        *_table(_HEAD, [_row(one) for one in report.named]),
        "",
        "A *spread* is the standard deviation of a measure among random faces. *Side effects* are changes of",
        f"other measures by at least {ASIDE:g} spreads for each step. *Identity kept* is a proxy, no face",
        "recognition: how alike the pattern of the inner face (eyes, brows, nose, mouth, where they are) "
        "stays;",
        "100 % is the same face, 0 % as little as two different faces have in common. A turning head moves "
        "its",
        "features, so that this proxy says little there.",
        "",
    ]
    if strip:
        text += [f"![Each direction from -3 to +3 standard deviations]({strip})", ""]
    text += ["## How they came about", ""]
    text += [
        f"- **{one.direction.name}**: {one.told}. {_sentence(one.direction.note)}" for one in report.named
    ]
    text += ["", "## Means of each direction's own measure", ""]
    text += _table(
        ["direction", "measure", "-3", "-2", "-1", "0", "+1", "+2", "+3"],
        [[one.direction.name, _unit(one.measure), *_figures(one)] for one in report.named],
    )
    text += ["", "## All effects, in spreads for each standard deviation", ""]
    text += _table(
        ["", *names],
        [
            [one.direction.name, *(f"{one.direction.effects[name]:+.2f}" for name in names)]
            for one in report.named
        ],
    )
    text += ["", "## Measures", ""]
    text += _table(
        ["measure", "more of it", "spread", "regression on W, unseen faces"],
        [
            [_unit(name), _meaning(name), f"{report.spreads[name]:.3g}", f"{report.foretold[name]:.2f}"]
            for name in names
        ],
    )
    if report.dropped:
        text += ["", "## Left out, as they do not do enough of what they would be called for", ""]
        text += [f"- {words}" for words in report.dropped]
    return "\n".join(text) + "\n"


def _row(one: "Named") -> list[str]:
    probed, effects = one.probed, one.direction.effects
    aside = [
        f"{name} {change:+.2f}"
        for name, change in sorted(effects.items(), key=lambda item: -abs(item[1]))
        if name != one.measure and abs(change) >= ASIDE
    ]
    middle = len(probed.identity) // 2
    both = probed.identity[middle:] + probed.identity[middle::-1]
    kept = [f"{50 * alike:.0f} %" for alike in both[1:]]
    return [
        one.direction.name,
        f"{probed.effect(one.measure):+.3g} {_units(one.measure)}".strip(),
        f"{effects[one.measure]:+.2f}",
        "yes" if probed.rises(one.measure) else "no",
        f"{100 * probed.monotonic[one.measure]:.0f} %",
        ", ".join(kept),
        ", ".join(aside) or "none",
    ]


def _figures(one: "Named") -> list[str]:
    return [f"{value:.3g}" for value in one.probed.means[one.measure]]


def _effects(one: "Named", names: Sequence[str]) -> list[str]:
    return [f"{one.direction.effects[name]:+.2f}" for name in names]


def _units(name: str) -> str:
    return MEASURES[name].unit if name in MEASURES else ""


def _unit(name: str) -> str:
    return f"{name}, {_units(name)}" if _units(name) else name


def _meaning(name: str) -> str:
    return (
        MEASURES[name].words if name in MEASURES else "more like the pictures marked more (1) than less (-1)"
    )


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    line = "| " + " | ".join(head) + " |"
    return [line, "|" + " --- |" * len(head), *("| " + " | ".join(row) + " |" for row in rows)]
