"""A long source as a table with a template: rows go to JSONL files as they come, the template is written at the end.

Rows that differ in more than their texts (in params, or in how many wordings there are) go to files of their own, each
with its template; where there are too many kinds, the rest is written out.
"""

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec

from persona_batch.chat import JsonValue
from persona_batch.credentials import has_key
from persona_batch.exchange.sources.writing.entries import IMPORTED, Entry, LeftOut
from persona_batch.templating import LONGEST

LONGEST_FILE = 512 * 1024 * 1024  # bytes; our reader takes tables of 1 GB
_MOST_KINDS = 40
_MOST_CHARS = 5_000_000  # of what is written out
_COLUMN = re.compile(r"[a-z_][a-z0-9_]*", re.IGNORECASE | re.ASCII)
_LONG_WORD = re.compile(rb"[A-Za-z0-9_./+-]{20,}")
_TEXTS = ("name", "description", "text", "probe", "answer", "cluster")
_TAKEN = {
    *("id", "row", "system", IMPORTED, *_TEXTS),
    *("true", "false", "none", "loop", "self", "range", "dict", "lipsum", "cycler", "joiner", "namespace", "caller"),
}


@dataclass(slots=True)
class _Kind:
    """Rows of one kind: the template of all of them, and the file that is being written."""

    template: Entry
    files: list[Path] = field(default_factory=list)
    out: BinaryIO | None = None
    size: int = 0
    rows: int = 0
    attributes: dict[str, int] = field(default_factory=dict)  # how many rows have it


@dataclass(slots=True)
class RowFiles:
    """Writes rows beside a YAML file; `first` is the name of the first table, others get a number."""

    folder: Path
    first: str
    kinds: dict[bytes, _Kind] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    written_out: list[Entry] = field(default_factory=list)
    chars: int = 0  # of those that are written out
    _columns: dict[str, str] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        """Write an entry as a row.

        Raises:
            LeftOut: a text is longer than a template takes, or the row looks like it holds an API key.
        """
        template, row = self._split(entry)
        lengths = [len(value) for key, value in row.items() if isinstance(value, str) and key != IMPORTED]
        if max(lengths, default=0) > LONGEST:
            self.chars += sum(lengths)
            if self.chars > _MOST_CHARS:
                raise LeftOut(f"a text has more than {LONGEST:,} characters, too many for a table")
            self.written_out.append(entry)
            return
        line = msgspec.json.encode(row) + b"\n"
        if _LONG_WORD.search(line) and has_key(line.decode()):
            raise LeftOut("what looks like an API key stands in it")
        name = msgspec.json.encode(template)
        kind = self.kinds.get(name)
        if kind is None:
            if len(self.kinds) >= _MOST_KINDS:
                self.chars += len(line)
                if self.chars > _MOST_CHARS:
                    raise LeftOut(f"more than {_MOST_KINDS} kinds that differ in more than their texts")
                self.written_out.append(entry)
                return
            kind = self.kinds[name] = _Kind(template)
        if kind.out is None or kind.size + len(line) > LONGEST_FILE:
            self._open(kind)
        assert kind.out is not None
        kind.out.write(line)
        kind.size += len(line)
        kind.rows += 1
        for attribute in entry.get("attributes", ()):
            kind.attributes[attribute] = kind.attributes.get(attribute, 0) + 1

    def close(self) -> None:
        """Close the files."""
        for kind in self.kinds.values():
            if kind.out is not None:
                kind.out.close()

    def entries(self) -> Iterator[Entry]:
        """Yield what stands in the YAML file for all rows."""
        for kind in self.kinds.values():
            attributes = {
                name: f"{{{{ {self._columns[name]} }}}}"
                if count == kind.rows
                else f"{{{{ {self._columns[name]} | default('') }}}}"
                for name, count in kind.attributes.items()
            }
            for file in kind.files:
                yield {"from": file.name, **kind.template, **({"attributes": attributes} if attributes else {})}
        yield from self.written_out

    def _open(self, kind: _Kind) -> None:
        if kind.out is not None:
            kind.out.close()
        name = self.first if not self.files else f"{self.first}.{len(self.files) + 1}"
        path = self.folder / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        kind.out, kind.size = path.open("xb"), 0
        kind.files.append(path)
        self.files.append(path)

    def _split(self, entry: Entry) -> tuple[Entry, Entry]:
        """Return the template of an entry, and its row."""
        template: Entry = {}
        row: Entry = {"id": entry["id"]}

        def put(column: str, value: JsonValue) -> str:
            row[column] = value
            return f"{{{{ {column} }}}}"

        for key, value in entry.items():
            if key in _TEXTS or (key == "system" and isinstance(value, str)):
                template[key] = put(key, value)
            elif key in ("system", "turns"):
                template[key] = [put(f"{key}_{number}", text) for number, text in enumerate(value, start=1)]
            elif key == "examples":
                template[key] = [
                    {side: put(f"{side}_{number}", text) for side, text in turn.items()}
                    for number, turn in enumerate(value, start=1)
                ]
            elif key == "attributes":
                for name, text in value.items():
                    put(self._column(name), text)
            elif key == IMPORTED:
                row[key] = value
            elif key != "id":
                template[key] = value
        return template, row

    def _column(self, name: str) -> str:
        """Return the column of an attribute: its name, where a template can say it."""
        if name not in self._columns:
            free = _COLUMN.fullmatch(name) and not keyword.iskeyword(name)
            numbered = re.fullmatch(r"(?:system|turns|user|assistant|attribute)_\d+", name)
            plain = free and not numbered and name.lower() not in _TAKEN
            self._columns[name] = name if plain else f"attribute_{len(self._columns) + 1}"
        return self._columns[name]
