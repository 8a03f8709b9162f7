"""Agents of LobeChat: a file each, or the folder of an index with `src/NAME.json` and `locales/NAME/index.LOCALE.json`.

`systemRole` is the prompt, and `openingQuestions` are what it is asked. What the app only shows (the opening message,
the example talk of the shop window) is no part of what it sends, so it is kept and not sent here either.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from persona_batch.chat import JsonValue, Params
from persona_batch.config.names import normalise_id
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.agents.locales import speaks
from persona_batch.exchange.sources.fields import Fields, one_line
from persona_batch.exchange.sources.found import Format, Found, FoundPersona, FoundQuestion, ImportOptions
from persona_batch.wording import counted, listed

_INDEX = re.compile(r"index\.([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]+)*)")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]+)*")
_IN_NAME = re.compile(r".+\.([a-z]{2}(?:[-_][A-Z]{2})?)")  # of NAME.zh-CN.json, as the published index has them
_DEFAULT = "en-US"  # of agents that name no locale, as the template of the index says
_BESIDE = (".md", ".txt", ".yml", ".yaml", ".ts", ".js", ".mjs", ".png", ".webp", ".svg", ".gitkeep", ".lock")
_PLAIN = ("{{text}}", "")


class _Agent(NamedTuple):
    """One document of an agent: the agent's name in the index, its language if it is known, and what it says."""

    name: str
    locale: str | None
    document: Mapping[str, JsonValue]
    source: Source
    translated: bool


def _config(document: JsonValue) -> Mapping[str, JsonValue] | None:
    """Return what configures an agent; None: the document is none."""
    if not isinstance(document, dict):
        return None
    config = document.get("config")
    if isinstance(config, dict) and "systemRole" in config:
        return config
    return document if "systemRole" in document and ("meta" in document or "model" in document) else None


def _agent_of(source: Source) -> _Agent | None:
    """Return the agent of a file; None: it is none."""
    document = source.json if source.suffix == ".json" else None
    if not isinstance(document, dict) or _config(document) is None:
        return None
    index = _INDEX.fullmatch(source.stem)
    said = document.get("locale")
    found = _LOCALE.match(said) if isinstance(said, str) else None
    named = _IN_NAME.fullmatch(source.stem)
    folder = source.path.absolute().parent.name
    if index is None or not folder:
        locale = named[1] if named else found[0] if found else _DEFAULT
        return _Agent(source.stem, locale, document, source, translated=False)
    return _Agent(folder, index[1], document, source, translated=True)


def _exported(document: JsonValue) -> list[Mapping[str, JsonValue]]:
    """Return the agents of an export of the app (`state.sessions`)."""
    state = document.get("state") if isinstance(document, dict) else None
    sessions = state.get("sessions") if isinstance(state, dict) else None
    return [one for one in sessions if _config(one) is not None] if isinstance(sessions, list) else []


def _is_agent(source: Source) -> bool:
    document = source.json_or_none
    return _config(document) is not None or bool(_exported(document))


def _read_one(source: Source, _options: ImportOptions) -> Found:
    notes: list[str] = []
    agent = _agent_of(source)
    if agent is not None:
        persona = _persona(agent, None, notes, alone=True)
        return Found(stem=persona.id or source.stem, personas=[persona], notes=notes)
    sessions = _exported(source.json)
    if not sessions:
        raise source.wrong("no agent: expected `config` with a `systemRole`")
    agents = [_Agent(_title(one) or source.stem, None, one, source, translated=False) for one in sessions]
    personas = [_persona(agent, None, notes, alone=False) for agent in agents]
    return Found(stem=source.stem, personas=personas, notes=list(dict.fromkeys(notes)))


def _title(document: Mapping[str, JsonValue]) -> str:
    title = _meta(document).get("title")
    return title if isinstance(title, str) else ""


def _is_index(source: Source) -> bool:
    """Say whether a folder is an index of agents and nothing else: their files, their translations, a README."""
    documents: list[Source] = []
    for file in source.files_or_none or ():
        within = file.path.relative_to(source.path).parts[0] in ("src", "locales")
        if within and file.suffix == ".json":
            documents.append(file)
        elif file.suffix not in _BESIDE and not file.path.name.startswith("LICEN") and not _is_agent(file):
            return False
    translated = any(_INDEX.fullmatch(file.stem) for file in documents)
    return translated and any(_is_agent(file) for file in documents[:5])


