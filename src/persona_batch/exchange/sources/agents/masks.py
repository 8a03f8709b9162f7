"""Masks of NextChat (ChatGPT Next Web): one, a list of them, or an export with all."""

from collections.abc import Iterator, Mapping

from persona_batch.chat import JsonValue, Params
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.agents.locales import speaks
from persona_batch.exchange.sources.characters.dialogue import Said, examples_of
from persona_batch.exchange.sources.fields import Fields, one_line
from persona_batch.exchange.sources.found import Format, Found, FoundPersona, ImportOptions
from persona_batch.wording import counted

_LANGUAGES = {"cn": "zh", "tw": "zh-TW", "jp": "ja", "no": "nb"}
_PARAMS = ("temperature", "top_p", "presence_penalty", "frequency_penalty")
_PLAIN = ("{{input}}", "")


def _masks(document: JsonValue) -> list[Mapping[str, JsonValue]]:
    """Return the masks of a document; none: it has no such thing."""
    if isinstance(document, dict) and isinstance(store := document.get("mask-store"), dict):
        document = store
    if isinstance(document, dict) and "masks" in document:
        document = document["masks"]
        document = list(document.values()) if isinstance(document, dict) else document
    if isinstance(document, dict) and document and all(isinstance(listed, list) for listed in document.values()):
        document = [one for listed in document.values() for one in listed]  # those that come with the app, by language
    found = document if isinstance(document, list) else [document]
    return [one for one in found if isinstance(one, dict) and _is_mask(one)]


def _is_mask(one: Mapping[str, JsonValue]) -> bool:
    context = one.get("context")
    if not isinstance(context, list) or "name" not in one:
        return False
    return bool({"modelConfig", "lang", "avatar", "builtin"} & one.keys()) or any(
        isinstance(message, dict) and {"role", "content"} <= message.keys() for message in context
    )


def _read(source: Source, options: ImportOptions) -> Found:
    masks = _masks(source.json)
    if not masks:
        raise source.wrong("no masks: expected `name` and `context`, a list of messages with `role` and `content`")
    notes: list[str] = []
    personas = [_persona(mask, notes, alone=len(masks) == 1) for mask in masks]
    wanted = [one for one in personas if _speaks(one, options.locale)]
    if not wanted:
        raise source.wrong(f"no mask in the language {options.locale}")
    return Found(stem=source.stem, personas=wanted, notes=list(dict.fromkeys(notes)))


def _speaks(one: FoundPersona, locale: str | None) -> bool:
    language = (one.attributes or {}).get("language")
    return locale is None or language is None or speaks(language, locale)


def _persona(mask: Mapping[str, JsonValue], notes: list[str], *, alone: bool) -> FoundPersona:
    fields = Fields(mask, notes)
    name = fields.text("name")
    messages = list(_messages(fields, notes))
    prompts = [said.text for said in messages if said.role == "system"]
    talk = [said for said in messages if said.role != "system"]
    if any(said.role == "system" for said in messages[len(prompts) :]):
        notes.append(f"mask `{one_line(name)}`: instructions within the talk stand at its beginning here")
    if len(prompts) > 1:
        notes.append(
            f"mask `{one_line(name)}`: {len(prompts)} instructions are one prompt, with a blank line between them"
        )
    examples, unanswered = examples_of(talk)
    system: str | None = "\n\n".join(prompts) if prompts else None
    in_question = False
    if unanswered:
        asked = "\n".join(said.text for said in talk[len(talk) - unanswered :])
        if system is None and not examples:
            system, in_question = asked, True
            notes.append("a mask of a user's message alone is a prompt with `placement: user`, before the question")
        else:
            notes.append(f"mask `{one_line(name)}`: its last message of the user has no answer; kept, not sent")
            fields.taken.discard("context")
    language = fields.text("lang")
    fields.take("name", "lang")
    imported = fields.rest()
    return FoundPersona(
        id=None if alone else name or None,
        name=name or None,
        system=system,
        placement="user" if in_question else None,
        examples=examples or None,
        params=_params(fields, notes) or None,
        attributes={"language": _LANGUAGES.get(language, language)} if language else None,
        imported=imported or None,
    )


def _messages(fields: Fields, notes: list[str]) -> Iterator[Said]:
    """Yield the messages of a mask that hold text, in order."""
    fields.take("context")
    pictures = strange = 0
    for message in fields.mappings("context"):
        role, content = message.get("role"), message.get("content")
        if isinstance(content, list):
            parts = [part for part in content if isinstance(part, dict)]
            pictures += sum(part.get("type") != "text" for part in parts)
            content = "\n".join(text for part in parts if isinstance(text := part.get("text"), str))
        if role not in ("system", "developer", "user", "assistant") or not isinstance(content, str):
            strange += 1
        elif content:
            yield Said("system" if role == "developer" else role, content)
    if strange:
        notes.append(f"`context` holds {counted(strange, 'message')} without a known role or a text; kept, not sent")
    if pictures:
        notes.append(f"`context` holds {counted(pictures, 'picture')}; kept, not sent")
    if strange or pictures:
        fields.taken.discard("context")


def _params(fields: Fields, notes: list[str]) -> Params:
    """Return the request parameters of a mask, unless it follows the app's."""
    config = fields.mapping("modelConfig")
    if not config:
        return {}
    if isinstance(model := config.get("model"), str) and model:
        notes.append(f"the model `{one_line(model)}` is kept under `imported`, not chosen; `-m` does that")
    if config.get("template") not in (None, *_PLAIN):
        notes.append("`modelConfig.template` goes around each question; write it as `template:` of a question file")
    if fields.data.get("syncGlobalConfig") is True:
        return {}
    return {name: config[name] for name in _PARAMS if isinstance(config.get(name), int | float)}


MASKS = Format("mask", "masks of NextChat (JSON)", lambda source: bool(_masks(source.json_or_none)), _read)
