"""What a pilot says of the next run, and what is lacking in this one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparing.made import grid, prose, record
from persona_batch.comparing import Comparison, compare
from persona_batch.comparing.planning import needed_questions
from persona_batch.record import Record


def longer(questions: int, samples: int, effect: float, rng: np.random.Generator) -> list[Record]:
    return [
        record(name, f"q{q}", "x" * max(1, round(rng.normal(100 + (effect if name == "p" else 0), 20))), sample=s)
        for name in ("none", "p")
        for q in range(questions)
        for s in range(samples)
    ]


@given(st.floats(0.5, 50), st.floats(0.5, 50), st.floats(0.5, 0.95))
def test_smaller_effects_and_more_power_take_more_questions(spread: float, effect: float, power: float) -> None:
    some = needed_questions(spread, effect, power)
    half = needed_questions(spread, effect / 2, power)
    surer = needed_questions(spread, effect, min(0.99, power + 0.04))
    assert some is None or half is None or half >= some
    assert some is None or surer is None or surer >= some


def test_the_planned_questions_have_the_promised_power() -> None:
    rng = np.random.default_rng(3)
    pilot = compare(longer(30, 3, 12.0, rng), measures=["shift"], power=0.8, permutations=199)
    (planned,) = [one for one in pilot.plan if one.metric == "length"]
    questions = {need.samples: need.questions for need in planned.needs}[3]
    effect, shown = planned.effect, 0
    for _ in range(120):
        found = compare(longer(questions, 3, effect, rng), measures=["shift"], permutations=199)
        row = found.find("shift", "p", "length")
        assert row is not None
        shown += row.p is not None and row.p <= 0.05
    assert shown / 120 == pytest.approx(0.8, abs=0.13)


def test_change_and_every_measure_with_an_effect_are_planned() -> None:
    found = compare(grid({"none": "", "assistant": "", "cat": "Meow!"}, questions=8), power=0.9, permutations=199)
    assert found.settings.power == 0.9
    assert {planned.metric for planned in found.plan if planned.arm == "cat"} >= {"inhomogeneity", "length"}
    assert {planned.arm for planned in found.plan} == {"cat"}
    for planned in found.plan:
        counts = [need.questions for need in planned.needs]
        assert counts == sorted(counts, reverse=True)


def advice(found: Comparison) -> str:
    return " ".join(one.text for one in found.advice)


def test_only_what_is_lacking_is_advised_and_of_the_arm_that_lacks_it() -> None:
    voices = {"none": "", "assistant": "", "a": "", "b": ""}
    enough = compare(grid(voices, questions=20, samples=5), measures=["change"], permutations=199)
    assert "are better" not in advice(enough)
    thin = [r for r in grid(voices, questions=20, samples=5) if r.persona != "b" or r.sample < 2]
    assert "b has 2 samples a side in its thinnest question (5 are better)" in advice(
        compare(thin, measures=["change"], permutations=199)
    )
    few = compare(grid(voices, questions=7, samples=5), measures=["change"], permutations=199)
    assert "has 7 questions (20 are better)" in advice(few)
    assert "samples a side" not in advice(few)


def test_nothing_is_advised_where_every_claim_holds() -> None:
    rng = np.random.default_rng(1)
    records = [
        record(name, f"q{q}", "Meow." if name == "cat" else prose(rng), sample=s)
        for name in ("none", "cat")
        for q in range(8)
        for s in range(4)
    ]
    assert compare(records, measures=["change"], permutations=199).advice == []
