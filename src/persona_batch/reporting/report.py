"""Runs → one HTML file, on one page: gather, say, draw, pack, write."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from persona_batch.comparing.comparison import Comparison
from persona_batch.comparing.series import Series
from persona_batch.pricing.bill import Cost, together
from persona_batch.record.durable import replace_file, storage_error
from persona_batch.record.manifest import versions
from persona_batch.record.reader import cost_of
from persona_batch.reporting.blocks import Packer, packed
from persona_batch.reporting.data import Condition, Meta, Plot, Question, Run
from persona_batch.reporting.document import document
from persona_batch.reporting.effects import arm_of, control_of, differences, effects_by_arm
from persona_batch.reporting.facts import Facts
from persona_batch.reporting.gathering import Gathered, gather
from persona_batch.reporting.plots import plots_of
from persona_batch.reporting.reading import Source
from persona_batch.reporting.telling import verdict_html
from persona_batch.verdict.translation import ENGLISH, Language, Name, language_of

MOST = 50_000  # records: 25 MB, which a browser opens at once
NAME = "report.html"
_VERSION: Literal[1] = 1


def write_report(
    sources: Sequence[Source],
    path: Path,
    *,
    comparison: Comparison | None = None,
    history: Series | None = None,
    lang: Name = "en",
    reasoning: bool = True,
    most: int = MOST,
    seed: int = 0,
    clean: Callable[[str], str] = str,
    progress: Callable[[int, int], None] | None = None,
) -> Meta:
    """Write the report of some runs, in the place of an older one, and return what it says of itself.

    Args:
        sources: the runs, in the order in which they are shown.
        path: the file.
        comparison: of the run, or of the second of two with the first: the verdict.
        history: of the batch, where there are more runs: the verdict.
        lang: in which the page opens; it holds both languages.
        reasoning: whether what models thought goes with the replies.
        most: records; of more, whole questions are drawn, and the page says so.
        seed: of the draw.
        clean: takes known keys out of a text.
        progress: told how many questions of how many are packed.

    Raises:
        UsageError: there are no records, or a file is damaged.
        StorageError: the report cannot be written; an older one is untouched.
    """
    with opened(sources, comparison=comparison, history=history, most=most, seed=seed) as facts:
        plots = list(plots_of(facts))
        meta = _meta(facts, plots, lang)
        verdict = verdict_html(
            title=meta.title,
            runs=meta.runs,
            cost=_cost(facts),
            models=list(dict.fromkeys(condition.model for condition in meta.conditions)),
            sampled=meta.sampled,
            comparison=comparison,
            history=history,
            languages=_languages(),
        )
        blocks = _blocks(facts, meta, plots, reasoning=reasoning, clean=clean, progress=progress)
        pieces = document(title=clean(meta.title), lang=lang, verdict=clean(verdict), blocks=blocks)
        try:
            replace_file(path, (piece.encode(errors="replace") for piece in pieces))
        except OSError as error:
            raise storage_error(path, error) from error
    return meta


@contextmanager
def opened(
    sources: Sequence[Source],
    *,
    comparison: Comparison | None = None,
    history: Series | None = None,
    most: int = MOST,
    seed: int = 0,
) -> Iterator[Facts]:
    """Hold the files of some runs open, with all that a report says of them.

    Args:
        sources: the runs, in the order in which they are shown.
        comparison: of the run, or of the second of two with the first.
        history: of the batch, where there are more runs.
        most: records; of more, whole questions are drawn.
        seed: of the draw.

    Raises:
        UsageError: there are no records, or a file is damaged.
    """
    gathered = gather(sources, most=most, seed=seed)
    try:
        yield _facts(gathered, comparison, history, _languages())
    finally:
        gathered.close()


def _languages() -> tuple[Language, Language]:
    return ENGLISH, language_of("zh", {})


def _blocks(
    facts: Facts,
    meta: Meta,
    plots: Sequence[Plot],
    *,
    reasoning: bool,
    clean: Callable[[str], str],
    progress: Callable[[int, int], None] | None,
) -> Iterator[tuple[str, str]]:
    """Yield the id and the text of each block: what is seen first comes first."""
    gathered = facts.gathered
    yield "meta", packed(msgspec.to_builtins(meta), clean)
    packer = Packer(gathered.strings, gathered.checks, reasoning)
    for number in range(len(facts.questions)):
        yield f"q{number}", packed(packer.block(gathered.graded(number)), clean)
        if progress is not None:
            progress(number + 1, len(facts.questions))
    for plot in plots:
        yield f"plot-{plot.name}", packed(msgspec.to_builtins(plot), clean)


def _facts(
    gathered: Gathered, comparison: Comparison | None, history: Series | None, languages: Sequence[Language]
) -> Facts:
    far = {} if comparison is None else differences(comparison)
    questions = [
        Question(
            id=asked.id,
            text=asked.text,
            cluster=asked.cluster,
            lines=asked.lines,
            records=len(gathered.rows(number)),
            difference=far.get(asked.id),
        )
        for number, asked in enumerate(gathered.questions)
    ]
    return Facts(
        [source.manifest for source in gathered.sources],
        comparison,
        history,
        gathered.named.factors,
        list(_conditions(gathered, comparison, languages)),
        questions,
        gathered,
    )


def _conditions(
    gathered: Gathered, comparison: Comparison | None, languages: Sequence[Language]
) -> Iterator[Condition]:
    order = gathered.named.order
    params = gathered.params
    effects = {} if comparison is None else effects_by_arm(comparison, languages, order)
    between = comparison is not None and comparison.settings.by == "run"
    manifests = [source.manifest for source in gathered.sources]
    unknown = [frozenset[str]() if one is None else one.unknown_prompts for one in manifests]
    for place, who in enumerate(order):
        controls = gathered.controls[who.run].get(who.persona, ())
        yield Condition(
            id=gathered.named.ids[place],
            persona=who.persona,
            role=gathered.roles[who.persona],
            run=who.run,
            levels=gathered.named.levels[place],
            system=gathered.systems[place],
            unknown=who.persona in unknown[who.run],
            placement=who.placement,
            model=who.model,
            params=params.index(who.params),
            control=control_of(who, order, next(iter(controls), None), between_runs=between),
            effect=None if comparison is None else effects.get(arm_of(who, comparison)),
        )


def _meta(facts: Facts, plots: Sequence[Plot], lang: Name) -> Meta:
    gathered = facts.gathered
    runs = [_run(source, records) for source, records in zip(gathered.sources, gathered.counts, strict=True)]
    return Meta(
        version=_VERSION,
        id=hashlib.blake2b("\n".join(run.id for run in runs).encode(), digest_size=8).hexdigest(),
        tool=f"persona-batch {versions().get('persona-batch', '')}".strip(),
        made=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        title=", ".join(dict.fromkeys(run.batch for run in runs)),
        lang=lang,
        runs=runs,
        sampled=gathered.sampled,
        factors=list(facts.factors),
        conditions=list(facts.conditions),
        questions=list(facts.questions),
        strings=list(gathered.strings),
        params=[msgspec.json.decode(text) for text in gathered.params],
        checks=list(gathered.checks.labels),
        metrics=gathered.grades.metrics,
        plots=[plot.name for plot in plots],
    )


def _cost(facts: Facts) -> Cost | None:
    """Return what the runs cost; None: nobody was paid for any."""
    sources = facts.gathered.sources
    costs = [cost_of(one.run.records, one.manifest) for one in sources if one.manifest is not None]
    known = [cost for cost in costs if cost is not None]
    return together(known) if known else None


def _run(source: Source, records: int) -> Run:
    manifest = source.manifest
    if manifest is None:
        return Run(
            id=source.run.id or source.name,
            batch=source.name,
            started="",
            ended=None,
            state="complete",
            records=records,
            cells=None,
            endpoint="",
        )
    return Run(
        id=source.run.id,
        batch=manifest.batch_id,
        started=manifest.started_at,
        ended=manifest.ended_at,
        state="interrupted" if manifest.state == "running" and not source.going else manifest.state,  # killed
        records=records,
        cells=manifest.batch_cells,
        endpoint=manifest.endpoint,
    )
