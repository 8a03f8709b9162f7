"""The grid's own factors (params, formats, speakers) are compared unasked, all else equal; luck claims nothing."""

from typing import Any

import numpy as np
import pytest

from comparing.made import WORDS, prose, record
from persona_batch.comparing import compare, compare_runs
from persona_batch.errors import UsageError
from persona_batch.record import Record


def crossed(own: dict[Any, str], factor: str = "format", *, seed: int = 3, params: bool = False) -> list[Record]:
    """Return two arms × levels × 8 questions × 3; a reply begins with its level's own words."""
    rng = np.random.default_rng(seed)
    return [
        record(
            persona,
            f"q{question}",
            own[level] + prose(rng),
            sample=sample,
            factors={factor: level},
            params={factor: level} if params and level is not None else {},
        )
        for persona in ("none", "cat")
        for level in own
        for question in range(8)
        for sample in range(3)
    ]


def test_a_format_that_changes_the_replies_is_told_and_the_persona_beside_it_is_not() -> None:
    found = compare(crossed({"plain": "", "letters": "Answer: B. Surely B. "}), levels={"format": ["plain", "letters"]})
    (row,) = found.factors
    assert (row.factor, row.level, row.reference) == ("format", "letters", "plain")
    assert row.told_apart.value is not None
    assert row.told_apart.value > 0.9
    assert row.change.p is not None
    assert row.change.p < 0.01
    assert not found.claims[0].holds


def test_a_format_that_does_nothing_is_not_told() -> None:
    (row,) = compare(crossed({"plain": "", "letters": ""})).factors
    assert row.change.p is not None
    assert row.change.p > 0.05


@pytest.mark.parametrize("seed", range(6))
def test_levels_do_not_leak_into_the_personas_difference(seed: int) -> None:
    """Half of the persona's cells at one level are lost: pooled over levels, it would look like that level."""
    records = crossed({0.2: "", 1.0: "Wild! Wild! Wild! Wild! "}, "temperature", seed=seed, params=True)
    kept = [r for r in records if not (r.persona == "cat" and r.factors["temperature"] == 0.2 and r.sample)]
    (claim,) = compare(kept, measures=["change", "told_apart"]).claims
    assert claim.p is None or claim.p > 0.01


def test_a_parameter_that_is_a_factor_is_one_row_by_size_and_no_other_parameter() -> None:
    records = crossed({1.0: "x ", 0.2: "", None: "y "}, "temperature", params=True)
    rows = compare(records).factors
    assert [(row.factor, row.level, row.reference) for row in rows] == [
        ("temperature", "0.2", "the endpoint's own"),
        ("temperature", "1.0", "the endpoint's own"),
    ]
    by_size = compare([r for r in records if r.factors["temperature"] is not None]).factors
    assert [(row.level, row.reference) for row in by_size] == [("1.0", "0.2")]


def test_by_a_factor_levels_are_compared_within_each_persona() -> None:
    records = crossed({"plain": "", "letters": "Answer: B. "})
    found = compare(records, by="format", control="plain", measures=["change", "told_apart"])
    assert [(claim.arm, claim.control) for claim in found.claims] == [("cat · letters", "cat · plain")]
    with pytest.raises(UsageError, match="persona, placement, variant, model, speaker, params, format"):
        compare(records, by="colour")
    with pytest.raises(UsageError, match="no such format among the records"):
        compare(records, by="format", control="leters")


def test_nobody_in_particular_is_the_control_of_speakers() -> None:
    rng = np.random.default_rng(1)
    records = [
        record(
            "cat",
            f"q{question}",
            (own + " " if own else "") + prose(rng),
            sample=sample,
            speaker=None if told is None else "猪八戒",
            factors={} if told is None else {"speaker_as": told},
        )
        for told, own in ((None, ""), ("system", "八戒，你来了！"), ("prefix", ""))
        for question in range(8)
        for sample in range(3)
    ]
    rows = compare(records).factors
    assert [(row.factor, row.level, row.reference) for row in rows] == [
        ("speaker", "猪八戒 · prefix", "nobody"),
        ("speaker", "猪八戒 · system", "nobody"),
    ]
    assert rows[0].change.p is not None
    assert rows[0].change.p > 0.05
    assert rows[1].change.p is not None
    assert rows[1].change.p < 0.01


