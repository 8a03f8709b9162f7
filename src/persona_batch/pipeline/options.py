"""What a user asks of `batch run`, apart from what the input files say; and how a run remembers it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from persona_batch.chat import JsonValue
from persona_batch.config.batch import Batch
from persona_batch.config.files import recorded_name
from persona_batch.config.inline import SOURCE, Inline
from persona_batch.config.load import Overrides
from persona_batch.errors import UsageError
from persona_batch.record.finding import find_run
from persona_batch.record.manifest import Manifest, read_manifest
from persona_batch.record.rundir import RunDir

FILTERS = ("persona_globs", "question_globs", "limit")
_NOTHING: Final[tuple[object, ...]] = (None, (), [], {})
_PER_CALL = frozenset(
    {
        "out",
        "resume",
        "continue_newest",
        "retry_errors",
        "max_requests",
        "max_tokens_total",
        "max_cost",
        "time_limit",
        "wait",
        "window",
        "custom_checks",  # code runs when it is named, each time
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """One call of `batch run`.

    `files` persona files, folders and globs, or values in Python that say what they would; `questions` the same of
    questions, which replace the personas' own.
    `resume` a run (folder, id, `latest`) to finish; `continue_newest` the newest unfinished run of the batch, else
    a new one. `max_requests`, `max_tokens_total`, `max_cost` (of the price's currency) and `time_limit`
    (seconds) end this call, not the run.
    `wait` (seconds) is how long the engine `batch` looks for results, `window` within which a batch is wanted, as `24h`
    (None: the endpoint's usual one).
    `shard` is the part of the batch that this call asks, as `2/4`; limits are those of the whole and are divided.
    `custom_checks` are the checks in Python that may be called. `workers` is how many processes ask the endpoint (1:
    this one does).
    """

    files: tuple[str | Inline, ...] = ()
    questions: tuple[str | Inline, ...] = ()
    overrides: Overrides = field(default_factory=Overrides)
    persona_globs: tuple[str, ...] = ()
    question_globs: tuple[str, ...] = ()
    limit: int | None = None
    out: Path = Path("runs")
    resume: str | None = None
    continue_newest: bool = False
    retry_errors: bool = False
    max_requests: int | None = None
    max_tokens_total: int | None = None
    max_cost: Decimal | None = None
    time_limit: float | None = None
    wait: float | None = None
    window: str | None = None
    fail_under: float | None = None
    custom_checks: tuple[str, ...] = ()
    engine: str = "local"
    shard: str | None = None
    workers: int = 1


def invocation(options: RunOptions) -> dict[str, JsonValue]:
    """Return what of a call belongs to the run, so that `--resume` alone can repeat it."""
    plain: dict[str, JsonValue] = msgspec.json.decode(msgspec.json.encode(options, enc_hook=str))  # as read back
    kept = {name: value for name, value in plain.items() if name not in _PER_CALL and value not in _NOTHING}
    return kept | {name: _recorded(kept[name]) for name in ("files", "questions") if name in kept}


def recalled(options: RunOptions) -> RunOptions:
    """Return the options of `--resume RUN` without files: those the run was begun with, but for what is given now.

    With files, all is as given now; but a run that is a shard stays one.

    Raises:
        UsageError: neither files nor a run to resume, or a run that does not say how it was begun.
    """
    if options.files and (options.resume is None or options.shard is not None):
        return options
    if options.resume is None:
        raise UsageError("no persona file given; try `batch run personas/wukong.yaml`")
    run = find_run(options.resume, options.out)
    manifest = read_manifest(run.manifest)
    if options.files:
        return replace(options, shard=manifest.shard)
    refuse_imported(run, manifest)
    kept = manifest.config.get("invocation")
    if not kept:
        raise UsageError(f"{run.path} does not say how it was begun; name its persona files too")
    begun = msgspec.convert({**kept, "out": "."}, RunOptions, dec_hook=lambda kind, value: kind(value))
    now, was = options.overrides, begun.overrides  # parameters and factors one by one
    params = {name: value for name, value in {**was.params, **now.params}.items() if name not in now.factors}
    factors = {name: levels for name, levels in {**was.factors, **now.factors}.items() if name not in now.params}
    overrides = replace(was, **{**_given(now), "params": params, "factors": factors})
    new = _given(options) | {name: getattr(options, name) for name in _PER_CALL} | {"overrides": overrides}
    if new.keys() & set(FILTERS):  # filters are one thing: half of the old ones would ask neither these nor those
        new |= {name: getattr(options, name) for name in FILTERS}
    return replace(begun, **new)


def refuse_imported(run: RunDir, manifest: Manifest) -> None:
    """Refuse to go on with what another tool has asked.

    Raises:
        UsageError: the run was made by `batch import-results`.
    """
    if manifest.imported is not None:
        raise UsageError(
            f"{run.path} was imported from results of {manifest.imported}, and cannot be gone on with; ask the same by "
            "`batch run FILE` without --resume, and compare the two runs"
        )


def what_changed(earlier: Manifest, batch: Batch, options: RunOptions) -> list[str]:
    """Return what of the input is not as it was when the run last went on: files, and what the command line says."""
    before = {file.path: file.sha256 for file in earlier.files}
    now = {file.path: file.sha256 for file in batch.files}
    files = [
        path if path in now else f"{path} (left out)" for path in {**now, **before} if now.get(path) != before.get(path)
    ]
    begun = earlier.config.get("invocation")
    if not begun:
        return files
    mine = invocation(options)
    files += [
        f"{what} in Python"
        for name, what in (("files", "the personas"), ("questions", "the questions"))
        if _inline(begun.get(name)) != _inline(mine.get(name))
    ]
    was, is_now = asked_for(begun), asked_for(mine)
    return files + [
        f"{name} ({_told(was.get(name))}, now {_told(is_now.get(name))})"
        for name in {**is_now, **was}
        if was.get(name) != is_now.get(name)
    ]


def asked_for(call: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return what the command line of a call said of what is asked, by the options' names."""
    given, engine = call.get("overrides") or {}, call.get("engine")
    said = {f"--param {name}": value for name, value in (given.get("params") or {}).items()}
    lists = {
        "-q": [SOURCE if isinstance(name, dict) else name for name in _recorded(call.get("questions") or [])],
        "-m": given.get("models"),
        "--placement": given.get("placements"),
    }
    lists |= {f"--factor {name}": list(levels) for name, levels in (given.get("factors") or {}).items()}
    # what was given several times has no order: it changes nothing of what is asked
    said |= {name: sorted(set(map(str, value))) if isinstance(value, list) else value for name, value in lists.items()}
    said |= {"-n": given.get("samples"), "--engine": None if engine == "local" else engine}
    said |= {"--shard": call.get("shard")}
    return {name: value for name, value in said.items() if value not in _NOTHING}


def _given(options: RunOptions | Overrides) -> dict[str, Any]:
    """Return what is not as where nothing is given."""
    plain = type(options)()
    names = [one.name for one in fields(options)]
    return {name: getattr(options, name) for name in names if getattr(options, name) != getattr(plain, name)}


def _recorded(names: JsonValue) -> list[JsonValue]:
    """Return files' names as a run may tell them: relative, however they were typed; values in Python as they are."""
    assert isinstance(names, list)
    return [name if isinstance(name, dict) else recorded_name(Path(str(name))) for name in names]


def _inline(names: JsonValue) -> list[JsonValue]:
    """Return what the values in Python say among the names of files; where they were given does not matter."""
    return [name["said"] for name in names or () if isinstance(name, dict)]


def _told(value: JsonValue) -> str:
    if value is None:
        return "not given"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
