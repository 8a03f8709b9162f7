"""`batch merge`: several runs of one batch → the run that one process would have made of it, on one page."""

import glob
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from persona_batch.asking.limits import RunLimits
from persona_batch.chat import JsonValue
from persona_batch.errors import RunLocked, UsageError
from persona_batch.pipeline.call import open_files
from persona_batch.pipeline.mergeable import samples_of, sources_of
from persona_batch.pipeline.options import FILTERS
from persona_batch.plan.grid import Grid
from persona_batch.plan.shard import Shard
from persona_batch.pricing.bill import Cost
from persona_batch.pricing.price import PriceList
from persona_batch.record.agreement import described
from persona_batch.record.building import building_run
from persona_batch.record.finding import find_runs, point_latest
from persona_batch.record.manifest import Manifest, MergedRun, Session, State, TokenSums, write_manifest
from persona_batch.record.merging import Merging, Source
from persona_batch.record.reader import scan, whole_cost
from persona_batch.record.rundir import RunDir
from persona_batch.wording import counted, listed

_STATES: Final[dict[int, State]] = {0: "complete", 1: "failed", 3: "stopped"}


class Merged(msgspec.Struct, kw_only=True):
    """What a merge came to; printed by `--json`.

    `cells` were asked for by the runs together, `left` of them have no record; `missing` are shards that were not among
    the runs; `copies` are records that several runs had alike, `returned` those that had been set aside in a run and
    belong to the whole. `exit_code` is that of the merged run: 0 complete, 1 some cells failed, 3 cells are left.
    """

    run_id: str
    path: str
    state: State
    exit_code: int
    cells: int
    records: int
    left: int
    counts: dict[str, int]
    tokens: TokenSums
    cost: Cost | None
    merged: list[MergedRun]
    missing: list[str]
    copies: int
    returned: int
    notes: list[str]


def merge(names: Sequence[str], out: Path) -> Merged:
    """Make one run of several, in a folder of its own under `out`; the runs stay as they are.

    It is there as a whole or not at all, whatever ends the process. Memory does not grow with the replies.

    Args:
        names: run folders, globs of them, run ids.
        out: the folder of runs.

    Raises:
        UsageError: a name is no run, the runs do not belong together, or records of theirs contradict one another.
        RunLocked: a process is on one of them.
        StorageError: the new run cannot be written.
    """
    runs, notes = find_runs([path for name in names for path in _matches(name)], out)
    if inside := [run for run in runs if out.resolve().is_relative_to(run.path.resolve())]:
        raise UsageError(f"{out}: is in the folder of the run {inside[0].path}; name the folder of the runs by --out")
    with ExitStack() as stack:
        room = stack.enter_context(open_files(RunLimits(concurrency=len(runs)), workers=1)).concurrency
        if room < len(runs):
            raise UsageError(
                f"{counted(len(runs), 'run')}, and the system lets a process lock no more than {room:,} at a time "
                "(`ulimit -n`); merge parts of them first, then what came of these"
            )
        for run in sorted(runs, key=lambda run: run.path.resolve()):
            _hold(stack, run)
        sources = sorted(sources_of(runs), key=_place)
        base = max(sources, key=lambda source: (samples_of(source.manifest), source.manifest.started_at)).manifest
        grid = _grid(base, sources)
        with building_run(out, base.batch_id, datetime.now(UTC)) as into:
            merging = Merging(sources, grid, into)
            merging.survey()
            merging.write_records()
            merging.write_beside()
            manifest = _manifest(base, merging, grid)
            write_manifest(into.manifest, manifest)
    point_latest(out)
    return _told(out / into.id, manifest, merging, notes)


def _matches(name: str) -> list[str]:
    if Path(name).exists() or not glob.has_magic(name):
        return [name]
    found = sorted(match for match in glob.glob(name) if Path(match).is_dir())  # noqa: PTH207  # absolute ones too
    if not found:
        raise UsageError(f"{name}: no folder matches; `batch runs` lists the runs")
    return found


def _hold(stack: ExitStack, run: RunDir) -> None:
    try:
        stack.enter_context(run.lock())
    except RunLocked as error:
        raise RunLocked(f"{run.path}: a process is still on this run; merge when it has ended") from error


def _place(source: Source) -> tuple[int, int, str, str]:
    """Return what runs are merged in the order of: their shard, then their age."""
    shard = None if source.manifest.shard is None else Shard.read(source.manifest.shard)
    number, of = (0, 0) if shard is None else (shard.number, shard.of)
    return of, number, source.manifest.started_at, source.run.id


def _grid(base: Manifest, sources: Sequence[Source]) -> Grid:
    """Return what the runs asked for: the whole batch, or what their filters left of it, where they are the same."""
    asked = base.config.get("invocation") or {}
    filters = {name: asked.get(name) for name in FILTERS}
    alike = all(
        {name: (source.manifest.config.get("invocation") or {}).get(name) for name in FILTERS} == filters
        for source in sources
    )
    grid = described(
        base,
        personas=(filters["persona_globs"] or ()) if alike else (),
        questions=(filters["question_globs"] or ()) if alike else (),
        limit=filters["limit"] if alike else None,
    )
    if grid is None:
        raise UsageError(
            f"{base.run_id}: its run.json does not describe the batch, or a table that it names is not here as it was; "
            "merge where the files of the batch are"
        )
    return grid


