"""Paraphrases of one question are one unit of inference."""

from itertools import product

import numpy as np
import pytest

from comparing.made import grid, prose, record
from persona_batch.comparing import compare

VOICES = {"none": "", "pirate": "Arrr, matey!"}


def stems(questions: int, count: int) -> dict[str, str]:
    return {f"q{question}": f"stem{question % count}" for question in range(questions)}


def test_signs_flip_by_cluster_and_the_interval_is_of_cluster_means() -> None:
    records = grid({"none": "", "p": ""}, questions=14, samples=2, seed=3)
    clusters = stems(14, 7)
    row = compare(records, measures=["shift"], clusters=clusters).find("shift", "p", "length")
    assert row is not None
    assert row.clusters == 7
    assert row.test == "sign-flip by cluster, exact"
    alone = compare(records, measures=["shift"]).find("shift", "p", "length")
    assert alone is not None
    names = compare(records, measures=["shift"]).questions
    d = {name: value for name, value in zip(names, alone.differences, strict=True) if value is not None}
    sums = [sum(value for name, value in d.items() if clusters[name] == f"stem{k}") for k in range(7)]
    means = [total / 2 for total in sums]
    flips = [
        abs(sum(sign * total for sign, total in zip(signs, sums, strict=True))) for signs in product((1, -1), repeat=7)
    ]
    assert row.p == pytest.approx(np.mean([flip >= abs(sum(sums)) - 1e-9 for flip in flips]))
    assert row.value == pytest.approx(np.mean(means))
    half = 2.4469 * np.std(means, ddof=1) / np.sqrt(7)
    assert row.interval is not None
    assert row.interval.high - row.interval.low == pytest.approx(2 * half, rel=1e-3)


def test_five_clusters_cannot_be_tested_by_signs_however_many_questions() -> None:
    row = compare(grid(VOICES, questions=20), measures=["shift"], clusters=stems(20, 5)).find(
        "shift", "pirate", "length"
    )
    assert row is not None
    assert row.p is None
    assert row.not_estimable == "5 clusters; the sign-flip test needs 6"
    assert row.interval is not None


def test_questions_of_a_cluster_agree_and_still_count_as_one() -> None:
    rng = np.random.default_rng(1)
    lean = rng.normal(0, 15, 6)
    records = [
        record(name, f"q{q}", prose(rng, max(3, round(40 + (lean[q % 6] if name == "p" else 0)))), sample=s)
        for name in ("none", "p")
        for q in range(24)
        for s in range(2)
    ]
    together = compare(records, measures=["shift", "change", "told_apart"], clusters=stems(24, 6))
    apart = compare(records, measures=["shift", "change", "told_apart"])
    for measure in ("shift", "change", "told_apart"):
        wide, narrow = (found.find(measure, "p") for found in (together, apart))
        assert wide is not None
        assert narrow is not None
        assert wide.clusters == 6
        assert narrow.clusters is None
        assert wide.interval is not None
        assert narrow.interval is not None
        assert wide.interval.high - wide.interval.low > narrow.interval.high - narrow.interval.low
