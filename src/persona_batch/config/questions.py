"""Question lists → the questions themselves; a question file is turned into questions once and shared."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from persona_batch.chat import Params
from persona_batch.checks import Check
from persona_batch.config.batch import Question, Speaker
from persona_batch.config.checklists import read_checks, refuse_unanswered
from persona_batch.config.dialogue import NOBODY, probes_of, refuse_late_probes, speakers_of, talk_of, turns_of
from persona_batch.config.document import Document, Library
from persona_batch.config.files import SUFFIXES, Named, expand
from persona_batch.config.foreign import is_meant
from persona_batch.config.format import QuestionEntry, QuestionFile
from persona_batch.config.inline import Inline
from persona_batch.config.names import id_from_text
from persona_batch.config.nodes import Mapping, Node, below, pairs
from persona_batch.config.params import merge
from persona_batch.config.problems import Place, Problems, quote
from persona_batch.config.question_rows import QuestionRows, around
from persona_batch.config.rows import ROW, Placed, placed
from persona_batch.config.section import as_text
from persona_batch.tables.table import Row
from persona_batch.templating import TemplateFlaw


@dataclass(slots=True)
class QuestionRegistry:
    """All questions of a batch by id: one id is one question, and equal questions are one object."""

    library: Library
    places: dict[str, tuple[Question, Place]] = field(default_factory=dict)
    files: dict[Path, tuple[Question, ...]] = field(default_factory=dict)
    lists: dict[tuple[int, ...], tuple[Question, ...]] = field(default_factory=dict)
    read: dict[int, tuple[Question, ...]] = field(default_factory=dict)
    partners: dict[str, Node] = field(default_factory=dict)  # whom talks are with, and where that is said first
    rows: dict[str, Row] = field(default_factory=dict)  # of questions that a table has, by id

    @property
    def problems(self) -> Problems:
        """Where problems are noted."""
        return self.library.problems

    def from_list(self, entries: Sequence[str | QuestionEntry], at: Node, base: Path) -> tuple[Question, ...]:
        """Return the questions of a persona's `questions:`, which stands `at` a node; file names relative to `base`."""
        if id(at) not in self.read:  # the list at the top of a file is read once for all of its personas
            asked: list[_Asked] = []
            for entry, item in pairs(entries, at):
                if isinstance(entry, str) and names_files(entry, base):
                    for named in expand(entry, self.problems, base, item.place):
                        found = self._from_file(named, item.place, entry)
                        asked += [_Asked(question, item.place) for question in found]
                else:
                    asked += self._entry(entry, item, _Held(), base)
            self.read[id(at)] = self._shared(asked)
        return self.read[id(at)]

    def from_files(self, names: Iterable[str | Inline]) -> tuple[Question, ...]:
        """Return the questions of files named on the command line, and of values in Python."""
        asked: list[_Asked] = []
        for name in names:
            if isinstance(name, Inline):
                asked += [
                    _Asked(one, Place(name.at)) for one in self.of_document(self.library.inline(name, "questions"))
                ]
                continue
            if _is_text(name):
                self.problems.add(
                    Place("-q"),
                    f"found the text {quote(name)}, expected a question file; write it under `questions:` into one, "
                    "or `batch ask FILE QUESTION` asks it",
                )
                continue
            for named in expand(name, self.problems):
                asked += [_Asked(question, Place(named.shown)) for question in self._from_file(named, None, name)]
        return self._shared(asked)

    def of_document(self, document: Document) -> tuple[Question, ...]:
        """Return the questions of a file that was read."""
        named = Named(document.file.path, document.file.shown)
        return (
            self._from_file(named, None, named.shown) if document.has_name else self._of_document(document, named, None)
        )

    def _from_file(self, named: Named, named_at: Place | None, written: str) -> tuple[Question, ...]:
        """Return a file's questions; `written` is what names it: a rubric that a folder holds has none."""
        key = named.path.resolve()
        if key not in self.files:
            document = self.library.document(named.path, named.shown, named_at)
            self.files[key] = ()
            if document is not None and (document.kind != "rubric" or written.casefold().endswith(SUFFIXES)):
                self.files[key] = self._of_document(document, named, named_at)
        return self.files[key]

    def _of_document(self, document: Document, named: Named, named_at: Place | None) -> tuple[Question, ...]:
        if document.kind != "questions":
            what = "a persona file" if document.kind == "persona" else "a rubric"
            self.problems.add(
                named_at or Place(named.shown, 1, 1),
                f"{quote(named.shown)} is {what}; a question file has `questions:` and no `system:`; "
                + (
                    f"`batch run {named.shown}` asks it"
                    if document.kind == "persona"
                    else f"`batch judge RUN --rubric {named.shown}` judges by it"
                ),
            )
            return ()
        if not isinstance(said := document.said, QuestionFile):
            return ()
        root = document.root
        held = _Held(
            said.params or {},
            read_checks(said.checks),
            said.cluster,
            speakers_of(said.speaker, root, self.problems),
            None
            if said.template is None
            else placed("template", said.template, below(root, "template"), self.problems),
        )
        asked: list[_Asked] = []
        for entry, item in pairs(said.questions, root.get("questions")):
            asked += self._entry(entry, item, held, named.path.parent)
        return self._shared(asked)

    def _entry(self, entry: str | QuestionEntry, at: Node, held: "_Held", base: Path) -> list["_Asked"]:
        if isinstance(entry, str):
            question = Question(
                id_from_text(entry), entry, held.params, held.checks, held.speakers, cluster=held.cluster
            )
            refuse_unanswered(held.checks, (question,), at, self.problems)
            return self._register(self._around(question, held, {}), at.place)
        assert isinstance(at, Mapping)
        turns = turns_of(entry, at, self.problems)
        text = turns[0].text if turns else entry.text
        if text is None:
            meant = any(is_meant(key, "text", QuestionEntry) for key in at.entries)
            if not meant and not {"text", "turns"} & set(at.entries):
                self.problems.add_first(at.place, "`text` is missing here; add `text: …`")
            return []
        id_node = at.get("id")
        name = id_from_text(text) if id_node is None else entry.id
        if name is None:
            return []
        if entry.from_ is None and id_node is not None and "{" in name:
            self.problems.add(id_node.place, "a template of ids is for the rows of a table; add `from: …`")
        checks = (*held.checks, *read_checks(entry.checks))
        question = Question(
            name,
            text,
            merge(held.params, entry.params or {}),
            checks,
            speakers_of(entry.speaker, at, self.problems) if "speaker" in at.entries else held.speakers,
            turns=turns,
            probes=probes_of(entry.probe),
            talk=talk_of(entry, at, self.problems),
            answer=None if entry.answer is None else as_text(entry.answer),
            cluster=entry.cluster or held.cluster,
        )
        refuse_late_probes(question, at, self.problems)
        if question.talk is not None:
            self.partners.setdefault(question.talk.persona, at.get("with") or at)
        if entry.from_ is not None:
            return self._rows(question, entry, at, held, base)
        refuse_unanswered(checks, (question,), at, self.problems)
        return self._register(self._around(question, held, {}), (id_node or at).place)

    def _rows(self, shape: Question, entry: QuestionEntry, at: Mapping, held: "_Held", base: Path) -> list["_Asked"]:
        """Return the questions of a table; `shape` has the templates for texts."""
        found = list(QuestionRows.of(shape, entry, at, self.library).read(entry, at, base, self.library))
        refuse_unanswered(shape.checks, [one.question for one in found], at, self.problems)
        asked: list[_Asked] = []
        for one in found:
            self.rows[one.question.id] = one.row
            asked += self._register(self._around(one.question, held, one.row), one.place)
        return asked

    def _around(self, question: Question, held: "_Held", row: Row) -> Question:
        if held.template is None:
            return question
        try:
            return around(question, held.template, row)
        except TemplateFlaw as flaw:
            told = f"row {row[ROW]}: {flaw}" if row else str(flaw)
            self.problems.add_first(held.template.place, told)
            return question

    def _register(self, question: Question, place: Place) -> list["_Asked"]:
        known, first = self.places.setdefault(question.id, (question, place))
        if known != question:
            difference = (
                "another question" if known.text != question.text else "it with other params, checks or cluster"
            )
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
class _Held:
    """What the top of a question file says of all its questions."""

    params: Params = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    cluster: str | None = None
    speakers: tuple[Speaker | None, ...] = NOBODY
    template: Placed | None = None


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
