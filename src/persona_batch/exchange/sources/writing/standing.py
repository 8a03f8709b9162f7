"""What a folder has already: ids that new files must not take, for all files of a folder are run as one."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from persona_batch.chat import JsonValue
from persona_batch.config.batch import Question
from persona_batch.config.document import Library
from persona_batch.config.files import SUFFIXES
from persona_batch.config.load import load_batch
from persona_batch.config.nodes import plain
from persona_batch.config.problems import Problems
from persona_batch.config.questions import QuestionRegistry
from persona_batch.errors import ConfigError
from persona_batch.exchange.sources.writing.entries import content_of
from persona_batch.exchange.sources.writing.naming import Names
from persona_batch.exchange.sources.writing.staging import PERSONAS, QUESTIONS

_MOST = 64 * 1024 * 1024  # bytes of files that are looked at


@dataclass(slots=True)
class Standing:
    """Ids of a folder's personas and questions, and what its files say of the run; `flaw`: why they are not known."""

    names: Names = field(default_factory=Names)
    run: dict[str, JsonValue] = field(default_factory=dict)
    flaw: str = ""


def take_note(folder: Path, without: Collection[Path]) -> Standing:
    """Return what a folder has, but for files (relative to it) that are to be written anew."""
    personas = _yaml_files(folder, PERSONAS, without)
    questions = _yaml_files(folder, QUESTIONS, without)
    tables = [file for file in (folder / PERSONAS).glob("*") if file.suffix not in SUFFIXES]
    if sum(file.stat().st_size for file in (*personas, *questions, *tables) if file.is_file()) > _MOST:
        return Standing(flaw="its files are large, so their ids were not compared with the new ones")
    found = Standing()
    try:
        batch = load_batch([str(file) for file in personas], need_questions=False) if personas else None
    except ConfigError as error:
        return Standing(flaw=f"the ids of its files are not known ({error.problems[0]})")
    asked: dict[str, Question] = {}
    for one in () if batch is None else batch.personas:
        for name in [one.id] if one.rows is None else one.rows.names():
            found.names.personas.add(name)
        asked |= {question.id: question for question in one.questions}
    library = Library(Problems())
    registry = QuestionRegistry(library)
    asked |= {question.id: question for question in registry.from_files(map(str, questions))}
    for question in asked.values():
        found.names.questions.add(question.id, _content(question))
    for file in personas:
        document = library.document(file, str(file))
        if document is not None and (run := document.root.get("run")) is not None:
            found.run |= plain(run)
    return found


def _content(question: Question) -> int:
    """Return what tells a new question whether it is this one; only plain ones are known again."""
    plain = Question(question.id, question.text)
    return content_of({"text": question.text}) if question == plain else 0


def _yaml_files(folder: Path, below: str, without: Collection[Path]) -> list[Path]:
    found = (file for file in (folder / below).glob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    return sorted(file for file in found if file.relative_to(folder) not in without)