def without_chance(seed: int, own: str = "", *, told: str = "max_tokens", samples: int = 2) -> list[Record]:
    """Return three personas whose replies know the question, but neither the persona nor, asked at 0, the level."""
    rng = np.random.default_rng(seed)
    records = []
    for question in range(8):
        words = [WORDS[place] for place in rng.choice(len(WORDS), 9)]
        for persona in ("none", "assistant", "cat"):
            reply = (own if persona == "cat" else "") + prose(rng, 14, words)
            for level in range(4):
                if told == "seed":
                    reply = prose(rng, 14, words)
                params: dict[str, Any] = {"seed": level} if told == "seed" else {"temperature": 0}
                factors: dict[str, Any] = {told: level + 1}
                if told == "speaker_as":
                    factors = {told: "name"} if level else {}
                for sample in range(samples):
                    other: dict[str, Any] = {"speaker": f"Guest {level}" if told == "speaker_as" and level else None}
                    records.append(
                        record(persona, f"q{question}", reply, sample=sample, factors=factors, params=params, **other)
                    )
    return records


@pytest.mark.parametrize("told", ["max_tokens", "speaker_as"])
def test_levels_that_do_nothing_to_requests_without_chance_are_no_replies_more(told: str) -> None:
    """Counted as draws of their own the copies would make a claim of nothing, always."""
    found = [compare(without_chance(seed, told=told), measures=["change", "told_apart"]) for seed in range(12)]
    assert sum(bool(claim.holds) for one in found for claim in one.claims) <= 1
    smallest = [min(row.p for row in one.estimates if row.p is not None and row.arm == "cat") for one in found]
    assert np.median(smallest) > 0.05
    assert any("one accident" in note for note in found[0].notes)


def test_a_persona_that_speaks_otherwise_is_seen_without_chance_too() -> None:
    (claim,) = compare(without_chance(1, "Meow! Purr, meow! "), measures=["change", "told_apart"]).claims
    assert claim.holds


def test_seeds_as_a_factor_are_draws_of_their_own() -> None:
    found = compare(without_chance(1, told="seed", samples=1), measures=["change", "told_apart"])
    assert not any("one accident" in note for note in found.notes)


def test_speakers_of_one_question_alone_are_missing_nowhere_else() -> None:
    speakers: list[str | None] = [None, "Bajie"]
    told: dict[str | None, dict[str, Any]] = {None: {}, "Bajie": {"speaker_as": "system"}}
    records = [
        record(persona, question, "Yes.", sample=sample, speaker=speaker, factors=told[speaker])
        for persona in ("none", "cat")
        for question, asking in (("rain", speakers[:1]), ("who", speakers))
        for speaker in asking
        for sample in range(2)
    ]
    assert [arm.missing for arm in compare(records).arms] == [0, 0]
    assert {arm.missing for arm in compare(records, by="speaker").arms} == {0}
    lost = [one for one in records if (one.persona, one.speaker) != ("cat", "Bajie") or one.sample]
    assert {arm.name: arm.missing for arm in compare(lost).arms} == {"none": 0, "cat": 1}


def test_a_level_of_one_run_is_the_plain_parameter_of_another() -> None:
    rng = np.random.default_rng(5)
    before, after = (
        [
            record(
                persona,
                f"q{question}",
                prose(rng),
                sample=sample,
                run=run,
                params={"temperature": heat},
                factors={"temperature": heat} if named else {},
            )
            for persona in ("none", "cat")
            for heat in heats
            for question in range(6)
            for sample in range(2)
        ]
        for run, heats, named in (
            ("run", [0.2], False),
            ("later", [0.2, 1.0], True),
        )
    )
    found = compare_runs(before, after, measures=["change"])
    row = found.find("change", "cat")
    assert row is not None
    assert (row.questions, row.samples, row.reference_samples) == (6, 12, 12)
    assert row.p is not None
