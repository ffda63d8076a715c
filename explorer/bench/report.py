"""Results as tables: on a terminal, and as sections of BENCHMARKS.md."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from explorer.bench import Result

HEADING = """# Benchmarks

Written by `latent-explorer bench --write`; each run replaces the sections of the benchmarks and devices it
measured. Ratios compare runs that took turns, the plain form in processes of its own; `one_process_ratio`
is with both forms in one, on one thread and under the C library's own settings. Milliseconds are for
orientation. `max_error` is the largest difference to the plain form, as a share of the largest value.
`contended` says that other work was on the same core, `chosen` which number of threads the program takes
for a network by itself: one for a small one like `faces`, which two draw no faster and worse beside others.
"""


def table(results: Sequence[Result]) -> list[list[str]]:
    """Results of one benchmark as rows of words, the heading first."""
    columns = list(dict.fromkeys(key for result in results for key in result if key != "name"))
    rows = [[_show(key, result.get(key, "")) for key in columns] for result in results]
    return [[key.replace("_", " ") for key in columns], *rows]


def as_text(results: Iterable[Result]) -> str:
    """All results, a table for each benchmark, for a terminal."""
    parts = []
    for name, group in _by_name(results).items():
        rows = table(group)
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = (
            "  ".join(word.rjust(width) for word, width in zip(row, widths, strict=True)) for row in rows
        )
        parts.append("\n".join([name, *lines]))
    return "\n\n".join(parts)


def as_markdown(old: str, results: Iterable[Result], machine: Mapping[str, Any]) -> str:
    """Text of BENCHMARKS.md with the sections of these results renewed and all others as they were."""
    text = old if old.strip() else HEADING
    facts = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in machine.items() if key != "date")
    for name, group in _by_name(results).items():
        heading = f"## {name} on {machine['device']}"
        rows = table(group)
        lines = ["| " + " | ".join(row) + " |" for row in (rows[0], ["---:"] * len(rows[0]), *rows[1:])]
        section = "\n".join([heading, "", f"{machine['date']}: {facts}.", "", *lines, ""])
        found = re.search(rf"^{re.escape(heading)}\n.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        if found is None:
            text = f"{text.rstrip()}\n\n{section}"
        else:
            text = (
                text[: found.start()]
                + section
                + ("\n" if found.end() < len(text) else "")
                + text[found.end() :]
            )
    return text


def _by_name(results: Iterable[Result]) -> dict[str, list[Result]]:
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(result["name"], []).append(result)
    return groups


def _show(key: str, value: Any) -> str:
    """One figure for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, float):
        return next((show for end, show in _FORMS if key.endswith(end)), _plain)(value)
    return str(value)


def _plain(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


_FORMS: tuple[tuple[str, Callable[[float], str]], ...] = (
    ("share", lambda v: f"{100 * v:.0f} %"),
    ("share_with_rest", lambda v: f"{100 * v:.0f} %"),
    ("error", lambda v: f"{v:.1e}"),
    ("ratio", lambda v: f"{v:.2f}"),
)
