"""Dotprompt and Prompty: front matter, and a template with roles, filled in as far as the file has values for it."""

import re
from collections.abc import Iterator, Mapping

from persona_batch.chat import JsonValue
from persona_batch.exchange.reading.front_matter import front_matter
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.found import Found, ImportOptions
from persona_batch.exchange.sources.prompts.template_found import Messages, found_of
from persona_batch.exchange.sources.rendering.bounded import NotFilled
from persona_batch.exchange.sources.rendering.handlebars import fill_places, has_blocks, without_comments
from persona_batch.exchange.sources.rendering.jinja import fill_known

_DOT_MARK = re.compile(
    r"(?<!\\)\{\{~?\s*(?:(?P<open>#|\^\s*\w)[^{}]*|(?P<close>/)[^{}]*"
    r"|role\s+[\"'](?P<role>[a-z]+)[\"'][^{}]*|(?P<history>history))\s*~?\}\}"
    r"|<<<dotprompt:(?:role:(?P<mark>[a-z]+)(?: [^<>]+)?|(?P<past>history))>>>"
)
_HEADER = re.compile(r"(?:(?:#[^\n]*|[ \t]*)\r?\n)+(?=---[ \t]*\r?\n)")  # a licence above the front matter
_PROMPTY_ROLE = re.compile(
    r"(?i)\s*#?\s*(?P<role>assistant|function|system|developer|user|tools|tool)(?:\[[^\]\n]*\])?\s*:\s*"
)
_REFERENCE = re.compile(r"\$\{file:([^}]+)\}|([\w./ -]+\.json)")
_PLACE = re.compile(r"\{\{\s*[A-Za-z_][\w.]*\s*\}\}")


def _split(source: Source, header: re.Pattern[str] | None = None) -> tuple[dict[str, JsonValue], str]:
    text = source.text
    if header is not None and (above := header.match(text)):
        text = text[above.end() :]
    found = front_matter(text, source) if text.startswith("---") else None
    return ({}, text) if found is None else (dict(found.data), found.body)


def read_dotprompt(source: Source, options: ImportOptions) -> Found:  # noqa: ARG001
    """Return what a `.prompt` file holds.

    Raises:
        UsageError: it holds no prompt.
    """
    data, body = _split(source, _HEADER)
    held = data.get("input")
    defaults = held.get("default") if isinstance(held, dict) else None
    values = dict(defaults) if isinstance(defaults, dict) else {}
    config = data.get("config")
    rest = {key: value for key, value in data.items() if key not in ("name", "description", "config")}
    notes: list[str] = []
    messages = _handlebars(list(_dot_messages(without_comments(body), notes)), values, notes)
    if [("user", body)] != messages and (values or "{{!" in body or "history" in body):
        rest["template"] = body
    return found_of(source, data, messages, config if isinstance(config, dict) else {}, rest, notes)


def _handlebars(messages: Messages, values: Mapping[str, JsonValue], notes: list[str]) -> Messages:
    """Return messages with their values; with a block in any of them, all stay as they stand."""
    if any(has_blocks(text) for _, text in messages):
        if values:
            notes.append("with blocks (`{{#…}}`), which are not rendered here, nothing is filled in")
        return messages
    try:
        return [(role, fill_places(text, values)) for role, text in messages]
    except NotFilled as flaw:
        notes.append(f"nothing is filled in: {flaw}")
        return messages


def _dot_messages(body: str, notes: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the messages as Dotprompt has them: text as it stands, what is only white space is none."""
    role, begun, depth = "user", 0, 0
    for mark in _DOT_MARK.finditer(body):
        if mark["open"] or mark["close"]:
            depth = max(0, depth + (1 if mark["open"] else -1))
        elif depth == 0:
            if body[begun : mark.start()].strip():
                yield role, body[begun : mark.start()]
            role, begun = mark["role"] or mark["mark"] or "model", mark.end()
            if mark["history"] or mark["past"]:
                notes.append("`{{history}}`, where what was said before would stand, is left out")
    if body[begun:].strip():
        yield role, body[begun:]


def read_prompty(source: Source, options: ImportOptions) -> Found:  # noqa: ARG001
    """Return what a `.prompty` file holds.

    Raises:
        UsageError: it holds no prompt, or a file that it names cannot be read.
    """
    data, body = _split(source)
    model = data.get("model")
    held = model if isinstance(model, dict) else {}
    params = held.get("parameters") or held.get("options") or {}
    rest = {key: value for key, value in data.items() if key not in ("name", "description")}
    notes: list[str] = []
    for key in ("sample", "inputs"):
        if isinstance(named := data.get(key), str):
            data[key] = _referred(named, source, notes)
    values = _samples(data)
    template = data.get("template")
    kind = template.get("format", template.get("type")) if isinstance(template, dict) else template
    if str(kind).casefold() in ("mustache", "handlebars"):
        messages = _handlebars(list(_prompty_messages(without_comments(body))), values, notes)
    else:
        messages = list(_prompty_messages(_jinja(body, values, notes)))
    if messages != list(_prompty_messages(body)):
        rest["template"] = {"text": body, **({"template": template} if template else {})} if template else body
    return found_of(source, data, messages, params if isinstance(params, dict) else {}, rest, notes)


def _jinja(body: str, values: Mapping[str, JsonValue], notes: list[str]) -> str:
    """Return a text with its values, as Prompty renders it before it looks for roles."""
    plain = "{%" not in body and "{#" not in body and "{{" not in _PLACE.sub("", body)
    if not values:
        if "{%" in body:
            notes.append("blocks (`{% … %}`) are sent as they stand: the file has no values for them")
        return body
    try:
        if plain:
            return fill_places(body, values, escapes=False)
        text, empty = fill_known(body, values)
    except NotFilled as flaw:
        notes.append(f"nothing is filled in: {flaw}")
        return body
    if empty:
        names = ", ".join(f"`{name}`" for name in empty)
        notes.append(f"without a value, and nothing for conditions and loops, as in Prompty: {names}")
    return text


def _referred(named: str, source: Source, notes: list[str]) -> JsonValue:
    """Return what the file that stands for values holds; None: it is none beside the prompt."""
    found = _REFERENCE.fullmatch(named)
    if found is None:
        return named
    beside = source.beside(found[1] or found[2])
    root = source.path.parent.resolve()
    if beside.suffix != ".json" or not beside.path.resolve().is_relative_to(root) or not beside.path.is_file():
        notes.append(f"{named} is no JSON file beside the prompt; its values are not filled in")
        return None
    return beside.json


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
