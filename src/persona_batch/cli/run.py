"""`batch run`: every persona, every question, every reply on disk."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from persona_batch.cli import options
from persona_batch.errors import UsageError
from persona_batch.view.terminal import tell

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from persona_batch.cli.run_display import RunDisplay
    from persona_batch.pipeline.options import RunOptions
    from persona_batch.pipeline.sealing import Summary


def run(
    files: Annotated[list[str] | None, typer.Argument(metavar="FILE...", help="Persona files, folders, globs.")] = None,
    questions: options.Questions = None,
    provider: options.Provider = None,
    base_url: options.BaseUrl = None,
    api_key_env: options.ApiKeyEnv = None,
    api_key_header: options.ApiKeyHeader = None,
    models: options.Models = None,
    samples: options.Samples = None,
    placements: options.Placements = None,
    param: options.Param = None,
    factor: options.Factor = None,
    concurrency: options.Concurrency = None,
    rpm: options.Rpm = None,
    tpm: options.Tpm = None,
    per_day: options.PerDay = None,
    max_requests: options.MaxRequests = None,
    max_tokens_total: options.MaxTokensTotal = None,
    max_cost: options.MaxCost = None,
    time_limit: options.TimeLimit = None,
    wait: options.Wait = None,
    window: options.Window = None,
    timeout: options.Timeout = None,
    retries: options.Retries = None,
    seed: options.Seed = None,
    thinking: options.Thinking = None,
    personas: options.PersonaGlobs = None,
    question: options.QuestionGlobs = None,
    limit: options.Limit = None,
    out: options.Out = "runs",
    resume: options.Resume = None,
    continue_newest: options.Continue = False,
    retry_errors: options.RetryErrors = False,
    dry_run: options.DryRun = False,
    fail_under: options.FailUnder = None,
    custom_checks: options.CustomChecks = None,
    engine: options.Engine = "local",
    shard: options.Shard = None,
    workers: options.Workers = 1,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_progress: options.NoProgress = False,
    watch: options.Watch = False,
) -> int:
    """Ask every persona every question, with the controls, and keep every reply in a run folder.

    Examples:
        batch run personas/wukong.yaml
        batch run personas/ -q prompts/hobbies.yaml -n 5
        batch run personas/wukong.yaml --placement system --placement user
        batch run personas/wukong.yaml --factor temperature=0.2,1.0
        batch run personas/wukong.yaml --provider modelscope -m Qwen/Qwen3-8B
        batch run personas/ --engine batch --provider openai -m gpt-5-mini
        batch run --resume latest

    Exit codes: 0 complete, 1 some cells failed, 2 wrong usage, 3 stopped early with work left, or submitted and not
    done, 4 another process holds the run, 100 checks under --fail-under, 130 interrupted.
    """
    from persona_batch.config.load import Overrides
    from persona_batch.engine.engines import ENGINES
    from persona_batch.pipeline.options import RunOptions
    from persona_batch.plan.shard import Shard

    options.require_known("--engine", engine, list(ENGINES))
    _refuse_together("--resume", resume, "--continue", continue_newest)
    _refuse_together("--quiet", quiet, "--verbose", verbose)
    _refuse_together("--json", as_json, "--watch", watch)
    if retry_errors and resume is None and not continue_newest:
        raise UsageError("--retry-errors is for a run that is there: add --resume or --continue")
    asked = RunOptions(
        files=tuple(files or ()),
        questions=tuple(questions or ()),
        overrides=Overrides(
            provider=provider,
            base_url=base_url,
            api_key_env=api_key_env,
            api_key_header=api_key_header,
            models=tuple(models or ()),
            samples=samples,
            placements=options.read_placements(placements),
            concurrency=concurrency,
            rpm=rpm,
            tpm=tpm,
            per_day=per_day,
            timeout=timeout,
            retries=retries,
            seed=seed,
            thinking=thinking,
            params=options.read_params(param),
            factors=options.read_factors(factor),
        ),
        persona_globs=tuple(personas or ()),
        question_globs=tuple(question or ()),
        limit=limit,
        out=Path(out),
        resume=resume,
        continue_newest=continue_newest,
        retry_errors=retry_errors,
        max_requests=max_requests,
        max_tokens_total=max_tokens_total,
        max_cost=options.read_cost(max_cost),
        time_limit=options.read_seconds(time_limit),
        wait=options.read_seconds(wait, "--wait"),
        window=window,
        fail_under=fail_under,
        custom_checks=tuple(custom_checks or ()),
        engine=engine,
        shard=None if shard is None else str(Shard.read(shard)),
        workers=workers,
    )
    if dry_run:
        from persona_batch.cli.run_preview import show_preview

        show_preview(asked, as_json=as_json)
        return 0
    import asyncio
    import sys

    from persona_batch.cli.run_display import RunDisplay, goes_on, stopped
    from persona_batch.pricing.bill import encode

    with RunDisplay(quiet=quiet, verbose=verbose, progress=not no_progress, watch=watch, max_cost=max_cost) as display:
        summary = asyncio.run(_run_until_signalled(asked, display))
    if not as_json:
        display.finish(summary)
        return summary.exit_code
    sys.stdout.write(encode(summary).decode() + "\n")
    if summary.message is not None and not quiet:
        tell(f"{stopped(summary)}: {goes_on(summary, max_cost)}")
    return summary.exit_code


def _refuse_together(one: str, first: object, other: str, second: object) -> None:
    if first and second:
        raise UsageError(f"{one} and {other} contradict each other: give one of them")


async def _run_until_signalled(asked: "RunOptions", display: "RunDisplay") -> "Summary":
    import asyncio

    from persona_batch.pipeline.observer import Stopper
    from persona_batch.pipeline.run import run_batch

    asyncio.get_running_loop().set_exception_handler(_pass_over_want_of_memory)
    stopper = Stopper()
    with signals(stopper.stop):
        return await run_batch(asked, display, stopper)


def _pass_over_want_of_memory(loop: "AbstractEventLoop", context: dict[str, Any]) -> None:
    """Let the loop report what nobody handles; a connection that had no memory fails for its reader, who says so."""
    if not isinstance(context.get("exception"), MemoryError):
        loop.default_exception_handler(context)


@contextmanager
def signals(stop: Callable[[str], None]) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP call `stop` while the block runs; what `nohup` had ignored stays so."""
    import asyncio
    import signal

    loop = asyncio.get_running_loop()
    with ExitStack() as give_back:
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
            number = getattr(signal, name, None)
            if number is None or (name != "SIGINT" and signal.getsignal(number) == signal.SIG_IGN):
                continue
            try:
                loop.add_signal_handler(number, stop, f"interrupted ({name})")
            except NotImplementedError:  # the loops of Windows
                before = signal.signal(number, lambda *_, name=name: stop(f"interrupted ({name})"))
                give_back.callback(signal.signal, number, before)
            else:
                give_back.callback(loop.remove_signal_handler, number)
        yield
