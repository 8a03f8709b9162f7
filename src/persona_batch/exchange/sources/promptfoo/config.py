"""promptfoo configs: prompts × tests, rendered. Who has one system message is a persona, what the user says is asked.

Nothing is run: functions, scripts and code of asserts are said, and kept where they belong to a question.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from persona_batch.chat import JsonValue, Placement
from persona_batch.config.names import id_from_text
from persona_batch.config.problems import quote
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.found import (
    Format,
    Found,
    FoundExample,
    FoundPersona,
    FoundQuestion,
    FoundSet,
    ImportOptions,
)
from persona_batch.exchange.sources.messages import Talk, message_of, take_apart
from persona_batch.exchange.sources.promptfoo.checks import check_of
from persona_batch.exchange.sources.promptfoo.filling import NotFilled, fill
from persona_batch.exchange.sources.promptfoo.prompts import Prompt, prompts_of
from persona_batch.exchange.sources.promptfoo.tests import Test, tests_of

_NAMES = ("promptfooconfig.yaml", "promptfooconfig.yml", "promptfooconfig.json")
_CODE = ("promptfooconfig.js", "promptfooconfig.ts", "promptfooconfig.mjs", "promptfooconfig.cjs")
_USED = {"prompts", "tests", "defaultTest", "scenarios", "providers", "targets", "evaluateOptions", "description"}
_SETS_ASIDE = {"$schema", "outputPath", "sharing", "env", "nunjucksFilters", "commandLineOptions"}
_COMPATIBLE = ("openai", "azure", "ollama", "openrouter", "groq", "deepseek", "mistral", "togetherai", "together",
               "fireworks", "localai", "vllm", "cerebras", "xai", "perplexity", "alibaba", "huggingface")  # fmt: skip
_KINDS = ("chat", "completion", "responses", "messages", "deployment")
_PARAMS = ("temperature", "top_p", "max_tokens", "stop", "seed", "presence_penalty", "frequency_penalty",
           "response_format", "reasoning_effort", "max_completion_tokens", "top_k", "min_p")  # fmt: skip


def _config(source: Source) -> Source | None:
    """Return the config: the file itself, or that of a folder."""
    if not source.is_folder:
        document = source.json_or_none or source.yaml_or_none
        fits = (
            isinstance(document, dict)
            and "prompts" in document
            and document.keys() & (_USED - {"prompts", "description"})
        )
        return source if fits else None
    found = [Source(source.path / name, f"{source.shown}/{name}") for name in _NAMES]
    return next((one for one in found if one.path.is_file()), None)


def _matches(source: Source) -> bool:
    return _config(source) is not None


@dataclass(slots=True)
class _Asked:
    """Who is asked, and what: the questions by what they say."""

    talk: Talk
    labels: list[str | None] = field(default_factory=list)
    questions: dict[str, FoundQuestion] = field(default_factory=dict)


def _read(source: Source, options: ImportOptions) -> Found:  # noqa: ARG001
    config_file = _config(source) or source
    config = config_file.json if config_file.suffix == ".json" else config_file.yaml
    if not isinstance(config, dict) or "prompts" not in config:
        raise config_file.wrong("expected a promptfoo config with `prompts`")
    notes: list[str] = []
    prompts = prompts_of(config, config_file, notes)
    if not prompts:
        raise config_file.wrong("it has no prompt that can be read; code is never run here")
    tests = list(tests_of(config, config_file, notes))
    stem = source.stem if not source.is_folder else source.path.resolve().name
    personas, sets = _written(_rendered(prompts, tests, notes), stem)
    shared = _shared(config, notes)
    rest = {key: value for key, value in config.items() if key not in _USED}
    if rest:
        notes.append(f"kept under `imported`: {', '.join(map(quote, rest))}")
        shared["imported"] = rest
    description = config.get("description")
    if isinstance(description, str):
        personas = [
            one if one.description is not None else FoundPersona(**{**_fields(one), "description": description})
            for one in personas
        ]
    return Found(stem=stem, personas=personas, sets=sets, shared=shared, notes=notes)


def _fields(one: FoundPersona) -> dict[str, JsonValue]:
    return {name: getattr(one, name) for name in one.__struct_fields__}


def _rendered(prompts: Sequence[Prompt], tests: Sequence[Test], notes: list[str]) -> list[_Asked]:
    """Return what every prompt and test make together, by whom is asked."""
    found: dict[tuple[object, ...], _Asked] = {}
    missing: set[str] = set()
    lost: dict[str, int] = {}
    for prompt in prompts:
        for test in tests:
            if test.prompts is not None and not any(_chosen(name, test.prompts) for name in prompt.names):
                continue
            try:
                talk = _talk(prompt, test, missing)
            except NotFilled as reason:
                lost[str(reason)] = lost.get(str(reason), 0) + 1
                continue
            if (flaw := _flaw_of(talk)) is not None:
                lost[flaw] = lost.get(flaw, 0) + 1
                continue
            who = found.setdefault(_who(talk), _Asked(talk))
            who.labels.append(test.description)
            question = _question(talk, test, prompt.label if len(prompts) > 1 else None, notes)
            who.questions.setdefault(repr((question.text, question.turns, question.checks)), question)
    notes += [f"left out, {count} of prompts × tests: {reason}" for reason, count in lost.items()]
    if missing:
        notes.append(f"without a value, and empty as in promptfoo: {', '.join(map(quote, sorted(missing)))}")
    return list(found.values())


def _flaw_of(talk: Talk) -> str | None:
    """Say why a chat cannot be asked; None: it can."""
    if talk.rest:
        return talk.rest[0]
    if not talk.asked or not talk.asked[-1].strip():
        return "the user says nothing"
    return "the last message is the assistant's" if len(talk.replies) == len(talk.asked) else None


def _chosen(name: str, wanted: Sequence[str]) -> bool:
    return any(name == one or (one.endswith(":*") and name.startswith(one[:-1])) for one in wanted)


def _talk(prompt: Prompt, test: Test, missing: set[str]) -> Talk:
    values = _resolved(test.vars)
    if prompt.messages is None:
        return Talk(None, None, [], [fill(f"{test.prefix}{prompt.text}{test.suffix}", values, missing)], [], [])
    filled: list[JsonValue] = []
    for item in prompt.messages:
        role, text = message_of(item) or ("", "")
        filled.append({"role": role, "content": fill(text, values, missing)})
    return take_apart(filled)


def _resolved(values: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the variables with those filled in that one names of another, five times at most, as promptfoo does."""
    resolved = dict(values)
    for _ in range(5):
        again = False
        for key, value in resolved.items():
            found = re.search(r"\{\{\s*(\w+)\s*\}\}", value) if isinstance(value, str) else None
            if found is not None and isinstance(resolved.get(found[1]), str) and len(value) < 1_000_000:
                resolved[key] = value.replace(found[0], resolved[found[1]], 1)
                again = True
        if not again:
            break
    return resolved


