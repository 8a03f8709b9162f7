"""Templates of other tools, filled in: places by name exactly, all else by Jinja in its sandbox."""

import json
import re
from collections.abc import Mapping

from persona_batch.chat import JsonValue
from persona_batch.templating import Template, TemplateFlaw

_PLAIN = re.compile(r"\{\{-?\s*([A-Za-z_]\w*)\s*-?\}\}")
_SIGNS = ("{%", "{#")


class NotFilled(Exception):
    """A template that cannot be filled in as its tool would."""


def fill(text: str, values: Mapping[str, JsonValue], missing: set[str]) -> str:
    """Return a Jinja or nunjucks template with its values; a name without one is empty, and added to `missing`.

    Raises:
        NotFilled: it uses what we do not have.
    """
    if "{" not in text:
        return text
    simple = _PLAIN.sub("", text)
    if "{{" not in simple and not any(sign in text for sign in _SIGNS) and "{{-" not in text and "-}}" not in text:
        return _PLAIN.sub(lambda found: _said(found[1], values, missing), text)
    try:
        template = Template.parse(text)
        absent = {name for name in template.names if values.get(name) is None}
        missing.update(absent)
        return template.render({**values, **dict.fromkeys(absent, "")})
    except TemplateFlaw as flaw:
        raise NotFilled(str(flaw)) from flaw


def _said(name: str, values: Mapping[str, JsonValue], missing: set[str]) -> str:
    value = values.get(name)
    if value is None:
        missing.add(name)
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
