"""What plots have in common: names in both languages, and what arms of a comparison are in the page."""

from collections.abc import Sequence
from urllib.parse import urlencode

from persona_batch.comparing.comparison import Arm
from persona_batch.reporting.data import Told
from persona_batch.reporting.effects import arm_of
from persona_batch.reporting.facts import Facts
from persona_batch.verdict.translation import language_of

Value = str | float | int | None
"""What stands in a table of numbers."""


def word(name: str) -> Told:
    """Return a name of ours (a metric, a unit) in both languages; a check's stays as it is."""
    return Told(name, language_of("zh", {}).word(name))


def same(name: str) -> Told:
    """Return a name that is the same in both languages."""
    return Told(name, name)


def conditions_of(facts: Facts, arm: Arm) -> list[int]:
    """Return the numbers of the conditions that an arm of the comparison is made of."""
    comparison = facts.comparison
    if comparison is None:
        return []
    return [number for number, who in enumerate(facts.gathered.named.order) if arm_of(who, comparison) == arm.name]


def first_samples(facts: Facts) -> dict[tuple[int, int], int]:
    """Return the first sample of each cell that has records, by question and condition."""
    table = facts.table
    found: dict[tuple[int, int], int] = {}
    for question, condition, sample in zip(
        table["question"].tolist(), table["condition"].tolist(), table["sample"].tolist(), strict=True
    ):
        found.setdefault((question, condition), sample)
    return found


def columns_of(facts: Facts, conditions: Sequence[int]) -> str:
    """Return the address of some conditions side by side: `#view=matrix&cols=none&cols=pirate`."""
    named = [("view", "matrix"), *(("cols", facts.conditions[number].id) for number in conditions)]
    return "#" + urlencode(named, errors="replace")