def _who(talk: Talk) -> tuple[object, ...]:
    before = tuple(zip(talk.asked[:-1], talk.replies, strict=False)) if talk.replies else ()
    return talk.system, talk.placement, before, tuple(turn.assistant for turn in talk.examples)


def _question(talk: Talk, test: Test, label: str | None, notes: list[str]) -> FoundQuestion:
    """Return the last message of the user, with the checks of its test; all else that the test says is kept."""
    checks: list[dict[str, JsonValue]] = []
    kept: list[JsonValue] = []
    for asserted in test.asserts:
        filled = _filled(asserted, test)
        check = check_of(filled)
        if check is None:
            kept.append(asserted)
            kind = asserted.get("type") if isinstance(asserted, dict) else asserted
            note = f"no check of ours is the assert {quote(str(kind))}; it is kept under `imported`"
            if note not in notes:
                notes.append(note)
        elif check not in checks:
            checks.append(check)
    said = {"prompt": label, "description": test.description, "vars": test.vars, **test.rest, "assert": kept}
    imported = {key: value for key, value in said.items() if value not in (None, [], {})}
    return FoundQuestion(text=talk.asked[-1], checks=checks or None, imported=imported or None)


def _filled(asserted: JsonValue, test: Test) -> JsonValue:
    """Return an assert with the variables in its value filled in."""
    if not isinstance(asserted, dict):
        return asserted
    value = asserted.get("value")
    try:
        if isinstance(value, str):
            return {**asserted, "value": fill(value, test.vars, set())}
        if isinstance(value, list):
            items = [fill(item, test.vars, set()) if isinstance(item, str) else item for item in value]
            return {**asserted, "value": items}
    except NotFilled:
        return {**asserted, "type": "a template that is not known"}
    return asserted


