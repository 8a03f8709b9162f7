"""Writes RESULTS.md."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.machine import describe
from benchmarks.result import Bar, Section, markdown

PATH = Path(__file__).parent / "RESULTS.md"

HEAD = """# Results

Written by `python -m benchmarks` (docs/performance.md explains what is measured and why). Every figure is the median
of repeated runs, with the least and the greatest in brackets; ratios are taken within one run of the benchmarks, on one
core for what is measured and another for the mock endpoint. Both run before the machine's other work (SCHED_RR) where
the system allows it.
"""


def write_results(sections: Sequence[Section], order: Sequence[str], *, takes: bool) -> None:
    """Replace the file; `takes`: the run was interrupted and taken up again."""
    lines = [HEAD, *(f"- {line}" for line in describe()), ""]
    sections = sorted(sections, key=lambda section: order.index(section.name))
    if takes:
        lines.insert(
            -1, "- The run was interrupted and taken up: sections were measured in several takes, each whole in one."
        )
    bars = [bar for section in sections for bar in section.bars]
    met = sum(bar.reaches(bar.limit) for bar in bars)
    lines += [f"## Bars: {met} of {len(bars)} met", "", markdown([Bar.HEAD, *(bar.row() for bar in bars)]), ""]
    for section in sections:
        lines += [f"## {section.title}", "", markdown(section.rows), ""]
        lines += [f"- {remark}" for remark in section.remarks]
        if section.remarks:
            lines.append("")
    PATH.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
