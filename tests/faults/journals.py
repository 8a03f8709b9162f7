"""A journal of any kind of entry, killed at any moment: what belongs is there once, and nothing was ever lost.

    PYTHONPATH=tests python -m faults.journals --examples 2000

Hypothesis makes up sessions on a journal of judgments, a tiny kind of entry that has nothing to do with records or
grids. Each settles it by what belongs now and under which name, and appends what is missing; it is killed (SIGKILL)
before one of the things it does to files, or ends in a line that is cut off. The score of a judgment is the number of
its session: of each key only one may ever be seen, as what was set aside returns instead of being had again.
"""

import argparse
import os
import signal
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_batch.plan.key import KeySet
from persona_batch.record.aside import settle
from persona_batch.record.journal import Journal, Sink
from record.samples import key_of

STEPS = {"open", "os.rename", "os.remove", "os.truncate", "append"}


class Judgment(msgspec.Struct, frozen=True):
    """What a judge said of a reply, under a rubric that may be renamed."""

    key: str
    score: int
    rubric: str


def judgments(path: Path) -> Journal[Judgment]:
    """Return the file as a journal."""
    again = "its reply is judged again"
    return Journal(path, Judgment, noun="judgment", again=again, said=lambda judgment: judgment.score)


@dataclass(frozen=True)
class Session:
    """What belongs, the rubric's name, before which step it is killed (0: never), how much of a line is torn."""

    belongs: frozenset[int]
    rubric: str = "role"
    kill_at: int = 0
    torn: int = 0


sessions = st.builds(
    Session,
    belongs=st.frozensets(st.integers(0, 5), max_size=6),
    rubric=st.sampled_from(["role", "trait"]),
    kill_at=st.integers(0, 24),
    torn=st.integers(0, 40),
)


def work(folder: Path, session: Session, number: int) -> None:
    """Settle the journal and append what is missing."""
    journal, aside = judgments(folder / "judgments.jsonl"), judgments(folder / "aside.jsonl")
    named = {key_of(one): session.rubric for one in session.belongs}

    def belonging(entry: Judgment) -> Judgment | None:
        return msgspec.structs.replace(entry, rubric=named[entry.key]) if entry.key in named else None

    settle(journal, aside, belonging)
    keys = KeySet()
    assert sum(1 for _ in journal.scan(Judgment, keys)) == len(keys)
    with Sink(journal.path, keys=keys) as sink:
        for key in sorted(named):
            if key not in keys:
                sys.audit("append", str(folder))
                sink.append(Judgment(key, number, session.rubric))
    with journal.path.open("ab") as file:
        file.write(msgspec.json.encode(Judgment("0" * 32, number, "torn"))[: session.torn])


def play(folder: Path, session: Session, number: int) -> None:
    """Do a session's work in a process of its own."""
    child = os.fork()
    if child == 0:
        seen = 0

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal seen
            if event in STEPS and any(str(folder) in str(argument) for argument in arguments[:2]):
                seen += 1
                if seen == session.kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            work(folder, session, number)
            os._exit(0)
        finally:
            traceback.print_exc()
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in {0, -signal.SIGKILL}


def lines(folder: Path, name: str) -> list[Judgment]:
    """Return the whole lines of a file."""
    text = (folder / name).read_bytes() if (folder / name).exists() else b""
    return [msgspec.json.decode(line, type=Judgment) for line in text.split(b"\n")[:-1]]


def go_through(folder: Path, history: list[Session]) -> None:
    """Play the sessions, then the last one's work undisturbed, and look after each at what is on disk."""
    ever: dict[str, int] = {}
    last = Session(history[-1].belongs, history[-1].rubric)
    for number, session in enumerate([*history, last]):
        play(folder, session, number)
        there = {
            (entry.key, entry.score) for name in ("judgments.jsonl", "aside.jsonl") for entry in lines(folder, name)
        }
        assert there >= set(ever.items()), "lost"
        assert len(dict(there)) == len(there), "had again, though it was there"
        ever = dict(there)
    journal, aside = lines(folder, "judgments.jsonl"), lines(folder, "aside.jsonl")
    assert sorted(entry.key for entry in journal) == sorted(map(key_of, last.belongs))
    assert {entry.rubric for entry in journal} <= {last.rubric}
    assert sorted(entry.key for entry in [*journal, *aside]) == sorted(ever), "doubled"


def check(examples: int) -> None:
    """Try so many histories."""

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(history=st.lists(sessions, min_size=1, max_size=5))
    def one(history: list[Session]) -> None:
        with tempfile.TemporaryDirectory() as name:
            go_through(Path(name), history)

    one()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--examples", type=int, default=100)
    check(options.parse_args().examples)
