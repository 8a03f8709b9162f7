"""Reading each input file once: bytes → text → nodes → checked against the models, and searched for keys."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Literal, TypeAlias

from persona_batch.config.batch import InputFile
from persona_batch.config.checklists import refuse_unnamed
from persona_batch.config.comments import lost_text, refuse_lost_values
from persona_batch.config.files import (
    TextFile,
    expand,
    place_in,
    read_table_file,
    read_text,
    recorded_name,
    shown_name,
)
from persona_batch.config.foreign import holds_personas, other_name, refuse_shapes
from persona_batch.config.format import PersonaEntry, PersonasFile, QuestionFile
from persona_batch.config.fullwidth import doubtful
from persona_batch.config.fullwidth import refuse as refuse_fullwidth
from persona_batch.config.inline import SOURCE, Inline
from persona_batch.config.nodes import Mapping, Node, Scalar, Sequence, Walked, walk
from persona_batch.config.params import check_names
from persona_batch.config.problems import Place, Problems, Unreadable, did_you_mean, quote
from persona_batch.config.rubric_format import RubricFile
from persona_batch.config.section import Section, known_keys
from persona_batch.config.source import compose
from persona_batch.config.validate import validated
from persona_batch.credentials import REMEDY, find_key, has_key, is_key_name, is_reference
from persona_batch.errors import Problem
from persona_batch.tables.reading import READERS, read_table
from persona_batch.tables.table import Look, Table, TableFlaw
from persona_batch.wording import listed

_LONG_WORD = re.compile(rb"[A-Za-z0-9_./+-]{20,}")
_COMMENT = re.compile(r"(?m)(?:^|(?<=[ \t]))#.+")

FileKind: TypeAlias = Literal["persona", "questions", "rubric"]

_RUBRIC_ONLY = {"score", "pairwise"}
_PERSONA_ONLY = {*known_keys(PersonaEntry), "personas"} - set(known_keys(QuestionFile))


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file that was read, or values in Python that say what one would; `kind` is what its keys say it is.

    `said` is all that it says rightly (None: nothing), and `root` knows the place of each part of it. `has_name`:
    whether its name is an id for what has none.
    """

    file: TextFile
    root: Mapping
    kind: FileKind
    said: Section | None
    has_name: bool = True


@dataclass(slots=True)
class TableFile:
    """A table that was read; `shown` is its name in messages."""

    shown: str
    path: Path
    sha256: str = ""
    table: Table = field(init=False)


