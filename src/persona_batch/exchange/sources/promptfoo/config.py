"""promptfoo configs: prompts × tests, rendered. Who has one system message is a persona, what the user says is asked.

Nothing is run: functions, scripts and code of asserts are said, and kept where they belong to a question.
"""

import msgspec

from persona_batch.chat import JsonValue
from persona_batch.config.problems import quote
from persona_batch.credentials import has_key, is_key_name
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.found import Format, Found, ImportOptions
from persona_batch.exchange.sources.promptfoo.asking import asked_of, written
from persona_batch.exchange.sources.promptfoo.prompts import prompts_of
from persona_batch.exchange.sources.promptfoo.settings import settings_of
from persona_batch.exchange.sources.promptfoo.tests import tests_of

_NAMES = ("promptfooconfig.yaml", "promptfooconfig.yml", "promptfooconfig.json")
_USED = {"prompts", "tests", "defaultTest", "scenarios", "providers", "targets", "evaluateOptions", "description"}


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
    found = [source.within(name) for name in _NAMES]
    return next((one for one in found if one.path.is_file()), None)


def _matches(source: Source) -> bool:
    return _config(source) is not None


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
    personas, sets = written(asked_of(prompts, tests, _environment(config), config_file, notes), stem)
    shared = settings_of(config, notes)
    rest = {key: value for key, value in config.items() if key not in _USED}
    if rest:
        notes.append(f"kept under `imported`: {', '.join(map(quote, rest))}")
        shared["imported"] = rest
    description = config.get("description")
    if isinstance(description, str):
        personas = [msgspec.structs.replace(one, description=one.description or description) for one in personas]
    return Found(stem=stem, personas=personas, sets=sets, shared=shared, notes=notes)


def _environment(config: dict[str, JsonValue]) -> dict[str, str]:
    """Return what the config itself says of the environment; that of the machine is not read, and no key is a text."""
    held = config.get("env")
    return {
        name: value
        for name, value in (held.items() if isinstance(held, dict) else ())
        if isinstance(value, str) and not is_key_name(name) and not has_key(value) and "{{" not in value
    }


PROMPTFOO = Format(
    "promptfoo", "a promptfoo config, or the folder of one: prompts × tests", _matches, _read, folders=True
)