def _written(asked: Sequence[_Asked], stem: str) -> tuple[list[FoundPersona], list[FoundSet]]:
    """Return the personas, and a set for all who are asked the same."""
    names: dict[frozenset[str], str] = {}
    sets: list[FoundSet] = []
    personas: list[FoundPersona] = []
    kinds = len({frozenset(one.questions) for one in asked})
    for one in asked:
        key = frozenset(one.questions)
        if key not in names:
            names[key] = stem if kinds == 1 else f"{stem}-{len(names) + 1}"
            sets.append(FoundSet(stem=names[key], questions=list(one.questions.values())))
        pairs = zip(one.talk.asked[:-1], one.talk.replies, strict=False)
        examples = [*one.talk.examples, *(FoundExample(user=user, assistant=reply) for user, reply in pairs)]
        placement: Placement | None = one.talk.placement
        personas.append(
            FoundPersona(
                id=_id_of(one, stem, len(asked)),
                system=one.talk.system,
                placement=placement,
                examples=examples or None,
                sets=[names[key]] if kinds > 1 else [],
            )
        )
    return personas, sets


def _id_of(one: _Asked, stem: str, count: int) -> str | None:
    described = set(one.labels)
    if count == 1:
        return stem
    if len(described) == 1 and (label := next(iter(described))):
        return label
    return id_from_text(one.talk.system) if one.talk.system else "no-prompt"


def _shared(config: Mapping[str, JsonValue], notes: list[str]) -> dict[str, JsonValue]:
    """Return what the config says of the run: models, how often, how many at a time, and request parameters."""
    run: dict[str, JsonValue] = {}
    models, params = _models(config.get("providers", config.get("targets")), notes)
    if models:
        run["model"] = models if len(models) > 1 else models[0]
        notes.append("the endpoint is not carried over; name it by `--provider` or `--base-url`")
    options = config.get("evaluateOptions")
    if isinstance(options, dict):
        for theirs, ours in (("repeat", "samples"), ("maxConcurrency", "concurrency")):
            value = options.get(theirs)
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                run[ours] = value
        others = [key for key in options if key not in ("repeat", "maxConcurrency")]
        if others:
            notes.append(f"not carried over of `evaluateOptions`: {', '.join(map(quote, others))}")
    return {**({"params": params} if params else {}), **({"run": run} if run else {})}


def _models(providers: JsonValue, notes: list[str]) -> tuple[list[str], dict[str, JsonValue]]:
    models: list[str] = []
    configs: list[dict[str, JsonValue]] = []
    for one in providers if isinstance(providers, list) else [] if providers is None else [providers]:
        name, held = one, None
        if isinstance(one, dict):
            name = one.get("id") or next(iter(one), None)
            held = one.get("config") if "id" in one else None
        first, _, rest = str(name).partition(":")
        kind, _, model = rest.partition(":")
        model = model if kind in _KINDS and model else rest
        if first not in _COMPATIBLE or not model or first == "azure":
            notes.append(f"the provider {quote(str(name))} is not carried over")
            continue
        models.append(model)
        configs.append(held if isinstance(held, dict) else {})
    params = {key: configs[0][key] for key in _PARAMS if configs and key in configs[0]}
    if any({key: one[key] for key in _PARAMS if key in one} != params for one in configs):
        notes.append("the providers differ in parameters, which are not carried over; write them as `factors`")
        params = {}
    if others := sorted({key for one in configs for key in one if key not in _PARAMS}):
        notes.append(f"not carried over of the providers' `config`: {', '.join(map(quote, others))}")
    return list(dict.fromkeys(models)), params


PROMPTFOO = Format(
    "promptfoo", "a promptfoo config, or the folder of one: prompts × tests", _matches, _read, folders=True
)
