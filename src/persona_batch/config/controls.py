"""Which personas are compared with which: controls are resolved over the whole run and asked once for all.

The default is `[none, assistant]`. It is replaced by `controls:`; else by the personas with `control: true` of
the same file; else by those that stand in files of their own. A control is asked the union of the questions of
the personas that use it, with the parameters that all of them share (its own on top). A persona that another one
names as its control is a control too, and has none itself unless its own `controls:` says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from persona_batch.chat import Params, Placement
from persona_batch.config.batch import Persona, Question
from persona_batch.config.fullwidth import refuse_in_name
from persona_batch.config.params import merge, shared
from persona_batch.config.personas import ControlName, Draft
from persona_batch.config.problems import Problems, did_you_mean, quote


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A control that needs no file."""

    variant: str | None
    placement: Placement
    description: str


BUILT_IN: Mapping[str, BuiltIn] = {
    "none": BuiltIn(None, "none", "no system message"),
    "empty": BuiltIn("", "system", "an empty system message"),
    "assistant": BuiltIn("You are a helpful assistant.", "system", "the usual system message"),
}
DEFAULT = ("none", "assistant")


def resolve(drafts: Sequence[Draft], problems: Problems) -> list[Persona]:
    """Return all personas of the run, the controls first."""
    by_id = {draft.id: draft for draft in drafts}
    uses = _uses(drafts, by_id, problems)
    users: dict[str, list[Draft]] = {}
    for draft in drafts:
        for name in uses[draft.id]:
            users.setdefault(name, []).append(draft)
    controls = [*users, *(draft.id for draft in drafts if draft.control and draft.id not in users)]
    asked = _asked(by_id, controls, users)
    personas: list[Persona] = []
    for name in controls:
        params = shared([user.params for user in users.get(name, ())])
        if (own := by_id.get(name)) is not None:
            personas.append(_persona(own, asked[name], merge(params, own.params), uses[name], control=True))
        else:
            personas.append(_built_in(name, asked[name], params))
    known = set(controls)
    rest = (draft for draft in drafts if draft.id not in known)
    return [*personas, *(_persona(draft, draft.questions, draft.params, uses[draft.id]) for draft in rest)]


def _uses(drafts: Sequence[Draft], by_id: Mapping[str, Draft], problems: Problems) -> dict[str, tuple[str, ...]]:
    """Return the names of each persona's controls."""
    named = {control.name for draft in drafts for control in draft.controls or ()}
    flagged: dict[str, tuple[str, ...]] = {}
    for draft in drafts:
        if draft.control:
            flagged[draft.source] = (*flagged.get(draft.source, ()), draft.id)
    with_subjects = {draft.source for draft in drafts if not draft.control}
    alone = tuple(name for source, names in flagged.items() if source not in with_subjects for name in names)
    uses: dict[str, tuple[str, ...]] = {}
    for draft in drafts:
        if draft.controls is not None:
            uses[draft.id] = _written(draft, draft.controls, by_id, problems)
        elif draft.control or draft.id in named:
            uses[draft.id] = ()
        else:
            uses[draft.id] = flagged.get(draft.source) or alone or DEFAULT
    return uses


def _asked(
    by_id: Mapping[str, Draft], controls: Sequence[str], users: Mapping[str, Sequence[Draft]]
) -> dict[str, tuple[Question, ...]]:
    """Return what is asked of everyone; a control of a control is asked what that one is asked."""
    asked = {name: draft.questions for name, draft in by_id.items()}
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
    draft: Draft, controls: Sequence[ControlName], by_id: Mapping[str, Draft], problems: Problems
) -> tuple[str, ...]:
    names: list[str] = []
    for control in controls:
        if (problem := _wrong(control, draft, by_id, names)) is not None:
            unknown = control.name not in by_id and control.name not in BUILT_IN
            if not unknown or not refuse_in_name(control.node, problems, listed=True):
                problems.add(control.node.place, problem)
        else:
            names.append(control.name)
    return tuple(names)


def _wrong(control: ControlName, draft: Draft, by_id: Mapping[str, Draft], names: Sequence[str]) -> str | None:
    name = control.name
    if name in names:
        return f"the control {quote(name)} stands here twice; keep one"
    if name == draft.id:
        return f"the persona {quote(name)} cannot be its own control; name another"
    if name not in by_id and name not in BUILT_IN:
        near = did_you_mean(name, [*by_id, *BUILT_IN])
        return f"unknown control {quote(name)}{near or ', expected none, empty, assistant or a persona of this run'}"
    return None


def _built_in(name: str, questions: tuple[Question, ...], params: Params) -> Persona:
    control = BUILT_IN[name]
    return Persona(
        id=name,
        variants=(control.variant,),
        questions=questions,
        placement=control.placement,
        description=control.description,
        params=params,
        control=True,
    )


def _persona(
    draft: Draft,
    questions: tuple[Question, ...],
    params: Params,
    controls: tuple[str, ...],
    *,
    control: bool = False,
) -> Persona:
    return Persona(
        id=draft.id,
        variants=draft.variants,
        questions=questions,
        placement=draft.placement,
        name=draft.name,
        description=draft.description,
        examples=draft.examples,
        params=params,
        attributes=draft.attributes,
        checks=draft.checks,
        control=control,
        controls=controls,
        source=draft.source,
    )
