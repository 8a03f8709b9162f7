"""Runs cases of a target until the time is over; one that breaks the law is kept, with what shows it again.

The law: a case ends within seconds, in bounded memory, well or with one of the target's errors for users. The cases are
made of a seed and a number, so each can be made again.
"""

import faulthandler
import json
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fuzz.mutating import mutated

SECONDS = 10.0  # of the processor, for one case
GROWTH = 400 * 1024 * 1024  # of the memory that the process ever had, within one case
_STUCK = 120.0  # seconds after which the process ends, where nothing else can interrupt it


class TooLong(BaseException):
    """A case took too long; no `except Exception` takes it for its own."""


@dataclass(frozen=True)
class Target:
    """What is tried: `seeds` are real files by name, `play` does it to a mutated one in an empty folder.

    `play` gets the folder, the file's name, its bytes, and the case's randomness.
    """

    name: str
    seeds: Sequence[tuple[str, bytes]]
    play: Callable[[Path, str, bytes, random.Random], None]
    errors: tuple[type[Exception], ...]


@dataclass
class Outcome:
    """What came of it: how many cases, how many of them ended well, how many in an error for users, and failures.

    `slowest`: the seconds of the slowest case, and its number.
    """

    cases: int = 0
    well: int = 0
    failures: list[str] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, 0)


def fuzz(target: Target, seconds: float, seed: int, keep: Path, most: int | None = None) -> Outcome:
    """Try cases until `seconds` have passed or `most` were tried."""
    outcome = Outcome()
    until = time.monotonic() + seconds
    while time.monotonic() < until and (most is None or outcome.cases < most):
        number = outcome.cases
        outcome.cases += 1
        rng = random.Random(f"{seed}/{target.name}/{number}")
        name, data = made(target, rng)
        begun = time.process_time()
        try:
            with tempfile.TemporaryDirectory() as folder, bounded():
                target.play(Path(folder), name, data, rng)
            outcome.well += 1
        except target.errors:
            pass
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - that is what is looked for
            outcome.failures.append(_kept(target, seed, number, name, data, error, keep))
        outcome.slowest = max(outcome.slowest, (time.process_time() - begun, number))
    return outcome


def made(target: Target, rng: random.Random) -> tuple[str, bytes]:
    """Return a case: a name and bytes."""
    name, data = rng.choice(target.seeds)
    others = [other for _, other in rng.sample(list(target.seeds), min(3, len(target.seeds)))]
    return name, mutated(data, others, rng)


@contextmanager
def bounded(seconds: float = SECONDS, growth: int = GROWTH) -> Iterator[None]:
    """Let a block take so long and so much memory, and no more."""
    before = _peak()
    faulthandler.dump_traceback_later(_STUCK, exit=True)
    previous = signal.signal(signal.SIGPROF, _too_long)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)
        faulthandler.cancel_dump_traceback_later()
        if _peak() - before > growth:
            raise MemoryError(f"memory grew by {(_peak() - before) >> 20} MB")


def _too_long(number: int, frame: object) -> None:
    raise TooLong("not done in time")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _kept(target: Target, seed: int, number: int, name: str, data: bytes, error: BaseException, keep: Path) -> str:
    """Write a failing case down: its input, and how to make it again; return what to say of it."""
    folder = keep / f"{target.name}-{seed}-{number}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / Path(name).name).write_bytes(data)
    told = {"target": target.name, "seed": seed, "number": number, "file": name, "error": repr(error)[:500]}
    (folder / "case.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    (folder / "traceback.txt").write_text(
        "".join(traceback.format_exception(error)), encoding="utf-8", errors="replace"
    )
    frames = traceback.extract_tb(error.__traceback__)
    ours = next((frame for frame in reversed(frames) if "persona_batch" in frame.filename), frames[-1])
    where = f"{Path(ours.filename).name}:{ours.lineno} ({ours.name})"
    return f"{type(error).__name__} at {where}: {str(error)[:100]!r} [{folder}]"
