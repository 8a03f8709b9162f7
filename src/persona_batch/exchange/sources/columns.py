"""What columns mean, by their usual names: whose prompt it is, what is asked, and what else there is."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from persona_batch.chat import JsonValue
from persona_batch.exchange.reading.rows import Row
from persona_batch.exchange.sources.messages import ROLES

IDS = ("id", "_id", "uid", "uuid", "qid", "question_id", "prompt_id", "persona_id", "role_id", "slug", "identifier",
       "key", "idx", "index", "编号", "标识")  # fmt: skip
NAMES = ("act", "name", "title", "role", "persona", "character", "agent", "actor", "label", "persona_name",
         "role_name", "角色", "名称", "标题", "名字", "姓名", "人物")  # fmt: skip
LOOSE_NAMES = ("topic", "app", "task", "category", "subject", "theme", "heading", "command", "cmd", "分类", "主题")
CREDITED = ("contributor", "contributors", "author", "for_devs")
SYSTEMS = ("system", "system_prompt", "systemprompt", "system_message", "systemmessage", "systemrole", "system_role",
           "sysprompt", "系统提示词", "系统提示", "人设", "角色设定", "设定")  # fmt: skip
PROMPTS = ("prompt", "instruction", "instructions", "content", "text", "prompt_text", "提示词", "提示", "内容", "指令")
PERSONAS = ("persona", "input persona", "input_persona", "persona_description", "persona_text", "人物描述")
QUESTIONS = ("question", "probe", "query", "user_prompt", "user_message", "user", "question_text", "prompt", "text",
             "instruction", "input", "content", "problem", "goal", "问题", "提问", "题目", "内容")  # fmt: skip
ASKED = ("probe", "question", "query", "user_prompt", "user_message", "user", "prompt", "instruction", "input",
         "问题", "提问", "题目")  # fmt: skip
ANSWERS = ("answer", "right_answer", "correct_answer", "expected_answer", "答案")
REPLIES = ("output", "response", "completion", "reply", "chosen", "rejected", *ANSWERS, "回答", "回复")
DESCRIPTIONS = ("description", "desc", "summary", "描述", "简介", "说明")

_LONGEST_LEVEL = 80  # characters of an attribute


class Columns(NamedTuple):
    """Which column is what; None: there is none."""

    text: str
    name: str | None
    id: str | None
    description: str | None = None
    answer: str | None = None


def find(columns: Iterable[str], names: Sequence[str], without: Collection[str | None] = ()) -> str | None:
    """Return the column that has the first of these names, whatever its case; `-` and space are `_`."""
    plain = {_plain(column): column for column in columns if column not in without}
    return next((plain[_plain(name)] for name in names if _plain(name) in plain), None)


def _plain(name: str) -> str:
    return name.strip().casefold().replace("-", "_").replace(" ", "_")


def of_personas(columns: Sequence[str], *, loosely: bool = False) -> Columns | None:
    """Return what is what in a table of personas; None: it does not look like one.

    A prompt with a name is a persona's, and a system prompt is one by itself. A topic is a name where the one who wrote
    the prompt is named too, as in collections of prompts, and where one `loosely` takes anything for a name.
    """
    identity = find(columns, IDS)
    text = find(columns, SYSTEMS)
    credited = find(columns, CREDITED) is not None and find(columns, PROMPTS) == find(columns, ("prompt",))
    names = (*NAMES, *LOOSE_NAMES) if loosely or credited else NAMES
    if text is None:
        prompt = find(columns, PROMPTS)
        named = prompt is not None and find(columns, names, {prompt, identity}) is not None
        text = prompt if named else find(columns, PERSONAS)
    if text is None:
        return None
    name = find(columns, names, {text, identity})
    return Columns(text, name, identity, find(columns, DESCRIPTIONS, {text, name}))


def are_messages(rows: Iterable[Row]) -> bool:
    """Say whether rows are the messages of one conversation rather than personas."""
    return all(row.keys() >= {"role", "content"} and str(row["role"]).casefold() in ROLES for row in rows)


def of_questions(columns: Sequence[str]) -> Columns | None:
    """Return what is what in a table of questions; None: it does not look like one."""
    text = find(columns, QUESTIONS)
    if text is None:
        return None
    return Columns(text, None, find(columns, IDS, {text}), None, find(columns, ANSWERS, {text}))


def all_columns(rows: Iterable[Row]) -> list[str]:
    """Return the columns of some rows, in order of appearance."""
    return list(dict.fromkeys(name for row in rows for name in row))


def said(row: Mapping[str, JsonValue], column: str | None) -> str | None:
    """Return what a row says in a column as text; None: nothing."""
    if column is None or (value := row.get(column)) is None:
        return None
    return value if isinstance(value, str) else as_level(value)


def as_level(value: JsonValue) -> str:
    """Return a value as text: true and false and numbers as JSON has them."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def is_level(value: JsonValue) -> bool:
    """Say whether a value can be an attribute, something to group by."""
    if isinstance(value, str):
        return len(value) <= _LONGEST_LEVEL and "\n" not in value
    return isinstance(value, bool | int | float)


def levels(rows: Iterable[Row], without: Collection[str | None]) -> frozenset[str]:
    """Return the columns whose every value can be an attribute; what was replied is none."""
    kept: dict[str, bool] = {}
    replies = {*without, *REPLIES}
    for row in rows:
        for name, value in row.items():
            if name not in replies and _plain(name) not in replies and value is not None:
                kept[name] = kept.get(name, True) and is_level(value)
    return frozenset(name for name, fits in kept.items() if fits)
