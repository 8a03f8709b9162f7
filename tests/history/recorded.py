"""Recorded series, made up: personas that talk at random from a vocabulary, on days when nothing or something changes.

Lengths are skewed and questions differ, as real replies do; each reply is drawn anew, so that days differ by chance.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product

from persona_batch.comparing.nights import PastRun
from persona_batch.record import Record
from persona_batch.record.record import Status

_FIRST = ("ba", "ko", "ri", "tu", "men", "sol")
_SECOND = ("da", "le", "ni", "po", "fur", "gas", "wex")
WORDS = ["".join(pair) for pair in product(_FIRST, _SECOND)]


@dataclass(frozen=True)
class Day:
    """What is different on a day: words lean over by `lean`, another name answers, a share of cells fails."""

    lean: float = 0.0
    longer: int = 0
    answers_as: str = "test-model"
    failing: float = 0.0
    prompt: str = "You are someone."


def series(
    days: int,
    seed: object = 0,
    *,
    changes: dict[int, Day] | None = None,
    personas: int = 2,
    questions: int = 10,
    samples: int = 3,
) -> list[PastRun]:
    """Return `days` runs; each entry of `changes` holds from its day on."""
    found = []
    day = Day()
    for number in range(days):
        day = (changes or {}).get(number, day)
        name = f"202611{number + 1:02d}T030000Z-crew"
        # drawn once: each run is read three times and more
        cells = list(_records(name, day, f"{seed}/{number}", seed, (personas, questions, samples)))
        found.append(PastRun(name, f"2026-11-{number + 1:02d}T03:00:00.000Z", partial(iter, cells)))
    return found


def _records(run_id: str, day: Day, drawn: str, seed: object, shape: tuple[int, int, int]) -> Iterator[Record]:
    personas, questions, samples = shape
    for persona in range(personas):
        for question in range(questions):
            habit = random.Random(f"{seed}/{persona}/{question}").uniform(-0.15, 0.15)
            for sample in range(samples):
                rng = random.Random(f"{drawn}/{persona}/{question}/{sample}")
                failed = rng.random() < day.failing
                status: Status = "error" if failed else "ok"
                yield Record(
                    key=f"{_number_of(day.prompt):08x}{persona:08x}{question:08x}{sample:08x}",
                    run_id=run_id,
                    persona=f"sailor{persona}",
                    question=f"q{question}",
                    sample=sample,
                    placement="system",
                    provider="test",
                    model="test-model",
                    model_returned=None if failed else day.answers_as,
                    params={},
                    messages=[],
                    reply="" if failed else _reply(rng, 0.5 + habit + day.lean, day.longer),
                    status=status,
                )


def _number_of(text: str) -> int:
    """A small number that stands for a text, the same in every process."""
    return sum((place + 1) * byte for place, byte in enumerate(text.encode())) % 2**31


def _reply(rng: random.Random, lean: float, longer: int) -> str:
    half = len(WORDS) // 2
    length = longer + round(rng.lognormvariate(3.2, 0.5))
    return " ".join(rng.choice(WORDS[:half] if rng.random() < lean else WORDS[half:]) for _ in range(length)) + "."
