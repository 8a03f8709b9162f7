"""From run settings to an open provider: what is asked, with which key, and which of its models."""

import asyncio
import difflib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from persona_batch import errors
from persona_batch.config.base_urls import normal_url
from persona_batch.config.batch import RunSettings
from persona_batch.errors import ProviderError, UsageError
from persona_batch.provider.contract import ELSEWHERE, HUNG_UP, Provider, Timeouts
from persona_batch.provider.network import check_way
from persona_batch.provider.presets import CUSTOM, PRESETS, Preset
from persona_batch.provider.target import Target, read_keys
from persona_batch.wording import listed, nearest

if TYPE_CHECKING:
    from persona_batch.provider.replica import Source

SCRIPTED = Preset(name="scripted", key="none", lists_all=True, own=True, note="makes up replies; for rehearsals")
MODEL_VARIABLE = "PERSONA_BATCH_MODEL"
_LISTED = 20  # model names in an error
_PATIENCE = 12.0  # seconds for a list that is not needed; a connection may take 10, and one that fails is to show


def resolve(settings: RunSettings, env: Mapping[str, str], *, need_key: bool = True) -> Target:
    """Return the endpoint that the settings mean; nothing is asked yet.

    Args:
        settings: the merged `run:` block and command line.
        env: as from `credentials.load_env`.
        need_key: False where nothing will be sent: a missing key is no obstacle then.

    Raises:
        UsageError: an unknown provider, a missing or impossible key, a bad base URL.
    """
    preset = _preset(settings)
    base_urls: tuple[str, ...] = (preset.base_url,)
    ambient = False
    if settings.base_url is not None or settings.base_urls:
        source = "--base-url" if settings.base_url is not None else "base_urls"
        if preset.name in ("local", "scripted"):
            raise UsageError(f"{source}: the provider `{preset.name}` has none; leave out one of the two")
        written = settings.base_urls if settings.base_url is None else (settings.base_url,)
        base_urls = tuple(checked_base_url(url, source) for url in written)
    elif preset.name == "openai":
        ambient = True
        if "OPENAI_BASE_URL" in env:
            base_urls = (checked_base_url(env["OPENAI_BASE_URL"], "OPENAI_BASE_URL"),)
    identity = _own_identity(settings)
    if identity is not None:
        preset = preset.at("")  # which replicas there are is to change nothing of what is asked
    elif base_urls != (preset.base_url,):
        identity, preset = base_urls[0], preset.at(base_urls[0])
    variable, keys = read_keys(preset, settings.api_key_env, settings.extra_headers, env, needed=need_key)
    if settings.api_key_header is not None and variable is None and need_key:
        raise UsageError("api_key_header names a header, but there is no key to put into it; add api_key_env")
    return Target(
        preset=preset,
        base_url=base_urls[0],
        base_urls=base_urls,
        identity=preset.name if identity is None else identity,
        key_variable=variable,
        api_key_header=settings.api_key_header,
        extra_body=settings.extra_body,
        extra_headers=settings.extra_headers,
        keys=keys,
        ambient=ambient,
        model_path=env.get(MODEL_VARIABLE) if preset.name == "local" else None,
    )


def checked_base_url(text: str, source: str) -> str:
    """Return a base URL in the spelling of `normal_url`; `source` says where it came from (`--base-url`).

    Raises:
        UsageError: it is no URL that can be asked, or it carries credentials (which are not shown).
    """
    try:
        return normal_url(text)
    except ValueError as error:
        raise UsageError(f"{source}: {error}") from None


def _own_identity(settings: RunSettings) -> str | None:
    """Return the id that the user gave the endpoint.

    Raises:
        UsageError: it is a preset's name, or several base URLs have none.
    """
    identity = settings.endpoint_id
    if identity is None:
        if settings.base_urls:
            raise UsageError("base_urls: an endpoint of several base URLs needs an id")
        return None
    for name in (*PRESETS, SCRIPTED.name, CUSTOM.name):
        if identity.casefold() == name:
            where = settings.sources.get("endpoint_id", "id")
            raise UsageError(f"{where}: `{identity}` is the name of a provider of its own; choose another id")
    return identity


