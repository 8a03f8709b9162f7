"""Reading each input file once: bytes → text → nodes → checked against the models, and searched for keys."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import BaseModel

from persona_batch.config.batch import InputFile
from persona_batch.config.explain import known_keys, validate
from persona_batch.config.literal_key import REMEDY, find_key, has_key, is_key_name
from persona_batch.config.nodes import Mapping, Scalar, walk
from persona_batch.config.params import check_names
from persona_batch.config.persona_file import PersonaEntry, PersonasFile
from persona_batch.config.problems import Place, Problems, Unreadable, did_you_mean
from persona_batch.config.question_file import QuestionFile
from persona_batch.config.run_block import is_reference
from persona_batch.config.source import compose
from persona_batch.config.textfile import TextFile, place_in, read_text, recorded_name

FileKind: TypeAlias = Literal["persona", "questions"]

_PERSONA_ONLY = {*known_keys(PersonaEntry), "personas"} - set(known_keys(QuestionFile))
_MODELS: dict[str, type[BaseModel]] = {"persona": PersonaEntry, "personas": PersonasFile, "questions": QuestionFile}


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file that was read; `kind` is what its keys say it is."""

    file: TextFile
    root: Mapping
    kind: FileKind


@dataclass(slots=True)
class Library:
    """The files of one batch; each is read, validated and hashed once, however often it is named."""

    problems: Problems
    documents: dict[Path, Document | None] = field(default_factory=dict)
    texts: dict[Path, TextFile | None] = field(default_factory=dict)

    def document(self, path: Path, shown: str, named_at: Place | None = None) -> Document | None:
        """Return a YAML file, or None when it cannot be read (its problems are noted)."""
        key = path.resolve()
        if key not in self.documents:
            self.documents[key] = None
            with suppress(Unreadable):  # its problems are noted
                self.documents[key] = self._read(path, shown, named_at)
        return self.documents[key]

    def text(self, path: Path, shown: str, named_at: Place) -> TextFile | None:
        """Return a prompt file, or None when it cannot be read (its problems are noted)."""
        key = path.resolve()
        if key not in self.texts:
            self.texts[key] = None
            with suppress(Unreadable):
                self.texts[key] = file = read_text(path, shown, self.problems, named_at)
                if (at := find_key(file.text)) is not None:
                    self.problems.add(place_in(file, at), f"this looks like an API key; {REMEDY}")
        return self.texts[key]

    def input_files(self) -> tuple[InputFile, ...]:
        """Return all files that were read, in the order of reading."""
        files = [document.file for document in self.documents.values() if document]
        files += [text for text in self.texts.values() if text]
        return tuple(InputFile(recorded_name(file.path), file.sha256) for file in files)

    def _read(self, path: Path, shown: str, named_at: Place | None) -> Document:
        file = read_text(path, shown, self.problems, named_at)
        root = compose(file.text, shown, self.problems)
        refuse_keys(root, self.problems)
        kind = kind_of(root)
        validate(_MODELS["personas" if "personas" in root.entries else kind], root, self.problems)
        for name, key, node in walk(root):
            if name == "params" and key is not None and isinstance(node, Mapping):
                check_names(node, self.problems)
        return Document(file, root, kind)


def kind_of(root: Mapping) -> FileKind:
    """Recognise a file by its keys: those of a persona, even mistyped, make it a persona file."""
    if any(key in _PERSONA_ONLY for key in root.entries):
        return "persona"
    if not {"questions", "template", "speaker"} & set(root.entries):
        return "questions" if any(did_you_mean(key, ["questions"], 0.8) for key in root.entries) else "persona"
    strange = set(root.entries) - set(known_keys(QuestionFile))
    return "persona" if any(did_you_mean(key, _PERSONA_ONLY, 0.8) for key in strange) else "questions"


def refuse_keys(root: Mapping, problems: Problems) -> None:
    """Note every literal credential; the message never holds it."""
    references: set[int] = set()  # of variables, which may stand in extra headers and nowhere else
    for name, key, node in walk(root):
        if name == "extra_headers" and isinstance(node, Mapping):
            values = (value for _, value in node.entries.values())
            references |= {id(value) for value in values if isinstance(value, Scalar) and is_reference(value.written)}
        if key is not None and has_key(key.written):
            problems.add(key.place, f"this looks like an API key; {REMEDY}")
        if isinstance(node, Scalar) and id(node) not in references:
            if key is not None and is_key_name(name) and node.kind != "null" and node.written:
                problems.add(node.place, f"an API key or other secret never stands in a file; {REMEDY}")
            elif isinstance(node.value, str) and has_key(node.value):
                problems.add(node.place, f"this looks like an API key; {REMEDY}")