def _manifest(base: Manifest, merging: Merging, grid: Grid) -> Manifest:
    seen = scan(merging.into.records)
    sources = merging.sources
    left = sum(key not in seen.keys for key in grid.all_keys()) if len(seen.keys) < grid.total else 0
    code = 3 if left else int(bool(seen.counts["error"]))
    manifest = Manifest(
        run_id=merging.into.id,
        batch_id=base.batch_id,
        state=_STATES[code],
        exit_code=code,
        started_at=min(source.manifest.started_at for source in sources),
        ended_at=max((source.manifest.ended_at or "" for source in sources), default="") or None,
        provider=base.provider,
        endpoint=base.endpoint,
        models=base.models,
        config={**base.config, "invocation": _invocation(base, sources, grid)},
        files=base.files,
        versions=base.versions,
        git_commit=base.git_commit,
        plan=base.plan,
        merged=[
            MergedRun(one.manifest.run_id, one.manifest.shard, count)
            for one, count in zip(sources, merging.records, strict=True)
        ],
        cells=len(seen.keys) + left,
        batch_cells=grid.total,
        counts={str(status): count for status, count in seen.counts.items()},
        tokens=TokenSums(seen.prompt_tokens or None, seen.completion_tokens or None, seen.total_tokens or None),
        prices=_prices(sources),
        sessions=_sessions(sources),
    )
    manifest.cost = whole_cost(merging.bill, manifest)
    return manifest


def _invocation(base: Manifest, sources: Sequence[Source], grid: Grid) -> dict[str, JsonValue]:
    """Return how one process would have been called: for all shards, and for all that any of the calls asked."""
    called = {name: value for name, value in (base.config.get("invocation") or {}).items() if name != "shard"}
    if not grid.filtered:
        called = {name: value for name, value in called.items() if name not in FILTERS}
    engines = {(one.manifest.config.get("invocation") or {}).get("engine") for one in sources}
    return called if len(engines) == 1 else {name: value for name, value in called.items() if name != "engine"}


def _prices(sources: Sequence[Source]) -> list[PriceList]:
    """Return the prices of all runs in the order of their time, without those that say nothing new."""
    found: list[PriceList] = []
    for one in sorted((one for source in sources for one in source.manifest.prices), key=lambda one: one.since):
        if not found or found[-1].prices != one.prices:
            found.append(one)
    return found


def _sessions(sources: Sequence[Source]) -> list[Session]:
    """Return the sessions in the order of their time; those that several runs had from one and the same, once."""
    found: list[tuple[Session, set[str]]] = []
    for source in sources:
        manifest = source.manifest
        origins = {manifest.run_id, *(one.run_id for one in manifest.merged)}
        before = list(found)
        found += [
            (session, origins)
            for session in manifest.sessions
            if not any(session == other and origins & theirs for other, theirs in before)
        ]
    return sorted((session for session, _ in found), key=lambda one: one.started_at)


def _told(path: Path, manifest: Manifest, merging: Merging, notes: list[str]) -> Merged:
    missing = _missing(merging.sources)
    records = sum(manifest.counts.values())
    cells = manifest.cells or 0
    return Merged(
        run_id=manifest.run_id,
        path=str(path),
        state=manifest.state,
        exit_code=manifest.exit_code or 0,
        cells=cells,
        records=records,
        left=cells - records,
        counts=manifest.counts,
        tokens=manifest.tokens,
        cost=manifest.cost,
        merged=manifest.merged,
        missing=missing,
        copies=merging.copies,
        returned=merging.returned,
        notes=[*notes, *_notes(merging, missing), *merging.differing],
    )


def _missing(sources: Sequence[Source]) -> list[str]:
    """Return the shards that are not there; none can be told where runs were divided in different ways."""
    shards = [None if one.manifest.shard is None else Shard.read(one.manifest.shard) for one in sources]
    there = {shard.number for shard in shards if shard is not None}
    divisions = Counter(None if shard is None else shard.of for shard in shards)
    (of, *others) = divisions
    return (
        [] if others or of is None else [str(Shard(number, of)) for number in range(1, of + 1) if number not in there]
    )


def _notes(merging: Merging, missing: Sequence[str]) -> list[str]:
    said = []
    if missing:
        said.append(f"{'shard' if len(missing) == 1 else 'shards'} {listed(missing)} missing")
    most = max(samples_of(source.manifest) for source in merging.sources)
    for source in merging.sources:
        name, manifest = source.manifest.shard or source.run.id, source.manifest
        what = f"shard {name}" if manifest.shard else name
        if samples_of(manifest) < most:
            said.append(f"{what} has {counted(samples_of(manifest), 'sample')} of each cell, others have {most:,}")
        elif not manifest.finished:
            said.append(f"{what} is not finished ({'killed' if manifest.state == 'running' else manifest.state})")
    if merging.copies:
        said.append(f"{counted(merging.copies, 'record')} in several runs alike: each counts once")
    if merging.returned:
        said.append(f"{counted(merging.returned, 'record')} set aside in a run, back: the whole has a cell for them")
    return said
