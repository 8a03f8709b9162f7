"""A foreign file or folder, read bounded: whatever somebody sends, it takes so much memory and no more.

Nothing of it is trusted: sizes, nesting, names within it, aliases and tags of YAML.
"""

import json
import os
import re
import stat
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from persona_batch.chat import JsonValue
from persona_batch.config.problems import quote
from persona_batch.errors import UsageError
from persona_batch.exchange.reading.plain_yaml import as_json, loader

if TYPE_CHECKING:
    import yaml

MAX_BYTES = 64 * 1024 * 1024  # of what is read as a whole; tables and JSONL are read row by row
MAX_TEXT = 16 * 1024 * 1024  # of what becomes one text, which may take four times as much
MAX_YAML = 4 * 1024 * 1024
MAX_ENTRIES = 50_000  # files below a folder
_MAX_NODES = 2_000_000  # of a YAML document, aliases counted as often as they stand for something
_MAX_WRITTEN = 150_000  # nodes that are written out in one: each takes about a kilobyte
_WEIGHTS = ((b"{", 240), (b"[", 64), (b",", 16), (b'"', 30))  # bytes that the values of a JSON text take, about
_MAX_WEIGHT = 160 * 1024 * 1024
_MOST_REMARKS = 20
_LONG_TEXT = re.compile(rb'[^"]{%d}' % MAX_TEXT)
_MARK = b"\xef\xbb\xbf"
_HEAD = 64 * 1024


@dataclass(frozen=True)
class Source:
    """One file, or a folder, to take in. `shown` is its name in messages.

    `remarks` are what was odd when it was read, and when those beside or within it were.
    """

    path: Path
    shown: str
    remarks: list[str] = field(default_factory=list, repr=False, compare=False)

    @property
    def stem(self) -> str:
        """The name without its ending: what an id is made of where the source has none."""
        return self.path.name if self.is_folder else self.path.stem

    @property
    def suffix(self) -> str:
        """The ending of the name, in lower case, with its dot."""
        return "" if self.is_folder else self.path.suffix.lower()

    @cached_property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.path.is_dir()

    @cached_property
    def size(self) -> int:
        """How many bytes the file has."""
        return 0 if self.is_folder else self.path.stat().st_size

    @cached_property
    def head(self) -> bytes:
        """The first 64 KiB; empty for a folder, and for what cannot be read."""
        if self.is_folder:
            return b""
        try:
            with self.path.open("rb") as file:
                return file.read(_HEAD)
        except OSError:
            return b""

    @cached_property
    def data(self) -> bytes:
        """The whole file.

        Raises:
            UsageError: it cannot be read, is no regular file, or is larger than 64 MiB.
        """
        try:
            status = self.path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise self.wrong("no regular file; name a file or a folder")
            with self.path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise self.wrong(f"cannot be read ({error.strerror})") from error
        if len(data) > MAX_BYTES:
            raise self.wrong(f"larger than {MAX_BYTES >> 20} MB; split it, or save it as JSONL, CSV or Parquet")
        return data

    @cached_property
    def text(self) -> str:
        """The whole file as text, line ends as they stand; a byte order mark is no part of it.

        Raises:
            UsageError: it cannot be read, or is not UTF-8.
        """
        data = self.data
        if len(data) > MAX_TEXT:
            raise self.wrong(f"larger than {MAX_TEXT >> 20} MB, too large for a text; split it")
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise self.wrong("UTF-16; save it as UTF-8")
        try:
            return data.removeprefix(_MARK).decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise self.wrong(f"byte 0x{data[error.start]:02x} is not UTF-8; save it as UTF-8", line) from error

    @cached_property
    def json(self) -> JsonValue:
        """The whole file as one JSON document.

        Raises:
            UsageError: it is none, or nested too deeply.
        """
        data = self.data.removeprefix(_MARK)
        _refuse_many(data, self)
        try:
            return msgspec.json.decode(data)
        except RecursionError as error:
            raise self.wrong("nested too deeply") from error
        except (msgspec.DecodeError, UnicodeDecodeError):
            return read_json(self.text, self)

    @cached_property
    def yaml(self) -> JsonValue:
        """The whole file as one YAML document of plain values; tags make nothing, aliases are counted.

        Raises:
            UsageError: it is none, holds a tag that stands for no plain value, or grows beyond all bounds.
        """
        return read_yaml(self.text, self)

    @cached_property
    def json_or_none(self) -> JsonValue:
        """The document of a `.json` file; None where it is none, is broken, or null: `matches` must not raise."""
        try:
            return self.json if self.suffix == ".json" else None
        except UsageError:
            return None

    @cached_property
    def yaml_or_none(self) -> JsonValue:
        """The document of a `.yaml` or `.yml` file; None where it is none, is broken, or null."""
        try:
            return self.yaml if self.suffix in (".yaml", ".yml") else None
        except UsageError:
            return None

    @cached_property
    def files(self) -> list["Source"]:
        """The regular files below a folder, sorted, hidden ones and what links lead to left out.

        Raises:
            UsageError: they are more than 50,000.
        """
        found: list[Source] = []
        for folder, names, files in os.walk(self.path):
            names[:] = sorted(name for name in names if not name.startswith("."))
            for name in sorted(files):
                path = Path(folder, name)
                if name.startswith(".") or path.is_symlink() or not path.is_file():
                    continue
                found.append(self.within(path.relative_to(self.path).as_posix()))
                if len(found) > MAX_ENTRIES:
                    raise self.wrong(f"more than {MAX_ENTRIES:,} files; name a smaller folder")
        return found

    @cached_property
    def files_or_none(self) -> list["Source"] | None:
        """The files below a folder; None where it is no folder, or has too many: `matches` must not raise."""
        try:
            return self.files if self.is_folder else None
        except UsageError:
            return None

    def beside(self, name: str) -> "Source":
        """Return the file that the source names, relative to itself."""
        shown = f"{Path(self.shown).parent.as_posix()}/{name}".removeprefix("./")
        return Source(self.path.parent / name, shown, self.remarks)

    def within(self, name: str) -> "Source":
        """Return the file of a folder that has this name."""
        return Source(self.path / name, f"{self.shown}/{name}", self.remarks)

    def wrong(self, what: str, line: int = 0, column: int = 0) -> UsageError:
        """Return the error that says what is wrong with it, and where."""
        place = "".join(f":{number}" for number in (line, column) if number)
        return UsageError(f"{self.shown}{place}: {what}")


