"""Made-up runs of awkward cells: short replies, unequal cells, copies, losses, cuts, clusters, levels, nights."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from benchmarks.simulate_worlds import VOCABULARY
from persona_batch.chat import Message, Usage
from persona_batch.comparing.nights import PastRun
from persona_batch.comparing.watch import Watch
from persona_batch.record import CheckResult, Record
from persona_batch.record.record import Status


def cell(persona: str, question: int, sample: int, reply: str, **other: object) -> Record:
    """Return one record; `other` are fields of it."""
    variant = other.get("variant", 0)
    facts: dict[str, object] = {
        "key": f"{persona}/{variant}/{question}/{sample}",
        "run_id": "simulated",
        "placement": "none" if persona == "none" else "system",
        "provider": "simulated",
        "model": "simulated",
        "messages": [Message("user", f"question {question}")],
        "status": "ok",
        **other,
    }
    return Record(persona=persona, question=f"q{question:03d}", sample=sample, reply=reply, **facts)  # type: ignore[arg-type]  # fields by their names


@dataclass(frozen=True, slots=True)
class YesNo:
    """Replies of one word: the arm says yes at `rate`, in `samples` or `variants` of one sample; the control alike."""

    questions: int = 20
    samples: int = 5
    control_samples: int = 5
    variants: bool = False
    rate: float = 0.8
    control_rate: float = 0.8

    def records(self, rng: np.random.Generator) -> list[Record]:
        """Return one run."""
        found = []
        for question in range(self.questions):
            for name, samples, rate in (
                ("none", self.control_samples, self.control_rate),
                ("p0", self.samples, self.rate),
            ):
                for sample in range(samples):
                    yes = bool(rng.random() < rate)
                    place = {"variant": sample} if self.variants and name == "p0" else {}
                    checks = [CheckResult("choice", yes, "yes")]
                    number = 0 if place else sample
                    found.append(cell(name, question, number, "yes" if yes else "no", checks=checks, **place))
        return found


def levelled(records: list[Record], levels: int) -> list[Record]:
    """Return the replies at so many levels of a factor that changes nothing: each once more at every level."""
    return [
        replace(
            one, key=f"{level}/{one.key}", params={**one.params, "max_tokens": level}, factors={"max_tokens": level}
        )
        for level in range(100, 100 + levels)
        for one in records
    ]


@dataclass(frozen=True, slots=True)
class Prose:
    """Replies of words: arms with a share of one word by name, in cells of their own size.

    `shares` of the marked word by arm; `spread` makes it vary over questions (log-normal); `words` a reply, more by
    `longer` in the arm; `copied`: the arm's samples of a cell are one answer under one request id; `lost_over`: the
    arm's replies of more words are lost; `cut_over`: replies of more are cut there; `skewed`: lengths are log-normal
    with that spread of the logarithm; `alike`: requests have no chance in them, and so many questions are answered
    alike each time.
    """

    questions: int = 20
    samples: int = 5
    control_samples: int = 5
    shares: tuple[tuple[str, float], ...] = (("p0", 0.0),)
    words: int = 30
    length_spread: float = 0.0
    longer: float = 0.0
    spread: float = 0.0
    copied: bool = False
    lost_over: float | None = None
    cut_over: float | None = None
    skewed: float = 0.0
    alike: int | None = None

    def records(self, rng: np.random.Generator) -> list[Record]:
        """Return one run."""
        found = []
        for question in range(self.questions):
            own = rng.lognormal(-(self.spread**2) / 2, self.spread) if self.spread else 1.0
            found += [self._cell("none", question, sample, 0.0, rng) for sample in range(self.control_samples)]
            for name, share in self.shares:
                one = self._cell(name, question, 0, share * own, rng)
                for sample in range(self.samples):
                    if self.copied and name == "p0":
                        found.append(cell(name, question, sample, one.reply, request_id=f"{name}/{question}"))
                    else:
                        found.append(self._cell(name, question, sample, share * own, rng))
        return found if self.alike is None else self._without_chance(found, self.alike)

    def _without_chance(self, records: list[Record], alike: int) -> list[Record]:
        """Let the first questions have the reply of their cell's first sample."""
        first = {(one.persona, one.question): one.reply for one in records if one.sample == 0}
        same = {f"q{number:03d}" for number in range(alike)}
        return [
            replace(
                one,
                params={"temperature": 0},
                reply=first[one.persona, one.question] if one.question in same else one.reply,
            )
            for one in records
        ]

    def _cell(self, name: str, question: int, sample: int, share: float, rng: np.random.Generator) -> Record:
        middle = self.words + (self.longer if name == "p0" else 0.0)
        count = max(3, round(rng.normal(middle, self.length_spread)))
        if self.skewed:
            count = max(3, round(middle * rng.lognormal(0.0, self.skewed)))
        spoken = [VOCABULARY[place] for place in rng.integers(0, 200, count)]
        marked = rng.random(count) < min(1.0, share)
        spoken = ["ahoy" if mark else word for word, mark in zip(spoken, marked, strict=True)]
        status: Status = "ok"
        if self.lost_over is not None and name == "p0" and count > self.lost_over:
            return cell(name, question, sample, "", status="error")
        if self.cut_over is not None and count > self.cut_over:
            spoken, status = spoken[: int(self.cut_over)], "truncated"
        return cell(name, question, sample, " ".join(spoken), status=status, usage=Usage(10, len(spoken), None))


