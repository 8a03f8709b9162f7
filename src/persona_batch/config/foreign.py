"""Files in the shape of another tool, or of a guess: taken for what they are, and led to the right form.

`prompt:` for `system:`, a mapping of names for a list, one entry without its dash, turns as pairs. What is noted here
explains whatever the models would say of it, so they say nothing more there.
"""

from collections.abc import Iterator
from collections.abc import Mapping as NamesOf

from persona_batch.config.check_format import CheckEntry, ChoicePattern, PlainCheck
from persona_batch.config.format import (
    SECTIONS,
    ExampleEntry,
    PersonaEntry,
    PersonasFile,
    QuestionEntry,
    QuestionFile,
    SystemFile,
)
from persona_batch.config.nodes import Mapping, Node, Scalar, Sequence, Walked, found
from persona_batch.config.problems import Problems, did_you_mean, quote
from persona_batch.config.run_format import LimitsBlock, ProviderBlock, RunBlock
from persona_batch.config.section import Section, known_keys

_PERSONA = {
    "system": "prompt systemprompt systemmessage systemrole instructions instruction content message messages role "
    "persona character preamble context text "
    "提示词 系统提示词 系统提示 系统消息 系统 提示 人设 角色 角色设定 设定 指令",
    "questions": "prompts queries inputs tests 问题 提问 题目",
    "id": "slug identifier 编号 标识",
    "name": "title displayname label 名字 名称 姓名",
    "description": "desc summary about 描述 说明 简介",
    "examples": "fewshot fewshots shots demos demonstrations exampledialogue exampledialogues 示例 例子 样例",
    "attributes": "tags labels metadata meta 属性 标签",
    "params": "parameters sampling generation generationconfig modelparams 参数",
    "checks": "assert asserts assertions expect expected validators 检查 断言",
    "controls": "baseline baselines 对照 对照组",
    "run": "config settings 运行 设置",
    "personas": "characters roles agents 人物 角色列表",
}
_CHECK = {
    "contains": "includes include has icontains 包含",
    "not_contains": "excludes exclude notincludes 不包含",
    "max_chars": "maxlength maxlen",
    "min_chars": "minlength minlen",
    "language": "lang 语言",
    "regex": "pattern match matches",
}
_OTHER_NAMES: NamesOf[type[Section], NamesOf[str, str]] = {
    PersonaEntry: _PERSONA,
    PersonasFile: _PERSONA,
    QuestionFile: {**_PERSONA, "questions": f"{_PERSONA['questions']} items 问题列表", "system": "", "examples": ""},
    QuestionEntry: {
        "text": "question prompt content query input q user message 问题 提问 文本 内容",
        "answer": "expected target label 答案",
        "id": _PERSONA["id"],
        "params": _PERSONA["params"],
        "checks": "assert asserts assertions expect validators 检查 断言",
    },
    ExampleEntry: {
        "user": "question q input human prompt 用户 问 问题",
        "assistant": "answer a output response reply bot ai 助手 答 回答 回复",
    },
    SystemFile: {"file": "path source filename 文件"},
    RunBlock: {
        "model": "models modelname 模型",
        "provider": "endpoint api 供应商",
        "samples": "n repeats repetitions runs times numsamples 次数",
        "concurrency": "parallel parallelism workers jobs 并发",
        "limits": "ratelimit ratelimits",
    },
    ProviderBlock: {
        "base_url": "url endpoint apibase host",
        "base_urls": "urls endpoints replicas hosts servers",
        "id": "identity",
        "api_key_env": "keyenv env envvar",
        "extra_headers": "headers",
        "extra_body": "body",
    },
    LimitsBlock: {"rpm": "requestsperminute", "tpm": "tokensperminute", "per_day": "requestsperday rpd daily"},
    ChoicePattern: {"regex": _CHECK["regex"]},
    CheckEntry: _CHECK,
    PlainCheck: _CHECK,
}

_FORMS = {
    "personas": "- {id: …, system: …}",
    "questions": "- {id: …, text: …}",
    "examples": "- {user: …, assistant: …}",
    "checks": "- contains: …",
}
_TEXT_KEY = {"personas": "system", "questions": "text"}
_PROMPT = frozenset({"text", "content", "prompt", "value"})
_SHARED = frozenset({"controls", "params", "checks", "questions", "run"})  # what may stand above several personas
_CHAT = frozenset({"role", "content"})


def other_name(key: str, section: type[Section]) -> str | None:
    """Return the key of this format that another tool's key stands for."""
    plain = _bare(key)
    names = _OTHER_NAMES.get(section, {})
    return next((right for right, others in names.items() if plain in others.split()), None)


def rival(key: str, section: type[Section], holder: Mapping) -> str | None:
    """Return the key beside this one that stands for the same, and is there already or says it more plainly."""
    if key == "role" and "content" in holder.entries:
        return "content"
    right = other_name(key, section)
    if right is None or right in holder.entries:
        return right
    names = _OTHER_NAMES[section][right].split()
    alike = [other for other in holder.entries if other_name(other, section) == right]
    first = min(alike, key=lambda other: names.index(_bare(other)))
    return first if first != key else None


