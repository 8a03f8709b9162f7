"""What is lost or cut has rows of its own, and takes away what it distorts."""

import numpy as np
import pytest

from comparing.made import prose, record
from persona_batch.chat import Usage
from persona_batch.comparing import Comparison, Estimate, compare
from persona_batch.record import Record
from persona_batch.record.record import Status


def run(lost: float, cut: float, *, longer: int = 0, seed: int = 1) -> list[Record]:
    """The persona loses a share of its cells, and a share of its replies is cut."""
    rng = np.random.default_rng(seed)
    found = []
    for name in ("none", "p"):
        for q in range(20):
            for s in range(5):
                status: Status = "ok"
                if name == "p" and rng.random() < lost:
                    status = "error"
                elif name == "p" and rng.random() < cut:
                    status = "truncated"
                text = prose(rng, 30 + (longer if name == "p" else 0))
                usage = Usage(10, 40 if name == "p" else 20, 50)
                found.append(
                    record(name, f"q{q}", "" if status == "error" else text, sample=s, status=status, usage=usage)
                )
    return found


def row(found: Comparison, measure: str, metric: str) -> Estimate:
    estimate = found.find(measure, "p", metric)
    assert estimate is not None
    return estimate


def test_loss_and_cuts_have_rows_with_their_own_test() -> None:
    found = compare(run(0.3, 0.4), measures=["loss", "shift"])
    lost, cut = row(found, "loss", "no reply"), row(found, "loss", "cut")
    assert lost.value == pytest.approx(0.3, abs=0.1)
    assert cut.value == pytest.approx(0.4, abs=0.15)
    assert (lost.p or 1) <= 0.001
    assert (cut.p or 1) <= 0.001
    assert compare(run(0, 0), measures=["loss"]).estimates == []


def test_a_question_that_is_lost_altogether_counts_as_lost() -> None:
    records = [
        record(r.persona, r.question, "", sample=r.sample, status="error")
        if (r.persona, r.question) == ("p", "q3")
        else r
        for r in run(0, 0)
    ]
    lost = row(compare(records, measures=["loss"]), "loss", "no reply")
    assert lost.arm_values[[*compare(records, measures=["loss"]).questions].index("q3")] == 1
    assert lost.value == pytest.approx(1 / 20)


def test_cut_replies_have_no_length_and_their_tokens_are_compared_instead() -> None:
    found = compare(run(0, 0.9, longer=20), measures=["shift"])
    for metric in ("length", "sentences"):
        censored = row(found, "shift", metric)
        assert (censored.value, censored.interval, censored.p) == (None, None, None)
        assert "were cut at the token limit" in (censored.not_estimable or "")
    tokens = row(found, "shift", "tokens")
    assert tokens.value == 20
    assert (tokens.p or 1) <= 0.001
    assert row(found, "shift", "lists").p is not None
    assert compare(run(0, 0.02), measures=["shift"]).find("shift", "p", "tokens") is None


def test_loss_on_one_side_takes_the_length_away_and_loss_on_both_does_not() -> None:
    one = compare(run(0.3, 0), measures=["shift"])
    assert "have no reply" in (row(one, "shift", "length").not_estimable or "")
    rng = np.random.default_rng(5)
    both = [
        record(r.persona, r.question, "", sample=r.sample, status="error") if rng.random() < 0.2 else r
        for r in run(0, 0)
    ]
    assert row(compare(both, measures=["shift"]), "shift", "length").p is not None


def timed_out(lost: int, questions: int) -> Estimate:
    """Return the row of length where the persona's longest replies, so many of questions x 5, did not arrive."""
    rng = np.random.default_rng(4)
    records = [
        record(name, f"q{q}", prose(rng, max(3, round(rng.normal(30, 6)))), sample=s)
        for name in ("none", "p")
        for q in range(questions)
        for s in range(5)
    ]
    longest = sorted((r for r in records if r.persona == "p"), key=lambda r: -len(r.reply))[:lost]
    gone = [
        record(r.persona, r.question, "", sample=r.sample, status="error") if any(r is one for one in longest) else r
        for r in records
    ]
    return row(compare(gone, measures=["shift"], permutations=99), "shift", "length")


def test_a_share_that_does_not_matter_in_few_replies_does_in_many() -> None:
    assert timed_out(1, 20).p is not None  # 1 % of 100
    assert timed_out(1, 100).p is not None
    told = timed_out(8, 100).not_estimable  # 1.6 % of 500
    assert told == "2% of the cells of p and 0% of those of none have no reply"
