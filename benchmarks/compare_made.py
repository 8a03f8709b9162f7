"""Made-up records of a realistic size, for timing `compare`: personas with words of their own."""

import random
from collections.abc import Iterator

from persona_batch.chat import Message
from persona_batch.checks import Check
from persona_batch.record import CheckResult, Record

CHECK = Check("contains", "matey")


def made_records(personas: int, questions: int, samples: int, *, words: int = 180, seed: int = 1) -> Iterator[Record]:
    """Yield (personas + `none` + `assistant`) × questions × samples records of about 1,000 characters."""
    rng = random.Random(seed)
    vocabulary = ["".join(rng.choices("etaoinshrdlucmfwyp", k=rng.randint(2, 9))) for _ in range(8_000)]
    weights = [1 / (rank + 5) for rank in range(len(vocabulary))]
    names = ["none", "assistant", *(f"persona{number:03d}" for number in range(personas))]
    number = 0
    for question in range(questions):
        topic = rng.choices(vocabulary, k=40)
        for place, name in enumerate(names):
            habit = vocabulary[place * 7 : place * 7 + 7] if place > 1 else []
            for sample in range(samples):
                spoken = rng.choices(vocabulary, weights, k=words - 40) + rng.choices(topic, k=40)
                spoken += rng.sample(habit, 3) if habit else []
                rng.shuffle(spoken)
                reply = " ".join(spoken) + "."
                number += 1
                yield Record(
                    key=f"{number:032x}",
                    run_id="20261122T000000Z-made",
                    persona=name,
                    question=f"q{question:03d}",
                    sample=sample,
                    placement="none" if name == "none" else "system",
                    provider="made",
                    model="made",
                    params={},
                    messages=[Message("user", f"question {question}")],
                    reply=reply,
                    status="ok",
                    checks=[CheckResult("contains", "matey" in reply, "matey")] if place > 1 else [],
                )
