"""Results of another tool → a run folder, as `batch run` would have left it; all of it, or nothing."""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from persona_batch.config.files import recorded_name
from persona_batch.config.names import id_from_stem
from persona_batch.errors import UsageError
from persona_batch.exchange.results.formats import format_named, recognised
from persona_batch.exchange.results.found import Notes, Wanted
from persona_batch.exchange.results.gathering import Gathered, gather
from persona_batch.exchange.results.reading import digest_of
from persona_batch.exchange.results.recording import judgments_of, record_of
from persona_batch.exchange.results.spool import Spool
from persona_batch.exchange.results.wordings import Wordings
from persona_batch.record.durable import storage_error
from persona_batch.record.finding import point_latest
from persona_batch.record.journal import Sink
from persona_batch.record.judgment import judgments_at
from persona_batch.record.manifest import Manifest, Session, TokenSums, read_manifest, versions, write_manifest
from persona_batch.record.reader import scan
from persona_batch.record.resolved import resolved
from persona_batch.record.rundir import RunDir, create_run, list_runs, run_at
from persona_batch.record.runlog import utc_now
from persona_batch.wording import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResults:
    """One call of `batch import-results`.

    `files` and folders of one tool's results; `out` the folder of runs; `format` its name, `name` the batch's id;
    `controls` further conditions that are controls, the reference first; `columns` those of a table by our fields;
    `requests` the input file of an OpenAI batch; `force`: also what was imported already.
    """

    files: Sequence[Path]
    out: Path = Path("runs")
    format: str | None = None
    name: str | None = None
    controls: Sequence[str] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    requests: Path | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of it: the run, whose results they are, and sentences for the user, what there is first."""

    run: RunDir
    tool: str
    sentences: list[str]


def import_results(options: ImportResults) -> Imported:
    """Make a run of another tool's results.

    Raises:
        UsageError: a file is broken, contradicts itself, or was imported already; nothing is left behind.
        StorageError: the run cannot be written; nothing is left behind.
    """
    form, files = recognised(options.files, None if options.format is None else format_named(options.format))
    if options.columns and form.name != "table":
        raise UsageError(f"--column: results of {form.tool} have no columns to name; --format table reads a table")
    if options.requests is not None and form.name != "openai-batch":
        raise UsageError("--requests: names the input file of an OpenAI batch, whose output the results are to be")
    source: dict[str, Any] = {
        "tool": form.name,
        "files": [{"path": recorded_name(path), "sha256": digest_of(path)} for path in files],
        "controls": list(options.controls),
        "columns": dict(options.columns),
    }
    name = _batch_id(options)
    _refuse_copies(source["files"])
    if not options.force:
        _refuse_again(options.out, source, name)
    notes, wanted = Notes(), Wanted(options.columns, options.requests)
    wordings = Wordings(notes)
    with Spool() as spool:
        origins: dict[str, str] = {}
        for path in files:
            for reply in form.read(path, wanted, notes):
                if reply.origin is not None and (first := origins.setdefault(reply.origin, reply.place)) != reply.place:
                    raise UsageError(f"{reply.place}: the very reply of {first}; name one of the two")
                wordings.see(reply)
                spool.append(reply)
        gathered = gather(spool, form.name, name, options.controls, wordings, notes)
        run = _written(options.out, name, gathered, spool, source, notes)
    count = sum(place is not None for place in gathered.places)
    head = (
        f"{form.tool}: {counted(count, 'reply').replace('replys', 'replies')} of "
        f"{counted(len(gathered.batch.personas), 'condition')} to {counted(len(gathered.questions), 'question')}, "
        f"{counted(int(gathered.samples.max()) + 1, 'sample')} at most{gathered.each}"
    )
    return Imported(run, form.tool, [head, *notes.told()])


def _batch_id(options: ImportResults) -> str:
    if options.name is not None:
        if id_from_stem(options.name) != options.name:
            raise UsageError(f"--name {options.name}: a batch's id holds letters, digits, `.`, `_` and `-`")
        return options.name
    first = options.files[0].absolute()
    return id_from_stem(first.name if first.is_dir() else first.stem) or "results"


def _refuse_copies(files: Sequence[Mapping[str, str]]) -> None:
    first: dict[str, str] = {}
    for file in files:
        if (other := first.setdefault(file["sha256"], file["path"])) != file["path"]:
            raise UsageError(f"{file['path']}: the same as {other}, byte for byte; name one of the two")


def _refuse_again(out: Path, source: Mapping[str, Any], name: str) -> None:
    for run in list_runs(out):
        with suppress(UsageError):
            manifest = read_manifest(run.manifest)
            before = manifest.config.get("imported")
            if not isinstance(before, dict) or manifest.batch_id != name:
                continue
            same = [one.get("sha256") for one in before.get("files", ())] == [one["sha256"] for one in source["files"]]
            if same and all(before.get(part) == source[part] for part in ("tool", "controls", "columns")):
                break
    else:
        return
    raise UsageError(f"{source['files'][0]['path']}: imported already, as {run.path}; --force makes another run of it")


def _written(out: Path, name: str, gathered: Gathered, spool: Spool, source: Mapping[str, Any], notes: Notes) -> RunDir:
    """Write the run beside its place, then move it there: a run that is seen is whole."""
    now = utc_now()
    run = create_run(out, name, datetime.now(UTC))
    beside = run_at(out / f".{run.id}.importing")
    try:
        beside.path.mkdir()
        began = _write_records(beside, run.id, gathered, spool)
        _write_manifest(beside, run.id, gathered, source, notes, began or now, now)
        run.path.rmdir()
        beside.path.rename(run.path)
    except OSError as error:
        raise storage_error(run.path, error) from error
    finally:
        shutil.rmtree(beside.path, ignore_errors=True)
        if not run.manifest.exists():
            shutil.rmtree(run.path, ignore_errors=True)
    point_latest(out)
    return run


def _write_records(beside: RunDir, run_id: str, gathered: Gathered, spool: Spool) -> str | None:
    """Write the records, and what graders said of them; return when the first was asked, as far as it is known."""
    began: list[str] = []
    number = 0
    judging: Sink | None = None
    with Sink(beside.records) as sink:
        try:
            for place, reply in zip(gathered.places, spool, strict=True):
                if place is None:
                    continue
                record = record_of(reply, place, gathered, number, run_id)
                number += 1
                sink.append(record)
                for judgment in judgments_of(reply, record):
                    judging = judging or Sink(judgments_at(beside.path).path)
                    judging.append(judgment)
                if record.timing is not None and record.timing.started_at:
                    began = [min([*began, record.timing.started_at])]
        finally:
            if judging is not None:
                judging.close()
    return next(iter(began), None)


def _write_manifest(
    beside: RunDir,
    run_id: str,
    gathered: Gathered,
    source: Mapping[str, Any],
    notes: Notes,
    began: str,
    now: str,
) -> None:
    seen, grid = scan(beside.records), gathered.grid
    failed = bool(seen.counts["error"])
    write_manifest(
        beside.manifest,
        Manifest(
            run_id=run_id,
            batch_id=gathered.batch.id,
            state="failed" if failed else "complete",
            exit_code=int(failed),
            started_at=began,
            ended_at=now,
            provider=grid.endpoint.provider,
            endpoint=grid.endpoint.identity,
            models=list(grid.models),
            config={
                "imported": {
                    **source,
                    "unknown_prompts": gathered.unknown,
                    "templates": gathered.templates,
                    "at": now,
                    "notes": notes.told(),
                },
                **resolved(gathered.batch, grid),
            },
            versions=versions(),
            plan=grid.fingerprint,
            cells=len(seen.keys),
            batch_cells=len(seen.keys),  # nobody planned a grid
            counts={str(status): count for status, count in seen.counts.items()},
            tokens=TokenSums(seen.prompt_tokens or None, seen.completion_tokens or None, seen.total_tokens or None),
            sessions=[Session(now, utc_now(), int(failed), len(seen.keys))],
        ),
    )
