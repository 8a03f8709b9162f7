"""What a comparison reads off one record: declared checks, scores, time, what tells replies apart, the prompt."""

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple

import msgspec
import numpy as np

from persona_batch.checks import Check
from persona_batch.checks.check import KEYED
from persona_batch.record import USABLE, CheckResult, Record


def declared_checks(results: Iterable[CheckResult]) -> tuple[Check, ...]:
    """Return the checks behind these results.

    Checks against a key are left out, those in Python that may not be called, and those of an unknown kind, without
    their argument, or with one that was written by another version or hand.
    """
    found = []
    for result in results:
        with suppress(ValueError):
            check = result.declared
            if check.runnable and not check.keyed:
                found.append(check)
    return tuple(found)


def asked_at(record: Record) -> float:
    """Return the moment of sending in seconds of Unix time, or NaN."""
    if record.timing is None or record.timing.started_at is None:
        return np.nan
    try:
        return datetime.fromisoformat(record.timing.started_at).timestamp()
    except ValueError:  # written by another hand
        return np.nan


def digest(record: Record) -> int:
    """Return a number that byte-identical replies share."""
    data = record.reply.encode("utf-8", "surrogatepass")
    if record.turns is not None:
        data += msgspec.json.encode([[part.reply for part in (*record.turns, *(record.probes or ()))]])
    return short_hash(data)


def tokens(record: Record) -> float:
    """Return the tokens of the reply as the endpoint counted them, or NaN."""
    count = None if record.usage is None else record.usage.completion_tokens
    return np.nan if count is None else float(count)


def draw_of(record: Record) -> tuple[int, int]:
    """Return a number that replies share which may be one and the same draw, 0: none; and one for what fixed it.

    A request without chance in it (temperature 0, top_k 1, a seed) has one reply, however often it is asked; and two
    answers with one request id are one answer, sent twice by a cache. What fixed it is the seed, or that the likeliest
    word is always taken (1, the least); 0: there was chance in the request.
    """
    chance = {**record.params, **(record.params.get("extra_body") or {})}
    likeliest = chance.get("temperature") == 0 or chance.get("top_k") == 1
    if likeliest or chance.get("seed") is not None:
        luck = 1 if likeliest else 2 + (short_hash(msgspec.json.encode(chance["seed"])) >> 2) % (1 << 60)
        return short_hash(msgspec.json.encode(chance, order="sorted")), luck
    return (short_hash(record.request_id.encode()), 0) if record.request_id else (0, 0)


def short_hash(data: bytes) -> int:
    """Return 64 bits of BLAKE2b as a signed number."""
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big", signed=True)


def correct(record: Record) -> float:
    """Return whether the reply is right by the question's key, 1 or 0; NaN: no key."""
    for check in record.checks:
        if check.check == KEYED:
            return float(check.passed)
    return np.nan


class ProbeScore(NamedTuple):
    """What share of its checks the reply to a probe passed, on a fork after turn `after` (from 1)."""

    text: str
    after: int
    score: float


def probe_scores(record: Record) -> tuple[ProbeScore, ...]:
    """Return the scores of the probes of a conversation that were answered and have checks."""
    return tuple(
        ProbeScore(probe.text, probe.after, sum(check.passed for check in probe.checks) / len(probe.checks))
        for probe in record.probes or ()
        if probe.checks and probe.status in USABLE
    )


def probe_slope(scores: Sequence[ProbeScore]) -> float:
    """Return the least-squares slope of the score per turn; NaN where no probe was asked after two turns.

    Each probe has a level of its own: one that is asked late, and is hard, is no fall.
    """
    texts = sorted({score.text for score in scores})
    turns = np.array([score.after for score in scores], dtype=np.float64)
    values = np.array([score.score for score in scores], dtype=np.float64)
    number = np.array([texts.index(score.text) for score in scores], dtype=np.int64)
    for which in range(len(texts)):
        turns[number == which] -= turns[number == which].mean()
        values[number == which] -= values[number == which].mean()
    spread = float(turns @ turns)
    return float(turns @ values) / spread if spread > 0 else float("nan")


class Prompts:
    """The prompt of each persona and paraphrase: all that stood before the question.

    With the persona in the user message there is no seam to cut at: then it is what the first user messages of
    all questions begin with.
    """

    def __init__(self) -> None:
        self._before: dict[tuple[str, int], str] = {}
        self._joined: dict[tuple[str, int], str] = {}
        self._asked: dict[str, str] = {}

    def see(self, record: Record) -> None:
        """Take note of one record."""
        name = (record.persona, record.variant)
        if name not in self._before:
            before = record.opening
            self._before[name] = "\n".join(f"[{message.role}] {message.content}" for message in before)
        if not record.messages:
            return
        asked = record.messages[-1].content
        if record.placement == "user":
            self._joined[name] = _shared_beginning(self._joined.get(name, asked), asked)
        elif record.turns is None:
            self._asked.setdefault(record.question, asked)

    def names(self) -> set[tuple[str, int]]:
        """Return the personas and variants seen."""
        return set(self._before)

    def text(self, name: tuple[str, int]) -> str:
        """Return the prompt."""
        joined = self._joined.get(name, "")
        return "\n".join(part for part in (self._before.get(name, ""), f"[user] {joined}" if joined else "") if part)

    def wording(self, persona: str) -> str | None:
        """Return the bare prompt of a persona's first wording, wherever it stands; None: not known."""
        name = (persona, 0)
        joined = self._joined.get(name)
        if joined is None:
            told = self._before.get(name, "")
            return told.partition("] ")[2].strip() or None
        asked = list(self._asked.values())
        shared = asked[0] if asked else ""
        for text in asked[1:]:
            shared = _shared_beginning(shared, text)
        return joined.removesuffix(shared).strip() or None

    def question_texts(self) -> dict[str, str]:
        """Return the wording of each question, where some persona was asked it plainly."""
        return self._asked


def _shared_beginning(one: str, other: str) -> str:
    return one[: sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))]
