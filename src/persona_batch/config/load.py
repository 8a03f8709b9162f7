"""Files → one validated Batch; all problems of all files are reported together."""

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from persona_batch.chat import JsonValue
from persona_batch.config.batch import Batch, Question
from persona_batch.config.built_in import BUILT_IN
from persona_batch.config.cautions import cautions
from persona_batch.config.document import Document, FileKind, Library
from persona_batch.config.factorial import FORMAT, factors_said
from persona_batch.config.files import expand, recorded_name
from persona_batch.config.finishing import Finisher, partners_of
from persona_batch.config.format import PersonasFile, SharedBlock
from persona_batch.config.inline import Inline, stems_of
from persona_batch.config.names import id_from_stem
from persona_batch.config.nodes import Mapping, Node, pairs
from persona_batch.config.persona_rows import PersonaRows, prompt_hash
from persona_batch.config.personas import Draft, read_drafts, resolve
from persona_batch.config.problems import Place, Problems, quote
from persona_batch.config.questions import QuestionRegistry
from persona_batch.config.rubrics import rubric_of
from persona_batch.config.run_format import RunBlock
from persona_batch.config.section import Section
from persona_batch.config.settings import Overrides, settings

__all__ = ["Overrides", "load_batch", "survey"]

_NOTHING = Overrides()
_MAX_BATCH_ID = 60
_NO_QUESTIONS = "nothing is asked: add `questions: […]` to the file, or name a question file by `-q FILE`"

_NO_QUESTIONS_GIVEN = "nothing is asked: give `questions`, or add `'questions': […]` to the persona"


@dataclass(frozen=True, slots=True)
class FileSurvey:
    """One file: how many personas it holds, and how many questions it asks (of its personas all together)."""

    path: str
    kind: FileKind
    personas: int
    questions: int


@dataclass(frozen=True, slots=True)
class Survey:
    """All files in the order of their names, and what a user should know about the run they would make."""

    files: tuple[FileSurvey, ...]
    warnings: tuple[str, ...]


def load_batch(
    files: Sequence[str | Path | Inline],
    *,
    questions: Sequence[str | Path | Inline] = (),
    overrides: Overrides = _NOTHING,
    need_questions: bool = True,
    custom_checks: Collection[str] | None = None,
) -> Batch:
    """Read persona files, and all that they name.

    Args:
        files: persona files, folders and globs, and values in Python that say what such files would.
        questions: question files, folders and globs, and values; they replace the personas' own questions.
        overrides: the command line's settings; its `params` are left to the plan.
        need_questions: whether a persona without questions is a problem.
        custom_checks: the checks in Python that the files may use; None: any, because no check is made.

    Raises:
        ConfigError: with every problem of every file.
    """
    library = Library(Problems(), custom_checks=None if custom_checks is None else frozenset(custom_checks))
    registry = QuestionRegistry(library)
    if not files:
        library.problems.add(Place("FILE"), "no persona file is named; name a file, a folder or a glob")
    documents: list[Document] = []
    names = [_name(file) for file in files]
    named = {str(name) for name in names}  # a folder may hold other kinds, which are passed over
    for document in _documents(names, library):
        if document.kind == "persona":
            documents.append(document)
            continue
        shown = document.file.shown
        if document.kind == "rubric":
            if shown in named:
                library.problems.add(
                    Place(shown, 1, 1), f"{quote(shown)} is a rubric; `batch judge RUN --rubric {shown}` judges by it"
                )
            continue
        if shown not in named:
            continue
        library.problems.add(
            Place(shown, 1, 1),
            f"{quote(shown)} is a question file, expected personas; give it by `-q`: `batch run P.yaml -q {shown}`",
        )
    if not documents and not library.problems.found and library.documents:
        here = str(names[0])
        told = f"no persona file is here; give question files by `-q`: `batch run P.yaml -q {here}`"
        library.problems.add(Place(here), told)
    given = registry.from_files(_name(name) for name in questions) if questions else None
    batch = _batch(documents, registry, given, overrides, need_questions=need_questions)
    return replace(batch, id=batch_id(names))


