"""The manifest over a run's life: begun before the first request, sealed at the end of every session."""

from collections import Counter
from pathlib import Path

from persona_batch.chat import JsonValue
from persona_batch.config.batch import Batch
from persona_batch.engine.progress import Progress
from persona_batch.pipeline.configuration import resolved_configuration
from persona_batch.pipeline.options import RunOptions
from persona_batch.pipeline.summary import state_of
from persona_batch.pipeline.target_run import asked_for, invocation
from persona_batch.plan.grid import Grid
from persona_batch.provider.target import Target
from persona_batch.record.manifest import FileHash, Manifest, Session, TokenSums, git_commit, versions
from persona_batch.record.reader import Scan
from persona_batch.record.rundir import RunDir
from persona_batch.record.runlog import utc_now


def begin(
    earlier: Manifest | None, run: RunDir, *, batch: Batch, target: Target, grid: Grid, cells: int, options: RunOptions
) -> Manifest:
    """Return the manifest of a session that begins now; of an earlier one, its start and its sessions stay.

    `cells` are those asked for by this call and the ones before.
    """
    now = utc_now()
    return Manifest(
        run_id=run.id,
        batch_id=batch.id,
        started_at=earlier.started_at if earlier else now,
        provider=target.name,
        endpoint=target.identity,
        models=list(grid.models),
        config={
            "invocation": invocation(options),
            **resolved_configuration(batch, grid),
        },
        files=[FileHash(file.path, file.sha256) for file in batch.files],
        versions=versions(),
        git_commit=git_commit(Path()),
        plan=grid.fingerprint,
        cells=cells,
        batch_cells=grid.total,
        sessions=[*(earlier.sessions if earlier else ()), Session(started_at=now)],
    )


def what_changed(earlier: Manifest, batch: Batch, options: RunOptions) -> list[str]:
    """Return what of the input is not as it was when the run last went on: files, and what the command line says."""
    before = {file.path: file.sha256 for file in earlier.files}
    now = {file.path: file.sha256 for file in batch.files}
    files = [
        path if path in now else f"{path} (left out)" for path in {**now, **before} if now.get(path) != before.get(path)
    ]
    was, is_now = (asked_for(call) for call in (earlier.config.get("invocation") or {}, invocation(options)))
    told = [
        f"{name} ({_told(was.get(name))}, now {_told(is_now.get(name))})"
        for name in {**is_now, **was}
        if was.get(name) != is_now.get(name)
    ]
    return files + (told if earlier.config.get("invocation") else [])


def _told(value: JsonValue) -> str:
    if value is None:
        return "not given"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def seal(manifest: Manifest, exit_code: int, *, seen: Scan, progress: Progress) -> None:
    """Enter how the session ended; counts and sums are over the whole run."""
    now = utc_now()
    counts = Counter(seen.counts) + progress.statuses
    manifest.state = state_of(exit_code)
    manifest.exit_code = exit_code
    manifest.ended_at = now
    manifest.counts = {str(status): count for status, count in counts.items()}
    manifest.tokens = _tokens(seen, progress)
    last = manifest.sessions[-1]
    manifest.sessions[-1] = Session(last.started_at, now, exit_code, progress.done)


def _tokens(seen: Scan, progress: Progress) -> TokenSums:
    prompt = seen.prompt_tokens + progress.prompt_tokens
    completion = seen.completion_tokens + progress.completion_tokens
    total = seen.total_tokens + progress.total_tokens
    return TokenSums(prompt or None, completion or None, total or None)  # 0: the endpoint never said
