"""Prompts as templates with settings: Dotprompt (`.prompt`), Prompty (`.prompty`), templates of `llm` (YAML).

What the file itself has values for is filled in as its tool would; other places stay as they stand, which is said. A
user message that is nothing but such a place is where the question goes: it is no question itself.
"""

import re
import string
from collections.abc import Iterator, Mapping, Sequence

from persona_batch.chat import JsonValue
from persona_batch.config.problems import quote
from persona_batch.errors import UsageError
from persona_batch.exchange.reading.front_matter import front_matter
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.columns import as_level
from persona_batch.exchange.sources.found import (
    Format,
    Found,
    FoundExample,
    FoundPersona,
    FoundQuestion,
    FoundSet,
    ImportOptions,
)
from persona_batch.exchange.sources.messages import take_apart
from persona_batch.exchange.sources.variables import places_in
from persona_batch.wording import listed

_PLACE = re.compile(r"\{\{\{?\s*([A-Za-z_][\w.]*)\s*\}\}\}?")
_ALONE = re.compile(r"\s*(?:\{\{\{?\s*[\w.@ \"'=-]+\}\}\}?|\$\{?\w+\}?)?\s*")
_DOT_ROLE = re.compile(r"\{\{~?\s*(?:role\s+[\"'](?P<role>[a-z]+)[\"'][^{}]*|(?P<history>history))\s*~?\}\}")
_DOT_COMMENT = re.compile(r"\{\{!--.*?--\}\}|\{\{![^}]*\}\}", re.DOTALL)
_PROMPTY_ROLE = re.compile(
    r"(?i)\s*#?\s*(?P<role>assistant|function|system|developer|user|tools|tool)(?:\[[^\]\n]*\])?\s*:\s*"
)
_LLM_KEYS = {"name", "prompt", "system", "model", "defaults", "options", "extract", "extract_last", "schema_object",
             "fragments", "system_fragments", "attachments", "attachment_types", "tools", "functions"}  # fmt: skip
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

Messages = list[tuple[str, str]]


def _split(source: Source) -> tuple[Mapping[str, JsonValue], str]:
    text = source.text
    found = front_matter(text, source) if text.startswith("---") else None
    return ({}, text) if found is None else (found.data, found.body)


def _read_dotprompt(source: Source, options: ImportOptions) -> Found:  # noqa: ARG001
    data, body = _split(source)
    held = data.get("input")
    defaults = held.get("default") if isinstance(held, dict) else None
    values = dict(defaults) if isinstance(defaults, dict) else {}
    config = data.get("config")
    messages = list(_dot_messages(_DOT_COMMENT.sub("", body)))
    rest = {key: value for key, value in data.items() if key not in ("name", "description", "config")}
    return _found(source, data, messages, values, config if isinstance(config, dict) else {}, rest)


def _dot_messages(body: str) -> Iterator[tuple[str, str]]:
    """Yield the messages as Dotprompt has them: text as it stands, what is only white space is none."""
    role, begun = "user", 0
    for mark in _DOT_ROLE.finditer(body):
        if body[begun : mark.start()].strip():
            yield role, body[begun : mark.start()]
        role, begun = mark["role"] or "user", mark.end()
    if body[begun:].strip():
        yield role, body[begun:]


def _read_prompty(source: Source, options: ImportOptions) -> Found:  # noqa: ARG001
    data, body = _split(source)
    model = data.get("model")
    held = model if isinstance(model, dict) else {}
    params = held.get("parameters") or held.get("options") or {}
    rest = {key: value for key, value in data.items() if key not in ("name", "description")}
    return _found(
        source, data, list(_prompty_messages(body)), _samples(data), params if isinstance(params, dict) else {}, rest
    )


def _prompty_messages(body: str) -> Iterator[tuple[str, str]]:
    """Yield the messages between lines `system:`, `user:`, …; what stands before the first is the system's."""
    role, lines = "system", list[str]()
    for line in [*body.splitlines(), None]:
        mark = None if line is None else _PROMPTY_ROLE.fullmatch(line)
        if line is not None and mark is None:
            lines.append(line)
            continue
        if any(part.strip() for part in lines):
            yield role, "\n".join(lines)
        role, lines = (mark["role"].lower() if mark else ""), []


