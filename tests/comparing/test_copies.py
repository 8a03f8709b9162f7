"""Copies are known by their source, not by their looks."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from comparing.made import grid, prose, record
from persona_batch.comparing import Comparison, compare
from persona_batch.record import Record

VOICES = {"none": "", "assistant": "", "pirate": "Arrr!"}


def duplicates(found: Comparison) -> list[int]:
    return [arm.duplicates for arm in found.arms]


def short(rng: np.random.Generator, **other: object) -> list[Record]:
    return [
        record(name, f"q{q}", str(rng.choice(["yes", "no"])), sample=s, **other)  # type: ignore[arg-type]  # fields
        for name in ("none", "p")
        for q in range(8)
        for s in range(5)
    ]


def test_short_replies_that_coincide_are_samples_of_their_own() -> None:
    found = compare(short(np.random.default_rng(1)), permutations=99)
    assert duplicates(found) == [0, 0]
    assert not any("byte-identical" in note for note in found.notes)


def test_answers_with_one_request_id_are_one_answer() -> None:
    records = [
        record(r.persona, r.question, r.reply if r.sample else f"cached for {r.question}", sample=r.sample)
        for r in grid(VOICES)
    ]
    served = [
        record(
            r.persona,
            r.question,
            f"Long answer to {r.question}",
            sample=r.sample,
            request_id=f"{r.persona}/{r.question}",
        )
        if r.persona == "pirate"
        else r
        for r in records
    ]
    found = compare(served, permutations=99)
    assert dict(zip((arm.name for arm in found.arms), duplicates(found), strict=True))["pirate"] == 24
    assert any("24 samples were sent twice under one request id" in note for note in found.notes)


def test_an_endpoint_that_gives_every_answer_the_same_id_names_nothing_by_it() -> None:
    found = compare(short(np.random.default_rng(1), request_id="chatcmpl-0"), permutations=99)
    assert duplicates(found) == [0, 0]


def test_requests_without_chance_have_one_draw_where_they_are_answered_alike() -> None:
    for params in ({"temperature": 0}, {"extra_body": {"top_k": 1}}, {"seed": 7}):
        records = [
            record(name, f"q{q}", f"{name} says {q}", sample=s, params=params)
            for name in VOICES
            for q in range(8)
            for s in range(4)
        ]
        found = compare(records, permutations=99)
        assert duplicates(found) == [24, 24, 24]
        assert any("without chance in the request" in note for note in found.notes)


def test_a_seed_for_each_sample_is_chance() -> None:
    records = [
        record(name, f"q{q}", "yes", sample=s, params={"seed": s})
        for name in VOICES
        for q in range(8)
        for s in range(4)
    ]
    assert duplicates(compare(records, permutations=99)) == [0, 0, 0]


def drawn(seed: int, alike: int, questions: int = 20) -> list[Record]:
    """Requests without chance, two arms of one make: so many questions have one draw a cell, others one a sample."""
    rng, records = np.random.default_rng(seed), []
    for name, q in product(("none", "p"), range(questions)):
        once = prose(rng)
        for s in range(5):
            reply = once if q < alike else prose(rng)
            records.append(record(name, f"q{q}", reply, sample=s, params={"temperature": 0}))
    return records


def test_where_temperature_zero_is_answered_differently_all_samples_count() -> None:
    found = compare(drawn(1, 0), permutations=99)
    assert duplicates(found) == [0, 0]
    assert any("answers some questions differently each time" in note for note in found.notes)


def test_questions_that_are_answered_alike_without_chance_count_once_and_the_others_in_full() -> None:
    assert duplicates(compare(drawn(1, 6), permutations=99)) == [24, 24]
    assert duplicates(compare(short(np.random.default_rng(1), params={"temperature": 0}), permutations=99)) == [32, 32]


def test_a_few_questions_that_are_answered_alike_make_no_claim() -> None:
    held = [compare(drawn(seed, 3), measures=["change", "told_apart"], permutations=199) for seed in range(20)]
    assert sum(bool(found.claims[0].holds) for found in held) <= 4  # counted in full: nearly all


def test_long_identical_replies_are_pointed_out_and_count_once_where_that_is_said() -> None:
    rng = np.random.default_rng(1)
    long = {q: prose(rng) + prose(rng) for q in range(8)}
    records = [
        record(name, f"q{q}", long[q] if q % 2 or s < 2 else prose(rng), sample=s)
        for name in VOICES
        for q in range(8)
        for s in range(3)
    ]
    found = compare(records, permutations=99)
    assert duplicates(found) == [0, 0, 0]
    assert any("`--copies once` counts each once" in note for note in found.notes)
    assert duplicates(compare(records, permutations=99, copies="once")) == [12, 12, 12]
    fixed = [record(r.persona, r.question, r.reply, sample=r.sample, params={"temperature": 0}) for r in records]
    assert duplicates(compare(fixed, permutations=99, copies="all")) == [0, 0, 0]


def copied(records: list[Record], times: int) -> list[Record]:
    """Return every record so many times, with ids of their own: a cache, or a table that was written again."""
    return [
        replace(
            one, key=f"{one.key}/{n}", sample=one.sample * times + n, request_id=f"{one.key}/{n}", params={**one.params}
        )
        for one in records
        for n in range(times)
    ]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1_000), st.integers(1, 3), st.integers(2, 4))
def test_what_is_written_several_times_says_no_more(seed: int, samples: int, times: int) -> None:
    once = grid({"none": "", "assistant": "", "pirate": ""}, samples=samples, seed=seed)
    measures = ["change", "told_apart", "shift"]
    found, again = (compare(records, measures=measures, permutations=199) for records in (once, copied(once, times)))
    assert again.claims == found.claims
    assert [row.p for row in again.estimates] == [row.p for row in found.estimates]
    assert any("samples are copies and do not count" in note for note in again.notes)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1_000), st.integers(1, 3))
def test_short_answers_that_are_written_several_times_say_no_more(seed: int, samples: int) -> None:
    rng = np.random.default_rng(seed)
    once = [
        record(name, f"q{q}", str(rng.choice(["A", "B", "C", "D"])), sample=s)
        for name in ("none", "p")
        for q in range(20)
        for s in range(samples)
    ]
    found, again = (compare(records, measures=["change"], permutations=199) for records in (once, copied(once, 2)))
    assert [arm.used for arm in again.arms] == [arm.used for arm in found.arms]
    assert abs((again.claims[0].p or 0) - (found.claims[0].p or 0)) < 0.15  # other relabellings of the same replies


def test_a_cache_that_missed_a_few_times_is_a_cache() -> None:
    rng = np.random.default_rng(3)
    hit = copied(grid({"none": "", "p": ""}, samples=1, questions=20), 4)
    records = [replace(one, reply=prose(rng)) if n in (5, 90) else one for n, one in enumerate(hit)]
    found = compare(records, permutations=199)
    assert not found.claims[0].holds
    assert duplicates(found) == [59, 59]


def test_answers_of_one_letter_are_samples_of_their_own_though_most_of_them_coincide() -> None:
    rng = np.random.default_rng(1)
    records = [
        record(name, f"q{q}", "ABCD"[q % 4] if q else str(rng.choice(["A", "B"])), sample=s)
        for name in ("none", "p")
        for q in range(20)
        for s in range(5)
    ]
    assert duplicates(compare(records, permutations=99)) == [0, 0]


def test_two_voices_that_always_say_the_same_are_voices() -> None:
    said = {"none": "Meow. " * 20, "p": "Woof. " * 20}
    records = [record(name, f"q{q}", said[name], sample=s) for name in said for q in range(8) for s in range(4)]
    assert duplicates(compare(records, permutations=99)) == [0, 0]
