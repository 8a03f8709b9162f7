"""What a foreign source holds, in the terms of persona and question files; the formats yield it, `writing` writes it.

Texts are carried byte for byte. What these terms have no room for goes to `imported` (kept in the file, never sent),
and what cannot be carried over at all is a sentence in `notes`: nothing is dropped silently.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from persona_batch.chat import JsonValue, Params, Placement

if TYPE_CHECKING:
    from persona_batch.exchange.reading.source import Source


class FoundExample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A few-shot turn. Without `user`: what the persona says first, before anybody spoke (a greeting)."""

    user: str | None = None
    assistant: str


class FoundQuestion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A question, or with `turns` the user's side of a conversation; field by field a question of a question file.

    `id`: as the source has it; the writer makes a valid and unique one of it, or of the text where there is none.
    `imported`: what was in the source besides, by its names there.
    """

    id: str | None = None
    text: str | None = None
    turns: Sequence[str] | None = None
    probe: str | None = None
    speaker: str | None = None
    answer: str | None = None
    cluster: str | None = None
    params: Params | None = None
    checks: Sequence[dict[str, JsonValue]] | None = None
    imported: dict[str, JsonValue] | None = None


class FoundSet(msgspec.Struct, frozen=True, kw_only=True):
    """A question file. `stem` is what its file is to be called, without ending; `questions` may be lazy, too."""

    stem: str
    questions: Iterable[FoundQuestion]
    id: str | None = None
    name: str | None = None
    description: str | None = None
    imported: dict[str, JsonValue] | None = None


class FoundRubric(msgspec.Struct, frozen=True, kw_only=True):
    """A rubric file: what a judge is asked (a template with `{{ question }}` and `{{ reply }}`), and its scores."""

    stem: str
    text: str
    score: dict[str, JsonValue]
    system: str | None = None


class FoundPersona(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A persona; field by field one of a persona file.

    `id`: as the source has it; the writer makes a valid and unique one of it, or of the source's stem. `system`: the
    prompt, or several as paraphrases ("" is a real prompt, None is no system message: `placement: none`). `questions`
    are those it alone is asked: sets by their `stem`, and inline questions. `imported`: what was in the source
    besides, by its names there.
    """

    id: str | None = None
    name: str | None = None
    description: str | None = None
    system: str | Sequence[str] | None = None
    placement: Placement | None = None
    examples: Sequence[FoundExample] | None = None
    params: Params | None = None
    attributes: dict[str, str] | None = None
    checks: Sequence[dict[str, JsonValue]] | None = None
    control: bool | None = None
    controls: Sequence[str] | None = None
    sets: Sequence[str] = ()
    questions: Sequence[FoundQuestion] = ()
    imported: dict[str, JsonValue] | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of one source.

    `stem` is what the persona file is to be called, without ending. `personas` may be lazy: the writer goes through
    them once, and makes a table plus a template of a long source. `sets` that no persona names are asked of all
    personas of the source (`questions:` at the top of the file). `shared` are further keys for the top of the persona
    file (`controls`, `params`, `factors`, `run`). `notes` are sentences about what was changed or could not be carried
    over; they may grow while `personas` are gone through. `macros`: places `{{…}}` are the format's own, which fills
    them in, and says which are left.
    """

    stem: str
    personas: Iterable[FoundPersona] = ()
    sets: Sequence[FoundSet] = ()
    rubrics: Sequence[FoundRubric] = ()
    shared: dict[str, JsonValue] = msgspec.field(default_factory=dict)
    notes: list[str] = msgspec.field(default_factory=list)
    macros: bool = False


class Format(NamedTuple):
    """A foreign format: `name` as a user calls it (`--format`), and in words; is a source one, and what does it hold.

    `matches` looks at the content, not only at the name, must be quick, and must not raise; `read` raises UsageError
    with the place and the remedy where the source is broken. `folders`: it takes whole folders, and matches one only if
    all that is in it is part of the format, for nobody else is then shown what the folder holds.
    """

    name: str
    words: str
    matches: "Callable[[Source], bool]"
    read: "Callable[[Source, ImportOptions], Found]"
    folders: bool = False


class ImportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a user says of an import: who `{{user}}` is in a character's texts, and the wanted locale (None: all)."""

    user: str = "User"
    locale: str | None = None
