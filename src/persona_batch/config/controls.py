"""Which personas are compared with which: controls are resolved over the whole run and asked once for all.

The default is `[none, assistant]`. It is replaced by `controls:`; else by the personas with `control: true` of
the same file; else by those that stand in files of their own. A control is asked the union of the questions of
the personas that use it, with the parameters that all of them share (its own on top). A persona that another one
names as its control is a control too, and has none itself unless its own `controls:` says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from persona_batch.config.batch import Persona, Question
from persona_batch.config.fullwidth import refuse_in_name
from persona_batch.config.nodes import Node
from persona_batch.config.params import merge, shared
from persona_batch.config.personas import Draft
from persona_batch.config.problems import Problems, did_you_mean, quote

BUILT_IN: Mapping[str, Persona] = {
    "none": Persona("none", (None,), (), "none", description="no system message", control=True),
    "empty": Persona("empty", ("",), (), description="an empty system message", control=True),
    "assistant": Persona(
        "assistant", ("You are a helpful assistant.",), (), description="the usual system message", control=True
    ),
}
"""The controls that need no file."""

DEFAULT = ("none", "assistant")


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
        if (own := by_id.get(name)) is not None:
            merged = merge(params, own.persona.params)
            personas.append(
                replace(own.persona, questions=asked[name], params=merged, controls=uses[name], control=True)
            )
        else:
            personas.append(replace(BUILT_IN[name], questions=asked[name], params=params))
    known = set(controls)
    return [*personas, *(replace(draft.persona, controls=uses[draft.id]) for draft in drafts if draft.id not in known)]


def _uses(drafts: Sequence[Draft], by_id: Mapping[str, Draft], problems: Problems) -> dict[str, tuple[str, ...]]:
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
    by_id: Mapping[str, Draft], controls: Sequence[str], users: Mapping[str, Sequence[Draft]]
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
    draft: Draft, controls: Sequence[tuple[str, Node]], by_id: Mapping[str, Draft], problems: Problems
) -> tuple[str, ...]:
    names: list[str] = []
    for name, node in controls:
        if (problem := _wrong(name, draft, by_id, names)) is None:
            names.append(name)
        elif name in by_id or name in BUILT_IN or not refuse_in_name(node, problems, listed=True):
            problems.add(node.place, problem)
    return tuple(names)


def _wrong(name: str, draft: Draft, by_id: Mapping[str, Draft], names: Sequence[str]) -> str | None:
    if name in names:
        return f"the control {quote(name)} stands here twice; keep one"
    if name == draft.id:
        return f"the persona {quote(name)} cannot be its own control; name another"
    if name not in by_id and name not in BUILT_IN:
        near = did_you_mean(name, [*by_id, *BUILT_IN])
        return f"unknown control {quote(name)}{near or ', expected none, empty, assistant or a persona of this run'}"
    return None