def _name(given: str | Path | Inline) -> str | Inline:
    return given if isinstance(given, Inline) else str(given)


def survey(names: Sequence[str]) -> Survey:
    """Validate persona and question files alike.

    All persona files are taken as one batch, as `batch run` would; each question file stands alone.

    Raises:
        ConfigError: with every problem of every file.
    """
    library = Library(Problems())
    if not names:
        library.problems.add(Place("FILE"), "no file is named; name a file, a folder or a glob")
    documents = _documents(names, library)
    asked = {
        document.file.shown: QuestionRegistry(library).of_document(document)
        for document in documents
        if document.kind == "questions"
    }
    personas = [document for document in documents if document.kind == "persona"]
    for document in documents:
        if document.kind == "rubric":
            rubric_of(document, library.problems)
    batch = _batch(personas, QuestionRegistry(library)) if personas else None
    library.problems.raise_if_any()
    files = [FileSurvey(shown, "questions", 0, len(questions)) for shown, questions in asked.items()]
    files += [FileSurvey(document.file.shown, "rubric", 0, 0) for document in documents if document.kind == "rubric"]
    for document in personas:
        assert batch is not None
        source = recorded_name(document.file.path)
        inside = [persona for persona in batch.personas if persona.source == source]
        ids = {question.id for persona in inside for question in persona.questions}
        count = sum(1 if persona.rows is None else len(persona.rows) for persona in inside)
        files.append(FileSurvey(document.file.shown, "persona", count, len(ids)))
    return Survey(tuple(sorted(files, key=lambda file: file.path)), batch.warnings if batch else library.warnings)


def _documents(names: Sequence[str | Inline], library: Library) -> list[Document]:
    """Return the files that names stand for, each once, and values in Python as they are."""
    documents: dict[Path | int, Document] = {}
    for name in names:
        if isinstance(name, Inline):
            documents[len(documents)] = library.inline(name, "persona")
            continue
        for named in expand(name, library.problems):
            if (document := library.document(named.path, named.shown)) is not None:
                documents.setdefault(named.path.resolve(), document)
    return list(documents.values())


def _batch(
    documents: Sequence[Document],
    registry: QuestionRegistry,
    given: tuple[Question, ...] | None = None,
    overrides: Overrides = _NOTHING,
    *,
    need_questions: bool = False,
) -> Batch:
    """Make a batch of persona files that were read; `given` questions replace the personas' own.

    Raises:
        ConfigError: with every problem that the library knows of, those of the documents among them.
    """
    library, problems = registry.library, registry.problems
    drafts: list[Draft] = []
    for document in documents:
        # Lists that are replaced are looked at for mistakes, but their ids clash with nothing.
        asked = registry if given is None else QuestionRegistry(library)
        drafts += read_drafts(document, library, asked, given)
    run = settings(_run_blocks(documents), overrides, problems)
    factorial = factors_said(_factors_said(documents), overrides, problems)
    run = replace(run, factors=factorial.levels, formats=factorial.formats)
    _refuse_twins(drafts, problems)
    _know_rows(drafts, problems)
    if need_questions and given is None:
        _need_questions(drafts, problems)
    by_id = {draft.id: draft.persona for draft in drafts}
    personas = Finisher(by_id, run.formats, factorial.place(FORMAT), registry).finish(resolve(drafts, problems))
    partners = partners_of(by_id, registry)
    problems.raise_if_any()
    return Batch(
        id="",
        personas=tuple(personas),
        run=run,
        files=library.input_files(),
        partners=partners,
        warnings=(*library.warnings, *cautions(personas, run)),
        lost=tuple(library.warnings),
    )


