"""Persona entries → drafts: all but what depends on the other personas of the run (controls, shared questions)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast, get_args

from persona_batch.chat import Params, Placement
from persona_batch.checks import Check
from persona_batch.config.batch import Example, Question
from persona_batch.config.check_entry import read_checks
from persona_batch.config.document import Document, Library
from persona_batch.config.names import id_from_stem, read_id
from persona_batch.config.nodes import Mapping, Node, Scalar, items_of, mapping_of, text_of
from persona_batch.config.params import merge
from persona_batch.config.persona_file import PERSONA_PLANNED, PersonaEntry
from persona_batch.config.problems import Place, Problems
from persona_batch.config.questions import QuestionRegistry, params_of, refuse_planned
from persona_batch.config.section import known_keys
from persona_batch.config.shapes import is_meant
from persona_batch.config.textfile import recorded_name, shown_name

PERSONA_KEYS = frozenset(known_keys(PersonaEntry))


@dataclass(frozen=True, slots=True)
class ControlName:
    """A name under `controls`, and where it stands."""

    name: str
    node: Scalar


@dataclass(slots=True, kw_only=True)
class Draft:
    """A persona as its file alone says it; `controls` None: the default."""

    id: str
    place: Place
    source: str
    variants: tuple[str | None, ...]
    placement: Placement
    questions: tuple[Question, ...]
    has_questions: bool
    name: str | None = None
    description: str | None = None
    examples: tuple[Example, ...] = ()
    params: Params = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    control: bool = False
    controls: tuple[ControlName, ...] | None = None


def read_drafts(document: Document, library: Library, questions: QuestionRegistry, *, own: bool) -> list[Draft]:
    """Return the personas of a file.

    Args:
        document: a persona file.
        library: reads prompt files.
        questions: reads question lists.
        own: whether the personas' own questions are asked; else they are only looked at for mistakes.
    """
    root = document.root
    reader = _Reader(document, library.problems, library, questions, own)
    if "personas" not in root.entries:
        draft = reader.read(root, None)
        return [draft] if draft else []
    entries = [entry for item in items_of(root.get("personas")) if (entry := mapping_of(item)) is not None]
    return [draft for entry in entries if (draft := reader.read(entry, root)) is not None]


@dataclass(frozen=True, slots=True)
class _Reader:
    document: Document
    problems: Problems
    library: Library
    questions: QuestionRegistry
    own: bool

    def read(self, entry: Mapping, shared: Mapping | None) -> Draft | None:
        """Return one persona; `shared` is the file's top when it holds several."""
        refuse_planned(entry, PERSONA_PLANNED, self.problems)
        layers: Sequence[Mapping] = (entry,) if shared is None else (shared, entry)
        asked = _nearest(layers, "questions")
        questions = self.questions.from_list(asked, self.document.file.path.parent) if asked is not None else ()
        variants, placement = self._prompt(entry)
        checks = tuple(check for layer in layers for check in read_checks(layer.get("checks"), self.problems))
        identity = self._id(entry, alone=shared is None)
        if identity is None:
            return None
        return Draft(
            id=identity,
            place=entry.entries["id"][1].place if "id" in entry.entries else entry.place,
            source=recorded_name(self.document.file.path),
            variants=variants,
            placement=placement,
            questions=questions if self.own else (),
            has_questions=asked is not None,
            name=text_of(entry.get("name")),
            description=text_of(entry.get("description")),
            examples=_examples(entry.get("examples")),
            params=merge(*(params_of(layer) for layer in layers)),
            attributes=_texts(entry.get("attributes")),
            checks=tuple(dict.fromkeys(checks)),
            control=isinstance(flag := entry.get("control"), Scalar) and flag.value is True,
            controls=_controls(_nearest(layers, "controls"), besides=None if "controls" in entry.entries else identity),
        )

    def _id(self, entry: Mapping, *, alone: bool) -> str | None:
        node = entry.get("id")
        if node is None:
            identity = id_from_stem(self.document.file.path.stem) if alone else None
            if identity is None and "from" not in entry.entries:
                self.problems.add(entry.place, "`id` is missing here; add `id: …` (letters, digits, `.`, `_`, `-`)")
            return identity
        return read_id(node, self.problems)

    def _prompt(self, entry: Mapping) -> tuple[tuple[str | None, ...], Placement]:
        written = text_of(entry.get("placement"))
        placement = cast("Placement", written) if written in get_args(Placement) else "system"
        node = entry.get("system")
        if node is None:
            mistyped = any(is_meant(key, "system", PersonaEntry) for key in entry.entries if key not in PERSONA_KEYS)
            if placement != "none" and "from" not in entry.entries and not mistyped:
                self.problems.add(
                    entry.place,
                    '`system` is missing here; add `system: …` ("" for an empty one; for none, `placement: none`)',
                )
            return (None,), placement
        variants: dict[str, Place] = {}
        for item in items_of(node) or [node]:
            if (text := self._text(item)) is None:
                continue
            if (first := variants.setdefault(text, item.place)) is not item.place:
                self.problems.add(item.place, f"this paraphrase is the same as the one in line {first.line}; keep one")
        return tuple(variants) or (None,), placement

    def _text(self, node: Node) -> str | None:
        if (block := mapping_of(node)) is None:
            return text_of(node)
        named = block.get("file")
        if named is None or not (name := text_of(named)):
            return None
        path = self.document.file.path.parent / Path(name).expanduser()
        file = self.library.text(path, shown_name(path), named.place, name)
        if file is None:
            return None
        if not file.text.strip():
            self.problems.add(named.place, 'the prompt file is empty; write `system: ""` for an empty system message')
        return file.text.removesuffix("\n")


def _nearest(layers: Sequence[Mapping], key: str) -> Node | None:
    return next((layer.get(key) for layer in reversed(layers) if key in layer.entries), None)


def _controls(node: Node | None, besides: str | None) -> tuple[ControlName, ...] | None:
    """Return the names of a list; one that holds for a whole file leaves out the persona itself."""
    if node is None:
        return None
    names = ((text_of(item), item) for item in items_of(node))
    return tuple(
        ControlName(name, item) for name, item in names if isinstance(item, Scalar) and name and name != besides
    )


def _examples(node: Node | None) -> tuple[Example, ...]:
    turns = [block for item in items_of(node) if (block := mapping_of(item)) is not None]
    pairs = [(text_of(turn.get("user")), text_of(turn.get("assistant"))) for turn in turns]
    return tuple(Example(user, assistant) for user, assistant in pairs if user and assistant)


def _texts(node: Node | None) -> dict[str, str]:
    block = mapping_of(node)
    entries = block.entries.items() if block is not None else ()
    return {key: text for key, (_, value) in entries if (text := text_of(value)) is not None}
