"""Within a margin: two one-sided tests, refused where they do not hold; and how often a question passes."""

import numpy as np
import pytest
from scipy import stats

from comparing.made import record
from persona_batch.comparing import Estimate, compare
from persona_batch.comparing.comparison import Equivalence
from persona_batch.errors import UsageError
from persona_batch.record import CheckResult, Record


def lengths(shift: float, questions: int = 24, samples: int = 3, seed: int = 1) -> list[Record]:
    rng = np.random.default_rng(seed)
    return [
        record(name, f"q{q}", "x" * max(1, round(rng.normal(100 + (shift if name == "p" else 0), 15))), sample=s)
        for name in ("none", "p")
        for q in range(questions)
        for s in range(samples)
    ]


def within(records: list[Record], **margins: float) -> tuple[Estimate, Equivalence]:
    named = {name.replace("_", " "): margin for name, margin in margins.items()}
    found = compare(records, margins=named, permutations=199)
    row = next(row for row in found.estimates if row.metric in named)
    assert row.equivalence is not None
    return row, row.equivalence


def test_it_holds_where_the_ninety_per_cent_interval_lies_inside() -> None:
    row, found = within(lengths(0), length=20)
    d = np.array(row.differences, dtype=float)
    low, high = stats.t.interval(0.90, len(d) - 1, d.mean(), stats.sem(d))
    assert found.smallest is not None
    assert found.p is not None
    assert found.smallest == pytest.approx(max(abs(low), abs(high)))
    assert found.holds is (found.smallest <= 20)
    larger = max(
        stats.ttest_1samp(d, 20, alternative="less").pvalue, stats.ttest_1samp(d, -20, alternative="greater").pvalue
    )
    assert found.p == pytest.approx(larger)
    assert (found.p <= 0.05) is found.holds
    _, found = within(lengths(18), length=20)
    assert found.holds is False


def test_it_is_refused_with_few_questions_and_at_the_edge_of_a_rate() -> None:
    _, few = within(lengths(0, questions=12), length=20)
    assert (few.holds, few.refused) == (None, "12 questions: it takes 20 to claim that nothing differs")
    records = [
        record(name, f"q{q}", "As an AI I cannot" if name == "none" and q == 0 else f"Fine {q} {s}", sample=s)
        for name in ("none", "p")
        for q in range(24)
        for s in range(3)
    ]
    _, edge = within(records, broken_character=0.1)
    assert edge.holds is None
    assert "within the margin of 0 %" in (edge.refused or "")


def test_an_unknown_metric_and_a_margin_of_nothing_are_errors() -> None:
    with pytest.raises(UsageError, match="--margin lenght: no such difference here; did you mean `length`"):
        compare(lengths(0), margins={"lenght": 3}, permutations=99)
    with pytest.raises(UsageError, match="it must be above 0"):
        compare(lengths(0), margins={"length": 0}, permutations=99)


def test_a_true_difference_as_large_as_the_margin_is_rarely_taken_for_none() -> None:
    held = sum(within(lengths(12, seed=seed), length=12)[1].holds is True for seed in range(60))
    assert held <= 9


def checked(name: str, passes: list[int], samples: int) -> list[Record]:
    """The first so many replies to each question pass."""
    check = CheckResult("contains", True, "yes")
    return [
        record(name, f"q{q}", "yes" if s < count else "no", sample=s, checks=[check] if name == "p" else [])
        for q, count in enumerate(passes)
        for s in range(samples)
    ]


def test_consistency_tells_questions_that_always_pass_from_those_that_sometimes_do() -> None:
    passes = [4, 4, 4, 2, 2, 0, 0, 4]
    found = compare([*checked("none", [0] * 8, 4), *checked("p", passes, 4)], measures=["consistency", "adherence"])
    rows = {row.metric: row for row in found.estimates if row.measure == "consistency"}
    assert rows["always (pass^4)"].arm_value == pytest.approx(4 / 8)
    assert rows["sometimes"].arm_value == pytest.approx(2 / 8)
    assert rows["never"].arm_value == pytest.approx(2 / 8)
    assert rows["never"].reference_value == 1


def test_pass_to_the_k_is_unbiased_where_a_side_has_more_samples() -> None:
    found = compare([*checked("none", [0] * 6, 2), *checked("p", [3] * 6, 4)], measures=["consistency"])
    row = found.find("consistency", "p", "always (pass^2)")
    assert row is not None
    assert row.arm_value == pytest.approx(3 / 6)  # C(3, 2) / C(4, 2)
