"""What a manifest tells of the personas and questions that its records name: wordings, names, clusters, answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from persona_batch.chat import JsonValue
from persona_batch.config.batch import Persona
from persona_batch.config.files import RECORDS
from persona_batch.config.persona_rows import PersonaRows
from persona_batch.errors import UsageError
from persona_batch.record.manifest import Manifest, read_manifest
from persona_batch.record.rundir import RunDir

_CACHED = 4096  # personas of a table; records come in blocks of all personas


class QuestionTold(NamedTuple):
    """A question as its file has it; of a conversation, what the user says first."""

    text: str | None = None
    cluster: str | None = None
    answer: str | None = None


class PersonaTold(NamedTuple):
    """A persona as its file has it; `variants` are its wordings; `known`: whether its prompt is (see `Manifest`)."""

    name: str | None = None
    variants: tuple[str | None, ...] = ()
    known: bool = True


_NO_QUESTION, _NOBODY = QuestionTold(), PersonaTold()


@dataclass
class Told:
    """The questions and personas of a manifest by their ids; without a manifest there are none."""

    questions: Mapping[str, QuestionTold] = field(default_factory=dict)
    personas: Mapping[str, PersonaTold] = field(default_factory=dict)
    tables: list[PersonaRows] = field(default_factory=list)

    @classmethod
    def of(cls, run: RunDir) -> "Told":
        """Return what the manifest of a run tells; a records file that was copied elsewhere has none.

        Raises:
            UsageError: run.json is no manifest.
        """
        if run.records.name != RECORDS or not run.manifest.is_file():
            return cls()
        return cls.by(read_manifest(run.manifest))

    @classmethod
    def by(cls, manifest: Manifest) -> "Told":
        """Return what a manifest tells; the personas of a table only where the table is there as it was."""
        questions = {str(one.get("id")): _question(one) for one in manifest.entries("questions")}
        entries = manifest.entries("personas")
        unknown = manifest.unknown_prompts
        personas = {
            str(one.get("id")): _persona(one, str(one.get("id")) not in unknown) for one in entries if "rows" not in one
        }
        tables = []
        for one in entries:
            if "rows" in one:
                try:
                    tables.append(PersonaRows.reopened(one["rows"]))
                except (LookupError, TypeError, OSError, UsageError):
                    continue  # moved, or edited since: its records say what they were asked with
        return cls(questions, personas, tables)

    def __post_init__(self) -> None:
        self._of_table = lru_cache(_CACHED)(self._look_up)

    def question(self, identity: str) -> QuestionTold:
        """Return what is told of a question; all None: nothing."""
        return self.questions.get(identity, _NO_QUESTION)

    def persona(self, identity: str) -> PersonaTold:
        """Return what is told of a persona; a name of None, and no wordings: nothing."""
        found = self.personas.get(identity)
        if found is not None:
            return found
        return self._of_table(identity) if self.tables else _NOBODY

    def _look_up(self, identity: str) -> PersonaTold:
        for rows in self.tables:
            number = rows.number_of(identity)
            if number is not None:
                made = rows.persona(Persona(identity, (None,), ()), number)
                return PersonaTold(made.name, made.variants)
        return _NOBODY


def _question(entry: Mapping[str, JsonValue]) -> QuestionTold:
    return QuestionTold(*(_text(entry.get(name)) for name in QuestionTold._fields))


def _persona(entry: Mapping[str, JsonValue], known: bool) -> PersonaTold:
    held = entry.get("variants")
    return PersonaTold(_text(entry.get("name")), tuple(map(_text, held)) if isinstance(held, list) else (), known)


def _text(value: JsonValue) -> str | None:
    return None if value is None else str(value)
