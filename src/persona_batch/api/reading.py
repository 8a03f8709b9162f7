"""`compare`, `report`, `read_records` and `table`: what can be had of runs that were made."""

import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args, overload

from persona_batch.api import checking
from persona_batch.api.words import in_words_of_python
from persona_batch.errors import UsageError
from persona_batch.loading import load

if TYPE_CHECKING:
    from persona_batch.api.table import Table
    from persona_batch.checks import Check
    from persona_batch.comparing import Comparison
    from persona_batch.record import Record
    from persona_batch.record.rundir import RunDir

RunNamed: TypeAlias = str | os.PathLike[str]
"""A run as `run` returned it, its folder, its records file, its id or the beginning of it, `latest` or `previous`."""
Copies: TypeAlias = Literal["source", "once", "all"]
_A_RUN = "a run: what `run` returned, a folder, an id, 'latest'"
Told: TypeAlias = Callable[[int, int], object]
"""Is told how far a work is: so many steps of so many."""


@in_words_of_python
def read_records(run: RunNamed = "latest", *, out: str | os.PathLike[str] = "runs") -> "Iterator[Record]":
    """Yield the records of a run, in the order in which they finished; the file is read as they are taken.

    Args:
        run: which, see `RunNamed`.
        out: the folder that ids, `latest` and `previous` are looked for in.

    Raises:
        UsageError: there is no such run; or, later, a line is no record.
    """
    from persona_batch.record.reader import read_records as read

    return read(_found(run, out).records)


@in_words_of_python
def table(runs: RunNamed | Sequence[RunNamed] = "latest", *, out: str | os.PathLike[str] = "runs") -> "Table":
    """Return the records of a run, or of several, as columns: a dict of lists that pandas and polars take as it is.

    The columns are those of `batch export`: ids and texts of personas and questions, the reply, status, tokens, times,
    and one for each factor, attribute and check.

    Args:
        runs: which, see `RunNamed`.
        out: the folder that ids, `latest` and `previous` are looked for in.

    Raises:
        UsageError: there is no such run, or a line is no record.
    """
    from persona_batch.api.table import table_of
    from persona_batch.exchange.flat import flat_table

    with flat_table(_several(runs, out)) as flat:
        return table_of(flat)


@overload
def compare(
    run: RunNamed = "latest",
    run2: RunNamed | None = None,
    *,
    by: str = "persona",
    control: str | None = None,
    measures: str | Sequence[str] | None = None,
    persona: str | Sequence[str] | None = None,
    question: str | Sequence[str] | None = None,
    replies: int | None = None,
    sample: int = 0,
    copies: Copies = "source",
    margin: Mapping[str, float] | None = None,
    custom_check: str | Sequence[str] | None = None,
    plan: bool = False,
    power: float = 0.8,
    permutations: int = 9_999,
    seed: int = 0,
    out: str | os.PathLike[str] = "runs",
    on_progress: Told | None = None,
) -> "Comparison": ...
@overload
def compare(
    run: "Iterable[Record]",
    run2: "Iterable[Record] | None" = None,
    *,
    after: "Iterable[Record] | None" = None,
    by: str = "persona",
    control: str | None = None,
    controls: Mapping[str, Sequence[str]] | None = None,
    checks: "Mapping[str, Sequence[Check]] | None" = None,
    clusters: Mapping[str, str] | None = None,
    levels: Mapping[str, Sequence[str]] | None = None,
    measures: Sequence[str] | None = None,
    copies: Copies = "source",
    margins: Mapping[str, float] | None = None,
    power: float | None = None,
    permutations: int = 9_999,
    seed: int = 0,
    workers: int | None = None,
) -> "Comparison": ...
def compare(run: Any = "latest", run2: Any = None, **options: Any) -> "Comparison":
    """Say which personas changed the replies, how, by how much, and whether it could be luck: as `batch compare`.

    Args:
        run: which, see `RunNamed`; or records, which then come without what their run says of its controls.
        run2: a later run: each persona is compared with itself in `run`.
        options: those of `batch compare`, with `_` for `-`: `by`, `control`, `measures`, `copies`, `margin` (a dict),
            `custom_check`, `plan` and `power`, `permutations`, `seed`, `out`; `persona`, `question`, `replies` and
            `sample` choose the replies of `Comparison.excerpts`. `on_progress` is told how far it is. For records,
            those of `persona_batch.comparing.compare`.

    Returns:
        What `batch compare --format json` prints.

    Raises:
        UsageError: there is no such run, no records in it, or an option does not fit.
    """
    if isinstance(run, (str, os.PathLike)):
        return in_words_of_python(_compare_runs)(run, run2, **options)
    if not isinstance(run, Iterable):
        raise checking.wrong("run", run, _A_RUN)
    _load_measures()
    from persona_batch.comparing import compare as compare_records

    return compare_records(run, **({"after": run2} if run2 is not None else {}), **options)


