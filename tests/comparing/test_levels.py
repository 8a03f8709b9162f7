"""Factors have rows of their own, and a level of an attribute speaks for the personas it was seen on."""

import msgspec
import numpy as np
import pytest

from comparing.made import grid, prose, record
from persona_batch.chat import Message, Placement
from persona_batch.comparing import compare
from persona_batch.record import Record
from persona_batch.verdict.told import verdict_of
from persona_batch.verdict.translation import ENGLISH

VOICES = {"none": "", "assistant": "", "pirate": "Arrr!"}


def kittens(rng: np.random.Generator, meow: str = "Meow, purr. ") -> list[Record]:
    """A persona for each placement of one prompt, as the shipped kittens are."""
    found = [record("none", f"q{q}", prose(rng), sample=s) for q in range(8) for s in range(4)]
    for name, placement in (("kitten-user", "user"), ("kitten-system", "system")):
        where: Placement = "user" if placement == "user" else "system"
        for q in range(8):
            text = f"What about q{q}?"
            prompt = "You are a kitten."
            messages = (
                [Message("user", f"{prompt}\n\n{text}")]
                if where == "user"
                else [Message("system", prompt), Message("user", text)]
            )
            for s in range(4):
                own = meow if where == "user" else ""
                found.append(record(name, f"q{q}", own + prose(rng), sample=s, placement=where, messages=messages))
    return found


def test_two_personas_of_one_prompt_are_compared_by_where_it_stands() -> None:
    found = compare(kittens(np.random.default_rng(1)), by="placement", measures=["change", "told_apart"])
    (claim,) = found.claims
    assert (claim.arm, claim.control) == ("kitten-user · user", "kitten-system · system")
    assert claim.holds


def test_a_factor_of_the_run_has_a_row_unasked() -> None:
    one = compare(kittens(np.random.default_rng(1)))
    (row,) = one.factors
    assert (row.factor, row.level, row.reference) == ("placement", "user", "system")
    assert (row.told_apart.value or 0) > 0.9
    assert row.change.p == 0.0001
    two_models = [
        record(r.persona, r.question, r.reply + end, sample=r.sample, model=model)
        for model, end in (("a", ""), ("b", " Done and done."))
        for r in grid(VOICES, questions=6, samples=3)
    ]
    (row,) = compare(two_models).factors
    assert (row.factor, row.level, row.reference) == ("model", "b", "a")
    assert row.persona in (None, "pirate")
    assert compare(grid(VOICES)).factors == []


def marked(share: float, models: tuple[str, ...] = ("a", "b"), seed: int = 1) -> list[Record]:
    """One persona and its control on models, of which the last begins with a word of its own in a share of replies."""
    rng = np.random.default_rng(seed)
    found = []
    for model in models:
        for one in grid({"none": "", "p": ""}, questions=12, samples=3, seed=int(rng.integers(1_000_000))):
            own = "Zork! " if model == models[-1] and rng.random() < share else ""
            found.append(record(one.persona, one.question, own + one.reply, sample=one.sample, model=model))
    return found


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 1.0])
def test_a_level_is_told_by_what_claims_are_told_by(share: float) -> None:
    records = [one for one in marked(share) if one.persona == "p"]
    measures = ["change", "told_apart"]
    (row,) = compare(records, measures=measures).factors
    (claim,) = compare(records, by="model", measures=measures).claims
    assert row.holds is (row.p_holm is not None and row.p_holm <= 0.05)
    assert row.holds is claim.holds
    assert row.p == pytest.approx(claim.p, abs=0.02)


def test_the_screen_never_says_that_what_is_told_in_nearly_all_cases_could_not_be_told() -> None:
    found = compare(marked(1.0), measures=["change", "told_apart"])
    assert found.factors[0].change.p is not None
    assert found.factors[0].change.p > 0.05  # by itself it would not do
    assert "model: b is told from a (p) in" in verdict_of(found, ENGLISH).factors[0]
    (row,) = found.factors
    doubtful = msgspec.structs.replace(found, factors=[msgspec.structs.replace(row, p=0.2, p_holm=0.2, holds=False)])
    assert "b may differ from a (p)" in verdict_of(doubtful, ENGLISH).factors[0]
    alone = msgspec.structs.replace(found, factors=[msgspec.structs.replace(row, p=0.04, p_holm=0.08, holds=False)])
    assert "b taken alone is told from a (p)" in verdict_of(alone, ENGLISH).factors[0]


def test_several_levels_of_a_factor_are_one_family() -> None:
    rows = compare(marked(1.0, ("a", "b", "c", "d")), measures=["change", "told_apart"]).factors
    assert [row.level for row in rows] == ["b", "c", "d"]
    assert [row.holds for row in rows] == [False, False, True]
    assert rows[-1].p_holm == pytest.approx(3 * (rows[-1].p or 0))


def test_request_parameters_are_a_factor_too_and_told_by_what_differs() -> None:
    records = [
        record(r.persona, r.question, r.reply, sample=r.sample, variant=0, params={"temperature": t, "top_p": 0.9})
        for t in (0.2, 1.0)
        for r in grid(VOICES, questions=6, samples=3, seed=int(10 * t))
    ]
    records = [
        record(
            r.persona,
            r.question,
            r.reply,
            sample=r.sample + (10 if r.params["temperature"] == 1.0 else 0),
            params=r.params,
        )
        for r in records
    ]
    (row,) = compare(records).factors
    assert (row.factor, row.level, row.reference) == ("params", "temperature 1.0", "temperature 0.2")


def crowd(personas: int, spread: float, seed: int) -> list[Record]:
    """Personas whose lengths differ at random, around the control's."""
    rng = np.random.default_rng(seed)
    found = [record("none", f"q{q}", prose(rng, 40), sample=s) for q in range(20) for s in range(4)]
    for number in range(personas):
        own = rng.normal(0, spread)
        for q in range(20):
            for s in range(4):
                text = prose(rng, max(3, round(40 + own + rng.normal(0, 4))))
                found.append(record(f"p{number}", f"q{q}", text, sample=s, attributes={"world": "sea"}))
    return found


def test_with_few_personas_a_level_is_about_these_and_that_is_said() -> None:
    found = compare(crowd(4, 8, 1), by="world", measures=["shift"])
    row = found.find("shift", "world=sea", "length")
    assert row is not None
    assert row.personas is None
    assert any("said of these personas, not of world in general: that takes 8 personas" in note for note in found.notes)


def test_with_many_personas_a_level_is_tested_over_them() -> None:
    rejected = 0
    for seed in range(40):
        row = compare(crowd(8, 8, seed), by="world", measures=["shift"], permutations=199).find(
            "shift", "world=sea", "length"
        )
        assert row is not None
        assert row.personas == 8
        assert row.test == "sign-flip by question, and by persona"
        rejected += (row.p or 1) <= 0.05
    assert rejected <= 7  # 2 expected; by question alone it is 27 of 40


def test_a_level_that_all_its_personas_share_is_found() -> None:
    rng = np.random.default_rng(2)
    records = [record("none", f"q{q}", prose(rng, 40), sample=s) for q in range(12) for s in range(2)]
    records += [
        record(f"p{n}", f"q{q}", prose(rng, 55), sample=s, attributes={"world": "sea"})
        for n in range(9)
        for q in range(12)
        for s in range(2)
    ]
    row = compare(records, by="world", measures=["shift"]).find("shift", "world=sea", "length")
    assert row is not None
    assert row.p == pytest.approx(2 / 2**9)
    assert row.interval is not None
    assert row.interval.low > 0