@dataclass(slots=True)
class Library:
    """The files of one batch; each is read, validated and hashed once, however often it is named.

    `custom_checks` are the checks in Python that files may use; None: any, because none is called.
    """

    problems: Problems
    documents: dict[Path, Document | None] = field(default_factory=dict)
    texts: dict[Path, TextFile | None] = field(default_factory=dict)
    tables: list["TableFile"] = field(default_factory=list)
    lost: set[Problem] = field(default_factory=set)
    custom_checks: frozenset[str] | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the files that were read may not say as they were meant, in order."""
        return tuple(str(lost) for lost in sorted(self.lost))

    def document(self, path: Path, shown: str, named_at: Place | None = None) -> Document | None:
        """Return a YAML file, or None when it cannot be read (its problems are noted)."""
        key = path.resolve()
        if key not in self.documents:
            self.documents[key] = None
            with suppress(Unreadable):  # its problems are noted
                self.documents[key] = self._read(path, shown, named_at)
        return self.documents[key]

    def inline(self, given: Inline, kind: Literal["persona", "questions"]) -> Document:
        """Return values in Python as a document; names of files in them start from the working folder."""
        root = given.root(list_key="questions" if kind == "questions" else None)
        nodes = _looked_at(root)
        refuse_keys(root, self.problems)
        said = self._validated(kind, root, nodes)
        return Document(TextFile(given.at, Path(SOURCE), "", ""), root, kind, said, has_name=False)

    def text(self, path: Path, shown: str, named_at: Place, written: str) -> TextFile | None:
        """Return a prompt file, or None when it cannot be read (its problems are noted)."""
        key = path.resolve()
        if key not in self.texts:
            self.texts[key] = None
            with suppress(Unreadable):
                self.texts[key] = file = read_text(path, shown, self.problems, named_at, written)
                _refuse_key_in_name(shown, self.problems)
                if (at := find_key(file.text)) is not None:
                    self.problems.add(place_in(file, at), f"this looks like an API key; {REMEDY}")
        return self.texts[key]

    def table(self, entry: str, at: Node, base: Path, look: Look) -> "TableFile | None":
        """Return the table that an entry names, or None when it cannot be read (its problems are noted).

        Args:
            entry: its name, as it is written.
            at: where.
            base: the folder that a relative name starts from.
            look: is shown its rows while it is read.
        """
        path = base / Path(entry).expanduser()
        suffix = path.suffix.lower()
        if suffix not in READERS:
            self.problems.add(
                at.place, f"{quote(entry)} is no table; expected one that ends in {listed([*READERS], 9)}"
            )
            return None
        file = TableFile(shown_name(path), path)
        try:
            data, file.sha256 = read_table_file(path, file.shown, self.problems, at.place, entry)
            _refuse_keys_in_table(data, file.shown, self.problems)
            file.table = read_table(data, suffix, look)
        except Unreadable:
            return None
        except TableFlaw as flaw:
            self.problems.add(Place(file.shown, flaw.line, flaw.column or bool(flaw.line)), str(flaw))
            return None
        self.tables.append(file)
        return file

    def folder_of(self, shown: str) -> Path:
        """Return the folder of a file that was read, by the name that it is shown under."""
        paths = (
            document.file.path for document in self.documents.values() if document and document.file.shown == shown
        )
        return next(paths, Path()).parent

    def input_files(self) -> tuple[InputFile, ...]:
        """Return all files that were read, in the order of reading."""
        files = [document.file for document in self.documents.values() if document]
        files += [text for text in self.texts.values() if text]
        named = {recorded_name(file.path): file.sha256 for file in files}
        named |= {recorded_name(table.path): table.sha256 for table in self.tables}
        return tuple(InputFile(name, sha256) for name, sha256 in named.items())

    def _read(self, path: Path, shown: str, named_at: Place | None) -> Document:
        file = read_text(path, shown, self.problems, named_at)
        _refuse_key_in_name(shown, self.problems)
        root = compose(file.text, shown, self.problems)
        refuse_keys(root, self.problems)
        _refuse_keys_in_comments(file, self.problems)
        nodes = _looked_at(root)
        refuse_fullwidth(nodes, self.problems)
        kind = kind_of(root)
        refuse_lost_values(nodes, file.text, self.problems)
        for place, message in chain(lost_text(nodes, file.text), doubtful(nodes)):
            self.lost.add(Problem(place.file, place.line, place.column, message))
        return Document(file, root, kind, self._validated(kind, root, nodes))

    def _validated(self, kind: FileKind, root: Mapping, nodes: Walked) -> Section | None:
        refuse_shapes(root, nodes, self.problems)
        said = validated(_model_of(kind, root), root, self.problems)
        for name, key, node in nodes:
            if name in ("params", "factors") and key is not None and isinstance(node, Mapping):
                check_names(node, self.problems)
        if self.custom_checks is not None:
            refuse_unnamed(nodes, self.custom_checks, self.problems)
        return said


def _looked_at(root: Mapping) -> Walked:
    """Return all nodes but those that an import kept beside what it made: whatever they hold is nobody's business."""
    personas = [root, *_items(root, "personas")]
    holders = [*personas, *(question for persona in personas for question in _items(persona, "questions"))]
    return list(walk(root, without={id(holder.get("imported")) for holder in holders}))


def _items(holder: Mapping, key: str) -> list[Mapping]:
    """Return the mappings of a list."""
    node = holder.get(key)
    return [item for item in node.items if isinstance(item, Mapping)] if isinstance(node, Sequence) else []