def batch_id(names: Sequence[str | Inline]) -> str:
    """Return the id of a batch: the stems of its files and folders, joined by `+`; of many, the first and a count.

    A persona that is a value in Python has its own id for a stem.
    """
    stems: list[str] = []
    for name in names:
        if isinstance(name, Inline):
            stems += stems_of(name)
            continue
        path = Path(name).expanduser()
        stem = path.resolve().name if os.path.isdir(path) else path.stem  # noqa: PTH112  # says no to any odd name
        if stem.strip("*?[]") != stem or not stem:  # a glob is named by its folder
            stem = path.parent.resolve().name
        stems.append(id_from_stem(stem) or "batch")
    stems = list(dict.fromkeys(stems))
    joined = "+".join(stems)
    if len(joined) <= _MAX_BATCH_ID:
        return joined
    first = stems[0][: _MAX_BATCH_ID - 10].rstrip("._-")
    return f"{first}+{len(stems) - 1}" if len(stems) > 1 else first


def _run_blocks(documents: Sequence[Document]) -> Iterator[tuple[RunBlock, Mapping]]:
    for said, at in _holders(documents):
        if said.run is not None and isinstance(block := at.get("run"), Mapping):
            yield said.run, block


def _factors_said(documents: Sequence[Document]) -> Iterator[tuple[dict[str, JsonValue], Mapping]]:
    for said, at in _holders(documents):
        if said.factors is not None and isinstance(block := at.get("factors"), Mapping):
            yield said.factors, block


def _holders(documents: Sequence[Document]) -> Iterator[tuple[SharedBlock, Mapping]]:
    """Yield what may stand in a persona or at the top of a file, wherever it does."""
    for document in documents:
        holders: list[tuple[Section | None, Node]] = [(document.said, document.root)]
        if isinstance(document.said, PersonasFile):
            holders += pairs(document.said.personas, document.root.get("personas"))
        for said, at in holders:
            if isinstance(said, SharedBlock) and isinstance(at, Mapping):
                yield said, at


def _refuse_twins(drafts: Sequence[Draft], problems: Problems) -> None:
    first: dict[str, Draft] = {}
    for draft in drafts:
        known = first.setdefault(draft.id, draft)
        if known is not draft:
            problems.add(
                draft.place, f"the persona id {quote(draft.id)} stands in {known.place} already; give one another `id`"
            )


def _know_rows(drafts: Sequence[Draft], problems: Problems) -> None:
    """Note ids that stand in a table and elsewhere, and let tables know which of their prompts do."""
    tables = [draft for draft in drafts if isinstance(draft.persona.rows, PersonaRows)]
    if not tables:
        return
    written = [draft.persona for draft in drafts if draft.persona.rows is None]
    prompts = {prompt_hash(text, one.examples) for one in (*written, *BUILT_IN.values()) for text in one.variants}
    for number, draft in enumerate(tables):
        rows = draft.persona.rows
        assert isinstance(rows, PersonaRows)
        for persona in written:
            if rows.number_of(persona.id) is not None:
                problems.add(draft.place, f"a row has the id {quote(persona.id)}, as another persona has; rename one")
        for other in tables[:number]:
            assert isinstance(other.persona.rows, PersonaRows)
            if not rows.ids.isdisjoint(other.persona.rows.ids):
                problems.add(
                    draft.place, f"the tables here and in {other.place} have rows of one id; give each its own"
                )
            prompts |= other.persona.rows.texts
        rows.mark_known(prompts)


def _need_questions(drafts: Sequence[Draft], problems: Problems) -> None:
    asking = [draft for draft in drafts if draft.persona.questions]
    questions = {id(one.persona.questions): one.persona.questions for one in asking}.values()
    spoken = {name for asked in questions for question in asked for name in question.others}
    for draft in drafts:
        if (
            draft.persona.questions
            or (draft.persona.control and asking)
            or draft.id in spoken
            or (draft.has_questions and problems.found)
        ):
            continue
        told = _NO_QUESTIONS if draft.place.line else _NO_QUESTIONS_GIVEN
        problems.add(draft.place, f"persona {quote(draft.id)}: {told}")
