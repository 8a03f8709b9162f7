"""Paraphrases of one question are one unit of inference."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from comparing.made import grid, prose, record
from persona_batch.comparing import compare
from persona_batch.config.load import load_batch
from terminals.command import batch

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


def test_the_clusters_of_a_question_file_are_those_of_the_comparison(tmp_path: Path) -> None:
    questions = [{"id": f"q{n}", "text": f"Question {n}?", "cluster": f"stem{n % 3}"} for n in range(9)]
    (tmp_path / "asked.yaml").write_text(json.dumps({"questions": questions}), encoding="utf-8")
    persona = {"id": "pirate", "system": "Talk like a pirate.", "questions": ["asked.yaml"]}
    (tmp_path / "pirate.yaml").write_text(json.dumps(persona), encoding="utf-8")
    done = batch("run", "pirate.yaml", "--provider", "scripted", "-n", "2", "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(batch("compare", "--format", "json", "--permutations", "99", cwd=tmp_path).stdout)
    lengths = [row for row in told["estimates"] if row["metric"] == "length" and row["arm"] == "pirate"]
    assert [row["clusters"] for row in lengths] == [3]


def test_a_cluster_at_the_top_is_that_of_all_questions_that_name_none(tmp_path: Path) -> None:
    path = tmp_path / "asked.yaml"
    path.write_text(
        "cluster: who\nquestions:\n  - Who are you?\n  - {text: Where?, cluster: place}\n", encoding="utf-8"
    )
    (tmp_path / "cat.yaml").write_text("system: You are a cat.\nquestions: [asked.yaml]\n", encoding="utf-8")
    loaded = load_batch([str(tmp_path / "cat.yaml")])
    persona = next(one for one in loaded.personas if one.id == "cat")
    assert [question.cluster for question in persona.questions] == ["who", "place"]
