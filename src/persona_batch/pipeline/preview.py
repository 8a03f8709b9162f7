"""`--dry-run`: exactly how much would be asked, roughly how many tokens, and the first messages; nothing is sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import ceil
from pathlib import Path

import msgspec

from persona_batch.config.load import load_batch
from persona_batch.credentials import load_env
from persona_batch.pipeline.grid_of import grid_of, require_checks
from persona_batch.pipeline.key_care import refuse_key_in_input
from persona_batch.pipeline.options import RunOptions
from persona_batch.pipeline.sealing import what_changed
from persona_batch.pipeline.target_run import existing_run, recalled
from persona_batch.plan.cell import Cell
from persona_batch.plan.grid import Grid
from persona_batch.plan.key import KeySet
from persona_batch.provider.connect import resolve
from persona_batch.record.manifest import read_manifest
from persona_batch.record.reader import read_records, scan
from persona_batch.record.rundir import RunDir, list_runs

UNNAMED_MODEL = "the endpoint's only model"
EXAMPLES = 12  # personas whose messages are shown
_SAMPLE = 2000  # records of an earlier run that an estimate is made from


class Estimate(msgspec.Struct):
    """Tokens expected, from the mean of an earlier run's replies; `source` is that run's id."""

    prompt_tokens: int
    completion_tokens: int
    source: str


class Preview(msgspec.Struct, kw_only=True):
    """What a call of `batch run` would do.

    `requests` are still to ask; `days` at the daily quota, if there is one; `set_aside` are records of the run it
    `resumes` that belong to the batch no longer, `returned` those that belong again; `changed` is what was edited.
    """

    endpoint: str
    models: Sequence[str]
    cells: int
    requests: int
    personas: dict[str, int]
    questions: int
    samples: int
    per_day: int | None
    days: int | None
    estimate: Estimate | None
    resumes: str | None
    changed: Sequence[str]
    set_aside: int
    returned: int
    warnings: Sequence[str]
    first: list[Cell]


def preview(options: RunOptions) -> Preview:
    """Return what the call would do, with the first cell of each persona (of the first 12, where there are more).

    Raises:
        ConfigError, UsageError: as the run itself would, but a missing key is no obstacle.
    """
    options = recalled(options)
    batch = load_batch(options.files, questions=options.questions, overrides=options.overrides)
    require_checks(batch, options)
    target = resolve(batch.run, load_env(), need_key=False)
    refuse_key_in_input(batch, target, options)
    run, earlier = existing_run(options, batch=batch, target=target)
    models = batch.run.models or (tuple(earlier.models) if earlier else (UNNAMED_MODEL,))
    grid = grid_of(batch, target, models, options)
    found = _Found.of(run, grid, retry_errors=options.retry_errors) if run else _Found()
    keys = found.keys
    requests = len(grid) if not len(keys) else sum(key not in keys for key in grid.all_keys())
    per_day = batch.run.limits.per_day or target.preset.per_day
    return Preview(
        endpoint=target.identity,
        models=models,
        cells=len(grid),
        requests=requests,
        personas=grid.counts(),
        questions=len(grid.questions),
        samples=grid.samples,
        per_day=per_day,
        days=ceil(requests / per_day) if per_day else None,
        estimate=_estimate(options.out, batch.id, target.identity, requests),
        resumes=run.id if run else None,
        changed=what_changed(earlier, batch, options) if earlier else (),
        set_aside=found.obsolete,
        returned=found.returning,
        warnings=batch.warnings,
        first=grid.examples(keys.__contains__, EXAMPLES),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What a call would find: the keys it need not ask, and how many records it would move away and back."""

    keys: KeySet = field(default_factory=KeySet)
    obsolete: int = 0
    returning: int = 0

    @classmethod
    def of(cls, run: RunDir, grid: Grid, *, retry_errors: bool) -> "_Found":
        here, aside, finished = scan(run.records).keys, scan(run.set_aside).keys, KeySet()
        failed = _failed(run) if retry_errors else KeySet()
        staying = returning = 0
        for key in grid.all_keys(whole=True) if len(here) or len(aside) else ():
            if key in here:
                staying += 1
            elif key in aside:
                returning += 1
            else:
                continue
            if key not in failed:
                finished.add(key)
        return cls(finished, len(here) - staying, returning)


def _failed(run: RunDir) -> KeySet:
    keys = KeySet()
    for path in (run.records, run.set_aside):
        for record in read_records(path) if path.exists() else ():
            if record.status == "error":
                keys.add(record.key)
    return keys


def _estimate(out: Path, batch_id: str, endpoint: str, requests: int) -> Estimate | None:
    for run in reversed(list_runs(out)):
        manifest = read_manifest(run.manifest)
        if manifest.batch_id != batch_id or manifest.endpoint != endpoint or not run.records.exists():
            continue
        usages = [record.usage for record in islice(read_records(run.records), _SAMPLE) if record.usage is not None]
        prompts = [usage.prompt_tokens for usage in usages if usage.prompt_tokens is not None]
        completions = [usage.completion_tokens for usage in usages if usage.completion_tokens is not None]
        if prompts and completions:
            return Estimate(
                prompt_tokens=round(requests * sum(prompts) / len(prompts)),
                completion_tokens=round(requests * sum(completions) / len(completions)),
                source=run.id,
            )
    return None
