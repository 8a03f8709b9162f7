"""A template's messages → a persona, what is asked of it, and what is kept."""

import re
from collections.abc import Mapping
from typing import TypeAlias

from persona_batch.chat import JsonValue
from persona_batch.config.problems import quote
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.found import Found, FoundExample, FoundPersona, FoundQuestion, FoundSet
from persona_batch.exchange.sources.messages import take_apart

ALONE = re.compile(r"\s*(?:\{\{\{?\s*[\w.@ \"'=-]+\}\}\}?|\$\{?\w+\}?)?\s*")
_PARAMS = {
    "temperature": "temperature",
    "topP": "top_p",
    "top_p": "top_p",
    "topK": "top_k",
    "top_k": "top_k",
    "maxOutputTokens": "max_tokens",
    "max_tokens": "max_tokens",
    "max_completion_tokens": "max_completion_tokens",
    "stopSequences": "stop",
    "stop": "stop",
    "seed": "seed",
    "presencePenalty": "presence_penalty",
    "presence_penalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
    "frequency_penalty": "frequency_penalty",
}

Messages: TypeAlias = list[tuple[str, str]]


def found_of(
    source: Source,
    data: Mapping[str, JsonValue],
    messages: Messages,
    config: Mapping[str, JsonValue],
    rest: dict[str, JsonValue],
    notes: list[str],
) -> Found:
    """Return the persona of a template's messages, filled in, and what is asked in it.

    Raises:
        UsageError: it holds no message.
    """
    if not messages:
        raise source.wrong("it holds no prompt")
    filled = list(messages)
    ends_in_place = bool(filled) and filled[-1][0] == "user" and ALONE.fullmatch(filled[-1][1]) is not None
    if ends_in_place:
        filled = filled[:-1]
    talk = take_apart([{"role": role, "content": text} for role, text in filled])
    if talk.rest or len(talk.asked) > len(talk.replies) + 1:
        rest["messages"] = [{"role": role, "content": text} for role, text in filled]
        notes.append(f"{(talk.rest or ['several messages of the user'])[0]}; all messages are kept under `imported`")
    params, settings = _params(config)
    if settings:
        rest["config"] = settings
    if others := [key for key in rest if key != "template"]:
        notes.append(f"kept under `imported`, not sent: {', '.join(map(quote, others))}")
    pairs = zip(talk.asked, talk.replies, strict=False)
    asked = talk.asked[len(talk.replies) :]
    sets = [FoundSet(stem=source.stem, questions=[FoundQuestion(text=text) for text in asked])] if asked else []
    name = data.get("name")
    described = data.get("description")
    persona = FoundPersona(
        id=name if isinstance(name, str) and name and " " not in name else source.stem,
        name=name if isinstance(name, str) else None,
        description=described if isinstance(described, str) else None,
        system=talk.system,
        placement=talk.placement,
        examples=[*talk.examples, *(FoundExample(user=user, assistant=reply) for user, reply in pairs)] or None,
        params=params or None,
        sets=[one.stem for one in sets],
        imported=rest or None,
    )
    return Found(stem=source.stem, personas=[persona], sets=sets, notes=notes)


def _params(config: Mapping[str, JsonValue]) -> tuple[dict[str, JsonValue], dict[str, JsonValue]]:
    """Return the request parameters of a config by our names, and what else it says."""
    params = {_PARAMS[key]: value for key, value in config.items() if key in _PARAMS and value is not None}
    return params, {key: value for key, value in config.items() if key not in _PARAMS}
