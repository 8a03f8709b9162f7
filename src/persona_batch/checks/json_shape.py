"""Is a reply JSON, and of the shape that is wanted?"""

import json
import re
from typing import Any

from persona_batch.checks.arguments import Shape
from persona_batch.checks.quoting import quoted

_FENCE = re.compile(r"\A\s*```[ \t]*(?:json)?[ \t]*\n(.*?)\n?[ \t]*```\s*\Z", re.DOTALL | re.IGNORECASE)
_TYPES: dict[type, str] = {dict: "object", list: "array", str: "string", float: "number", bool: "boolean"}


def flaw_in(shape: Shape | None, reply: str) -> str | None:
    """Say why a reply is not the JSON that is wanted; None: it is.

    The whole reply must be one JSON value (RFC 8259), with white space around it, or alone in a fence of Markdown.
    """
    fenced = _FENCE.match(reply)
    try:
        value: Any = json.loads(reply if fenced is None else fenced[1], parse_constant=_refuse, parse_int=float)
    except json.JSONDecodeError as error:
        inside = "" if fenced is None else "in the fence, "
        return f"{inside}line {error.lineno}, column {error.colno}: {error.msg}"
    except ValueError as error:
        return str(error)
    except RecursionError:
        return "nested too deeply to be read"
    kind = _TYPES.get(type(value), "null")
    if shape is None:
        return None
    wanted = shape.type or ("object" if shape.required else None)
    if wanted is not None and kind != wanted:
        return f"found {_with_article(kind)}, expected {_with_article(wanted)}"
    missing = [key for key in shape.required if key not in value]
    return f"without the key {', '.join(quoted(key) for key in missing)}" if missing else None


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _with_article(kind: str) -> str:
    return kind if kind == "null" else f"an {kind}" if kind[0] in "ao" else f"a {kind}"
