"""Persona entries → drafts: all but what depends on the other personas of the run (controls, their questions)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from persona_batch.config.batch import Example, Persona, Question
from persona_batch.config.document import Document, Library
from persona_batch.config.files import recorded_name, shown_name
from persona_batch.config.foreign import is_meant
from persona_batch.config.format import PersonaEntry, PersonasFile, SharedBlock, SystemFile
from persona_batch.config.names import id_from_stem
from persona_batch.config.nodes import Mapping, Node, below, pairs
from persona_batch.config.params import merge
from persona_batch.config.problems import Place, Problems
from persona_batch.config.questions import QuestionRegistry, read_checks
from persona_batch.config.section import known_keys


@dataclass(slots=True)
class Draft:
    """A persona as its file alone says it; `controls`: their names, each with its node; None: the default."""

    persona: Persona
    place: Place
    has_questions: bool
    controls: list[tuple[str, Node]] | None

    @property
    def id(self) -> str:
        """The persona's."""
        return self.persona.id


def read_drafts(
    document: Document, library: Library, questions: QuestionRegistry, given: tuple[Question, ...] | None = None
) -> list[Draft]:
    """Return the personas of a file.

    Args:
        document: a persona file.
        library: reads prompt files.
        questions: reads question lists.
        given: what is asked instead of the personas' own questions, which are only looked at for mistakes.
    """
    read = _Reader(document, library, questions, given).read
    match document.said:
        case PersonaEntry() as entry:
            drafts = [read((entry, document.root), None)]
        case PersonasFile() as file:
            entries = pairs(file.personas, document.root.get("personas"))
            drafts = [read((entry, at), file) for entry, at in entries if isinstance(at, Mapping)]
        case _:
            drafts = []
    return [draft for draft in drafts if draft is not None]


@dataclass(frozen=True, slots=True)
class _Reader:
    document: Document
    library: Library
    questions: QuestionRegistry
    given: tuple[Question, ...] | None

    @property
    def problems(self) -> Problems:
        return self.library.problems

    def read(self, one: tuple[PersonaEntry, Mapping], shared: PersonasFile | None) -> Draft | None:
        """Return one persona and where it stands; `shared` is the file's top when it holds several."""
        entry, at = one
        layers: list[tuple[SharedBlock, Mapping]] = [one] if shared is None else [one, (shared, self.document.root)]
        asking = next((layer for layer in layers if "questions" in layer[1].entries), None)
        asked: tuple[Question, ...] = ()
        if asking is not None and (node := asking[1].get("questions")) is not None:
            asked = self.questions.from_list(asking[0].questions or (), node, self.document.file.path.parent)
        variants = self._variants(entry, at)
        identity = self._id(entry, at, alone=shared is None)
        if identity is None:
            return None
        persona = Persona(
            id=identity,
            variants=variants,
            questions=asked if self.given is None else self.given,
            placement=entry.placement or "system",
            name=entry.name,
            description=entry.description,
            examples=tuple(Example(turn.user, turn.assistant) for turn in entry.examples or ()),
            params=merge(*(layer.params or {} for layer, _ in reversed(layers))),
            attributes=entry.attributes or {},
            checks=tuple(dict.fromkeys(check for layer, _ in reversed(layers) for check in read_checks(layer.checks))),
            control=entry.control or False,
            source=recorded_name(self.document.file.path),
        )
        return Draft(persona, (at.get("id") or at).place, asking is not None, _controls(layers, identity))

    def _id(self, entry: PersonaEntry, at: Mapping, *, alone: bool) -> str | None:
        if "id" in at.entries:
            return entry.id
        identity = id_from_stem(self.document.file.path.stem) if alone else None
        if identity is None and "from" not in at.entries:
            self.problems.add(at.place, "`id` is missing here; add `id: …` (letters, digits, `.`, `_`, `-`)")
        return identity

    def _variants(self, entry: PersonaEntry, at: Mapping) -> tuple[str | None, ...]:
        node = at.get("system")
        if node is None:
            mistyped = any(
                is_meant(key, "system", PersonaEntry) for key in at.entries.keys() - known_keys(PersonaEntry)
            )
            if entry.placement != "none" and "from" not in at.entries and not mistyped:
                self.problems.add(
                    at.place,
                    '`system` is missing here; add `system: …` ("" for an empty one; for none, `placement: none`)',
                )
            return (None,)
        written = pairs(entry.system, node) if isinstance(entry.system, list) else [(entry.system, node)]
        variants: dict[str, Place] = {}
        for prompt, item in written:
            text = self._text(prompt, item) if isinstance(prompt, SystemFile) else prompt
            if text is None:
                continue
            if (first := variants.setdefault(text, item.place)) is not item.place:
                self.problems.add(item.place, f"this paraphrase is the same as the one in line {first.line}; keep one")
        return tuple(variants) or (None,)

    def _text(self, prompt: SystemFile, at: Node) -> str | None:
        """Return what a prompt file says."""
        place = below(at, "file").place
        path = self.document.file.path.parent / Path(prompt.file).expanduser()
        file = self.library.text(path, shown_name(path), place, prompt.file)
        if file is None:
            return None
        if not file.text.strip():
            self.problems.add(place, 'the prompt file is empty; write `system: ""` for an empty system message')
        return file.text.removesuffix("\n")


def _controls(layers: Sequence[tuple[SharedBlock, Mapping]], own: str) -> list[tuple[str, Node]] | None:
    """Return the names of the nearest list; one that holds for a whole file leaves out the persona itself."""
    for index, (said, at) in enumerate(layers):
        if "controls" in at.entries:
            names = pairs(said.controls, at.get("controls"))
            return [(name, node) for name, node in names if index == 0 or name != own]
    return None