def _read_index(source: Source, options: ImportOptions) -> Found:
    notes: list[str] = []
    agents: list[_Agent] = []
    left: list[str] = []
    for file in source.files:
        agent = _agent_of(file)
        if agent is not None:
            agents.append(agent)
        elif file.suffix == ".json":
            left.append(file.shown)
    if left:
        notes.append(f"no agents, and left out: {listed(left)}")
    by_name: dict[str, list[_Agent]] = {}
    for agent in sorted(agents, key=lambda one: one.translated):  # an agent, then its translations
        by_name.setdefault(agent.name, []).append(agent)
    wanted = [agent for same in by_name.values() for agent in same if _speaks(agent, options.locale)]
    if not wanted:
        raise source.wrong(f"no agent in the language {options.locale}")
    if without := by_name.keys() - {agent.name for agent in wanted}:
        notes.append(f"not in the language {options.locale}: {listed(sorted(without))}")
    personas = [_persona(agent, by_name[agent.name][0], notes, alone=False) for agent in wanted]
    return Found(stem=source.stem, personas=personas, notes=list(dict.fromkeys(notes)))


def _speaks(agent: _Agent, locale: str | None) -> bool:
    return locale is None or (agent.locale is not None and speaks(agent.locale, locale))


def _persona(agent: _Agent, original: _Agent | None, notes: list[str], *, alone: bool) -> FoundPersona:
    config = _config(agent.document)
    assert config is not None
    fields, meta = Fields(config, notes), Fields(_meta(agent.document), notes)
    system = fields.text("systemRole")
    if not system and not isinstance(config.get("systemRole"), str):
        raise agent.source.wrong("`config.systemRole` is no text; write the prompt there")
    title, description = meta.text("title"), meta.text("description")
    questions = [FoundQuestion(text=text) for text in fields.texts("openingQuestions") if text.strip()]
    if questions and len(questions) == len(config["openingQuestions"]):
        fields.take("openingQuestions")
    inherited = _config(original.document) if original is not None and agent.translated else None
    params = _params(fields, inherited)
    _tell(fields, agent, notes)
    outside = Fields(agent.document if config is not agent.document else {}, notes)
    known = fields if config is agent.document else outside
    known.take("config", *(["meta"] if meta.data else []), *(["locale"] if agent.locale else []))
    imported = outside.rest()
    for name, part in (("config", fields.rest()), ("meta", meta.rest())):
        if part:
            imported[name] = part
    return FoundPersona(
        id=_id(agent, notes, alone=alone),
        name=title or None,
        description=description or None,
        system=system,
        params=params or None,
        attributes={"language": agent.locale} if agent.locale else None,
        questions=questions,
        imported=imported or None,
    )


def _meta(document: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    meta = document.get("meta")
    return meta if isinstance(meta, dict) else {}


def _params(fields: Fields, inherited: Mapping[str, JsonValue] | None) -> Params:
    """Return the request parameters; a translation has those of the agent that it translates."""
    params = fields.mapping("params") or (Fields(inherited, []).mapping("params") if inherited else {})
    if isinstance(fields.data.get("params"), dict):
        fields.take("params")
    return dict(params)


def _id(agent: _Agent, notes: list[str], *, alone: bool) -> str:
    if agent.translated:
        return f"{agent.name}.{agent.locale}"
    said = agent.document.get("identifier")
    if not alone or not isinstance(said, str) or not said:
        return agent.name
    try:
        return normalise_id(said)
    except ValueError:
        notes.append(f"`identifier` (`{one_line(said)}`) is no id; the file's name stands for it")
        return agent.name


def _tell(fields: Fields, agent: _Agent, notes: list[str]) -> None:
    """Note what apps do with an agent, and what is not done here."""
    if isinstance(model := fields.data.get("model"), str) and model:
        notes.append(f"the model `{one_line(model)}` is kept under `imported`, not chosen; `-m` does that")
    if fields.data.get("inputTemplate") not in (None, *_PLAIN):
        notes.append("`inputTemplate` goes around each question: not sent; write it as `template:` of a question file")
    shown = [
        name
        for name, said in (
            ("openingMessage", fields.data.get("openingMessage")),
            ("examples", agent.document.get("examples")),
        )
        if said
    ]
    if shown:
        notes.append(
            f"shown by the app and never sent; kept under `imported`: {listed([f'`{name}`' for name in shown])}"
        )
    if plugins := fields.data.get("plugins"):
        count = len(plugins) if isinstance(plugins, list) else 1
        notes.append(f"plugins are not called here: {counted(count, 'plugin')} kept under `imported`")


LOBE = Format("lobe", "agents of LobeChat (JSON)", _is_agent, _read_one)
LOBE_INDEX = Format(
    "lobe-index", "indexes of LobeChat's agents: src/ and locales/", _is_index, _read_index, folders=True
)
