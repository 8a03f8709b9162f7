"""Records written by hand for the tests of comparisons."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from persona_batch.chat import Message, Placement
from persona_batch.record import CheckResult, Record, Status
from persona_batch.record.record import ProbeRecord

_TEXT = "the sea is wide and a ship of oak may cross it when wind is kind to old sailors who sing"
WORDS = tuple(_TEXT.split())


def probe(after: int, score: float, checks: int = 100, text: str = "Who are you?") -> ProbeRecord:
    """Return the answer to a probe that passes so large a share of its checks."""
    results = [CheckResult("contains", number < round(checks * score)) for number in range(checks)]
    return ProbeRecord(after=after, text=text, reply="…", status="ok", checks=results)


def record(
    persona: str,
    question: str,
    reply: str,
    *,
    sample: int = 0,
    status: Status = "ok",
    placement: Placement | None = None,
    system: str | None = None,
    checks: Sequence[CheckResult] = (),
    run: str = "run",
    **other: Any,
) -> Record:
    """Return a record; its key is made of what tells cells apart."""
    where: Placement = placement or ("none" if persona == "none" else "system")
    before = [] if persona == "none" else [Message("system", system or f"You are {persona}.")]
    model, variant, speaker = other.get("model", "m"), other.get("variant", 0), other.get("speaker")
    fields: dict[str, Any] = {
        "model": model,
        "messages": [*before, Message("user", f"What about {question}?")],
        "provider": "made",
        "params": {},
        **other,
    }
    return Record(
        key=f"{persona}/{variant}/{where}/{model}/{speaker}/{other.get('factors', '')}/{question}/{sample}",
        run_id=run,
        persona=persona,
        question=question,
        sample=sample,
        placement=where,
        reply=reply,
        status=status,
        checks=list(checks),
        **fields,
    )


def prose(rng: np.random.Generator, words: int = 30, vocabulary: Sequence[str] = WORDS) -> str:
    """Return made-up prose."""
    return " ".join(vocabulary[place] for place in rng.integers(0, len(vocabulary), words)) + "."


def grid(
    replies: Mapping[str, str], *, questions: int = 8, samples: int = 4, seed: int = 1, words: int = 30
) -> list[Record]:
    """Return personas × questions × samples, each persona's prose beginning with its own words (may be empty)."""
    rng = np.random.default_rng(seed)
    return [
        record(persona, f"q{question}", (own + " " if own else "") + prose(rng, words), sample=sample)
        for persona, own in replies.items()
        for question in range(questions)
        for sample in range(samples)
    ]


def shuffled(records: Iterable[Record], seed: int) -> list[Record]:
    """Return the records in another order."""
    found = list(records)
    return [found[place] for place in np.random.default_rng(seed).permutation(len(found))]
