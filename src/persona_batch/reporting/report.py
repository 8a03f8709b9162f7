"""Runs → one HTML file, on one page: gather, compare, draw, pack, write."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from persona_batch.comparing.comparison import Comparison
from persona_batch.comparing.series import Series
from persona_batch.record.durable import replace_file, storage_error
from persona_batch.record.manifest import versions
from persona_batch.reporting.blocks import Packer, packed
from persona_batch.reporting.data import Condition, Meta, Question, Run
from persona_batch.reporting.document import document
from persona_batch.reporting.facts import Facts
from persona_batch.reporting.gathering import Gathered, Source, gather

MOST = 50_000  # records; a page of more takes seconds to open
NAME = "report.html"
_VERSION: Literal[1] = 1


def write_report(
    sources: Sequence[Source],
    path: Path,
    *,
    comparison: Comparison | None = None,
    history: Series | None = None,
    lang: Literal["en", "zh"] = "en",
    reasoning: bool = True,
    most: int = MOST,
    seed: int = 0,
) -> Facts:
    """Write the report of some runs, in the place of an older one, and return what it shows.

    Args:
        sources: the runs, the earliest first.
        path: the file.
        comparison: of the run, or of the later of two with the earlier: the verdict.
        history: of the batch, where there are more runs: the verdict.
        lang: in which the page opens; it holds both languages.
        reasoning: whether what models thought goes with the replies.
        most: records; of more whole questions are drawn, and the page says so.
        seed: of the draw.

    Raises:
        UsageError: there are no records, or a file is damaged.
        StorageError: the report cannot be written; an older one is untouched.
    """
    gathered = gather(sources, most=most, seed=seed)
    try:
        facts = _facts(gathered, comparison, history)
        packer = Packer(gathered.strings, reasoning=reasoning)
        blocks = []
        for number in range(len(facts.questions)):
            block = packer.block((condition, record, ()) for condition, record in gathered.records(number))
            blocks.append((f"q{number}", packed(block)))
        meta = _meta(facts, packer, lang)
        pieces = document(
            title=meta.title, lang=lang, verdict="", blocks=[("meta", packed(msgspec.to_builtins(meta))), *blocks]
        )
        try:
            replace_file(path, (piece.encode() for piece in pieces))
        except OSError as error:
            raise storage_error(path, error) from error
    finally:
        gathered.close()
    return facts


def _facts(gathered: Gathered, comparison: Comparison | None, history: Series | None) -> Facts:
    place_of = {who: place for place, who in enumerate(gathered.named.order)}
    params = list(dict.fromkeys(who.params for who in place_of))
    conditions = [
        Condition(
            id=gathered.named.ids[place],
            persona=who.persona,
            role=gathered.roles[who.persona],
            run=who.run,
            levels=gathered.named.levels[place],
            system=gathered.systems[place],
            placement=who.placement,
            model=who.model,
            params=params.index(who.params),
            control=None,
            effect=None,
        )
        for who, place in place_of.items()
    ]
    questions = [
        Question(
            id=asked.id,
            text=asked.text,
            cluster=asked.cluster,
            lines=asked.lines,
            records=len(gathered.rows(number)),
            difference=None,
        )
        for number, asked in enumerate(gathered.questions)
    ]
    return Facts(
        [source.manifest for source in gathered.sources],
        comparison,
        history,
        gathered.named.factors,
        conditions,
        questions,
        gathered,
    )


def _meta(facts: Facts, packer: Packer, lang: Literal["en", "zh"]) -> Meta:
    gathered = facts.gathered
    runs = [_run(source, records) for source, records in zip(gathered.sources, gathered.counts, strict=True)]
    params = dict.fromkeys(who.params for who in gathered.named.order)
    batches = list(dict.fromkeys(run.batch for run in runs))
    return Meta(
        version=_VERSION,
        id=hashlib.blake2b("\n".join(run.id for run in runs).encode(), digest_size=8).hexdigest(),
        tool=f"persona-batch {versions().get('persona-batch', '')}".strip(),
        made=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        title=", ".join(batches),
        lang=lang,
        runs=runs,
        sampled=gathered.sampled,
        factors=gathered.named.factors,
        conditions=list(facts.conditions),
        questions=list(facts.questions),
        strings=list(gathered.strings),
        params=[msgspec.json.decode(text) for text in params],
        checks=list(packer.checks.names),
        metrics=[],
        plots=[],
    )


def _run(source: Source, records: int) -> Run:
    manifest = source.manifest
    if manifest is None:
        return Run(
            id=source.run.id,
            batch=source.run.records.stem,
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
        state=manifest.state,
        records=records,
        cells=manifest.batch_cells,
        endpoint=manifest.endpoint,
    )
