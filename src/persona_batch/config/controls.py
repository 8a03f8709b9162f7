"""Which personas are compared with which: controls are resolved over the whole run and asked once for all.

The default is `[none, assistant]`. It is replaced by `controls:`; else by the personas with `control: true` of
the same file; else by those that stand in files of their own. A control is asked the union of the questions of
the personas that use it, with the parameters that all of them share (its own on top).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from persona_batch.chat import Params, Placement
from persona_batch.config.batch import Persona, Question
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
    uses = {draft.id: _names(draft, drafts, by_id, problems) for draft in drafts}
    used = [name for draft in drafts for name in uses[draft.id]]
    names = list(dict.fromkeys([*used, *(draft.id for draft in drafts if draft.control)]))
    controls: list[Persona] = []
    for name in names:
        users = [draft for draft in drafts if name in uses[draft.id]]
        questions = _union(*(user.questions for user in users))
        params = shared([user.params for user in users])
        if (own := by_id.get(name)) is not None:
            kept = uses[name] if own.controls is not None else ()
            controls.append(
                _persona(own, _union(own.questions, questions), merge(params, own.params), kept, control=True)
            )
        else:
            controls.append(_built_in(name, questions, params))
    rest = [_persona(draft, draft.questions, draft.params, uses[draft.id]) for draft in drafts if draft.id not in names]
    return [*controls, *rest]


def _names(draft: Draft, drafts: Sequence[Draft], by_id: Mapping[str, Draft], problems: Problems) -> tuple[str, ...]:
    if draft.controls is None:
        if draft.control:
            return ()
        siblings = [other.id for other in drafts if other.control and other.source == draft.source]
        alone = [other.id for other in drafts if other.control and _alone(other, drafts)]
        return tuple(siblings or alone or DEFAULT)
    names: list[str] = []
    for control in draft.controls:
        if (problem := _wrong(control, draft, by_id, names)) is not None:
            problems.add(control.place, problem)
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


def _alone(draft: Draft, drafts: Sequence[Draft]) -> bool:
    """Say whether a control's file holds nobody that it could be meant for."""
    return all(other.control for other in drafts if other.source == draft.source)


def _union(*lists: tuple[Question, ...]) -> tuple[Question, ...]:
    """Return all questions once; the very same tuple when nothing is to be added to one of the lists."""
    longest = max(lists, key=len, default=())
    union = dict.fromkeys(question.id for questions in lists for question in questions)
    if len(union) == len(longest):
        return longest
    by_id = {question.id: question for questions in lists for question in questions}
    return tuple(by_id[name] for name in union)


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
