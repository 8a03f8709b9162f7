"""What a set of input files holds, for looking at without a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from persona_batch.config.batch import Batch
from persona_batch.config.document import Document, FileKind, Library
from persona_batch.config.load import load_documents
from persona_batch.config.paths import expand
from persona_batch.config.problems import Place, Problems
from persona_batch.config.questions import QuestionRegistry
from persona_batch.config.textfile import recorded_name


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


def survey(names: Sequence[str]) -> Survey:
    """Validate persona and question files alike.

    All persona files are taken as one batch, as `batch run` would; each question file stands alone.

    Raises:
        ConfigError: with every problem of every file.
    """
    problems = Problems()
    library = Library(problems)
    documents: dict[Path, Document] = {}
    if not names:
        problems.add(Place("FILE"), "no file is named; name a file, a folder or a glob")
    for name in names:
        for named in expand(name, problems):
            if (document := library.document(named.path, named.shown)) is not None:
                documents.setdefault(named.path.resolve(), document)
    surveys: list[FileSurvey] = []
    for document in documents.values():
        if document.kind == "questions":
            questions = QuestionRegistry(library).of_document(document)
            surveys.append(FileSurvey(document.file.shown, "questions", 0, len(questions)))
    personas = [document for document in documents.values() if document.kind == "persona"]
    batch = load_documents(personas, library, batch_name="check") if personas else None
    problems.raise_if_any()
    if batch is not None:
        surveys += [_persona_file(document, batch) for document in personas]
    return Survey(tuple(sorted(surveys, key=lambda file: file.path)), batch.warnings if batch else library.warnings)


def _persona_file(document: Document, batch: Batch) -> FileSurvey:
    shown, source = document.file.shown, recorded_name(document.file.path)
    inside = [persona for persona in batch.personas if persona.source == source]
    asked = {question.id for persona in inside for question in persona.questions}
    return FileSurvey(shown, "persona", len(inside), len(asked))
