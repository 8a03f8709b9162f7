"""From run settings to an open provider: what is asked, with which key, and which of its models."""

import asyncio
import difflib
from collections.abc import Callable, Mapping, Sequence

from persona_batch import errors
from persona_batch.config.batch import RunSettings
from persona_batch.config.section import REFERENCE
from persona_batch.errors import ProviderError, UsageError
from persona_batch.provider.base import ELSEWHERE, HUNG_UP, Provider, Timeouts
from persona_batch.provider.baseurl import checked_base_url
from persona_batch.provider.network import check_way
from persona_batch.provider.presets import CUSTOM, PRESETS, Preset
from persona_batch.provider.secret import Secret, checked_key
from persona_batch.provider.target import Target
from persona_batch.wording import listed

SCRIPTED = Preset(name="scripted", key="none", lists_all=True, note="makes up replies; for rehearsals")
MODEL_VARIABLE = "PERSONA_BATCH_MODEL"
_LISTED = 20  # model names in an error
_PATIENCE = 12.0  # seconds for a list that is not needed; a connection may take 10, and one that fails is to show


def resolve(settings: RunSettings, env: Mapping[str, str], *, need_key: bool = True) -> Target:
    """Return the endpoint that the settings mean; nothing is asked yet.

    Args:
        settings: the merged `run:` block and command line.
        env: as from `dotenv.load_env`.
        need_key: False where nothing will be sent: a missing key is no obstacle then.

    Raises:
        UsageError: an unknown provider, a missing or impossible key, a bad base URL.
    """
    preset = _preset(settings)
    base_url, ambient = preset.base_url, False
    if settings.base_url is not None:
        if preset.name in ("local", "scripted"):
            raise UsageError(f"--base-url: the provider `{preset.name}` has none; leave out one of the two")
        base_url = checked_base_url(settings.base_url, "--base-url")
    elif preset.name == "openai":
        ambient = True
        if "OPENAI_BASE_URL" in env:
            base_url = checked_base_url(env["OPENAI_BASE_URL"], "OPENAI_BASE_URL")
    headers, secrets = _headers(settings.extra_headers, env, need_key=need_key)
    api_key, variable = _key(preset, settings.api_key_env, env, need_key=need_key)
    if settings.api_key_header is not None and api_key is None and need_key:
        raise UsageError("api_key_header names a header, but there is no key to put into it; add api_key_env")
    named = [variable for value in settings.extra_headers.values() for variable in REFERENCE.findall(value)]
    return Target(
        preset=preset.at(base_url),
        base_url=base_url,
        identity=preset.name if base_url == preset.base_url else base_url,
        api_key=api_key,
        api_key_header=settings.api_key_header,
        key_variables=tuple(dict.fromkeys([*([variable] if variable is not None else []), *named])),
        extra_body=settings.extra_body,
        extra_headers=headers,
        header_secrets=secrets,
        ambient=ambient,
        model_path=env.get(MODEL_VARIABLE) if preset.name == "local" else None,
    )


def open_provider(
    target: Target, *, concurrency: int, timeouts: Timeouts, workers: int = 1, live: bool = False
) -> Provider:
    """Return the provider, to be entered as an async context manager.

    Args:
        target: as from `resolve`.
        concurrency: the most connections at a time.
        timeouts: for each request.
        workers: processes that ask the endpoint; 1: this one does, as it always does for the embedded model.
        live: with workers: hand on text as it comes.

    Raises:
        UsageError: the embedded model is not installed; the environment's proxy or certificates cannot work.
    """
    if target.name == "scripted":
        from persona_batch.provider.scripted import ScriptedProvider

        return ScriptedProvider()
    if target.name == "local":
        from persona_batch.provider.local import LocalProvider, find_model

        return LocalProvider(target, find_model(target.model_path), concurrency=concurrency, timeouts=timeouts)
    if workers > 1:
        check_way(target.base_url)
        from persona_batch.provider.workers import WorkersProvider

        return WorkersProvider(target, workers=workers, concurrency=concurrency, timeouts=timeouts, live=live)
    from persona_batch.provider.openai import OpenAIProvider

    return OpenAIProvider(target, concurrency=concurrency, timeouts=timeouts)


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
        return CUSTOM if settings.base_url is not None else PRESETS["local"]
    if name == SCRIPTED.name:
        return SCRIPTED
    if name == CUSTOM.name and settings.base_url is not None:
        return CUSTOM
    if name not in PRESETS:
        near = difflib.get_close_matches(name.lower(), PRESETS, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(PRESETS)}."
        raise UsageError(f"unknown provider {name!r}; {hint} Any other endpoint: --base-url URL")
    return PRESETS[name]


def _key(
    preset: Preset, named: str | None, env: Mapping[str, str], *, need_key: bool
) -> tuple[Secret, str] | tuple[None, None]:
    """Return the key and the variable that holds it; Nones without one."""
    if named is not None:
        if named not in env:
            if not need_key:
                return None, None
            raise UsageError(f"--api-key-env: {named} is not set; export it or put {named}=… into .env")
        return checked_key(env[named], named), named
    for variable in preset.key_env:
        if variable in env:
            return checked_key(env[variable], variable), variable
    if preset.key == "required" and need_key:
        variable = preset.key_env[0]
        raise UsageError(f"{preset.name} needs a key: set {variable}, or put {variable}=… into .env")
    return None, None


def _headers(
    written: Mapping[str, str], env: Mapping[str, str], *, need_key: bool
) -> tuple[dict[str, str], tuple[Secret, ...]]:
    """Return the extra headers with `${VARIABLE}` as its value, and those values."""
    headers: dict[str, str] = {}
    secrets: list[Secret] = []
    for name, value in written.items():
        variables = REFERENCE.findall(value)
        missing = [variable for variable in variables if variable not in env]
        if missing and need_key:
            raise UsageError(
                f"extra_headers: {name} wants {missing[0]}, which is not set; export it or put {missing[0]}=… into .env"
            )
        if not missing:
            headers[name] = REFERENCE.sub(lambda found: env[found[1]], value)
            secrets += [Secret(env[variable]) for variable in variables]
    _check_headers(headers)
    return headers, tuple(secrets)


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not name.isascii() or not name.isprintable() or not value.isascii() or not value.isprintable():
            raise UsageError(f"extra_headers: {name!r} has a line break or a character outside ASCII in it")


def _some(names: Sequence[str]) -> str:
    return listed(sorted(names), _LISTED)
