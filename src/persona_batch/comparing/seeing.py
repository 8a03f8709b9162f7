"""Showing the replies to each question to all measures, and putting together what they found; by several processes.

What a measure looks at (`look`) depends on the study alone, so that processes forked from this one can look at other
questions at the same time, and return what is worth keeping. The same holds of the parts of the findings. The result
does not depend on who did what.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import reduce
from operator import or_
from typing import Any, TypeAlias, TypeVar

from persona_batch.comparing.comparison import MeasureName
from persona_batch.comparing.layout import Layout, Pair
from persona_batch.comparing.measure import Findings, Measure, Study, View
from persona_batch.comparing.measures import measure_of

FEW = 4_000  # replies that one process is done with before others have begun
Told: TypeAlias = Callable[[int, int], None]
"""Is told how much of the work is done: so many steps of so many."""
_Task = TypeVar("_Task")
_shared: dict[str, Any] = {}  # what forked processes work on


def findings_of(
    study: Study, names: Sequence[MeasureName], *, workers: int | None = None, tell: Told | None = None
) -> Findings:
    """Return what these measures find; the texts of a few questions are in memory at a time.

    Args:
        study: what they work on.
        names: the measures.
        workers: processes; None: as many as there are cores, where that pays.
        tell: told of the progress.
    """
    measures = [measure_of(name)(study) for name in names]
    layout = study.layout
    workers = _usual(layout) if workers is None else workers
    spans = layout.spans()
    parts = [(number, part) for number, measure in enumerate(measures) for part in range(measure.parts)]
    done, total = 0, len(spans) + len(parts)
    sight = _Sights(layout, measures)
    for seen in _worked(sight, spans, workers):
        for measure, kept in zip(measures, seen, strict=True):
            if kept is not None:
                measure.keep(kept)
        done += 1
        if tell is not None:
            tell(done, total)
    found = []
    for one in _worked(_Parts(measures), parts, workers):
        found.append(one)
        if tell is not None:
            tell(done + len(found), total)
    return reduce(or_, found, Findings())


class _Sights:
    """What every measure sees of a question's rows."""

    def __init__(self, layout: Layout, measures: Sequence[Measure]) -> None:
        self._layout, self._measures = layout, measures
        self._strata, self._placebo_strata = _strata_of(layout.pairs), _strata_of(layout.placebo_pairs)

    def __call__(self, span: tuple[int, int]) -> list[Any]:
        block = self._layout.block(*span)
        view = View(block, self._strata[block.question], self._placebo_strata[block.question])
        return [measure.look(view) for measure in self._measures]


class _Parts:
    """A part of a measure's findings."""

    def __init__(self, measures: Sequence[Measure]) -> None:
        self._measures = measures

    def __call__(self, part: tuple[int, int]) -> Findings:
        return self._measures[part[0]].findings(part[1])


def _usual(layout: Layout) -> int:
    """Return as many processes as can be forked: none from a process with threads, in which a lock may be held."""
    forks = sys.platform == "linux" and threading.active_count() == 1
    return min(8, os.cpu_count() or 1) if forks and len(layout.rows) > FEW else 1


def _worked(work: Callable[[_Task], Any], tasks: Sequence[_Task], workers: int) -> Iterator[Any]:
    """Yield the result of each task in order; only a few results wait at a time."""
    if workers < 2 or len(tasks) < 2:
        yield from map(work, tasks)
        return
    _shared["work"] = work
    try:
        with ProcessPoolExecutor(workers, multiprocessing.get_context("fork"), _begin) as pool:
            waiting: deque[Future[Any]] = deque()
            for task in tasks:
                waiting.append(pool.submit(_do, task))
                if len(waiting) > 3 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
    finally:
        _shared.clear()


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that was started; it ends this one


def _do(task: Any) -> Any:
    return _shared["work"](task)


def _strata_of(pairs: Sequence[Pair]) -> dict[int, list[tuple[int, int]]]:
    """Return by question the (pair, place in the pair) of its strata."""
    strata: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, pair in enumerate(pairs):
        for place, question in enumerate(pair.question):
            strata[int(question)].append((number, place))
    return strata