def is_meant(key: str, right: str, section: type[Section]) -> bool:
    """Say whether a key that is none is this one mistyped, or another tool's name for it."""
    return bool(did_you_mean(key, [right])) or other_name(key, section) == right


def holds_personas(root: Mapping) -> bool:
    """Say whether the top of a file is a mapping of names to personas."""
    return any(True for _ in _named_personas(root))


def refuse_shapes(root: Mapping, nodes: Walked, problems: Problems) -> None:
    """Note the shapes that are known and wrong, each with the right form."""
    named = list(_named_personas(root))
    if named:
        first, value = named[0]
        problems.add(
            first.place,
            f"found a persona under the name {quote(first.written)}; "
            f"write `personas:`, and below it `{_item('personas', first.written, value)}` for each",
        )
        problems.settle(root.place, *(key.place for key, _ in named))
    for above, below in root.entries.values():
        if other_name(above.written, PersonaEntry) == "system" and isinstance(below, Mapping) and _has_prompt(below):
            found_below = f"found the persona's keys below {quote(above.written)}"
            problems.add(above.place, f"{found_below}; write them at the top of the file")
            problems.settle(root.place, above.place)
    for name, key, node in nodes:
        if key is None:
            continue
        if name in _FORMS and isinstance(node, Mapping):
            problems.add_first(node.place, _no_list(name, node))
            problems.settle(node.place)
        elif name in {"personas", "examples"} and isinstance(node, Sequence):
            _refuse_items(name, node, problems)
        elif name == "system" and isinstance(node, Mapping) and _PROMPT & set(node.entries):
            problems.add_first(node.place, "found a mapping, expected the prompt itself; write `system: …`")
            problems.settle(node.place, *(inner.place for inner, _ in node.entries.values()))


def _named_personas(root: Mapping) -> Iterator[tuple[Scalar, Node]]:
    known = {*known_keys(PersonaEntry), *known_keys(QuestionFile), "personas"}
    free = [
        (key, value)
        for name, (key, value) in root.entries.items()
        if name not in known and other_name(name, PersonaEntry) is None
    ]
    texts = {key.written for key, value in free if _is_text(value) and not did_you_mean(key.written, known)}
    all_texts = len(texts) == len(root.entries) or (len(texts) > 1 and set(root.entries) & known <= _SHARED)
    for key, value in free:
        if (isinstance(value, Mapping) and _has_prompt(value)) or (all_texts and key.written in texts):
            yield key, value


def _is_text(node: Node) -> bool:
    return isinstance(node, Scalar) and node.kind == "text"


def _has_prompt(entry: Mapping) -> bool:
    return any(key == "system" or other_name(key, PersonaEntry) == "system" for key in entry.entries)


def _no_list(name: str, node: Mapping) -> str:
    section = SECTIONS[name]
    keys = [key for key in node.entries if key in known_keys(section) or other_name(key, section)]
    if not node.entries or len(keys) == len(node.entries):
        first = next(iter(node.entries), None)
        form = _FORMS[name] if first is None else f"- {first}: …"
        return f"found a mapping, expected a list; begin the first key of each item with `- `: `{form}`"
    key, (_, value) = next(iter(node.entries.items()))
    form = _FORMS[name]
    if name in _TEXT_KEY:
        form = _item(name, key, value)
    elif name == "examples":
        form = f"- {{user: {quote(key, 20)[1:-1]}, assistant: …}}"
    return f"found a mapping of names, expected a list; write `{form}` for each"


def _item(name: str, key: str, value: Node) -> str:
    inner = quote(value.written, 20)[1:-1] if isinstance(value, Scalar) and value.kind == "text" else "…"
    return f"- {{id: {_name(key)}, {_TEXT_KEY[name]}: {inner}}}"


def _refuse_items(name: str, node: Sequence, problems: Problems) -> None:
    for item in node.items:
        message = None
        if isinstance(item, Mapping) and set(item.entries) >= _CHAT and name == "examples":
            message = (
                "found one message, expected a turn; write `{user: …, assistant: …}` for each pair of messages, "
                "`{assistant: …}` for what the persona says first"
            )
        elif isinstance(item, Scalar) and item.kind == "text" and name == "personas":
            several = item.written.casefold().endswith((".yaml", ".yml"))
            remedy = "name the files one after another: `batch run a.yaml b.yaml`" if several else "write `{form}`"
            message = f"found {found(item)}, expected a mapping; {remedy.format(form=_FORMS[name][2:])}"
        elif isinstance(item, Scalar | Sequence):
            message = f"found {found(item)}, expected a mapping; write `{_FORMS[name][2:]}`"
        if message is not None:
            problems.add_first(item.place, message)
            problems.settle(item.place)
            if isinstance(item, Mapping):
                problems.settle(*(key.place for key, _ in item.entries.values()))


def _bare(key: str) -> str:
    return "".join(char for char in key.casefold() if char.isalnum())


def _name(written: str) -> str:
    return quote(written, 30)[1:-1]
