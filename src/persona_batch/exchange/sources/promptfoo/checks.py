"""promptfoo's `assert` → checks, where one of ours says the same."""

import re
from collections.abc import Mapping

from persona_batch.chat import JsonValue

_CHECKED = ("starts-with", "equals", "regex", "is-json")
_WITH_VALUE = {"contains", "icontains", "equals", "regex", "starts-with"}
_LISTS = {"contains-any", "contains-all", "icontains-any", "icontains-all"}
_FROM_CSV = re.compile(r"(?s)(?P<type>(?:not-)?[a-z-]+)(?:\([\d.]+\))?(?::(?P<value>.*))?")
_TYPES = _WITH_VALUE | _LISTS | {"is-json"}


def check_of(asserted: JsonValue) -> dict[str, JsonValue] | None:
    """Return the check that says what an assert does; None: there is none."""
    if not isinstance(asserted, Mapping) or not isinstance(name := asserted.get("type"), str):
        return None
    if asserted.keys() & {"transform", "threshold", "contextTransform"}:
        return None
    kind = name.removeprefix("not-")
    check = _check(kind, asserted.get("value"))
    if check is None or kind == name:
        return check
    if kind in ("contains", "contains-any"):
        return {"not_contains": check["contains"]}
    return {"not": check}


def _check(kind: str, value: JsonValue) -> dict[str, JsonValue] | None:
    if kind == "is-json":
        return {"json": True} if value in (None, "") else None
    if kind in _LISTS:
        return _of_list(kind, value)
    if kind not in _WITH_VALUE or isinstance(value, list | dict) or value is None or isinstance(value, bool):
        return None
    text = str(value)
    if not text or text.startswith("file://"):
        return None
    match kind:
        case "contains":
            return {"contains": text}
        case "icontains":
            return {"regex": f"(?i){re.escape(text)}"}
        case "starts-with":
            return {"regex": rf"\A{re.escape(text)}"}
        case "equals":
            return {"equals": text}
        case _:
            return _pattern(text)


def _of_list(kind: str, value: JsonValue) -> dict[str, JsonValue] | None:
    texts = value if isinstance(value, list) else str(value).split(",") if isinstance(value, str) else []
    if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        return None
    if isinstance(value, str):
        texts = [text.strip() for text in texts]
    if kind == "contains-any":
        return {"contains": texts}
    if kind == "icontains-any":
        return {"regex": "(?i)" + "|".join(map(re.escape, texts))}
    single = "contains" if kind == "contains-all" else "icontains"
    return {"all": [_check(single, text) for text in texts]}


def _pattern(text: str) -> dict[str, JsonValue] | None:
    """Return a pattern of JavaScript as Python reads it; None where the two may differ."""
    plain = re.sub(r"\\.", "", text)
    body = text.removesuffix("$") if plain.endswith("$") else text
    if "$" in re.sub(r"\\.", "", body) or re.search(r"\(\?<[A-Za-z]|\\[uxcpPkZAsS]|\[\^?\]|^/.*/[a-z]*$", text):
        return None
    ending = r"\Z" if body != text else ""
    ascii_only = "(?a)" if re.search(r"\\[dDwWbB]", text) else ""
    return {"regex": f"{ascii_only}{body}{ending}"}


def from_csv(written: str) -> dict[str, JsonValue]:
    """Return the assert that a cell `__expected` stands for: `type:value`, or a text that is to be equal."""
    for head in ("javascript:", "fn:", "eval:", "python:", "file://"):
        if written.startswith(head):
            return {"type": head.rstrip(":/"), "value": written.removeprefix(head)}
    if written.startswith(("grade:", "llm-rubric:")):
        return {"type": "llm-rubric", "value": written.partition(":")[2]}
    found = _FROM_CSV.fullmatch(written)
    if found is not None and (found["type"].removeprefix("not-") in _TYPES or found["value"] is not None):
        return {"type": found["type"], "value": found["value"]}
    return {"type": "equals", "value": written}