def read_json(text: str, source: Source) -> JsonValue:
    """Return the values of a JSON text of a source, one embedded in a picture for example.

    Raises:
        UsageError: as for `Source.json`.
    """
    _refuse_many(text.encode("utf-8", "surrogatepass"), source)
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise source.wrong(f"not JSON: {error.msg}", error.lineno, error.colno) from error
    except RecursionError as error:
        raise source.wrong("nested too deeply") from error
    except ValueError as error:  # NaN, or a number of more digits than Python reads
        raise source.wrong(f"not JSON: {error}") from error


def _refuse_many(data: bytes, source: Source) -> None:
    """Refuse a JSON text whose values would take far more memory than it has bytes."""
    if sum(data.count(sign) * weight for sign, weight in _WEIGHTS) > _MAX_WEIGHT:
        raise source.wrong("too many values for one JSON document; save it as JSONL, CSV or Parquet")
    if len(data) > MAX_TEXT and _LONG_TEXT.search(data):
        raise source.wrong(f"a text in it is larger than {MAX_TEXT >> 20} MB")


def read_yaml(text: str, source: Source) -> JsonValue:
    """Return the plain values of a YAML text of a source, a front matter for example.

    Raises:
        UsageError: as for `Source.yaml`.
    """
    import yaml

    plain = loader()
    if len(text) > MAX_YAML:
        raise source.wrong(f"larger than {MAX_YAML >> 20} MB, too large for YAML; save it as JSON or JSONL")
    try:
        nodes = sum(1 for event in yaml.parse(text, Loader=plain) if isinstance(event, yaml.NodeEvent))
        if nodes > _MAX_WRITTEN:
            raise source.wrong(f"more than {_MAX_WRITTEN:,} values, too many for YAML; save it as JSON or JSONL")
        root = yaml.compose(text, Loader=plain)
        if root is None:
            return None
        _refuse_growth(root, source)
        return as_json(yaml.load(text, Loader=plain))  # noqa: S506  # a safe loader: tags make no objects
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise source.wrong(f"not YAML: {error.problem or error.context}", *place) from error
    except yaml.YAMLError as error:
        raise source.wrong(f"not YAML: {error}") from error
    except RecursionError as error:
        raise source.wrong("nested too deeply") from error
    except (ValueError, OverflowError) as error:  # a date or number that there is not
        raise source.wrong(f"not YAML: {error}") from error


def _refuse_growth(root: object, source: Source) -> None:
    """Refuse aliases that stand for more than anybody wrote, and those within themselves; remark on doubled keys."""
    import yaml

    sizes: dict[int, int] = {}

    def size(node: object) -> int:
        known = sizes.get(id(node))
        if known is not None:
            if known < 0:
                raise source.wrong("an alias stands within what it stands for")
            return known
        sizes[id(node)] = -1
        total = 1
        if isinstance(node, yaml.SequenceNode):
            total += sum(size(item) for item in node.value)
        elif isinstance(node, yaml.MappingNode):
            total += sum(size(key) + size(value) for key, value in node.value)
            _remark_doubles([key for key, _ in node.value if isinstance(key, yaml.ScalarNode)], source)
        if total > _MAX_NODES:
            raise source.wrong(f"aliases that grow to more than {_MAX_NODES:,} values")
        sizes[id(node)] = total
        return total

    size(root)


def _remark_doubles(keys: "list[yaml.ScalarNode]", source: Source) -> None:
    """Say which key of a mapping stands twice."""
    seen: set[str] = set()
    for key in keys:
        if key.value in seen and key.value != "<<":
            line = key.start_mark.line + 1
            remark = f"{source.path.name}: the key {quote(key.value)} stands twice (line {line}); the last one counts"
            if remark not in source.remarks and len(source.remarks) < _MOST_REMARKS:
                source.remarks.append(remark)
        seen.add(key.value)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no value of JSON")
