"""Prompts of promptfoo with the variables of a test: rendered first, then read as a chat, as promptfoo does both."""

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from persona_batch.chat import JsonValue
from persona_batch.errors import UsageError
from persona_batch.exchange.reading.source import Source, read_yaml
from persona_batch.exchange.sources.rendering.bounded import NotFilled, put_in
from persona_batch.exchange.sources.rendering.javascript import OBJECT, as_text
from persona_batch.exchange.sources.rendering.nunjucks import nunjucks

_PLAIN = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_NAMED = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_RAW = (re.compile(r"\{%\s*raw\s*%\}"), re.compile(r"\{%\s*endraw\s*%\}"))
_LONGEST = 1_000_000  # characters of a variable that others are put into
_STARTS = re.compile(r"\[\s*(?:[\"{\[\d-]|true|false|null|\])|\{")


class Values(NamedTuple):
    """What a test gives its prompt: variables, what the config says of the environment; and what was found missing."""

    vars: Mapping[str, JsonValue]
    environment: Mapping[str, str]
    missing: set[str]
    objects: set[str]


def fill(text: str, values: Values) -> str:
    """Return a template with its values; a name without one is empty, and added to those that are missing.

    Raises:
        NotFilled: it uses what we do not have.
    """
    if "{" not in text or (_has_open_tag(text) and not all(tag.search(text) for tag in _RAW)):
        return text  # promptfoo, too, takes it as it stands
    said: str
    if not _has_tags(_PLAIN.sub("", text)):
        _PLAIN.sub(lambda found: _asked(found[1], values), text)
        said = put_in(_PLAIN, text, lambda found: as_text(values.vars.get(found[1])))
    else:
        template = nunjucks(text)
        for name in template.names:
            _asked(name, values, printed=False)
        if "env" not in values.vars:
            _refuse_environment(template.environment - values.environment.keys())
        said = template.render({"env": dict(values.environment), **values.vars})
    if OBJECT in said and OBJECT not in text:
        values.objects.add(OBJECT)
    return said


def _has_tags(text: str) -> bool:
    return any(sign in text for sign in ("{{", "{%", "{#"))


def _has_open_tag(text: str) -> bool:
    """Say whether a tag is not closed on its line, in the manner of promptfoo."""
    for sign, end in (("{%", "%"), ("{{", "}"), ("{#", "#")):
        start = text.find(sign)
        while start >= 0:
            closed = text.find(end, start + 2)
            if closed < 0 or text.find("\n", start, closed) >= 0:
                return True
            start = text.find(sign, closed)
    return False


def _asked(name: str, values: Values, *, printed: bool = True) -> str:
    if printed and name == "env" and name not in values.vars:
        _refuse_environment(frozenset("*"))
    if values.vars.get(name) is None:
        values.missing.add(name)
    return ""


def _refuse_environment(names: frozenset[str]) -> None:
    if names:
        written = ", ".join(f"{{{{env{'' if name == '*' else f'.{name}'}}}}}" for name in sorted(names))
        raise NotFilled(f"{written}: what the environment says is never read into a file; write it in the config")


def resolved(written: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the variables with those filled in that one names of another, five times at most, as promptfoo does."""
    found = dict(written)
    for _ in range(5):
        again = False
        for key, value in found.items():
            named = _NAMED.search(value) if isinstance(value, str) else None
            if named is not None and isinstance(value, str) and len(value) < _LONGEST and named[1] in found:
                found[key] = value.replace(named[0], as_text(found[named[1]]), 1)
                again = True
        if not again:
            break
    return found


def rendered(text: str, values: Values, source: Source) -> str | list[JsonValue]:
    """Return a prompt as it is sent: the messages of a chat, or one text.

    Raises:
        NotFilled: it uses what we do not have, or is no chat once it is filled in, though it looks like one.
    """
    values = values._replace(vars=resolved(values.vars))
    document = _json(text)
    if document is not None:
        walked = _walked(document, values)
        return messages_in(walked) or json.dumps(walked, ensure_ascii=False, indent=2)
    known = {key: _of_variable(value, values) for key, value in values.vars.items()}
    said = fill(text, values._replace(vars=known))
    return _chat(said, text, source) or said


def _of_variable(value: JsonValue, values: Values) -> JsonValue:
    """Return a variable, rendered itself where it asks for nothing that is not there."""
    if not isinstance(value, str) or not _has_tags(value) or _has_open_tag(value):
        return value
    try:
        plain = not _has_tags(_PLAIN.sub("", value))
        names = _PLAIN.findall(value) if plain else nunjucks(value).names
        if any(values.vars.get(name) is None for name in names):
            return value
        return fill(value, values)
    except NotFilled as flaw:
        if "environment" in str(flaw):
            raise
        return value


def _chat(said: str, template: str, source: Source) -> list[JsonValue] | None:
    """Return the messages that a rendered prompt holds; None: it is a text."""
    held = said.strip()
    if held.startswith("- role:"):
        try:
            return messages_in(read_yaml(said, Source(source.path, source.shown)))
        except UsageError as error:
            why = str(error).rpartition(": not YAML: ")[2]
            raise NotFilled(f"the chat is no YAML once it is filled in ({why})") from error
    try:
        return messages_in(json.loads(held)) if held.startswith(("[", "{")) else None
    except (ValueError, RecursionError) as error:
        start = template.lstrip()
        if _STARTS.match(start) and not start.startswith(("{{", "{%", "{#")) and held.endswith(("]", "}")):
            raise NotFilled(f"the chat is no JSON once it is filled in ({error})") from error
        return None


def _json(text: str) -> JsonValue:
    """Return the document that a prompt is before it is filled in; its texts are then filled in one by one."""
    if not text.lstrip().startswith(("[", "{")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _walked(document: JsonValue, values: Values) -> JsonValue:
    if isinstance(document, str):
        return fill(document, values)
    if isinstance(document, list):
        return [_walked(item, values) for item in document]
    if isinstance(document, dict):
        return {key: _walked(item, values) for key, item in document.items()}
    return document


def messages_in(document: JsonValue) -> list[JsonValue] | None:
    """Return the messages of a document, a system prompt that stands beside them first; None: it holds none."""
    if isinstance(document, dict) and isinstance(listed := document.get("messages"), list):
        system = document.get("system")
        return messages_in([{"role": "system", "content": system}, *listed] if isinstance(system, str) else listed)
    if isinstance(document, dict) and isinstance(listed := document.get("contents"), list):  # Gemini's
        system = document.get("system_instruction", document.get("systemInstruction"))
        return messages_in([{"role": "system", "content": system}, *listed] if system is not None else listed)
    if not isinstance(document, list) or not document:
        return None
    fits = all(isinstance(item, dict) and "role" in item for item in document)
    return document if fits else None
