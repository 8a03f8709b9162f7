"""Reading back what an import has written, by our own reader: every text has to arrive as it was found."""

from itertools import islice
from pathlib import Path

from persona_batch.config.batch import Example, Persona, Question
from persona_batch.config.document import Library
from persona_batch.config.load import load_batch, survey
from persona_batch.config.problems import Problems
from persona_batch.config.questions import QuestionRegistry
from persona_batch.errors import ConfigError
from persona_batch.exchange.sources.writing.staging import PERSONAS, QUESTIONS, Staged

_LARGE = {PERSONAS: 32 * 1024 * 1024, QUESTIONS: 2 * 1024 * 1024}
"""Bytes of a table that is read as a whole: questions become values, rows of personas do not. Of larger ones the
beginning is read."""
_FIRST_ROWS = 1000


class ImportedWrong(Exception):
    """What was written is not read back as it was found: a bug of ours."""


def prove(staged: Staged, apart: Path) -> None:
    """Read what was written.

    Args:
        staged: the files.
        apart: an empty folder for a copy with the beginnings of large tables.

    Raises:
        ImportedWrong: our reader finds a mistake, or another text.
    """
    root = staged.root
    if any((root / table).stat().st_size > _LARGE[table.parts[0]] for table in staged.tables):
        _copy(staged, apart)
        root = apart
    try:
        survey([str(root)])
        personas = root / PERSONAS
        batch = load_batch([str(personas)], need_questions=False) if personas.is_dir() else None
    except ConfigError as error:
        raise ImportedWrong(str(error)) from error
    arrived = {} if batch is None else {(PERSONAS, one.id): one for one in batch.personas if one.rows is None}
    asked = {one.id: one for persona in arrived.values() for one in persona.questions}
    registry = QuestionRegistry(Library(Problems()))
    for file in staged.files:
        if file.parts[0] == QUESTIONS and len(file.parts) == 2:
            asked |= {one.id: one for one in registry.from_files([str(root / file)])}
    rows = [] if batch is None else [one for one in batch.personas if one.rows is not None]
    for shape in rows:
        assert shape.rows is not None
        for number in range(min(len(shape.rows), _FIRST_ROWS)):
            one = shape.rows.persona(shape, number)
            arrived[PERSONAS, one.id] = one
    for (kind, identity), texts in staged.expected.items():
        found = _persona(arrived.get((kind, identity))) if kind == PERSONAS else _question(asked.get(identity))
        if found != texts:
            raise ImportedWrong(f"{kind}: {identity}: another text is read than was found")


def _persona(one: Persona | None) -> int | None:
    if one is None:
        return None
    examples = tuple((turn.user, turn.assistant) for turn in one.examples if isinstance(turn, Example))
    return hash((one.variants, examples))


def _question(one: Question | None) -> int | None:
    return None if one is None else hash(tuple(turn.text for turn in one.turns) or (one.text,))


def _copy(staged: Staged, apart: Path) -> None:
    """Copy the files, of tables only the first rows."""
    for file in (*staged.files, *staged.tables):
        target = apart / file
        target.parent.mkdir(parents=True, exist_ok=True)
        with (staged.root / file).open("rb") as source:
            target.write_bytes(b"".join(islice(source, _FIRST_ROWS)) if file in staged.tables else source.read())
