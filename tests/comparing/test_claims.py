"""The claim has two halves, and every arm a claim is made about stands in the list."""

import numpy as np
import pytest

from comparing.made import grid, probe, prose, record
from persona_batch.comparing import Comparison, compare
from persona_batch.comparing.comparison import Claim
from persona_batch.record import Record

LOUD = "Arrr, matey, plunder and gold!"


def claim(found: Comparison, arm: str) -> Claim:
    return next(one for one in found.claims if one.arm == arm)


def test_a_persona_that_does_what_the_placebo_does_fails_by_the_placebo() -> None:
    found = compare(
        grid({"none": "", "assistant": LOUD, "pirate": LOUD, "cat": "Meow, purr, hiss, scratch, meow!"}),
        measures=["change"],
    )
    pirate = claim(found, "pirate")
    assert (pirate.control, pirate.placebo) == ("none", "assistant")
    assert (pirate.p_control or 1) <= 0.001
    assert (pirate.p_placebo or 0) > 0.05
    assert pirate.p == pirate.p_placebo
    assert pirate.holds is False
    assert pirate.failed == "placebo"
    assert claim(found, "cat").holds


def test_a_persona_that_does_nothing_fails_by_both_and_one_like_the_control_by_it() -> None:
    found = compare(grid({"none": "", "assistant": LOUD, "quiet": ""}), measures=["change"])
    assert claim(found, "quiet").failed == "control"
    found = compare(grid({"none": "", "assistant": "", "quiet": ""}), measures=["change"])
    assert claim(found, "quiet").failed == "both"


def test_without_a_placebo_there_is_one_half() -> None:
    (only,) = compare(grid({"none": "", "pirate": LOUD}), measures=["change"]).claims
    assert (only.placebo, only.p_placebo, only.failed) == (None, None, None)
    assert only.holds


def test_a_persona_without_controls_is_told_and_so_is_one_that_cannot_be_tested() -> None:
    records = [*grid({"none": "", "assistant": "", "pirate": LOUD}), *grid({"alone": ""})]
    controls = {"pirate": ["none", "assistant"], "alone": []}
    found = compare(records, measures=["change"], controls=controls)
    assert claim(found, "alone").why_not == "it has no control"
    assert claim(found, "alone").holds is None
    few = compare(grid({"none": "", "pirate": LOUD}, questions=3, samples=1), measures=["change"])
    assert few.claims[0].why_not == "one sample a side takes 6 questions, here there are 3"
    other = compare(grid({"none": "", "pirate": LOUD}), measures=["shift"])
    assert other.claims[0].why_not == "change was not among the measures"


def test_holm_runs_over_the_larger_p_of_each() -> None:
    found = compare(grid({"none": "", "assistant": "", "a": LOUD, "b": "", "c": ""}), measures=["change"])
    ordered = sorted((one.p, one.p_holm) for one in found.claims if one.p is not None and one.p_holm is not None)
    running = 0.0
    for place, (p, holm) in enumerate(ordered):
        running = max(running, min(1.0, p * (len(ordered) - place)))
        assert holm == pytest.approx(running)


def test_controls_are_in_no_family_of_drift() -> None:
    def talk(persona: str, number: int) -> Record:
        probes = [probe(turn, 1.0 - 0.1 * turn - 0.01 * number) for turn in (1, 2, 3)]
        return record(persona, f"d{number}", f"bye {number}", probes=probes)

    found = compare([talk(name, n) for name in ("none", "pirate") for n in range(8)], measures=["drift"])
    rows = {row.arm: row for row in found.estimates if row.metric == "slope"}
    assert rows["none"].p_bh is None
    assert rows["pirate"].p_bh is not None


def test_another_control_takes_the_placebo_only_where_it_is_no_prompt() -> None:
    records = grid({"none": "", "empty": "", "assistant": "", "pirate": LOUD, "cat": ""})
    assert claim(compare(records, measures=["change"], control="empty"), "pirate").placebo == "assistant"
    assert claim(compare(records, measures=["change"], control="cat"), "pirate").placebo is None


def test_unequal_cells_and_variants_are_tested_too() -> None:
    rng = np.random.default_rng(4)
    records = [record("none", f"q{q}", prose(rng), sample=s) for q in range(10) for s in range(5)]
    records += [record("pirate", f"q{q}", LOUD + prose(rng), variant=v) for q in range(10) for v in range(5)]
    found = compare(records)
    assert claim(found, "pirate").holds
    row = found.find("change", "pirate")
    assert row is not None
    assert (row.samples, row.reference_samples) == (50, 50)


def test_a_small_mark_that_all_replies_share_is_a_claim_with_few_replies() -> None:
    rng = np.random.default_rng(6)
    words = [f"w{number}" for number in range(100)]
    records = [
        record(name, f"q{q}", ("x " if name == "marked" else "") + " ".join(rng.choice(words, 20)), sample=s)
        for name in ("none", "assistant", "marked", "plain")
        for q in range(20)
        for s in range(5)
    ]
    found = compare(records, measures=["told_apart", "change"], permutations=999)
    change, shared = found.find("change", "marked"), found.find("told_apart", "marked", "shared shift")
    assert change is not None
    assert shared is not None
    assert change.p is not None
    assert shared.p == 0.001
    assert claim(found, "marked").p_control == 2 * min(change.p, shared.p)
    assert claim(found, "marked").holds
    assert not claim(found, "plain").holds
    alone = compare(records, measures=["change"], permutations=999)
    assert claim(alone, "marked").p_control == change.p
