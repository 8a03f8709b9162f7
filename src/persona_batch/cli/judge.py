"""`batch judge`: the replies of a run, judged by another model."""

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from persona_batch.cli import options
from persona_batch.view.terminal import tell
from persona_batch.wording import clock, counted


def judge(
    run: Annotated[str, typer.Argument(metavar="RUN", help=options.RUN_HELP)] = "latest",
    rubric: Annotated[
        str,
        typer.Option("--rubric", metavar="FILE", help="Rubric file, as prompts/judges/role.yaml.", show_default=False),
    ] = ...,  # type: ignore[assignment]  # required
    model: options.Model = None,
    provider: options.Provider = None,
    base_url: options.BaseUrl = None,
    api_key_env: options.ApiKeyEnv = None,
    api_key_header: options.ApiKeyHeader = None,
    samples: Annotated[
        int, typer.Option("--samples", "-n", min=1, metavar="N", help="How often each reply is judged.")
    ] = 1,
    against: Annotated[
        str | None,
        typer.Option(
            "--against", metavar="ID", help="Pairwise: the control to set replies beside (default: the first)."
        ),
    ] = None,
    concurrency: options.Concurrency = None,
    rpm: options.Rpm = None,
    tpm: options.Tpm = None,
    per_day: options.PerDay = None,
    max_requests: options.MaxRequests = None,
    time_limit: options.TimeLimit = None,
    timeout: options.Timeout = None,
    retries: options.Retries = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    out: options.Out = "runs",
) -> int:
    """Let a model judge every reply of a run by a rubric, and keep what it said in judgments.jsonl.

    Each reply is judged once, however often this is called or killed; what is new is judged by the next call. Without
    --provider and --base-url the judge lives where the run was made. `batch compare` then has the scores as measures.

    Examples:
        batch judge latest --rubric prompts/judges/role.yaml -m Qwen/Qwen3-30B-A3B
        batch judge --rubric prompts/judges/better.yaml --against assistant

    Exit codes: 0 complete, 1 some were not judged, 2 wrong usage, 3 stopped early, 4 another process holds the run,
    130 interrupted.
    """
    import asyncio

    import msgspec

    from persona_batch.cli.run import signals
    from persona_batch.config.rubrics import load_rubric
    from persona_batch.config.settings import Overrides
    from persona_batch.pipeline.judge import JudgeOptions, JudgeSummary
    from persona_batch.pipeline.judge import judge as judge_run
    from persona_batch.pipeline.observer import Stopper
    from persona_batch.record.finding import find_run
    from persona_batch.view.live import Advance

    asked = JudgeOptions(
        run=find_run(run, Path(out)),
        rubric=load_rubric(rubric),
        overrides=Overrides(
            provider=provider,
            base_url=base_url,
            api_key_env=api_key_env,
            api_key_header=api_key_header,
            models=() if model is None else (model,),
            concurrency=concurrency,
            rpm=rpm,
            tpm=tpm,
            per_day=per_day,
            timeout=timeout,
            retries=retries,
        ),
        against=against,
        samples=samples,
        max_requests=max_requests,
        time_limit=options.read_seconds(time_limit),
    )

    def note(sentence: str, *, always: bool = False) -> None:
        if always or not quiet:
            tell(sentence)

    async def work() -> JudgeSummary:
        stopper = Stopper()
        with signals(stopper.stop), Advance(sys.stderr, "judging:", dict(os.environ)) as advance:
            return await judge_run(asked, note=note, tell=advance, stopper=stopper, only_count=dry_run)

    summary = asyncio.run(work())
    if as_json:
        sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
    elif dry_run:
        there = f" ({summary.skipped:,} are judged)" if summary.skipped else ""
        sys.stdout.write(f"{counted(summary.left, 'request')} to {summary.judge}{there}\nNothing was sent.\n")
    elif not quiet:
        _tell(summary, rubric)
    return summary.exit_code


def _tell(summary: "object", rubric: str) -> None:
    from persona_batch.pipeline.judge import JudgeSummary

    assert isinstance(summary, JudgeSummary)
    before = f", {summary.skipped:,} were there before" if summary.skipped else ""
    tell(f"{counted(summary.judged, 'judgment')} by {summary.judge} in {clock(summary.seconds)}{before}")
    if summary.refused:
        tell(f"{counted(summary.refused, 'reply').replace('replys', 'replies')} declined, says the judge")
    if summary.unread:
        tell(f"{counted(summary.unread, 'judgment')} could not be read as a score: `grep '\"reason\"' judgments.jsonl`")
    if summary.failed:
        tell(f"{counted(summary.failed, 'reply').replace('replys', 'replies')} could not be judged; call it again")
    again = f"`batch judge {shlex.quote(summary.path)} --rubric {shlex.quote(rubric)}`"
    if summary.message is not None:
        tell(f"stopped early: {summary.message}; {summary.left:,} are left: {again}")
    else:
        tell(f"next: `batch compare {shlex.quote(summary.path)}`")