def stems(rng: np.random.Generator, clusters: int) -> list[Record]:
    """Return a run of 20 questions in so many stems; half of the variance of the difference is the stem's."""
    lean = rng.normal(0.0, 8.0, clusters)
    found = []
    for question in range(20):
        for name in ("none", "p0"):
            for sample in range(3):
                middle = 40 + (lean[question % clusters] + rng.normal(0, 4) if name == "p0" else 0.0)
                words = [VOCABULARY[place] for place in rng.integers(0, 200, max(3, round(middle)))]
                found.append(cell(name, question, sample, " ".join(words)))
    return found


def levels(rng: np.random.Generator, personas: int) -> list[Record]:
    """Return personas of one attribute whose lengths differ at random around the control's."""
    own = rng.normal(0.0, 8.0, personas)
    names = ["none", *(f"p{number}" for number in range(personas))]
    found = []
    for question in range(20):
        for place, name in enumerate(names):
            for sample in range(3):
                middle = 40 + (own[place - 1] if place else 0.0) + rng.normal(0, 4)
                words = [VOCABULARY[number] for number in rng.integers(0, 200, max(3, round(middle)))]
                attributes = {"world": "sea"} if place else {}
                found.append(cell(name, question, sample, " ".join(words), attributes=attributes))
    return found


def draw_of(kind: str) -> Callable[[np.random.Generator, int], np.ndarray]:
    """Return how the values of one night and question are drawn: `normal`, `skewed` or `rate` (a pass rate of .9)."""
    if kind == "skewed":
        return lambda rng, size: rng.lognormal(0.0, 1.0, size)
    if kind == "rate":
        return lambda rng, size: (rng.random(size) < 0.9).astype(np.float64)
    return lambda rng, size: rng.normal(0.0, 1.0, size)


def first_alarm(
    rng: np.random.Generator, kind: str, *, nights: int, step: float = 0.0, at: int = 0, drift: float = 0.0
) -> int | None:
    """Watch one series of 20 questions × 3 over so many nights; return the first night of an alarm."""
    watch, draw = Watch(f"{rng.integers(1 << 62)}"), draw_of(kind)
    middles = rng.normal(0.0, 1.0, 20) if kind != "rate" else np.zeros(20)
    for night in range(nights):
        shift = (step if night >= at else 0.0) + drift * night
        watch.night(night, {f"q{q}": draw(rng, 3) + middles[q] + shift for q in range(20)})
        if watch.evidence >= 20.0:
            return night
    return None


def month(rng: np.random.Generator) -> list[PastRun]:
    """Return 30 nights of two personas × 8 questions × 3 in which nothing changes."""
    world = Prose(questions=8, samples=3, control_samples=3, words=20, length_spread=5.0)
    nights = []
    for number in range(30):
        records = world.records(rng)
        nights.append(PastRun(f"night {number:02}", f"2026-11-{number + 1:02}T02:00:00Z", lambda held=records: held))
    return nights