def _samples(data: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the values that a Prompty file has for its inputs: samples over defaults."""
    values: dict[str, JsonValue] = {}
    inputs = data.get("inputs")
    schema = data.get("inputSchema")
    listed = schema.get("properties") if isinstance(schema, dict) else inputs if isinstance(inputs, list) else None
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, dict) and "name" in item:
            values[str(item["name"])] = item.get("default", item.get("sample", item.get("example")))
    for name, item in inputs.items() if isinstance(inputs, dict) else []:
        if not isinstance(item, dict):
            values[str(name)] = item
        elif "default" in item or "sample" in item:
            values[str(name)] = item.get("default", item.get("sample"))
    if isinstance(sample := data.get("sample"), dict):
        values |= sample
    return {name: value for name, value in values.items() if value is not None}


def _read_llm(source: Source, options: ImportOptions) -> Found:  # noqa: ARG001
    data = source.yaml
    if not isinstance(data, dict) or not (isinstance(data.get("system"), str) or isinstance(data.get("prompt"), str)):
        raise source.wrong("expected `system` or `prompt`")
    defaults = data.get("defaults")
    values = {str(key): as_level(value) for key, value in defaults.items()} if isinstance(defaults, dict) else {}
    messages: Messages = []
    for key, role in (("system", "system"), ("prompt", "user")):
        if isinstance(text := data.get(key), str) and text:
            messages.append((role, string.Template(text).safe_substitute(values)))
    params = data.get("options")
    rest = {key: value for key, value in data.items() if key not in ("name", "system", "prompt", "options", "defaults")}
    templates = [data[key] for key in ("system", "prompt") if isinstance(data.get(key), str)]
    if any("$" in text for text in templates):
        rest["template"] = {key: data[key] for key in ("system", "prompt", "defaults") if key in data}
    found = _found(source, data, messages, {}, params if isinstance(params, dict) else {}, rest)
    sent = [text for role, text in messages if role == "system" or not _ALONE.fullmatch(text)]
    short = dict.fromkeys(f"${name}" for text in sent for name in string.Template(text).get_identifiers())
    told = {place.replace("{", "").replace("}", "") for text in sent for place in places_in(text)}
    if left := [quote(name) for name in short if name not in told]:
        found.notes.append(f"not filled in, and sent as it stands: {listed(left, 8)}")
    return found


def _found(
    source: Source,
    data: Mapping[str, JsonValue],
    messages: Messages,
    values: Mapping[str, JsonValue],
    config: Mapping[str, JsonValue],
    rest: dict[str, JsonValue],
) -> Found:
    """Return the persona of a template's messages, and what is asked in it."""
    notes: list[str] = []
    filled = [(role, _filled(text, values)) for role, text in messages]
    if values and filled != messages:
        rest["template"] = [{"role": role, "content": text} for role, text in messages]
    ends_in_place = bool(filled) and filled[-1][0] == "user" and _ALONE.fullmatch(filled[-1][1]) is not None
    if ends_in_place:
        filled = filled[:-1]
    talk = take_apart([{"role": role, "content": text} for role, text in filled])
    if talk.rest or len(talk.asked) > len(talk.replies) + 1:
        rest["messages"] = [{"role": role, "content": text} for role, text in filled]
        notes.append(f"{(talk.rest or ['several messages of the user'])[0]}; all messages are kept under `imported`")
    params, others = _params(config)
    if others:
        rest["config"] = others
    if rest:
        notes.append(f"kept under `imported`, not sent: {', '.join(f'`{key}`' for key in rest)}")
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
    if not messages:
        raise source.wrong("it holds no prompt")
    return Found(stem=source.stem, personas=[persona], sets=sets, notes=notes)


def _filled(text: str, values: Mapping[str, JsonValue]) -> str:
    """Return a text with the values for its plain places; blocks and helpers stay as they stand."""
    if not values or re.search(r"\{\{~?\s*[#/^>]|\{%", text):
        return text
    return _PLACE.sub(lambda found: as_level(values[found[1]]) if found[1] in values else found[0], text)


def _params(config: Mapping[str, JsonValue]) -> tuple[dict[str, JsonValue], dict[str, JsonValue]]:
    """Return the request parameters of a config by our names, and what else it says."""
    params = {_PARAMS[key]: value for key, value in config.items() if key in _PARAMS and value is not None}
    return params, {key: value for key, value in config.items() if key not in _PARAMS}


def _is_llm(source: Source) -> bool:
    data = source.yaml_or_none
    if not isinstance(data, dict) or not data.keys() <= _LLM_KEYS:
        return False
    texts: Sequence[JsonValue] = [data[key] for key in ("system", "prompt") if key in data]
    return bool(texts) and all(isinstance(text, str) and text for text in texts)


def _has_text(source: Source) -> bool:
    try:
        return bool(source.text.strip())
    except UsageError:
        return True  # broken all the same, which reading it says


DOTPROMPT = Format(
    "dotprompt",
    "Dotprompt (.prompt): front matter and a template with roles",
    lambda source: source.suffix == ".prompt" and _has_text(source),
    _read_dotprompt,
)
PROMPTY = Format(
    "prompty",
    "Prompty (.prompty): front matter, and messages after `system:` and `user:`",
    lambda source: source.suffix == ".prompty" and _has_text(source),
    _read_prompty,
)
LLM = Format("llm-template", "a template of `llm`: YAML with system, prompt, defaults", _is_llm, _read_llm)
