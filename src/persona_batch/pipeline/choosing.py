"""Which run folder a call works on: a new one, the one it names, or the newest unfinished one of its batch."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from filelock import AsyncFileLock

from persona_batch.config.batch import Batch
from persona_batch.config.inline import SOURCE
from persona_batch.errors import UsageError
from persona_batch.pipeline.call import Call
from persona_batch.pipeline.options import FILTERS, asked_for, invocation, refuse_imported
from persona_batch.pipeline.submitting import refuse_if_submitted
from persona_batch.record.finding import find_run
from persona_batch.record.manifest import Manifest, read_manifest
from persona_batch.record.reader import scan
from persona_batch.record.rundir import RunDir, list_runs, out_error, safe_name
from persona_batch.wording import listed


@asynccontextmanager
async def choosing(call: Call) -> AsyncIterator[None]:
    """Keep two calls of `--continue` from both finding no run and both starting one; those of two shards may.

    Hold it until the run is locked and has its manifest: then the second call finds it.

    Raises:
        UsageError, StorageError: the folder of the runs cannot be written.
    """
    if not call.options.continue_newest:
        yield
        return
    out = call.options.out
    lock = AsyncFileLock(out / f".{safe_name(call.batch.id, call.shard)}.lock", run_in_executor=False)
    try:
        out.mkdir(parents=True, exist_ok=True)
        await lock.acquire()
    except OSError as error:
        raise out_error(out, error) from error
    try:
        yield
    finally:
        await lock.release()


def existing_run(call: Call) -> tuple[RunDir, Manifest] | tuple[None, None]:
    """Return the run that `--resume` names or `--continue` finds; Nones: a new one is to be made.

    `--continue` takes the newest run of the same batch at the same endpoint, whose command line said the same of
    what is asked (`asked_for`, but for the number of samples), and which is not finished: it was stopped, or (with
    `--retry-errors`) has failed cells, or was narrowed by other filters and lacks cells that this call asks for. Of a
    shard it takes the newest run, finished or not: all shards are one run, so none begins anew while others work.

    Raises:
        UsageError: there is no such run, or it was made of other files, at another endpoint, with other replies
            (`thinking`), or is another shard; batch files of it are under way, and this call asks by another engine.
    """
    options = call.options
    if options.resume is not None:
        return _named_run(call, options.resume)
    mine = invocation(options)
    what = {**asked_for(mine), "-n": None}
    for run in reversed(list_runs(options.out) if options.continue_newest else []):
        try:
            manifest = read_manifest(run.manifest)
        except UsageError:
            continue  # whatever it is, it must not keep a job from running every night
        theirs = manifest.config.get("invocation") or {}
        place = (manifest.batch_id, manifest.endpoint, _thinking(manifest))
        if place != (call.batch.id, call.target.identity, call.batch.run.thinking):
            continue
        told = {**asked_for(theirs), "-n": None}
        if {**told, "--engine": None} != {**what, "--engine": None} or _other_files(call.batch, manifest):
            continue
        refuse_if_submitted(run, options.engine)
        if told.get("--engine") != what.get("--engine"):
            continue
        return (run, manifest) if _goes_on(call, run, manifest) else (None, None)
    return None, None


def _goes_on(call: Call, run: RunDir, manifest: Manifest) -> bool:
    """Say whether `--continue` takes this run, which is the newest of its batch, or begins a new one."""
    if manifest.shard is not None or not manifest.finished:
        return True
    if manifest.state == "failed" and call.options.retry_errors:
        return True
    mine, theirs = invocation(call.options), manifest.config.get("invocation") or {}
    if not manifest.partial or all(mine.get(name) == theirs.get(name) for name in FILTERS):
        return False
    seen = scan(run.records).keys
    return not all(key in seen for key in call.grid(call.models(manifest)).all_keys())


def _named_run(call: Call, name: str) -> tuple[RunDir, Manifest]:
    run = find_run(name, call.options.out)
    manifest = read_manifest(run.manifest)
    refuse_imported(run, manifest)
    if manifest.endpoint != call.target.identity:
        raise UsageError(
            f"{run.path} was made at {manifest.endpoint}, not at {call.target.identity}; "
            "resume it there, or start a new run without --resume"
        )
    if manifest.shard != (call.shard and str(call.shard)):
        raise UsageError(_other_shard(run, manifest.shard))
    if others := _other_files(call.batch, manifest):
        raise UsageError(
            f"{run.path} is a run of {listed(others)}, and would set aside all its records; "
            f"`batch run --resume {run.path}` goes on with it, --resume RUN names another run"
        )
    if (thinking := _thinking(manifest)) != call.batch.run.thinking:
        raise UsageError(
            f"{run.path} was made with `thinking: {thinking}`, and its replies can only be compared with such; "
            f"resume it with --thinking {thinking}, or start a new run without --resume"
        )
    return run, manifest


def _other_shard(run: RunDir, shard: str | None) -> str:
    if shard is None:
        return f"{run.path} is a run of the whole batch, no shard of it; resume it without --shard"
    return f"{run.path} is shard {shard} of its batch; resume it with --shard {shard}, or start a new run"


def _thinking(manifest: Manifest) -> str:
    return str(manifest.config.get("run", {}).get("thinking", "separate"))


def _other_files(batch: Batch, manifest: Manifest) -> list[str]:
    """Return the persona files of a run that has none of the batch's, though they are still there.

    Two files may have one name, in two folders. A file that is gone was moved or renamed, and its run goes along.
    Personas that are values in Python are known by their ids and prompts.
    """
    mine = {sign for one in batch.personas for sign in _signs(one.source, one.id, one.variants)}
    named: dict[str, None] = {}
    for entry in manifest.config.get("personas") or ():
        signs = _signs(entry.get("source"), entry["id"], entry.get("variants") or ())
        if mine.intersection(signs):
            return []
        named |= dict.fromkeys(signs[:1])
    return [] if not all(name.startswith(SOURCE) or Path(name).is_file() for name in named) else list(named)


def _signs(source: str | None, persona: str, prompts: Sequence[str | None]) -> list[str]:
    """Return what tells where a persona is from: its file, or the id and the prompts of a value in Python."""
    if source == SOURCE:
        return [f"{SOURCE} {persona}", *filter(None, prompts)]
    return [source] if source else []