def open_provider(
    target: Target,
    *,
    concurrency: int,
    timeouts: Timeouts,
    workers: int = 1,
    live: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Provider:
    """Return the provider, to be entered as an async context manager.

    Args:
        target: as from `resolve`.
        concurrency: the most connections at a time.
        timeouts: for each request.
        workers: processes that ask the endpoint; 1: this one does, as it always does for the embedded model.
        live: with workers: hand on text as it comes.
        tell: told of replicas of a pool that do not answer.

    Raises:
        UsageError: the embedded model is not installed; the environment's proxy or certificates cannot work.
    """
    if target.name == "scripted":
        from persona_batch.provider.scripted import ScriptedProvider

        return ScriptedProvider()
    if target.name == "local":
        from persona_batch.provider.embedded import LocalProvider, find_model

        return LocalProvider(target, find_model(target.model_path), concurrency=concurrency, timeouts=timeouts)
    pooled = len(target.base_urls) > 1
    if workers > 1:
        for url in target.base_urls:
            check_way(url)
        from persona_batch.provider.workers import ReplicaOfWorkers, WorkersProvider

        spread = WorkersProvider(target, workers=workers, concurrency=concurrency, timeouts=timeouts, live=live)
        if not pooled:
            return spread
        through = [ReplicaOfWorkers(spread, place) for place in range(len(target.base_urls))]
        return _pool(target, through, [spread], timeouts, tell, in_parts=live)
    from persona_batch.provider.openai import OpenAIProvider

    if not pooled:
        return OpenAIProvider(target, concurrency=concurrency, timeouts=timeouts)
    each = [OpenAIProvider(one, concurrency=concurrency, timeouts=timeouts) for one in target.replicas]
    return _pool(target, each, each, timeouts, tell)


def _pool(
    target: Target,
    sources: Sequence["Source"],
    opened: Sequence[AbstractAsyncContextManager[object]],
    timeouts: Timeouts,
    tell: Callable[[str], None],
    *,
    in_parts: bool = True,
) -> Provider:
    from persona_batch.provider.pool import PoolProvider
    from persona_batch.provider.replica import Replica

    replicas = [Replica(url, source) for url, source in zip(target.base_urls, sources, strict=True)]
    return PoolProvider(target, replicas, opened=opened, timeouts=timeouts, tell=tell, in_parts=in_parts)


async def choose_models(
    provider: Provider,
    asked: Sequence[str],
    *,
    lists_all: bool = False,
    note: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Return the models to ask: those named, or the endpoint's only one.

    Args:
        provider: the open endpoint.
        asked: the models that the user named; an endpoint that lists none is taken at the user's word, whyever it
            does not: the first reply will tell.
        lists_all: the endpoint has no model but those it lists (`Preset.lists_all`). Otherwise one that it does
            not list may be an alias, and the first reply will tell.
        note: told of a named model that is not listed.

    Raises:
        UsageError: none was named and there is not just one; a named one is certainly not there; the endpoint
            cannot be reached, or refuses the key where it is asked for its models.
    """
    there = await _listed(provider, asked, note)
    if not asked:
        if len(there) == 1:
            return there
        raise UsageError(f"no model named; {provider.identity} has {_some(there) or 'none'}; choose by --model")
    for name in asked if there else ():
        if name not in there:
            near = difflib.get_close_matches(name, there, n=5, cutoff=0.4)
            hint = f"did you mean {_some(near)}?" if near else f"it has {_some(there)}"
            if lists_all:
                raise UsageError(f"{provider.identity} has no model {name!r}; {hint}")
            note(f"{provider.identity} does not list a model {name!r}, and is asked for it all the same; {hint}")
    return list(asked)


async def _listed(provider: Provider, asked: Sequence[str], note: Callable[[str], None]) -> list[str]:
    """Return the models that the endpoint lists; none where it does not say and some were named."""
    try:
        async with asyncio.timeout(_PATIENCE if asked else None):
            return await provider.models()
    except TimeoutError:
        note(f"{provider.identity} does not say within {_PATIENCE:g} s which models it has; it is asked all the same")
        return []
    except ProviderError as error:
        if asked and error.code == ELSEWHERE:
            note(f"the list of models: {error.message}; {provider.identity} is asked all the same")
            return []
        if asked and error.code == HUNG_UP:
            note(f"{provider.identity} hangs up when asked which models it has; it is asked all the same")
            return []
        no_http = isinstance(error, errors.MalformedReply) and error.http_status is None
        if no_http or isinstance(error, errors.ConnectionFailed | errors.TimedOut):
            raise UsageError(f"{error.message} (provider: {provider.name})") from error
        if error.http_status == 401 and not asked:
            raise UsageError(
                f"{provider.identity} refused the key, or misses one: {error.message}; check the key, or name the "
                "variable that holds it by --api-key-env"
            ) from error
        if not asked:
            raise UsageError(
                f"no model named, and {provider.identity} lists none ({error.message}); name one by --model"
            ) from error
        return []  # no such route, or this key may not list: chatting may still work


def _preset(settings: RunSettings) -> Preset:
    name = settings.provider
    if name is None:
        return CUSTOM if settings.base_url is not None or settings.base_urls else PRESETS["local"]
    if name == SCRIPTED.name:
        return SCRIPTED
    if name == CUSTOM.name and (settings.base_url is not None or settings.base_urls):
        return CUSTOM
    if name not in PRESETS:
        near = nearest(name, PRESETS)
        hint = f"did you mean `{near}`?" if near else f"known are {', '.join(PRESETS)}."
        raise UsageError(f"unknown provider {name!r}; {hint} Any other endpoint: --base-url URL")
    return PRESETS[name]


def _some(names: Sequence[str]) -> str:
    return listed(sorted(names), _LISTED)
