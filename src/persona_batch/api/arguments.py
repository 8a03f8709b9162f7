"""The arguments of `run`, `run_async` and `dry_run`: the options of `batch run`, with `_` for `-`."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

from persona_batch.api import checking
from persona_batch.api.results import Progress
from persona_batch.api.values import PersonasGiven, QuestionsGiven, personas_of, questions_of
from persona_batch.chat import Placement, Thinking
from persona_batch.config.load import Overrides
from persona_batch.engine.engines import ENGINES
from persona_batch.errors import UsageError
from persona_batch.pipeline.options import RunOptions
from persona_batch.plan.shard import Shard
from persona_batch.record import Record


@dataclass(frozen=True, slots=True)
class AskedRun:
    """What is asked of a run, and who wants to hear of it."""

    options: RunOptions
    on_record: Callable[[Record], object] | None
    on_progress: Callable[[Progress], object] | None
    on_note: Callable[[str], object] | None


def read_run(
    personas: PersonasGiven | None = None,
    questions: QuestionsGiven | None = None,
    *,
    provider: str | None = None,
    base_url: str | None = None,
    api_key_env: str | None = None,
    api_key_header: str | None = None,
    model: str | Sequence[str] | None = None,
    samples: int | None = None,
    placement: Placement | Sequence[Placement] | None = None,
    param: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    factor: Mapping[str, Iterable[Any]] | None = None,
    factors: Mapping[str, Iterable[Any]] | None = None,
    concurrency: int | None = None,
    rpm: int | None = None,
    tpm: int | None = None,
    per_day: int | None = None,
    max_requests: int | None = None,
    max_tokens_total: int | None = None,
    max_cost: float | str | Decimal | None = None,
    time_limit: float | str | timedelta | None = None,
    wait: float | str | timedelta | None = None,
    window: str | None = None,
    timeout: float | None = None,
    retries: int | None = None,
    seed: int | None = None,
    thinking: Thinking | None = None,
    persona: str | Sequence[str] | None = None,
    question: str | Sequence[str] | None = None,
    limit: int | None = None,
    out: str | os.PathLike[str] = "runs",
    resume: str | os.PathLike[str] | bool | None = None,
    continue_: bool = False,
    retry_errors: bool = False,
    fail_under: float | None = None,
    custom_check: str | Sequence[str] | None = None,
    engine: str = "local",
    shard: str | None = None,
    workers: int = 1,
    on_record: Callable[[Record], object] | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    on_note: Callable[[str], object] | None = None,
) -> AskedRun:
    """Return what the arguments ask for.

    Raises:
        UsageError: a value is wrong, or two contradict each other.
    """
    resumed = _resumed(resume)
    for name, given in (("continue_", continue_), ("retry_errors", retry_errors)):
        checking.flag(name, given)
    if resumed is not None and continue_:
        raise UsageError("resume and continue_ contradict each other: give one of them")
    if retry_errors and resumed is None and not continue_:
        raise UsageError("retry_errors is for a run that is there: give resume or continue_ too")
    checking.one_of("engine", engine, ENGINES)
    for name, called in (("on_record", on_record), ("on_progress", on_progress), ("on_note", on_note)):
        checking.callback(name, called)
    options = RunOptions(
        files=personas_of(personas),
        questions=questions_of(questions),
        overrides=Overrides(
            **endpoint_of(provider, base_url, api_key_env, api_key_header),
            models=checking.texts("model", model),
            samples=checking.whole("samples", samples, 1),
            placements=placements_of(placement),
            concurrency=checking.whole("concurrency", concurrency, 1),
            rpm=checking.whole("rpm", rpm, 1),
            tpm=checking.whole("tpm", tpm, 1),
            per_day=checking.whole("per_day", per_day, 1),
            timeout=checking.number("timeout", timeout, 0.001),
            retries=checking.whole("retries", retries, 0),
            seed=checking.whole("seed", seed),
            thinking=thinking_of(thinking),
            params=checking.params(*checking.either("param", param, "params", params)),
            factors=checking.factors(*checking.either("factor", factor, "factors", factors)),
        ),
        persona_globs=checking.texts("persona", persona),
        question_globs=checking.texts("question", question),
        limit=checking.whole("limit", limit, 1),
        out=Path(checking.path("out", out)),
        resume=resumed,
        continue_newest=continue_,
        retry_errors=retry_errors,
        max_requests=checking.whole("max_requests", max_requests, 0),
        max_tokens_total=checking.whole("max_tokens_total", max_tokens_total, 1),
        max_cost=checking.amount("max_cost", max_cost),
        time_limit=checking.seconds("time_limit", time_limit),
        wait=checking.seconds("wait", wait),
        window=checking.text("window", window),
        fail_under=checking.number("fail_under", fail_under, 0, 1),
        custom_checks=checking.texts("custom_check", custom_check),
        engine=engine,
        shard=shard_of(shard),
        workers=checking.whole("workers", workers, 1) or 1,
    )
    if not options.files and resumed is None:
        raise UsageError("personas: none are given; give a file, or a dict as {'pirate': 'Talk like a pirate.'}")
    return AskedRun(options, on_record, on_progress, on_note)


def endpoint_of(
    provider: str | None, base_url: str | None, api_key_env: str | None, api_key_header: str | None
) -> dict[str, Any]:
    """Return the settings that name an endpoint.

    Raises:
        UsageError: one of them is no text.
    """
    return {
        "provider": checking.text("provider", provider),
        "base_url": checking.text("base_url", base_url),
        "api_key_env": checking.text("api_key_env", api_key_env),
        "api_key_header": checking.text("api_key_header", api_key_header),
    }


def placements_of(placement: Placement | Sequence[Placement] | None) -> tuple[Placement, ...]:
    """Return one placement or several.

    Raises:
        UsageError: one of them is none.
    """
    known: tuple[Placement, ...] = get_args(Placement)
    names = checking.texts("placement", placement)
    for name in names:
        checking.one_of("placement", name, known)
    return tuple(known[known.index(name)] for name in names)


def shard_of(shard: str | None) -> str | None:
    """Return a part of a batch, as `2/4`.

    Raises:
        UsageError: it is none.
    """
    text = checking.text("shard", shard)
    return None if text is None else str(Shard.read(text, "shard"))


def thinking_of(thinking: Thinking | None) -> Thinking | None:
    """Return where a thought goes.

    Raises:
        UsageError: it is an unknown word.
    """
    if thinking is not None:
        checking.one_of("thinking", thinking, get_args(Thinking))
    return thinking


def _resumed(resume: str | os.PathLike[str] | bool | None) -> str | None:
    if resume is None or resume is False:
        return None
    return "latest" if resume is True else checking.path("resume", resume)