def _model_of(kind: FileKind, root: Mapping) -> type[Section]:
    if kind == "rubric":
        return RubricFile
    return PersonasFile if "personas" in root.entries else QuestionFile if kind == "questions" else PersonaEntry


def _refuse_keys_in_table(data: bytes, shown: str, problems: Problems) -> None:
    """Note the lines of a table that hold what looks like a key; a key has a long word in it."""
    told = 0
    for word in _LONG_WORD.finditer(data):
        if word.start() < told:
            continue
        start, told = data.rfind(b"\n", 0, word.start()) + 1, data.find(b"\n", word.start()) + 1 or len(data)
        if has_key(data[start:told].decode("utf-8", "replace")):
            line = data.count(b"\n", 0, start) + 1
            problems.add(Place(shown, line, 1), f"this looks like an API key; {REMEDY}")


def _refuse_keys_in_comments(file: TextFile, problems: Problems) -> None:
    """Note what looks like a key behind a `#`; where it is text after all, `refuse_keys` has noted its line."""
    noted = {place.line for place in problems.places if place.file == file.shown}
    for comment in _COMMENT.finditer(file.text):
        if (found := find_key(comment[0])) is not None:
            place = place_in(file, comment.start() + found)
            if place.line not in noted:
                problems.add(place, f"this looks like an API key; {REMEDY}")


def kind_of_file(path: Path) -> FileKind | Literal["unreadable", "nothing"]:
    """Return what a file, or the first readable file of a folder, is for, whatever else is wrong with it."""
    problems = Problems()
    library = Library(problems)
    files = expand(str(path), problems)
    documents = (library.document(named.path, named.shown) for named in files)
    kinds: Iterator[FileKind] = (document.kind for document in documents if document is not None)
    return next(kinds, "unreadable" if files else "nothing")


def kind_of(root: Mapping) -> FileKind:
    """Recognise a file by its keys: those of a persona, even mistyped, make it a persona file."""
    if _RUBRIC_ONLY & root.entries.keys() and not {"personas", "questions", "placement"} & root.entries.keys():
        return "rubric"
    if any(key.casefold() in _PERSONA_ONLY for key in root.entries) or holds_personas(root):
        return "persona"
    if any(other_name(key, PersonaEntry) in {"system", "personas"} for key in root.entries):
        return "persona"
    if not {"questions", "template", "speaker"} & set(root.entries):
        named = (other_name(key, QuestionFile) or key for key in root.entries)
        return "questions" if any(did_you_mean(key, ["questions"], 0.8) for key in named) else "persona"
    strange = set(root.entries) - set(known_keys(QuestionFile))
    return "persona" if any(did_you_mean(key, _PERSONA_ONLY, 0.8) for key in strange) else "questions"


def refuse_keys(root: Mapping, problems: Problems) -> None:
    """Note every literal credential; the message never holds it.

    What has the name of a credential is one, whatever it looks like; but an attribute may be called `secret`, and so
    may what came from another tool. The name of a variable (`${MY_KEY}`) is none.
    """
    told: set[int] = set()
    for name, _, node in walk(root):
        if name in {"attributes", "imported"}:
            told.update(id(below) for _, _, below in walk(node))
    for name, key, node in walk(root):
        if key is not None and has_key(key.written):
            problems.add(key.place, f"this looks like an API key; {REMEDY}")
        if not isinstance(node, Scalar) or node.kind == "null" or not node.written:
            continue
        text = node.written if node.kind != "text" else str(node.value)
        if is_key_name(name) and not is_reference(text) and (id(node) not in told or has_key(f"{name}: {text}")):
            problems.add(node.place, f"an API key or other secret never stands in a file; {REMEDY}")
        elif has_key(text) and not (
            name in {"base_url", "base_urls"} and "@" in text
        ):  # whose login has a message of its own
            problems.add(node.place, f"this looks like an API key; {REMEDY}")


def _refuse_key_in_name(shown: str, problems: Problems) -> None:
    if has_key(shown):
        problems.add(Place(shown), "the file's name holds what looks like an API key; give it another name")
