"""`--dry-run`: exactly how much would be asked, roughly how many tokens, and the first messages; nothing is sent."""

from collections.abc import Sequence
from decimal import Decimal
from math import ceil
from statistics import fmean

import msgspec

from persona_batch.config.batch import Batch
from persona_batch.engine.engines import BATCH
from persona_batch.pipeline.batchable import notes_of, require_batchable
from persona_batch.pipeline.call import Call, prepare_run
from persona_batch.pipeline.choosing import existing_run
from persona_batch.pipeline.estimate import CostEstimate, EarlierRun, Estimate, earlier_run
from persona_batch.pipeline.options import RunOptions, what_changed
from persona_batch.pipeline.paying import doubts_of, paid_in, prices_of, within_cost
from persona_batch.pipeline.submitting import open_submissions
from persona_batch.pipeline.taking_up import foresee
from persona_batch.plan.cell import Cell
from persona_batch.plan.forms import FORMAT
from persona_batch.plan.grid import Grid
from persona_batch.plan.key import KeySet
from persona_batch.pricing.price import Price
from persona_batch.provider.presets import CUSTOM
from persona_batch.record.aside import Settled
from persona_batch.wording import said_level

UNNAMED_MODEL = "the endpoint's only model"
EXAMPLES = 12  # personas whose messages are shown
_FRAME = 250  # bytes of a line in a batch file around the messages


class InBatches(msgspec.Struct, kw_only=True):
    """What the same would be in batch files: `lines` (requests) in about so many `files`, judging by the first ones.

    `share` of the usual price is paid (None: not known, or not the same for all models); `cost` as in `Preview`.
    """

    lines: int
    files: int
    share: Decimal | None
    cost: CostEstimate | None


class Preview(msgspec.Struct, kw_only=True):
    """What a call of `batch run` would do.

    `shard` is the part of the batch that it asks (None: all of it), of which all other numbers are.
    `left` are the cells still to ask, beside those that are `submitted` in batch files under way,
    `requests` how many requests they are, if every conversation comes to its end;
    `days` at the daily quota, if there is one; `set_aside` are records of the run it `resumes` that belong to the batch
    no longer, `returned` those that belong again; `changed` is what was edited; `factors` are
    those of the grid, each with its levels; `prices` are those of the models (None: unknown), `cost` what it would cost
    (None: nobody is paid), if it is streamed. `batch`: the same in batch files; None: the endpoint has none, or they
    cannot hold what is asked, or cost the same.
    """

    endpoint: str
    models: Sequence[str]
    shard: str | None
    cells: int
    left: int
    requests: int
    personas: dict[str, int]
    persona_count: int
    questions: int
    samples: int
    factors: dict[str, list[str]]
    per_day: int | None
    days: int | None
    estimate: Estimate | None
    prices: dict[str, Price | None]
    cost: CostEstimate | None
    batch: InBatches | None
    submitted: int
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
    call = prepare_run(options, need_key=False)
    require_batchable(call)
    batch, target, options = call.batch, call.target, call.options
    run, earlier = existing_run(call)
    models = call.models(earlier) or (UNNAMED_MODEL,)
    grid = call.grid(models)
    keys, moved = foresee(run, grid, retry_errors=options.retry_errors) if run else (KeySet(), Settled())
    submitted = sum(keys.add(key) for one in (open_submissions(run) if run else ()) for key in one.keys)
    requests = grid.requests(keys)
    left = requests if not grid.converses else sum(key not in keys for key in grid.all_keys())
    per_day = call.limits.per_day
    prices = prices_of(call, grid)
    if models != (UNNAMED_MODEL,):
        within_cost(call.limits, call, prices)
    doubts = doubts_of(call, prices) if models != (UNNAMED_MODEL,) else []
    judged = earlier_run(options.out, batch.id, target.identity, run)
    return Preview(
        endpoint=target.identity,
        models=models,
        shard=options.shard,
        cells=len(grid),
        left=left,
        requests=requests,
        personas=grid.counts(),
        persona_count=grid.persona_count(),
        questions=len(grid.questions),
        samples=grid.samples,
        factors=_factors(batch),
        per_day=per_day,
        days=ceil(requests / per_day) if per_day else None,
        estimate=judged.tokens(left),
        prices=prices,
        cost=judged.cost(left, paid_in("local", prices)),
        batch=_in_batches(call, grid, left, prices, judged),
        submitted=submitted,
        resumes=run.id if run else None,
        changed=what_changed(earlier, batch, options) if earlier else (),
        set_aside=moved.set_aside,
        returned=moved.returned,
        warnings=(*batch.warnings, *notes_of(call), *doubts),
        first=grid.examples(keys.__contains__, EXAMPLES),
    )


def _in_batches(
    call: Call, grid: Grid, left: int, prices: dict[str, Price | None], judged: EarlierRun
) -> InBatches | None:
    facts = call.target.preset.batch
    if facts is None or grid.converses:
        return None
    shared = facts.share != 1 or any(price is not None and price.batch is not None for price in prices.values())
    if not shared and call.options.engine != BATCH:
        return None
    sizes = [len(msgspec.json.encode(cell.messages)) + _FRAME for cell in grid.examples(lambda _: False, EXAMPLES)]
    a_file = max(1, min(facts.lines, int(facts.bytes / fmean(sizes)))) if sizes else facts.lines
    files = len(grid.models) * ceil(left / len(grid.models) / a_file)
    known = None if call.target.preset.name == CUSTOM.name else facts.share
    said = {price.batch for price in prices.values() if price is not None and not price.free} or {known}
    return InBatches(
        lines=left,
        files=files,
        share=said.pop() if len(said) == 1 else None,
        cost=judged.cost(left, paid_in(BATCH, prices)),
    )


def _factors(batch: Batch) -> dict[str, list[str]]:
    """Return the factors of the grid with their levels, as a person reads them."""
    found = {name: [said_level(level) for level in levels] for name, levels in batch.run.factors.items()}
    if batch.run.formats:
        found[FORMAT] = list(batch.run.formats)
    lists = {id(persona.questions): persona.questions for persona in batch.personas}.values()
    speakers = dict.fromkeys(one for asked in lists for question in asked for one in question.speakers)
    if speakers.keys() - {None}:
        found["speaker"] = list(
            dict.fromkeys("nobody" if one is None else f"{one.name} ({one.told})" for one in speakers)
        )
    return found
