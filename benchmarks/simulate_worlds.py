"""Made-up runs in which the truth is known, as records for the public `compare`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from persona_batch.chat import Message
from persona_batch.record import CheckResult, Record
from persona_batch.record.record import ProbeRecord, TurnRecord

RECORDED = Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "recorded-smollm2" / "replies_64.jsonl"
HABITS = ("arrr", "matey", "ahoy", "plunder", "doubloon")
_LETTERS = "etaoinshrdlucmfwypvbgk"


@dataclass(frozen=True, slots=True)
class World:
    """Arms `none` and `p0`, `p1`, … that answer alike but for `effect`.

    Lengths in characters: `base` plus noise of `sigma` (log-normal with `skewed`), a random effect of each question
    that all arms share (`question`), one of each question in each arm with mean 0 (`tau`), and `effect` for p0.
    `samples` per cell, or copies of `distinct` ones where that is given (a cache). `bad` is the chance that a reply
    breaks character, fails the check, or is wrong; `habit` the share of p0's words that are a pirate's.
    """

    questions: int = 12
    samples: int = 5
    arms: int = 1
    base: float = 150.0
    sigma: float = 25.0
    question: float = 25.0
    tau: float = 0.0
    effect: float = 0.0
    skewed: bool = False
    distinct: int | None = None
    bad: float = 0.3
    habit: float = 0.0

    def records(self, rng: np.random.Generator) -> list[Record]:
        """Return one run."""
        found: list[Record] = []
        pools = [_words(rng, 400) for _ in range(self.questions)]
        shared = rng.normal(0.0, self.question, self.questions)
        for arm in range(-1, self.arms):
            own = rng.normal(0.0, self.tau, self.questions) if arm >= 0 and self.tau else np.zeros(self.questions)
            for question in range(self.questions):
                middle = self.base + shared[question] + own[question] + (self.effect if arm == 0 else 0.0)
                texts = [self._reply(rng, pools[question], middle, arm) for _ in range(self.distinct or self.samples)]
                for sample in range(self.samples):
                    found.append(_record(len(found), arm, question, sample, texts[sample % len(texts)], rng, self.bad))
        return found

    def _reply(self, rng: np.random.Generator, words: Sequence[str], middle: float, arm: int) -> str:
        length = middle + rng.normal(0.0, self.sigma)
        if self.skewed:  # a log-normal noise of mean 0 and standard deviation sigma, skewness about 6
            spread = 1.0
            unit = np.exp(rng.normal(0.0, spread)) - np.exp(spread**2 / 2)
            length = middle + self.sigma * unit / np.sqrt((np.exp(spread**2) - 1) * np.exp(spread**2))
        count = int(max(length, 10)) // 3 + 2
        spoken = [words[place] for place in rng.integers(0, len(words), count)]
        if self.habit and arm == 0:
            spoken = [HABITS[int(rng.integers(5))] if rng.random() < self.habit else word for word in spoken]
        text = " ".join(spoken)
        if rng.random() < self.bad:
            text = "As an AI " + text
        return text[: int(max(length, 10))]


def recorded_world(rng: np.random.Generator, questions: int, samples: int) -> list[Record]:
    """Return a run whose two arms both are the recorded control's replies, drawn without replacement per question.

    The recorded file has eight replies of the control to each of four questions; a made-up question takes one of them.
    """
    pools: dict[int, list[str]] = {}
    for line in RECORDED.read_text(encoding="utf-8").splitlines():
        reply = json.loads(line)
        if reply["condition"] == "none":
            pools.setdefault(reply["question_id"], []).append(reply["reply"])
    kinds = sorted(pools)
    found: list[Record] = []
    for question in range(questions):
        pool = pools[kinds[question % len(kinds)]]
        drawn = rng.permutation(len(pool))[: 2 * samples]
        for place, number in enumerate(drawn):
            arm, sample = -(place < samples), place % samples
            found.append(_record(len(found), arm, question, sample, pool[number], rng, 0.0))
    return found


def dialogues(rng: np.random.Generator, count: int, turns: int, slope: float) -> list[Record]:
    """Return dialogues of one persona whose probe scores hang together within a dialogue and fall by `slope` a turn."""
    found = []
    for number in range(count):
        level, own = rng.normal(0.6, 0.15), rng.normal(0.0, 0.03)
        probes = [
            scored_probe(turn, level + (slope + own) * turn + rng.normal(0.0, 0.1))
            for turn in range(2, 2 * turns + 1, 2)
        ]
        record = _record(number, 0, number, 0, f"goodbye {number}", rng, 0.0)
        found.append(
            Record(
                **{**_fields(record), "turns": [TurnRecord(user="hello", reply="hi", status="ok")], "probes": probes}
            )
        )
    return found


def scored_probe(after: int, score: float, checks: int = 40) -> ProbeRecord:
    """Return the answer to a probe that passes so large a share of its checks (to the nearest one)."""
    passed = round(checks * score)
    results = [CheckResult("contains", number < passed) for number in range(checks)]
    return ProbeRecord(after=after, text="Who are you?", reply="…", status="ok", checks=results)


def _words(rng: np.random.Generator, count: int) -> list[str]:
    """Return words for one question, drawn from one vocabulary."""
    return [VOCABULARY[place] for place in rng.integers(0, len(VOCABULARY), count)]


def _vocabulary() -> list[str]:
    rng, letters = np.random.default_rng(0), np.array(list(_LETTERS))
    return ["".join(rng.choice(letters, size)) for size in rng.integers(2, 9, 4_000)]


VOCABULARY = _vocabulary()


def _record(
    number: int, arm: int, question: int, sample: int, reply: str, rng: np.random.Generator, bad: float
) -> Record:
    right = bool(rng.random() >= bad)
    checks = [CheckResult("choice", right, "1")]
    if arm >= 0:
        checks.append(CheckResult("not contains", "As an AI" not in reply, "As an AI"))
    return Record(
        key=f"{number:032x}",
        run_id="simulated",
        persona="none" if arm < 0 else f"p{arm}",
        question=f"q{question:03d}",
        sample=sample,
        placement="none" if arm < 0 else "system",
        provider="simulated",
        model="simulated",
        params={},
        messages=[Message("user", f"question {question}")],
        reply=reply,
        status="ok",
        checks=checks,
    )


def _fields(record: Record) -> dict[str, object]:
    return {name: getattr(record, name) for name in record.__struct_fields__}
