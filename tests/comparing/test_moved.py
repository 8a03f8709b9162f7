"""Single questions: a count that holds at any floor, names where there are samples enough, and no false ones."""

import numpy as np
import pytest

from comparing.made import prose, record
from persona_batch.comparing import compare
from persona_batch.comparing.comparison import Arm
from persona_batch.comparing.energy import Stratum, energy_of, relabel
from persona_batch.comparing.features import distances, gram_rows
from persona_batch.record import Record


def run(moved: int, samples: int, questions: int = 20, seed: int = 1) -> list[Record]:
    rng = np.random.default_rng(seed)
    return [
        record(name, f"q{q:02}", ("Arrr, matey! " * 3 if name == "p" and q < moved else "") + prose(rng, 15), sample=s)
        for name in ("none", "p")
        for q in range(questions)
        for s in range(samples)
    ]


def arm(records: list[Record]) -> Arm:
    return next(arm for arm in compare(records, measures=["change"], permutations=999).arms if arm.name == "p")


def test_ten_rewritten_questions_are_counted_with_four_samples_and_named() -> None:
    found = arm(run(10, 4))
    assert found.moved_at_least is not None
    assert 5 <= found.moved_at_least <= 10
    assert found.moved_questions is not None
    assert set(found.moved_questions) <= {f"q{q:02}" for q in range(10)}
    assert len(found.moved_questions) >= 8


def test_with_three_samples_there_is_a_count_and_no_names() -> None:
    found = arm(run(20, 3))
    assert found.moved_questions is None
    assert (found.moved_at_least or 0) >= 8


def test_where_nothing_moved_nothing_is_claimed() -> None:
    counted = named = 0
    for seed in range(40):
        found = arm(run(0, 5, questions=12, seed=seed))
        counted += bool(found.moved_at_least)
        named += bool(found.moved_questions)
    assert counted <= 5
    assert named <= 5


def test_one_sample_has_no_count() -> None:
    assert arm(run(5, 1)).moved_at_least is None


def test_energies_are_what_their_formula_says() -> None:
    rows, _ = gram_rows(["aa bb", "aa cc", "zz yy", "zz xx", "zz ww"])
    gram = (rows @ rows.T).toarray()
    d = np.sqrt(np.maximum(2 - 2 * gram, 0))
    energy, cross = energy_of(distances(gram), 2, 3)
    assert cross == pytest.approx(2 * d[:2, 2:].mean())
    assert energy == pytest.approx(cross - d[0, 1] - d[2:, 2:].sum() / 6)


def test_a_questions_p_is_its_place_among_all_relabellings() -> None:
    rng = np.random.default_rng(1)
    points = rng.normal(size=(6, 3))
    points[:3] += 2
    first, second = np.triu_indices(6, 1)
    apart = np.linalg.norm(points[first] - points[second], axis=1)
    found = relabel([Stratum(0, 3, 3, apart)], 999, rng)
    assert found.floor[0] == pytest.approx(2 / 20)
    assert found.p[0] == pytest.approx(2 / 20)
    assert found.total_p == pytest.approx(0.1, abs=0.04)
