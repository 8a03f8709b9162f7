"""What a section of the benchmarks found: tables to print, and bars that are met or not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from benchmarks.measure import Spread, number


@dataclass(frozen=True)
class Bar:
    """One thing that must be reached: a measured value, its limit, and the figure that would be better still."""

    what: str
    measured: Spread
    unit: str
    limit: float
    stretch: float | None = None
    better: Literal["more", "less"] = "less"

    HEAD: ClassVar = ["what", "measured", "bar", "stretch", "verdict"]

    def reaches(self, limit: float) -> bool:
        """Whether the median is at least as good as `limit`."""
        return self.measured.middle >= limit if self.better == "more" else self.measured.middle <= limit

    @property
    def verdict(self) -> str:
        """Met, met with the stretch figure, or missed and by how much."""
        if self.stretch is not None and self.reaches(self.stretch):
            return "met, stretch too"
        if self.reaches(self.limit):
            return "met"
        share = self.limit / self.measured.middle if self.better == "more" else self.measured.middle / self.limit
        return f"**missed by {100 * (share - 1):.0f} %**"

    def row(self) -> list[str]:
        """Return what the summary says of it."""
        sign = "≥" if self.better == "more" else "≤"
        stretch = "" if self.stretch is None else f"{sign} {number(self.stretch)}"
        return [self.what, f"{self.measured} {self.unit}", f"{sign} {number(self.limit)}", stretch, self.verdict]


@dataclass
class Section:
    """A section's name on the command line, its title, its table (first row: the heads), bars and remarks."""

    name: str
    title: str
    rows: list[list[str]]
    bars: list[Bar] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    plotted: dict[str, float] = field(default_factory=dict)


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return a table; the first row is its head, and columns after the first are set to the right."""
    head, *rest = rows
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rest])