def _compare_runs(
    run: RunNamed,
    run2: RunNamed | None,
    *,
    by: str = "persona",
    control: str | None = None,
    measures: str | Sequence[str] | None = None,
    persona: str | Sequence[str] | None = None,
    question: str | Sequence[str] | None = None,
    replies: int | None = None,
    sample: int = 0,
    copies: Copies = "source",
    margin: Mapping[str, float] | None = None,
    custom_check: str | Sequence[str] | None = None,
    plan: bool = False,
    power: float = 0.8,
    permutations: int = 9_999,
    seed: int = 0,
    out: str | os.PathLike[str] = "runs",
    on_progress: Told | None = None,
) -> "Comparison":
    _load_measures()
    from persona_batch.comparing import Wanted
    from persona_batch.pipeline.comparison import CompareOptions, compare_on_disk

    checking.one_of("copies", copies, get_args(Copies))
    checking.callback("on_progress", on_progress)
    questions = checking.texts("question", question)
    most = checking.whole("replies", replies, 0)
    options = CompareOptions(
        by=checking.text("by", by) or "persona",
        control=checking.text("control", control),
        measures=checking.texts("measures", measures) or None,
        copies=copies,
        margins=_margins(margin),
        custom_checks=checking.texts("custom_check", custom_check),
        power=checking.number("power", power, 0.05, 0.999) if checking.flag("plan", plan) else None,
        permutations=checking.whole("permutations", permutations, 99) or 0,
        seed=checking.whole("seed", seed) or 0,
        excerpts=Wanted(
            questions=questions,
            personas=checking.texts("persona", persona),
            most_questions=most if most is not None else 20 if questions else 2,
            sample=checking.whole("sample", sample, 0) or 0,
        ),
    )
    first, *others = _each([run] if run2 is None else [run, run2], out)
    result, _ = compare_on_disk(first, others[0] if others else None, options, progress=_progress(on_progress))
    return result


_compare_runs.__qualname__ = "compare"  # a word that is none of its arguments is none of `compare`
compare.__signature__ = inspect.signature(_compare_runs)  # type: ignore[attr-defined]  # for `help`


@in_words_of_python
def report(
    runs: RunNamed | Sequence[RunNamed] = "latest",
    *,
    output: str | os.PathLike[str] | None = None,
    svg: str | None = None,
    png: str | None = None,
    no_verdict: bool = False,
    no_reasoning: bool = False,
    most: int = 50_000,
    seed: int = 0,
    custom_check: str | Sequence[str] | None = None,
    lang: Literal["en", "zh"] = "en",
    out: str | os.PathLike[str] = "runs",
    on_progress: Told | None = None,
) -> Path:
    """Write a run as one HTML page, or two that are compared, or a batch's runs with their history: as `batch report`.

    Args:
        runs: which, see `RunNamed`.
        output: the page; by default `report.html` in the folder of the first run.
        svg: only one of its plots, by name, as a file (`NAME.svg` in that folder).
        png: the same as PNG; needs the extra `png`.
        no_verdict: only the replies; nothing is compared.
        no_reasoning: leave out what models thought before they replied.
        most: records on the page; of more, whole questions are drawn by `seed`.
        seed: of that draw.
        custom_check: the checks in Python that may be called.
        lang: of the sentences.
        out: the folder that ids, `latest` and `previous` are looked for in.
        on_progress: told how far the comparison is.

    Returns:
        The path of the page, or of the plot.

    Raises:
        UsageError: there is no such run, no records in it, or another file bears the page's name.
        StorageError: the page cannot be written.
    """
    _load_measures()
    load("persona_batch.pipeline.report", "scipy.cluster.hierarchy")
    from persona_batch.pipeline.report import ReportOptions, make_plot, make_report

    if svg is not None and png is not None:
        raise UsageError("svg and png: one file at a time")
    checking.one_of("lang", lang, ("en", "zh"))
    checking.callback("on_progress", on_progress)
    options = ReportOptions(
        output=None if output is None else Path(checking.path("output", output)),
        lang=lang,
        verdict=not checking.flag("no_verdict", no_verdict),
        reasoning=not checking.flag("no_reasoning", no_reasoning),
        most=checking.whole("most", most, 1) or 1,
        seed=checking.whole("seed", seed) or 0,
        custom_checks=checking.texts("custom_check", custom_check),
    )
    found = _several(runs, out)
    told = _progress(on_progress)
    if (plot := checking.text("svg", svg) or checking.text("png", png)) is not None:
        return make_plot(found, options, plot, "svg" if png is None else "png", comparing=told)
    return make_report(found, options, comparing=told).path


def _load_measures() -> None:
    """Load what comparisons are made with, in the caller's process."""
    load("persona_batch.comparing")
    from persona_batch.comparing.measures import MEASURES

    load("scipy.stats", *(f"persona_batch.comparing.measures.{name}" for name in MEASURES))
    for extra in ("rjieba", "krippendorff"):  # parts of the extra `analysis`
        with suppress(ImportError):
            load(extra)


def _found(run: RunNamed, out: str | os.PathLike[str]) -> "RunDir":
    return _each([run], out)[0]


def _several(runs: RunNamed | Sequence[RunNamed], out: str | os.PathLike[str]) -> "Sequence[RunDir]":
    """Return the runs that are meant, each once: a glob of a folder has the link `latest`, too."""
    named = [runs] if isinstance(runs, (str, os.PathLike)) else list(runs)
    if not named:
        raise UsageError("runs: none are given; name one, as 'latest'")
    return _each(named, out)


def _each(named: Sequence[RunNamed], out: str | os.PathLike[str]) -> "list[RunDir]":
    from persona_batch.record.finding import find_runs

    for run in named:
        if not isinstance(run, (str, os.PathLike)):
            raise checking.wrong("run", run, _A_RUN)
    return find_runs([os.fsdecode(run) for run in named], Path(checking.path("out", out)))[0]


def _margins(margin: Mapping[str, float] | None) -> dict[str, float]:
    if margin is not None and not isinstance(margin, Mapping):
        raise checking.wrong("margin", margin, "a dict of metrics and numbers, as {'length': 20}")
    return {name: checking.number(f"margin[{name!r}]", value, 0) or 0.0 for name, value in (margin or {}).items()}


def _progress(told: Told | None) -> Callable[[int, int], None] | None:
    if told is None:
        return None

    def tell(done: int, total: int) -> None:
        told(done, total)

    return tell
