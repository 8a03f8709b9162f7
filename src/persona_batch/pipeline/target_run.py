"""Which run folder a call works on: a new one, the one it names, or the newest unfinished one of its batch."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from persona_batch.chat import JsonValue
from persona_batch.config.batch import Batch
from persona_batch.errors import UsageError
from persona_batch.pipeline.options import RunOptions
from persona_batch.plan.grid import Grid
from persona_batch.record.finding import find_run
from persona_batch.record.manifest import Manifest, is_partial, read_manifest
from persona_batch.record.reader import scan
from persona_batch.record.rundir import RunDir, list_runs, out_error, safe_name

_LOOK_AGAIN = 0.05  # seconds
_FILTERS = ("persona_globs", "question_globs", "limit")
_PER_CALL = frozenset(
    {"out", "resume", "continue_newest", "retry_errors", "max_requests", "max_tokens_total", "time_limit"}
)


def invocation(options: RunOptions) -> dict[str, JsonValue]:
    """Return what of a call belongs to the run, so that `--resume` alone can repeat it."""
    plain: dict[str, JsonValue] = msgspec.json.decode(msgspec.json.encode(options, enc_hook=_plain))  # as read back
    return {name: value for name, value in plain.items() if name not in _PER_CALL and value not in (None, (), [], {})}


def asked_for(call: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return what the command line of a call said of what is asked, by the options' names."""
    given = call.get("overrides") or {}
    said = {f"--param {name}": value for name, value in (given.get("params") or {}).items()}
    named = {"-m": "models", "--placement": "placements", "-n": "samples"}
    said |= {option: given.get(name) for option, name in named.items()}
    said |= {"-q": call.get("questions"), "--engine": None if call.get("engine") == "local" else call.get("engine")}
    given_values = {name: value for name, value in said.items() if value not in (None, (), [], {})}
    # Which models, not in which order; the value of a parameter may be a list whose order counts.
    return {
        name: sorted(set(value)) if isinstance(value, list) and not name.startswith("--param") else value
        for name, value in given_values.items()
    }


def recalled(options: RunOptions) -> RunOptions:
    """Return the options of `--resume RUN` without files: those the run was begun with.

    Raises:
        UsageError: neither files nor a run to resume, or a run that does not say how it was begun.
    """
    if options.files:
        return options
    if options.resume is None:
        raise UsageError("no persona file given; try `batch run personas/wukong.yaml`")
    run = find_run(options.resume, options.out)
    kept = read_manifest(run.manifest).config.get("invocation")
    if not kept:
        raise UsageError(f"{run.path} does not say how it was begun; name its persona files too")
    begun = msgspec.convert({**kept, "out": "."}, RunOptions, dec_hook=_rebuild)
    return replace(begun, **{name: getattr(options, name) for name in _PER_CALL})


@asynccontextmanager
async def choosing(options: RunOptions, batch_id: str) -> AsyncIterator[None]:
    """Keep two calls of `--continue` from both finding no run and both starting one.

    Hold it until the run is locked and has its manifest: then the second call finds it.

    Raises:
        UsageError, StorageError: the folder of the runs cannot be written.
    """
    if not options.continue_newest:
        yield
        return
    place = options.out / f".{safe_name(batch_id)}.lock"
    lock = FileLock(place, blocking=False)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        while not lock.is_locked:
            try:
                lock.acquire()
            except Timeout:
                await asyncio.sleep(_LOOK_AGAIN)
    except OSError as error:
        raise out_error(options.out, error) from error
    try:
        yield
    finally:
        lock.release()


def existing_run(
    options: RunOptions, *, batch: Batch, endpoint: str, grid_with: Callable[[Sequence[str]], Grid]
) -> tuple[RunDir | None, Manifest | None]:
    """Return the run that `--resume` names or `--continue` finds; Nones: a new one is to be made.

    `--continue` takes the newest run of the same batch at the same endpoint, whose command line said the same of
    what is asked (`asked_for`, but for the number of samples), and which is not finished: it was stopped, or (with
    `--retry-errors`) has failed cells, or was narrowed by other filters and lacks cells that this call asks for.

    Args:
        options: the call.
        batch: of its files.
        endpoint: where it asks.
        grid_with: makes the call's grid for some models.

    Raises:
        UsageError: there is no such run, or it was made at another endpoint, or with other replies (`thinking`).
    """
    if options.resume is not None:
        return _named_run(options, batch, endpoint)
    if not options.continue_newest:
        return None, None
    mine = invocation(options)
    for run in reversed(list_runs(options.out)):
        try:
            manifest = read_manifest(run.manifest)
        except UsageError:
            continue  # whatever it is, it must not keep a job from running every night
        theirs = manifest.config.get("invocation") or {}
        place = (manifest.batch_id, manifest.endpoint, _thinking(manifest))
        if place != (batch.id, endpoint, batch.run.thinking) or not _same_experiment(mine, theirs):
            continue
        if manifest.state == "complete" or (manifest.state == "failed" and not options.retry_errors):
            if not is_partial(manifest) or all(mine.get(name) == theirs.get(name) for name in _FILTERS):
                break
            seen = scan(run.records).keys
            if all(key in seen for key in grid_with(manifest.models).all_keys()):
                break
        return run, manifest
    return None, None


def _named_run(options: RunOptions, batch: Batch, endpoint: str) -> tuple[RunDir, Manifest]:
    assert options.resume is not None
    run = find_run(options.resume, options.out)
    manifest = read_manifest(run.manifest)
    if manifest.endpoint != endpoint:
        raise UsageError(
            f"{run.path} was made at {manifest.endpoint}, not at {endpoint}; "
            "resume it there, or start a new run without --resume"
        )
    thinking = _thinking(manifest)
    if thinking != batch.run.thinking:
        raise UsageError(
            f"{run.path} was made with `thinking: {thinking}`, and its replies can only be compared with such; "
            f"resume it with --thinking {thinking}, or start a new run without --resume"
        )
    return run, manifest


def _thinking(manifest: Manifest) -> str:
    return str(manifest.config.get("run", {}).get("thinking", "separate"))


def _same_experiment(mine: Mapping[str, JsonValue], theirs: Mapping[str, JsonValue]) -> bool:
    one, other = asked_for(mine), asked_for(theirs)
    return {**one, "-n": None} == {**other, "-n": None}


def _plain(value: object) -> JsonValue:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(type(value))


def _rebuild(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError(kind)
