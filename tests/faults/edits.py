"""A run is one experiment: whatever is edited, filtered, killed and resumed, it ends as a fresh run would.

    PYTHONPATH=tests python -m faults.edits --minutes 60

Hypothesis makes up a batch and a series of calls of `batch run`, each after an edit, perhaps narrowed by filters,
stopped by a budget, or killed (SIGKILL) before one of the things it does to files. After the last call, a plain
`--resume`, the records must be those of a fresh run of the last batch, and no cell that stayed the same may ever have
been asked twice: of each key, only one answer was ever on disk.
"""

import argparse
import json
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from faults.steps import last_run, lines, run

FILES = ("records.jsonl", "set-aside.jsonl", "errors.jsonl")
PROMPTS = ("Talk like a pirate.", "You are a nurse.", "你是孙悟空")
LABELS = ("key", "persona", "variant", "question", "sample", "placement", "model", "params", "messages", "reply")


@dataclass(frozen=True)
class Edition:
    """A batch as it stands at one time."""

    names: tuple[str, str]
    prompts: tuple[tuple[str, ...], tuple[str, ...]]
    questions: tuple[str, ...]
    temperature: float
    control: bool
    check: str
    world: str

    def text(self) -> str:
        """Return the persona file."""
        personas = [
            {
                "id": name,
                "system": list(texts),
                "attributes": {"world": self.world},
                "checks": [{"contains": self.check}],
            }
            for name, texts in zip(self.names, self.prompts, strict=True)
        ]
        return json.dumps(
            {
                "params": {"temperature": self.temperature},
                "controls": ["none"] if self.control else [],
                "questions": [{"id": f"q{text}", "text": f"question {text}"} for text in self.questions],
                "personas": personas,
            },
            ensure_ascii=False,
        )


@dataclass(frozen=True)
class Call:
    """One call of `batch run`: what it is given, and before which step it is killed (0: not at all)."""

    samples: int = 1
    options: tuple[str, ...] = ()
    kill_at: int = 0

    def arguments(self, *, first: bool) -> list[str]:
        """Return the command line behind `batch run wukong.yaml`."""
        return ["-n", str(self.samples), *self.options, *(() if first else ("--resume", "latest"))]


editions = st.builds(
    Edition,
    names=st.sampled_from([("a", "b"), ("b", "a"), ("a", "c")]),
    prompts=st.tuples(*[st.lists(st.sampled_from(PROMPTS), min_size=1, max_size=2, unique=True).map(tuple)] * 2),
    questions=st.lists(st.sampled_from("1234"), min_size=1, max_size=3, unique=True).map(tuple),
    temperature=st.sampled_from([0.2, 0.7]),
    control=st.booleans(),
    check=st.sampled_from(["question", "1"]),
    world=st.sampled_from(["", "sea"]),
)
filters = st.sampled_from([(), ("-p", "*"), ("-p", "[ac]"), ("--question", "q[12]*"), ("--limit", "2")])
budgets = st.sampled_from([(), ("--max-requests", "1"), ("--max-requests", "3")])
calls = st.builds(
    lambda samples, filtered, budget, kill_at: Call(samples, (*filtered, *budget), kill_at),
    st.integers(1, 2),
    filters,
    budgets,
    st.integers(0, 50),
)
histories = st.lists(st.tuples(editions, calls), min_size=1, max_size=5)


def edition(questions: str, world: str = "") -> Edition:
    """Return a batch of two personas with one prompt."""
    return Edition(("a", "b"), ((PROMPTS[0],), (PROMPTS[0],)), tuple(questions), 0.2, False, "question", world)


# Killed before set-aside.jsonl was written anew, a record that had returned stood there under its old names; set aside
# again under the new ones, it stood there twice.
TWICE_ASIDE = [
    (edition("12"), Call()),
    (edition("1"), Call()),
    (edition("2", "sea"), Call(kill_at=25)),
    (edition("1"), Call()),
]


@dataclass
class Seen:
    """What was ever on disk: of each key, the answers."""

    answers: dict[str, set[tuple[str, str]]] = field(default_factory=dict)

    def look(self, of: Path | None) -> None:
        """Take in all files of a run; nothing that was there may be gone, and no key may have two answers."""
        found: dict[str, set[tuple[str, str]]] = {}
        for name in FILES if of is not None else ():
            assert of is not None
            for line in lines(of, name):
                record = json.loads(line)
                found.setdefault(record["key"], set()).add((record["timing"]["started_at"], record["request_id"]))
        for key, answers in self.answers.items():
            assert answers <= found.get(key, set()), f"lost: {key}"
        self.answers = found
        for key, answers in found.items():
            assert len(answers) == 1, f"asked twice: {key}"


def records(of: Path) -> list[dict[str, Any]]:
    """Return the records of a run."""
    return [json.loads(line) for line in lines(of, "records.jsonl")]


def told(record: dict[str, Any]) -> str:
    """Return what a record says but for when it was made."""
    shown = {name: record[name] for name in (*LABELS, "attributes", "checks")}
    return json.dumps(shown, ensure_ascii=False, sort_keys=True)


def go_through(history: list[tuple[Edition, Call]], folder: Path) -> None:
    """Play a series of calls in a folder, then resume it to its end, and compare it with a fresh run."""
    seen = Seen()
    file = folder / "wukong.yaml"
    for edition, call in history:
        file.write_text(edition.text(), encoding="utf-8")
        code, at = run(folder, call.arguments(first=last_run(folder) is None), kill_at=call.kill_at)
        if code == 2:  # a filter that matches nothing of this edition: nothing was to happen
            assert call.options, f"exit 2 without filters, at {at}"
        seen.look(last_run(folder))
    edition, call = history[-1]
    if last_run(folder) is None:
        return
    plain = Call(call.samples)
    code, at = run(folder, plain.arguments(first=False))
    assert code == 0, f"the last call ended with {code}, at {at}"
    ended = last_run(folder)
    seen.look(ended)
    assert ended is not None
    fresh = folder / "fresh"
    fresh.mkdir()
    shutil.copy(file, fresh / file.name)
    code, _ = run(fresh, plain.arguments(first=True))
    assert code == 0
    by_itself = last_run(fresh)
    assert by_itself is not None
    assert sorted(map(told, records(ended))) == sorted(map(told, records(by_itself)))
    keys = [json.loads(line)["key"] for name in FILES for line in lines(ended, name)]
    assert len(keys) == len(set(keys)), "a record stands twice"


def check(examples: int, minutes: float, seed: int) -> int:
    """Try so many histories, or for so long; return how many were tried."""
    tried = 0
    until = time.monotonic() + minutes * 60 if minutes else None

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        print_blob=True,
    )
    @given(history=histories)
    @example(history=TWICE_ASIDE)
    def one(history: list[tuple[Edition, Call]]) -> None:
        nonlocal tried
        if until is not None and time.monotonic() > until:
            return
        tried += 1
        with tempfile.TemporaryDirectory() as name:
            go_through(history, Path(name))

    from hypothesis import seed as seeded

    round_ = 0
    while until is None or time.monotonic() < until:
        seeded(seed + round_)(one)()
        round_ += 1
        if until is None:
            break
    return tried


def main() -> None:
    """Try as many histories as asked for."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--examples", type=int, default=100)
    options.add_argument("--minutes", type=float, default=0)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    print(f"{check(chosen.examples, chosen.minutes, chosen.seed)} histories")  # noqa: T201  the result


if __name__ == "__main__":
    main()
