"""The whole run on one page: from paths to a sealed run folder."""

import time
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from persona_batch.asking.limits import RunLimits, counts_ahead
from persona_batch.errors import ConnectionFailed, StoppedEarly, TimedOut, UsageError
from persona_batch.pipeline.batchable import notes_of, require_batchable
from persona_batch.pipeline.call import Call, open_files, prepare_run
from persona_batch.pipeline.choosing import choosing, existing_run
from persona_batch.pipeline.estimate import usual_reply
from persona_batch.pipeline.observer import Observer, Stopper
from persona_batch.pipeline.options import RunOptions
from persona_batch.pipeline.paying import doubts_of, prices_of, within_cost
from persona_batch.pipeline.sealing import Summary, begun
from persona_batch.pipeline.session import Session
from persona_batch.pipeline.submitting import refuse_if_submitted
from persona_batch.pipeline.taking_up import take_up
from persona_batch.plan.grid import Grid
from persona_batch.plan.key import KeySet
from persona_batch.provider.connect import choose_models
from persona_batch.provider.contract import Provider
from persona_batch.record.actor_journals import take_over
from persona_batch.record.aside import Settled
from persona_batch.record.manifest import Manifest, read_manifest, write_manifest
from persona_batch.record.reader import scan
from persona_batch.record.rundir import create_run


async def run_batch(options: RunOptions, observer: Observer, stopper: Stopper | None = None) -> Summary:
    """Ask every cell of a batch that has no record yet, and seal the run.

    Await it in any thread's loop: nothing of the process (signals, `gc`, limits, the loop's handlers) is changed for
    longer than the call. `stopper` ends it from outside.

    Returns what the call came to, also when it stopped early (quota, budget, time limit, Ctrl-C): `exit_code` and
    `message` say so.

    Raises:
        UsageError: something is wrong with the input or the endpoint; nothing was asked, no folder is left behind.
        RunLocked: another process is on this run.
        StorageError: the run folder cannot be made.
        Interrupted: it was stopped before anything was asked.
    """
    stopper = stopper or Stopper()
    async with stopper.ending_at_once(), AsyncExitStack() as stack:
        call = prepare_run(options)
        require_batchable(call)
        for warning in (*call.batch.warnings, *notes_of(call)):
            observer.note(warning)
        limits = stack.enter_context(open_files(call.limits, call.options.workers, len(call.target.base_urls)))
        reach = partial(_reach, stack, call, limits, observer)
        provider = None
        async with choosing(call):
            run, earlier = existing_run(call)
            models = call.models(earlier)
            if run is None or not models:
                provider, models = await reach(models)
            grid = call.grid(models)
            prices = prices_of(call, grid)
            for doubt in doubts_of(call, prices):
                observer.note(doubt)
            limits = within_cost(limits, call, prices)
            run = run or create_run(call.options.out, call.batch.id, datetime.now(UTC), call.shard)
            stack.enter_context(run.lock())
            refuse_if_submitted(run, call.options.engine)
            began = time.monotonic()
            if earlier is not None:
                earlier = read_manifest(run.manifest)  # another process may have been on it until just now
                take_over(run, observer.note)
                seen, settled = take_up(run, earlier, call, grid, observer.note)
            else:
                seen, settled = scan(run.records), Settled()
            manifest = begun(earlier, run, call, grid, cells=_asked_so_far(earlier, grid, seen.keys), prices=prices)
            if earlier is None:
                write_manifest(run.manifest, manifest)  # from now on the folder is a run, and `--continue` finds it
        session = Session(call, grid, run, seen, settled, manifest, observer, began, is_new=earlier is None)
        if not session.anything_left() and not session.collects():
            return session.close()
        if provider is None:
            try:
                provider, _ = await reach(models, resuming=True)
            except StoppedEarly as stop:
                return session.close(stop)
        if counts_ahead(limits):
            limits = replace(limits, usual_reply=usual_reply(run.records))
        return await session.ask_all(provider, limits, stopper)


async def _reach(
    stack: AsyncExitStack,
    call: Call,
    limits: RunLimits,
    observer: Observer,
    named: tuple[str, ...],
    *,
    resuming: bool = False,
) -> tuple[Provider, tuple[str, ...]]:
    """Open the endpoint; return it, and the models to ask: the first contact, so what is wrong with it shows here."""
    wanted = call.limits.concurrency
    note_of_key = partial(observer.note, always=True)
    provider = call.connect(note_of_key, concurrency=limits.concurrency, live=observer.wants_text)
    if limits.concurrency < wanted:
        observer.note(
            f"{limits.concurrency} requests at a time instead of {wanted}: the system lets a process have no more "
            "files open; `ulimit -n` tells and raises how many"
        )
    if call.asks_nobody:
        return provider, named
    await stack.enter_async_context(provider)
    try:
        models = await choose_models(provider, named, lists_all=call.target.preset.lists_all, note=observer.note)
    except UsageError as error:
        if resuming and isinstance(error.__cause__, (ConnectionFailed, TimedOut)):
            raise StoppedEarly(str(error)) from error
        raise
    return provider, tuple(models)


def _asked_so_far(earlier: Manifest | None, grid: Grid, seen: KeySet) -> int | None:
    """Count the cells that are asked for by this call and the ones before; None: of a shard that is not counted yet."""
    if earlier is None or not grid.filtered:
        return grid.count.known
    return len(seen) + sum(key not in seen for key in grid.all_keys())
