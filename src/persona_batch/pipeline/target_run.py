"""Which run folder a call works on: a new one, the one it names, or the newest unfinished one of its batch."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from persona_batch.chat import JsonValue
from persona_batch.config.batch import Batch
from persona_batch.config.files import recorded_name
from persona_batch.config.load import Overrides
from persona_batch.errors import UsageError
from persona_batch.pipeline.grid_of import grid_of
from persona_batch.pipeline.options import RunOptions
from persona_batch.provider.target import Target
from persona_batch.record.finding import find_run
from persona_batch.record.manifest import Manifest, read_manifest
from persona_batch.record.reader import scan
from persona_batch.record.rundir import RunDir, list_runs, out_error, safe_name
from persona_batch.wording import listed

_LOOK_AGAIN = 0.05  # seconds
_FILTERS = ("persona_globs", "question_globs", "limit")
_PER_CALL = frozenset(
    {"out", "resume", "continue_newest", "retry_errors", "max_requests", "max_tokens_total", "time_limit"}
)


def invocation(options: RunOptions) -> dict[str, JsonValue]:
    """Return what of a call belongs to the run, so that `--resume` alone can repeat it."""
    plain: dict[str, JsonValue] = msgspec.json.decode(msgspec.json.encode(options, enc_hook=_plain))  # as read back
    kept = {name: value for name, value in plain.items() if name not in _PER_CALL and value not in (None, (), [], {})}
    return kept | {name: _recorded(kept[name]) for name in ("files", "questions") if name in kept}


def asked_for(call: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return what the command line of a call said of what is asked, by the options' names."""
    given = call.get("overrides") or {}
    said = {f"--param {name}": value for name, value in (given.get("params") or {}).items()}
    lists = {"-q": _recorded(call.get("questions") or [])}
    lists |= {"-m": given.get("models"), "--placement": given.get("placements")}
    said |= {option: _in_any_order(names) for option, names in lists.items()}
    said |= {"-n": given.get("samples"), "--engine": None if call.get("engine") == "local" else call.get("engine")}
    return {name: value for name, value in said.items() if value not in (None, (), [], {})}


def recalled(options: RunOptions) -> RunOptions:
    """Return the options of `--resume RUN` without files: those the run was begun with, but for what is given now.

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
    plain, given = RunOptions(), replace(options, overrides=_over(begun.overrides, options.overrides))
    names = {name for name in _names(plain) if getattr(given, name) != getattr(plain, name)} | _PER_CALL
    if names.intersection(_FILTERS):
        names.update(_FILTERS)  # filters are one thing: half of the old ones would ask neither these nor those
    return replace(begun, **{name: getattr(given, name) for name in names})


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


def existing_run(options: RunOptions, *, batch: Batch, target: Target) -> tuple[RunDir | None, Manifest | None]:
    """Return the run that `--resume` names or `--continue` finds; Nones: a new one is to be made.

    `--continue` takes the newest run of the same batch at the same endpoint, whose command line said the same of
    what is asked (`asked_for`, but for the number of samples), and which is not finished: it was stopped, or (with
    `--retry-errors`) has failed cells, or was narrowed by other filters and lacks cells that this call asks for.

    Args:
        options: the call.
        batch: of its files.
        target: where it asks.

    Raises:
        UsageError: there is no such run, or it was made of other files, at another endpoint, or with other replies
            (`thinking`).
    """
    endpoint = target.identity
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
        if _other_files(batch, manifest):
            continue
        if manifest.state == "complete" or (manifest.state == "failed" and not options.retry_errors):
            if not manifest.partial or all(mine.get(name) == theirs.get(name) for name in _FILTERS):
                break
            seen = scan(run.records).keys
            grid = grid_of(batch, target, batch.run.models or manifest.models, options)
            if all(key in seen for key in grid.all_keys()):
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
    if others := _other_files(batch, manifest):
        raise UsageError(
            f"{run.path} is a run of {listed(others)}, and would set aside all its records; "
            f"`batch run --resume {run.path}` goes on with it, --resume RUN names another run"
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


def _other_files(batch: Batch, manifest: Manifest) -> list[str]:
    """Return the persona files of a run that has none of the batch's, though they are still there.

    Two files may have one name, in two folders. A file that is gone was moved or renamed, and its run goes along.
    """
    mine = {persona.source for persona in batch.personas}
    theirs = {entry.get("source"): None for entry in manifest.config.get("personas") or ()}
    named = [name for name in theirs if name]
    return [] if mine.intersection(named) or not all(Path(name).is_file() for name in named) else named


def _over(begun: Overrides, given: Overrides) -> Overrides:
    """Return overrides with those that are given now in the place of the old ones; parameters one by one."""
    none = Overrides()
    new = {name: getattr(given, name) for name in _names(none) if getattr(given, name) != getattr(none, name)}
    return replace(begun, **{**new, "params": {**begun.params, **given.params}})


def _names(options: RunOptions | Overrides) -> list[str]:
    return [field.name for field in fields(options)]


def _recorded(names: JsonValue) -> JsonValue:
    """Return files' names as a run may tell them: relative, however they were typed."""
    assert isinstance(names, list)
    return [recorded_name(Path(str(name))) for name in names]


def _in_any_order(value: JsonValue) -> JsonValue:
    """Return what was given several times without its order, which changes nothing of what is asked."""
    return sorted(set(map(str, value))) if isinstance(value, list) else value


def _plain(value: object) -> JsonValue:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(type(value))


def _rebuild(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError(kind)
