"""Question lists → the questions themselves; a question file is turned into questions once and shared."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from persona_batch.chat import Params
from persona_batch.checks import Check
from persona_batch.config.batch import Question
from persona_batch.config.check_entry import read_checks
from persona_batch.config.document import Document, Library
from persona_batch.config.names import id_from_text, read_id
from persona_batch.config.nodes import Mapping, Node, items_of, mapping_of, plain, text_of
from persona_batch.config.params import merge
from persona_batch.config.paths import SUFFIXES, Named, expand
from persona_batch.config.problems import Place, Problems, quote
from persona_batch.config.question_file import FILE_PLANNED, QUESTION_PLANNED, QuestionEntry
from persona_batch.config.shapes import is_meant


@dataclass(slots=True)
class QuestionRegistry:
    """All questions of a batch by id: one id is one question, and equal questions are one object."""

    library: Library
    places: dict[str, tuple[Question, Place]] = field(default_factory=dict)
    files: dict[Path, tuple[Question, ...]] = field(default_factory=dict)
    lists: dict[tuple[int, ...], tuple[Question, ...]] = field(default_factory=dict)
    read: dict[int, tuple[Question, ...]] = field(default_factory=dict)

    @property
    def problems(self) -> Problems:
        """Where problems are noted."""
        return self.library.problems

    def from_list(self, node: Node | None, base: Path) -> tuple[Question, ...]:
        """Return the questions of a persona's `questions:`, file names relative to `base`."""
        if id(node) in self.read:  # the list at the top of a file, for all of its personas
            return self.read[id(node)]
        asked: list[_Asked] = []
        for item in items_of(node):
            text = text_of(item)
            if text is not None and names_files(text, base):
                for named in expand(text, self.problems, base, item.place):
                    asked += [_Asked(question, item.place) for question in self._from_file(named, item.place)]
            else:
                asked += self._entry(item, {}, ())
        self.read[id(node)] = self._shared(asked)
        return self.read[id(node)]

    def from_files(self, names: Iterable[str]) -> tuple[Question, ...]:
        """Return the questions of files named on the command line."""
        asked: list[_Asked] = []
        for name in names:
            if _is_text(name):
                self.problems.add(
                    Place("-q"),
                    f"found the text {quote(name)}, expected a question file; write it under `questions:` into one, "
                    "or `batch ask FILE QUESTION` asks it",
                )
                continue
            for named in expand(name, self.problems):
                asked += [_Asked(question, Place(named.shown)) for question in self._from_file(named, None)]
        return self._shared(asked)

    def from_texts(self, texts: Iterable[str]) -> tuple[Question, ...]:
        """Return questions given as text on the command line."""
        place = Place("QUESTION")
        asked: list[_Asked] = []
        for text in texts:
            if not text.strip() or "\0" in text:
                self.problems.add(place, "the question is empty; write something to ask")
            else:
                asked += self._register(Question(id_from_text(text), text), place)
        return self._shared(asked)

    def of_document(self, document: Document) -> tuple[Question, ...]:
        """Return the questions of a file that was read."""
        return self._from_file(Named(document.file.path, document.file.shown), None)

    def _from_file(self, named: Named, named_at: Place | None) -> tuple[Question, ...]:
        """Return a file's questions."""
        key = named.path.resolve()
        if key not in self.files:
            document = self.library.document(named.path, named.shown, named_at)
            self.files[key] = self._of_document(document, named, named_at) if document else ()
        return self.files[key]

    def _of_document(self, document: Document, named: Named, named_at: Place | None) -> tuple[Question, ...]:
        root = document.root
        if document.kind != "questions":
            self.problems.add(
                named_at or Place(named.shown, 1, 1),
                f"{quote(named.shown)} is a persona file; a question file has `questions:` and no `system:`; "
                f"`batch run {named.shown}` asks it",
            )
            return ()
        refuse_planned(root, FILE_PLANNED, self.problems)
        read_id(root.get("id"), self.problems)
        params = params_of(root)
        checks = read_checks(root.get("checks"), self.problems)
        asked: list[_Asked] = []
        for item in items_of(root.get("questions")):
            asked += self._entry(item, params, checks)
        return self._shared(asked)

    def _entry(self, item: Node, params: Params, checks: tuple[Check, ...]) -> list["_Asked"]:
        if (text := text_of(item)) is not None:
            if not text.strip():
                self.problems.add_first(item.place, "the question is empty; write something to ask")
                return []
            return self._register(Question(id_from_text(text), text, params, checks), item.place)
        entry = mapping_of(item)
        if entry is None:
            return []
        refuse_planned(entry, QUESTION_PLANNED, self.problems)
        own = read_checks(entry.get("checks"), self.problems)
        own_params = params_of(entry)
        text = text_of(entry.get("text"))
        if text is None or not text.strip():
            meant = any(is_meant(key, "text", QuestionEntry) for key in entry.entries)
            if not meant and not {"text", "turns", "from"} & set(entry.entries):
                self.problems.add_first(entry.place, "`text` is missing here; add `text: …`")
            elif text is not None and (node := entry.get("text")):
                self.problems.add_first(node.place, "the question is empty; write something to ask")
            return []
        written = text_of(entry.get("id"))
        name = id_from_text(text) if written is None else read_id(entry.get("id"), self.problems)
        if name is None:
            return []
        place = entry.place if written is None else entry.entries["id"][1].place
        return self._register(Question(name, text, merge(params, own_params), (*checks, *own)), place)

    def _register(self, question: Question, place: Place) -> list["_Asked"]:
        known, first = self.places.setdefault(question.id, (question, place))
        if known != question:
            difference = "another question" if known.text != question.text else "it with other params or checks"
            self.problems.add(
                place, f"the id `{question.id}` names {difference} in {first}; give this one an `id` of its own"
            )
        return [_Asked(known, place)]

    def _shared(self, asked: Sequence["_Asked"]) -> tuple[Question, ...]:
        """Return one tuple object for equal lists; a question that stands in a list twice is a problem."""
        places: dict[str, Place] = {}
        for question, place in ((one.question, one.place) for one in asked):
            if question.id in places:
                first = places[question.id]
                if first == place:
                    first = self.places[question.id][1]
                self.problems.add_first(
                    place, f"the question `{question.id}` ({first}) is asked twice; keep one (`samples` asks it again)"
                )
            places.setdefault(question.id, place)
        questions = tuple(one.question for one in asked)
        return self.lists.setdefault(tuple(id(question) for question in questions), questions)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question, and what asks for it: its own entry, or the name of its file."""

    question: Question
    place: Place


def names_files(text: str, base: Path) -> bool:
    """Say whether an item of `questions:` names a file, a glob or a folder; anything else is asked."""
    if "\n" in text or len(text) > 1000 or "\0" in text:
        return False
    if text.casefold().endswith(SUFFIXES):
        return True
    try:
        return "/" in text and (base / text).is_dir()
    except OSError:
        return False


def _is_text(name: str) -> bool:
    """Say whether what should name a file is more likely a question."""
    if not name.strip() or "/" in name or "\\" in name or "\0" in name or names_files(name, Path()):
        return False
    return (" " in name or not name.isascii() or name.endswith("?")) and not os.path.lexists(name)


def params_of(holder: Mapping) -> Params:
    """Return a mapping's `params`."""
    block = mapping_of(holder.get("params"))
    params: Params = plain(block) if block is not None else {}
    return params


def refuse_planned(holder: Mapping, keys: Iterable[str], problems: Problems) -> None:
    """Note keys that are documented and not built yet."""
    for key in keys:
        if key in holder.entries:
            problems.add(holder.key_place(key), f"`{key}` is planned and not built yet; delete it for now")
