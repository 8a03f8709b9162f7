"""Role JSON (assistant-axis): `instruction[].pos` are wordings of one prompt, `questions` are asked of it alone.

`eval_prompt` becomes a rubric where it asks for one number of a range; else it is kept.
"""

import re

from persona_batch.chat import JsonValue
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.found import (
    Format,
    Found,
    FoundPersona,
    FoundQuestion,
    FoundRubric,
    FoundSet,
    ImportOptions,
)
from persona_batch.templating import Template, TemplateFlaw

_RANGE = re.compile(r"(?i)(?:number|score|rating|integer)s? (?:between|from) (\d{1,3}) (?:and|to) (\d{1,3})\b")
_PLACE = re.compile(r"\{(question|answer)\}")


def _matches(source: Source) -> bool:
    document = source.json_or_none
    if not isinstance(document, dict):
        return False
    said = document.get("instruction")
    return isinstance(said, list) and bool(said) and all(_is_wording(item) for item in said)


def _is_wording(item: JsonValue) -> bool:
    return isinstance(item, dict) and isinstance(item.get("pos"), str)


def _read(source: Source, options: ImportOptions) -> Found:  # noqa: ARG001
    document = source.json
    if not isinstance(document, dict) or not isinstance(document.get("instruction"), list):
        raise source.wrong("expected an object with `instruction: [{pos: …}]`")
    if not all(_is_wording(item) for item in document["instruction"]):
        raise source.wrong("an item of `instruction` has no text `pos`")
    wordings = [item["pos"] for item in document["instruction"]]
    notes: list[str] = []
    kept = {key: value for key, value in document.items() if key not in ("instruction", "questions", "eval_prompt")}
    other = [{key: value for key, value in item.items() if key != "pos"} for item in document["instruction"]]
    if any(other):
        kept["instruction"] = other
    questions = document.get("questions") or []
    if not isinstance(questions, list) or not all(isinstance(question, str) for question in questions):
        raise source.wrong("`questions` holds something that is no text")
    rubrics = []
    if isinstance(judge := document.get("eval_prompt"), str):
        if (rubric := _rubric(source.stem, judge)) is not None:
            rubrics.append(rubric)
        else:
            kept["eval_prompt"] = judge
            notes.append("`eval_prompt` is no rubric of ours, and is kept under `imported`")
    sets = [FoundSet(stem=source.stem, questions=[FoundQuestion(text=text) for text in questions])] if questions else []
    persona = FoundPersona(id=source.stem, system=wordings, sets=[one.stem for one in sets], imported=kept or None)
    return Found(stem=source.stem, personas=[persona], sets=sets, rubrics=rubrics, notes=notes)


def _rubric(stem: str, judge: str) -> FoundRubric | None:
    """Return the rubric that asks a judge the very same; None: its scores are not known, or it shows no reply."""
    scores = _RANGE.findall(judge)
    if "{answer}" not in judge or not scores or len({tuple(pair) for pair in scores}) != 1:
        return None
    low, high = (int(number) for number in scores[0])
    if low >= high:
        return None
    names = {"question": "{{ question }}", "answer": "{{ reply }}"}
    parts = re.split(r"(\{question\}|\{answer\})", judge)
    text = "".join(names[part[1:-1]] if _PLACE.fullmatch(part) else _literal(part) for part in parts)
    try:
        Template.parse(text)
    except TemplateFlaw:
        return None
    return FoundRubric(stem=stem, text=text, score={"min": low, "max": high})


def _literal(text: str) -> str:
    """Return a text as a template says it."""
    if not any(sign in text for sign in ("{{", "{%", "{#")):
        return text
    return f"{{% raw %}}{text}{{% endraw %}}"


ROLE_JSON = Format("role-json", "role JSON: instruction[].pos, questions, eval_prompt", _matches, _read)
