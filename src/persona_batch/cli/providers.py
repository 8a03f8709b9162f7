"""`batch providers`: the endpoints known by name, which of them have a key, and whether one answers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer

from persona_batch.cli.options import ApiKeyEnv, ApiKeyHeader, BaseUrl, Json, Model
from persona_batch.view.terminal import one_line, tell

if TYPE_CHECKING:
    from persona_batch.config.batch import RunSettings
    from persona_batch.provider.batches import BatchFacts
    from persona_batch.provider.target import Target

ROOM_FOR_URLS = 132  # columns; on a narrower terminal the table goes without (`--json` has them)


class BatchFiles(msgspec.Struct):
    """An endpoint's batch files: the share of the usual price, the most lines and bytes of a file, and the windows
    within which a batch may be wanted (the usual one first; none: it is not said). `offline`: a program that you run
    takes them, no server.
    """

    share: float
    lines: int
    bytes: int
    windows: list[str]
    offline: bool
    note: str


class ProviderRow(msgspec.Struct):
    """One endpoint as `batch providers --json` prints it.

    `key_variable`: the variable that holds the key, or would; `key`: whether it is there. `per_day`: requests that
    are free each day, counted in the time zone `day_zone`; None: not known or none. `batch`: what is known of its batch
    files; None: it has none.
    """

    name: str
    base_url: str
    key_variable: str | None
    key: Literal["set", "missing", "not needed"]
    per_day: int | None
    day_zone: str
    batch: BatchFiles | None
    note: str


class Ping(msgspec.Struct):
    """What asking an endpoint showed; the reply's fields are None when no model was asked.

    `models`: the endpoint's list (empty: it has none); `ttft_ms`: from sending to the first text, `latency_ms` to
    the end, in milliseconds.
    """

    provider: str
    endpoint: str
    models: list[str]
    model: str | None = None
    reply: str | None = None
    ttft_ms: float | None = None
    latency_ms: float | None = None


def providers(
    *,
    ping: Annotated[
        str | None, typer.Option("--ping", metavar="NAME", help="Ask this one: its models, and a short reply.")
    ] = None,
    model: Model = None,
    base_url: BaseUrl = None,
    api_key_env: ApiKeyEnv = None,
    api_key_header: ApiKeyHeader = None,
    as_json: Json = False,
) -> None:
    """List the endpoints, and which have a key (in the environment or in .env); ask one with --ping.

    `batch` is the share of the price that is paid in batch files (`batch run --engine batch`); –: there are none.

    Examples:
        batch providers
        batch providers --ping local
        batch providers --ping modelscope --model Qwen/Qwen3-8B
    """
    from persona_batch.config.batch import RunSettings
    from persona_batch.credentials import load_env

    env = load_env()
    if ping is not None:
        endpoint = RunSettings(provider=ping, base_url=base_url, api_key_env=api_key_env, api_key_header=api_key_header)
        _ping(endpoint, model, env, as_json=as_json)
        return
    rows = _rows(env)
    if as_json:
        typer.echo(msgspec.json.encode(rows))
    else:
        _print_table(rows)


def _rows(env: Mapping[str, str]) -> list[ProviderRow]:
    from persona_batch.provider.presets import PRESETS

    rows = []
    for preset in PRESETS.values():
        there = next((name for name in preset.key_env if name in env), None)
        rows.append(
            ProviderRow(
                name=preset.name,
                base_url=preset.base_url,
                key_variable=there or next(iter(preset.key_env), None),
                key="set" if there else "missing" if preset.key == "required" else "not needed",
                per_day=preset.per_day,
                day_zone=preset.day_zone,
                batch=_batch_files(preset.batch),
                note=preset.note,
            )
        )
    return rows


def _batch_files(facts: "BatchFacts | None") -> BatchFiles | None:
    if facts is None:
        return None
    return BatchFiles(float(facts.share), facts.lines, facts.bytes, list(facts.windows), facts.offline, facts.note)


def _batch_cell(held: BatchFiles | None) -> str:
    if held is None:
        return "–"
    return "offline" if held.offline else f"{held.share:.0%}"


def _print_table(rows: list[ProviderRow]) -> None:
    import sys

    from persona_batch.view.tables import Column, table
    from persona_batch.view.transcript import page_for

    page = page_for(sys.stdout)
    columns = [
        Column("name"),
        Column("key"),
        Column("variable"),
        Column("batch", "right"),
        Column("note", shrinks=True, folds=True),
        Column("base URL"),
    ]
    cells = [
        [row.name, row.key, row.key_variable or "–", _batch_cell(row.batch), row.note or "–", row.base_url or "–"]
        for row in rows
    ]
    if page.width is not None and page.width < ROOM_FOR_URLS:
        columns, cells = columns[:-1], [row[:-1] for row in cells]
    sys.stdout.write(table(columns, cells, page.palette, page.width))


def _ping(endpoint: "RunSettings", model: str | None, env: Mapping[str, str], *, as_json: bool) -> None:
    import asyncio

    from persona_batch.provider.connect import resolve

    target = resolve(endpoint, env)
    found = asyncio.run(_asked(target, model))
    if as_json:
        typer.echo(msgspec.json.encode(found))
        return
    typer.echo(f"{found.provider} answers; models: {one_line(', '.join(found.models)) or 'it lists none'}")
    if found.model is None:
        tell("name one of them by --model to ask it")
        return
    first = "no text" if found.ttft_ms is None else f"first text after {found.ttft_ms:.0f} ms"
    said = one_line(found.reply or "")
    typer.echo(f"{one_line(found.model)}: “{said}”; {first}, all after {found.latency_ms:.0f} ms")


async def _asked(target: "Target", model: str | None) -> Ping:
    from persona_batch.asking.asker import Asker
    from persona_batch.asking.limits import RetryPolicy
    from persona_batch.asking.reply import Failure
    from persona_batch.chat import Message
    from persona_batch.provider.connect import choose_models, open_provider
    from persona_batch.provider.contract import Request, Timeouts
    from persona_batch.record.runlog import RunLog

    async with open_provider(target, concurrency=1, timeouts=Timeouts()) as provider:
        if model is None:
            models = await provider.models()
            if len(models) != 1:
                return Ping(provider=target.name, endpoint=target.identity, models=models)
            model = models[0]
        else:
            (model,) = models = await choose_models(provider, [model])
        request = Request(model, (Message("user", "Say hello."),), {**target.preset.params, "max_tokens": 16})
        log = RunLog(None, target.redactor.clean)
        answer = await Asker(provider, policy=RetryPolicy(retries=0), log=log, keep_thinking=True).ask(request)
    if isinstance(answer, Failure):
        raise answer.error
    return Ping(
        provider=target.name,
        endpoint=target.identity,
        models=models,
        model=model,
        reply=answer.text,
        ttft_ms=answer.times.ttft_ms,
        latency_ms=answer.times.latency_ms,
    )
