"""The tests of a promptfoo config: variables, arrays of which are multiplied out, and what is asserted."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from persona_batch.chat import JsonValue
from persona_batch.exchange.reading.rows import Row
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.promptfoo.checks import from_csv
from persona_batch.exchange.sources.promptfoo.files import files_of, is_file, values_in

_SCENARIO = "\0scenario"  # a key that no file has
MOST = 50_000  # tests, multiplied out
_IN_TEXT = (".txt", ".md", ".json", ".csv", ".j2", ".html", ".xml", "")


@dataclass(slots=True)
class Test:
    """One test with one value for each variable; `rest` is what else it says.

    `conversation`: of which it is a turn, if its prompt has such; that of its scenario, where it names none.
    """

    vars: dict[str, JsonValue]
    asserts: list[JsonValue]
    description: str | None = None
    prefix: str = ""
    suffix: str = ""
    prompts: list[str] | None = None
    conversation: str = ""
    rest: dict[str, JsonValue] = field(default_factory=dict)


def tests_of(config: Mapping[str, JsonValue], source: Source, notes: list[str]) -> Iterator[Test]:
    """Yield the tests of a config.

    Raises:
        UsageError: a file is missing or broken, or there are far too many.
    """
    default = _loaded(config.get("defaultTest"), source) or {}
    if not isinstance(default, dict):
        raise source.wrong("`defaultTest` is no mapping")
    count = 0
    for written in [*_written(config.get("tests"), source, notes), *_scenarios(config, source, notes)] or [{}]:
        for test in _multiplied(_merged(default, written), source, notes):
            count += 1
            if count > MOST:
                raise source.wrong(f"more than {MOST:,} tests, when the variables are multiplied out")
            yield test


def _loaded(value: JsonValue, source: Source) -> JsonValue:
    if isinstance(value, str) and is_file(value):
        return next((values_in(one.source) for one in files_of(value, source) if one.source is not None), None)
    return value


def _written(tests: JsonValue, source: Source, notes: list[str]) -> Iterator[dict[str, JsonValue]]:
    """Yield the tests as they are written, in the config and in the files that it names."""
    for one in tests if isinstance(tests, list) else [] if tests is None else [tests]:
        path = one.get("path") if isinstance(one, dict) and "path" in one else one
        if isinstance(path, str):
            for file in files_of(path, source):
                if file.source is None:
                    notes.append(f"tests: {file.why}")
                    continue
                yield from _from_file(file.source)
        elif isinstance(one, dict):
            yield one
        else:
            raise source.wrong("a test is a mapping with `vars`, or the name of a file")


def _from_file(source: Source) -> Iterator[dict[str, JsonValue]]:
    found = values_in(source)
    if not isinstance(found, list):
        found = [found]
    for row in found:
        if not isinstance(row, dict):
            raise source.wrong("a test is a mapping")
        if source.suffix in (".csv", ".tsv", ".parquet") or not row.keys() & {"vars", "assert", "description"}:
            yield _from_row(row)
        else:
            yield row


def _from_row(row: Row) -> dict[str, JsonValue]:
    """Return the test of a row: columns are variables, but for those that begin with `__`."""
    special = {key: value for key, value in row.items() if key.startswith("__")}
    test: dict[str, JsonValue] = {"vars": {key: value for key, value in row.items() if key not in special}}
    expected = [
        from_csv(value)
        for key, value in special.items()
        if key.startswith("__expected") and isinstance(value, str) and value.strip()
    ]
    if expected:
        test["assert"] = expected
    options = {key: special[f"__{key}"] for key in ("prefix", "suffix") if special.get(f"__{key}")}
    if options:
        test["options"] = options
    if special.get("__description"):
        test["description"] = special["__description"]
    known = ("__expected", "__prefix", "__suffix", "__description")
    rest = {key: value for key, value in special.items() if not key.startswith(known) and value not in (None, "")}
    return {**test, **rest}


def _scenarios(config: Mapping[str, JsonValue], source: Source, notes: list[str]) -> Iterator[dict[str, JsonValue]]:
    """Yield the tests of scenarios: each configuration with each test."""
    scenarios = config.get("scenarios")
    count = 0
    for scenario in scenarios if isinstance(scenarios, list) else []:
        held = _loaded(scenario, source)
        if not isinstance(held, dict):
            raise source.wrong("a scenario is a mapping with `config` and `tests`")
        configs = list(_written(held.get("config"), source, notes)) or [{}]
        for one in configs:
            count += 1
            for test in _written(held.get("tests"), source, notes):
                yield {**_merged(one, test), _SCENARIO: f"scenario {count}"}


def _merged(first: Mapping[str, JsonValue], then: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return one test over another: variables and options one by one, asserts of both."""
    merged = {**first, **then}
    for key in ("vars", "options", "metadata"):
        one, other = first.get(key), then.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            merged[key] = {**one, **other}
    asserts = [*_as_list(first.get("assert")), *_as_list(then.get("assert"))]
    if asserts:
        merged["assert"] = asserts
    return merged


def _as_list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _multiplied(written: Mapping[str, JsonValue], source: Source, notes: list[str]) -> Iterator[Test]:
    """Yield a test for each combination of the values of its variables."""
    said = _loaded(written.get("vars"), source) or {}
    if not isinstance(said, dict):
        raise source.wrong("`vars` is no mapping")
    options = written.get("options") if isinstance(written.get("options"), dict) else {}
    assert isinstance(options, dict)
    spread = not options.get("disableVarExpansion")
    values: list[list[JsonValue]] = []
    for name, value in said.items():
        listed = value if isinstance(value, list) and value and isinstance(value[0], str) and spread else [value]
        if (found := list(_values(name, listed, source, notes))) is None or not found:
            return
        values.append(found)
    rest = {
        key: value
        for key, value in written.items()
        if key not in ("vars", "assert", "description", "prompts", "options", _SCENARIO) and value is not None
    }
    others = {key: value for key, value in options.items() if key not in ("prefix", "suffix", "disableVarExpansion")}
    if others:
        rest["options"] = others
    prompts = written.get("prompts")
    metadata = written.get("metadata") if isinstance(written.get("metadata"), dict) else {}
    assert isinstance(metadata, dict)
    for chosen in product(*values):
        yield Test(
            vars=dict(zip(said, chosen, strict=True)),
            asserts=_as_list(written.get("assert")),
            description=written.get("description"),
            prefix=str(options.get("prefix") or ""),
            suffix=str(options.get("suffix") or ""),
            prompts=[str(one) for one in prompts] if isinstance(prompts, list) else None,
            conversation=str(metadata.get("conversationId") or written.get(_SCENARIO)),
            rest=rest,
        )


def _values(name: str, listed: Iterable[JsonValue], source: Source, notes: list[str]) -> Iterator[JsonValue]:
    """Yield the values of a variable; those in files as promptfoo reads them: text without white space around it."""
    import json

    for value in listed:
        if not isinstance(value, str) or not is_file(value):
            yield value.removesuffix("\n") if isinstance(value, str) else value
            continue
        for file in files_of(value, source):
            if file.source is None:
                notes.append(f"variable {name}: {file.why}; its test is left out")
            elif file.source.suffix in (".yaml", ".yml"):
                yield json.dumps(file.source.yaml, ensure_ascii=False, separators=(",", ":"), default=str)
            elif file.source.suffix in _IN_TEXT:
                yield file.source.text.strip()
            else:
                notes.append(f"variable {name}: {value} is no text; its test is left out")
