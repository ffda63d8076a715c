from explorer.bench.report import as_markdown, as_text

MACHINE = {"date": "2026-01-02 03:04 UTC", "device": "cpu", "cores": 2}
FRAME = {
    "name": "frame",
    "model": "small",
    "p50_ms": 12.3456,
    "max_error": 1.234e-7,
    "ratio": 1.5,
    "contended": False,
}
PARTIAL = {"name": "partial", "model": "small", "row": None, "share": 0.256, "equal": True}


def test_a_table_for_each_benchmark_with_figures_for_people():
    text = as_text([FRAME, PARTIAL, {**PARTIAL, "row": 3}])
    assert [line.split() for line in text.splitlines()] == [
        ["frame"],
        ["model", "p50", "ms", "max", "error", "ratio", "contended"],
        ["small", "12.3", "1.2e-07", "1.50", "no"],
        [],
        ["partial"],
        ["model", "row", "share", "equal"],
        ["small", "none", "26", "%", "yes"],
        ["small", "3", "26", "%", "yes"],
    ]


def test_results_with_different_keys_share_one_table():
    lines = as_text([FRAME, {"name": "frame", "model": "other", "fps": 9.0}]).splitlines()
    assert lines[1].split()[-1] == "fps"
    assert lines[3].split() == ["other", "9"]


def test_writing_renews_the_sections_that_were_measured_and_no_others():
    first = as_markdown("", [FRAME, PARTIAL], MACHINE)
    assert first.startswith("# Benchmarks\n")
    assert "## frame on cpu\n\n2026-01-02 03:04 UTC: device cpu, cores 2.\n" in first
    assert "| small | 12.3 | 1.2e-07 | 1.50 | no |" in first

    later = as_markdown(first, [{**FRAME, "p50_ms": 99.0}], MACHINE | {"date": "2027"})
    assert later.count("## frame on cpu") == 1
    assert "12.3" not in later
    assert "| small | 99 |" in later
    assert later[later.index("## partial") :] == first[first.index("## partial") :]

    other = as_markdown(later, [FRAME], MACHINE | {"device": "cuda"})
    assert other.startswith(later.rstrip())
    assert "## frame on cuda" in other


def test_writing_the_same_twice_changes_nothing():
    once = as_markdown("", [FRAME, PARTIAL], MACHINE)
    assert as_markdown(once, [FRAME, PARTIAL], MACHINE) == once
