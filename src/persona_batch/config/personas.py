"""Persona entries → personas: first drafts, as each file alone says them, then which are compared with which.

Controls are resolved over the whole run and asked once for all. The default is `[none, assistant]`. It is replaced by
`controls:`; else by the personas with `control: true` of the same file; else by those that stand in files of their
own. A control is asked the union of the questions of the personas that use it, with the parameters that all of them
share (its own on top). A persona that another one names as its control is a control too, and has none itself unless
its own `controls:` says so.
"""

from collections.abc import Mapping as NamesOf
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from persona_batch.config.batch import Example, Persona, Question
from persona_batch.config.built_in import BUILT_IN
from persona_batch.config.checklists import read_checks, refuse_unanswered, shared_keyed
from persona_batch.config.dialogue import probes_of
from persona_batch.config.document import Document, Library
from persona_batch.config.files import recorded_name, shown_name
from persona_batch.config.foreign import is_meant
from persona_batch.config.format import PersonaEntry, PersonasFile, SharedBlock, SystemFile
from persona_batch.config.fullwidth import refuse_in_name
from persona_batch.config.names import id_from_stem
from persona_batch.config.nodes import Mapping, Node, below, pairs
from persona_batch.config.params import merge, shared
from persona_batch.config.persona_tables import rows_of
from persona_batch.config.problems import Place, Problems, did_you_mean, quote
from persona_batch.config.questions import QuestionRegistry
from persona_batch.config.section import known_keys

DEFAULT = ("none", "assistant")


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
        rows = (
            None if entry.from_ is None else rows_of(entry, at, variants, self.document.file.path.parent, self.library)
        )
        if entry.from_ is None:
            identity = self._id(entry, at, alone=shared is None)
        else:
            identity = None if rows is None else rows.name
        if identity is None:
            return None
        checks = tuple(dict.fromkeys(check for layer, _ in reversed(layers) for check in read_checks(layer.checks)))
        put = asked if self.given is None else self.given
        refuse_unanswered(checks, put, _checks_at(layers), self.problems)
        persona = Persona(
            id=identity,
            variants=tuple(variants) or (None,),
            questions=put,
            placement=entry.placement or "system",
            name=entry.name,
            description=entry.description,
            examples=tuple(Example(turn.user, turn.assistant) for turn in entry.examples or ()),
            params=merge(*(layer.params or {} for layer, _ in reversed(layers))),
            attributes=entry.attributes or {},
            checks=checks,
            probes=tuple(dict.fromkeys(probe for layer, _ in reversed(layers) for probe in probes_of(layer.probe))),
            control=entry.control or False,
            source=recorded_name(self.document.file.path),
            rows=rows,
        )
        return Draft(persona, (at.get("id") or at).place, asking is not None, _controls(layers, identity))

    def _id(self, entry: PersonaEntry, at: Mapping, *, alone: bool) -> str | None:
        if "id" in at.entries:
            if entry.id is not None and "{" in entry.id:
                self.problems.add(below(at, "id").place, "a template of ids is for the rows of a table; add `from: …`")
            return entry.id
        identity = id_from_stem(self.document.file.path.stem) if alone and self.document.has_name else None
        if identity is None and "from" not in at.entries:
            self.problems.add(at.place, "`id` is missing here; add `id: …` (letters, digits, `.`, `_`, `-`)")
        return identity

    def _variants(self, entry: PersonaEntry, at: Mapping) -> dict[str, Node]:
        """Return the prompts as they are written, each with its place; none: there is no prompt."""
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
            return {}
        written = pairs(entry.system, node) if isinstance(entry.system, list) else [(entry.system, node)]
        variants: dict[str, Node] = {}
        for prompt, item in written:
            text = self._text(prompt, item) if isinstance(prompt, SystemFile) else prompt
            if text is None:
                continue
            if (first := variants.setdefault(text, item)) is not item:
                where = f"in line {first.place.line}" if first.place.line else f"at {first.place}"
                self.problems.add(item.place, f"this paraphrase is the same as the one {where}; keep one")
        return variants

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


def _checks_at(layers: Sequence[tuple[SharedBlock, Mapping]]) -> Node:
    """Return the node of the nearest list of checks."""
    lists = [node for _, at in layers if (node := at.get("checks")) is not None]
    return lists[0] if lists else layers[0][1]


def _controls(layers: Sequence[tuple[SharedBlock, Mapping]], own: str) -> list[tuple[str, Node]] | None:
    """Return the names of the nearest list; one that holds for a whole file leaves out the persona itself."""
    for index, (said, at) in enumerate(layers):
        if "controls" in at.entries:
            names = pairs(said.controls, at.get("controls"))
            return [(name, node) for name, node in names if index == 0 or name != own]
    return None


