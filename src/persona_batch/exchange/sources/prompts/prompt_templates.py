"""Prompts as templates with settings: Dotprompt (`.prompt`), Prompty (`.prompty`), templates of `llm` (YAML).

What the file itself has values for is filled in as its tool would; other places stay as they stand, which is said. A
user message that is nothing but such a place is where the question goes: it is no question itself.
"""

import string
from collections.abc import Sequence

from persona_batch.chat import JsonValue
from persona_batch.config.problems import quote
from persona_batch.errors import UsageError
from persona_batch.exchange.reading.source import MAX_TEXT, Source
from persona_batch.exchange.sources.columns import as_level
from persona_batch.exchange.sources.found import Format, Found, ImportOptions
from persona_batch.exchange.sources.prompts.front_matter_templates import read_dotprompt, read_prompty
from persona_batch.exchange.sources.prompts.template_found import ALONE, Messages, found_of
from persona_batch.exchange.sources.variables import places_in
from persona_batch.wording import listed

_LLM_KEYS = {"name", "prompt", "system", "model", "defaults", "options", "extract", "extract_last", "schema_object",
             "fragments", "system_fragments", "attachments", "attachment_types", "tools", "functions"}  # fmt: skip


def _read_llm(source: Source, options: ImportOptions) -> Found:  # noqa: ARG001
    data = source.yaml
    if not isinstance(data, dict) or not (isinstance(data.get("system"), str) or isinstance(data.get("prompt"), str)):
        raise source.wrong("expected `system` or `prompt`")
    defaults = data.get("defaults")
    values = {str(key): as_level(value) for key, value in defaults.items()} if isinstance(defaults, dict) else {}
    messages: Messages = []
    for key, role in (("system", "system"), ("prompt", "user")):
        if isinstance(text := data.get(key), str) and text:
            if text.count("$") * max(map(len, values.values()), default=0) > MAX_TEXT:
                raise source.wrong(f"`{key}` makes more than {MAX_TEXT >> 20} million characters")
            messages.append((role, string.Template(text).safe_substitute(values)))
    params = data.get("options")
    rest = {key: value for key, value in data.items() if key not in ("name", "system", "prompt", "options", "defaults")}
    if any("$" in str(data.get(key) or "") for key in ("system", "prompt")):
        rest["template"] = {key: data[key] for key in ("system", "prompt", "defaults") if key in data}
    notes: list[str] = []
    sent = [text for role, text in messages if role == "system" or not ALONE.fullmatch(text)]
    short = dict.fromkeys(f"${name}" for text in sent for name in string.Template(text).get_identifiers())
    told = {place.replace("{", "").replace("}", "") for text in sent for place in places_in(text)}
    if left := [quote(name) for name in short if name not in told]:
        notes.append(f"not filled in, and sent as it stands: {listed(left, 8)}")
    return found_of(source, data, messages, params if isinstance(params, dict) else {}, rest, notes)


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
    read_dotprompt,
)
PROMPTY = Format(
    "prompty",
    "Prompty (.prompty): front matter, and messages after `system:` and `user:`",
    lambda source: source.suffix == ".prompty" and _has_text(source),
    read_prompty,
)
LLM = Format("llm-template", "a template of `llm`: YAML with system, prompt, defaults", _is_llm, _read_llm)
