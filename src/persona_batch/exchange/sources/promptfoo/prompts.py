"""The prompts of a promptfoo config: texts, chats, and files of them."""

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from persona_batch.chat import JsonValue
from persona_batch.errors import UsageError
from persona_batch.exchange.reading.rows import rows_of
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.promptfoo.files import FILE, files_of, is_file

_ENDINGS = (".txt", ".json", ".jsonl", ".yaml", ".yml", ".md", ".j2", ".csv")


class Prompt(NamedTuple):
    """A prompt before it is filled in; `names` are what tests call it by."""

    label: str | None
    text: str = ""
    names: tuple[str, ...] = ()


def prompts_of(config: Mapping[str, JsonValue], source: Source, notes: list[str]) -> list[Prompt]:
    """Return the prompts of a config.

    Raises:
        UsageError: a file is missing or broken, or there is no prompt.
    """
    written = config.get("prompts")
    listed: list[JsonValue] = []
    if isinstance(written, dict):  # {file: label}, an old form
        listed = [{"raw": name, "label": label} for name, label in written.items()]
    elif written is not None:
        listed = written if isinstance(written, list) else [written]
    found: list[Prompt] = []
    for one in listed:
        raw: JsonValue = one
        label = name = None
        if isinstance(one, dict):
            raw = one.get("raw", one.get("id", one.get("path")))
            label, name = one.get("label"), one.get("id")
            if one.get("config") or one.get("prefix") or one.get("suffix"):
                notes.append(f"`config` of the prompt {label or name or raw} is not carried over")
        if isinstance(raw, list | dict):
            raw = json.dumps(raw, ensure_ascii=False)
        if not isinstance(raw, str):
            raise source.wrong("a prompt is a text, the name of a file, or a mapping with `raw`")
        names = tuple(str(known) for known in (label, name, raw) if known)
        found += [one._replace(names=(*names, *one.names)) for one in _read(raw, label, source, notes)]
    return found


def _read(raw: str, label: str | None, source: Source, notes: list[str]) -> Iterator[Prompt]:
    if not is_file(raw) and not _names_file(raw, source):
        yield _prompt(raw, label, source)
        return
    for file in files_of(raw, source):
        if file.source is None:
            notes.append(f"prompts: {file.why}")
            continue
        one = file.source
        name = label or one.stem
        if one.suffix == ".txt":
            parts = list(_parts(one.text))
            for number, part in enumerate(parts, start=1):
                yield _prompt(part, name if len(parts) == 1 else f"{name}-{number}", one)
        elif one.suffix in (".csv", ".jsonl"):
            for number, row in enumerate(rows_of(one), start=1):
                text = row.get("prompt") if one.suffix == ".csv" else json.dumps(row, ensure_ascii=False)
                if isinstance(text, str) and text:
                    yield _prompt(text, str(row.get("label") or f"{name}-{number}"), one)
        else:
            yield _prompt(one.text, name, one)


def _names_file(raw: str, source: Source) -> bool:
    """Say whether a prompt without `file://` is a path all the same."""
    if "\n" in raw or len(raw) > 500 or not raw.lower().endswith(_ENDINGS):
        return False
    return "*" in raw or source.beside(raw.removeprefix(FILE)).path.is_file()


def _parts(text: str) -> Iterator[str]:
    """Yield the prompts of a text file, which lines of `---` part."""
    lines: list[str] = []
    for line in [*text.replace("\r\n", "\n").split("\n"), "---"]:
        if line.strip() != "---":
            lines.append(line)
            continue
        if part := "\n".join(lines).strip():
            yield part
        lines = []


def _prompt(text: str, label: str | None, source: Source) -> Prompt:
    """Return a prompt; a file of YAML is the JSON that it stands for."""
    if source.suffix in (".yaml", ".yml") and label is not None and text == source.text:
        try:
            document = source.yaml
        except UsageError:
            return Prompt(label, text)
        if not isinstance(document, str) and document is not None:
            return Prompt(label, json.dumps(document, ensure_ascii=False))
    return Prompt(label, text)