def resolve(drafts: Sequence[Draft], problems: Problems) -> list[Persona]:
    """Return all personas of the run, the controls first."""
    by_id = {draft.id: draft for draft in drafts}
    uses = _uses(drafts, by_id, problems)
    users: dict[str, list[Draft]] = {}
    for draft in drafts:
        for name in uses[draft.id]:
            users.setdefault(name, []).append(draft)
    controls = [*users, *(draft.id for draft in drafts if draft.persona.control and draft.id not in users)]
    asked = _asked(by_id, controls, users)
    personas: list[Persona] = []
    for name in controls:
        params = shared([user.persona.params for user in users.get(name, ())])
        keyed = shared_keyed(user.persona.checks for user in users.get(name, ()))
        if (own := by_id.get(name)) is not None:
            merged = merge(params, own.persona.params)
            personas.append(
                replace(
                    own.persona,
                    questions=asked[name],
                    params=merged,
                    checks=tuple(dict.fromkeys((*own.persona.checks, *keyed))),
                    controls=uses[name],
                    control=True,
                )
            )
        else:
            personas.append(replace(BUILT_IN[name], questions=asked[name], params=params, checks=keyed))
    known = set(controls)
    return [*personas, *(replace(draft.persona, controls=uses[draft.id]) for draft in drafts if draft.id not in known)]


def _uses(drafts: Sequence[Draft], by_id: NamesOf[str, Draft], problems: Problems) -> dict[str, tuple[str, ...]]:
    """Return the names of each persona's controls."""
    named = {name for draft in drafts for name, _ in draft.controls or ()}
    flagged: dict[str | None, tuple[str, ...]] = {}
    for draft in drafts:
        if draft.persona.control:
            flagged[draft.persona.source] = (*flagged.get(draft.persona.source, ()), draft.id)
    with_subjects = {draft.persona.source for draft in drafts if not draft.persona.control}
    alone = tuple(name for source, names in flagged.items() if source not in with_subjects for name in names)
    uses: dict[str, tuple[str, ...]] = {}
    for draft in drafts:
        if draft.controls is not None:
            uses[draft.id] = _written(draft, draft.controls, by_id, problems)
        elif draft.persona.control or draft.id in named:
            uses[draft.id] = ()
        else:
            uses[draft.id] = flagged.get(draft.persona.source) or alone or DEFAULT
    return uses


def _asked(
    by_id: NamesOf[str, Draft], controls: Sequence[str], users: NamesOf[str, Sequence[Draft]]
) -> dict[str, tuple[Question, ...]]:
    """Return what is asked of everyone; a control of a control is asked what that one is asked."""
    asked = {name: draft.persona.questions for name, draft in by_id.items()}
    changed = True
    while changed:
        changed = False
        for name in controls:
            before = asked.get(name, ())
            union, lists = before, {id(before)}
            for user in users.get(name, ()):
                if id(asked[user.id]) not in lists:
                    lists.add(id(asked[user.id]))
                    union = _union(union, asked[user.id])
            changed = changed or len(union) != len(before)
            asked[name] = union
    return asked


def _union(known: tuple[Question, ...], more: tuple[Question, ...]) -> tuple[Question, ...]:
    """Return all questions once; the very same tuple when the other one adds nothing."""
    ids = {question.id for question in known}
    new = tuple(question for question in more if question.id not in ids)
    if len(new) == len(more) and not known:
        return more
    return (*known, *new) if new else known


def _written(
    draft: Draft, controls: Sequence[tuple[str, Node]], by_id: NamesOf[str, Draft], problems: Problems
) -> tuple[str, ...]:
    names: list[str] = []
    for name, node in controls:
        if (problem := _wrong(name, draft, by_id, names)) is None:
            names.append(name)
        elif name in by_id or name in BUILT_IN or not refuse_in_name(node, problems, listed=True):
            problems.add(node.place, problem)
    return tuple(names)


def _wrong(name: str, draft: Draft, by_id: NamesOf[str, Draft], names: Sequence[str]) -> str | None:
    if name in names:
        return f"the control {quote(name)} stands here twice; keep one"
    if name == draft.id:
        return f"the persona {quote(name)} cannot be its own control; name another"
    if name not in by_id and name not in BUILT_IN:
        near = did_you_mean(name, [*by_id, *BUILT_IN])
        return f"unknown control {quote(name)}{near or ', expected none, empty, assistant or a persona of this run'}"
    return None
