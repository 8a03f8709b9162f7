"""The whole run on one page: from paths to a sealed run folder."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any

from persona_batch.config.batch import Batch
from persona_batch.config.load import load_batch
from persona_batch.credentials import load_env
from persona_batch.errors import ConnectionFailed, StoppedEarly, TimedOut, UsageError
from persona_batch.pipeline.bounds import run_limits, timeouts_of, wanted_concurrency
from persona_batch.pipeline.grid_of import grid_of, require_checks
from persona_batch.pipeline.key_care import refuse_key_in_input, tell_first_use
from persona_batch.pipeline.observer import Observer
from persona_batch.pipeline.options import RunOptions
from persona_batch.pipeline.session import Session
from persona_batch.pipeline.signals import Signals, caught_signals
from persona_batch.pipeline.summary import Summary
from persona_batch.pipeline.target_run import choosing, existing_run, recalled
from persona_batch.provider.connect import choose_models, open_provider, resolve
from persona_batch.provider.contract import Provider
from persona_batch.provider.target import Target
from persona_batch.record.manifest import read_manifest
from persona_batch.record.rundir import create_run


async def run_batch(options: RunOptions, observer: Observer) -> Summary:
    """Ask every cell of a batch that has no record yet, and seal the run.

    Returns what the call came to, also when it stopped early (quota, budget, time limit, Ctrl-C): `exit_code` and
    `message` say so.

    Raises:
        UsageError: something is wrong with the input or the endpoint; nothing was asked, no folder is left behind.
        RunLocked: another process is on this run.
        StorageError: the run folder cannot be made.
        Interrupted: a signal came before anything was asked.
    """
    asyncio.get_running_loop().set_exception_handler(_pass_over_want_of_memory)
    async with caught_signals() as signals:
        return await _run(options, observer, signals)


def _pass_over_want_of_memory(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Let the loop report what nobody handles; a connection that had no memory fails for its reader, who says so."""
    if not isinstance(context.get("exception"), MemoryError):
        loop.default_exception_handler(context)


async def _run(options: RunOptions, observer: Observer, signals: Signals) -> Summary:
    options = recalled(options)
    batch = load_batch(options.files, questions=options.questions, overrides=options.overrides)
    require_checks(batch, options)
    target = resolve(batch.run, load_env())
    refuse_key_in_input(batch, target, options)
    for warning in batch.warnings:
        observer.note(warning)
    async with AsyncExitStack() as stack:
        provider: Provider | None = None
        async with choosing(options, batch.id):
            run, earlier = existing_run(options, batch=batch, target=target)
            models = batch.run.models or (tuple(earlier.models) if earlier else ())
            if run is None or not models:
                provider = await _open(stack, batch, target, options, observer)
                models = await _ask_models(provider, models, target, observer)
            grid = grid_of(batch, target, models, options)
            run = run or create_run(options.out, batch.id, datetime.now(UTC))
            stack.enter_context(run.lock())
            if earlier is not None:
                earlier = read_manifest(run.manifest)  # another process may have been on it until just now
            session = Session(run, earlier, batch=batch, target=target, grid=grid, options=options, observer=observer)
        if not session.anything_left():
            return session.close()
        if provider is None:
            try:
                provider = await _open(stack, batch, target, options, observer)
                await _ask_models(provider, models, target, observer, resuming=True)
            except StoppedEarly as stop:
                return session.close(stop)
        return await session.ask_all(provider, signals)


async def _open(
    stack: AsyncExitStack, batch: Batch, target: Target, options: RunOptions, observer: Observer
) -> Provider:
    tell_first_use(batch.run, target, partial(observer.note, always=True))
    concurrency, wanted = run_limits(batch, target, options).concurrency, wanted_concurrency(batch, target)
    if concurrency < wanted:
        observer.note(
            f"{concurrency} requests at a time instead of {wanted}: the system lets a process have no more files open; "
            "`ulimit -n` tells and raises how many"
        )
    provider = open_provider(
        target,
        concurrency=concurrency,
        timeouts=timeouts_of(batch),
        workers=options.workers,
        live=observer.wants_text,
    )
    return await stack.enter_async_context(provider)


async def _ask_models(
    provider: Provider, named: tuple[str, ...], target: Target, observer: Observer, *, resuming: bool = False
) -> tuple[str, ...]:
    """Return the models to ask; the first contact with the endpoint, so what is wrong with it shows here."""
    try:
        models = await choose_models(provider, named, lists_all=target.preset.lists_all, note=observer.note)
    except UsageError as error:
        if resuming and isinstance(error.__cause__, (ConnectionFailed, TimedOut)):
            raise StoppedEarly(str(error)) from error
        raise
    return tuple(models)
