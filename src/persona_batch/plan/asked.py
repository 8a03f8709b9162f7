"""Which arms ask which question, and the cell in which one of them does."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from persona_batch.chat import Message, Params, Placement
from persona_batch.config.batch import Persona, Probe, Question
from persona_batch.errors import UsageError
from persona_batch.plan.arm import Arm
from persona_batch.plan.arm_lists import ArmList, RowArms, joined
from persona_batch.plan.arms import arm_outside, merged_params
from persona_batch.plan.cell import Cell, Endpoint, Partner, asked_on_forks
from persona_batch.plan.forms import Form, Forms
from persona_batch.plan.key import canonical_json, cell_key, messages_json


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question with its forms and its arms; questions that are asked by the same arms share one list.

    `twin_arms` names the arms that only the question's own params make send the same as an earlier one.
    """

    question: Question
    arms: Sequence[Arm]
    forms: tuple[Form, ...]
    twin_arms: frozenset[str] = frozenset()

    @property
    def turns(self) -> int:
        """How many replies a conversation has."""
        talk = self.question.talk
        return talk.rounds if talk is not None else len(self.question.turns) or 1

    def messages(self, arm: Arm, form: Form) -> tuple[Message, ...]:
        """Return the messages of the first turn of the cell in which `arm` asks this question."""
        opening = form.opening(arm.opening)
        return (*opening, form.message if arm.joined is None else form.joined_to(arm.joined))

    def messages_json(self, arm: Arm, form: Form) -> bytes:
        """Return the same as canonical JSON, without building it anew where that can be helped."""
        if arm.joined is not None or form.system:
            return messages_json(self.messages(arm, form))
        return b"%b,%b" % (arm.opening_json, form.message_json) if arm.opening_json else form.message_json

    def probes(self, arm: Arm) -> tuple[Probe, ...]:
        """Return what is asked on forks: the question's, then the persona's, each once; those after turns that are."""
        turns = self.turns
        both = dict.fromkeys((*self.question.probes, *arm.persona.probes))
        return tuple(probe for probe in both if not probe.after or probe.after[0] <= turns)

    def requests(self, arm: Arm) -> int:
        """Return how many requests a conversation is, if it comes to its end."""
        turns = self.turns
        partner = turns - 1 if self.question.talk is not None else 0
        return turns + partner + asked_on_forks(self.probes(arm), turns)

    def cell(
        self,
        arm: Arm,
        form: Form,
        key: str,
        params: Params,
        endpoint: Endpoint,
        model: str,
        sample: int,
        partner: Partner | None = None,
    ) -> Cell:
        """Return the cell in which `arm` asks this question; `key`, `params` and `partner` are its own."""
        persona, question = arm.persona, self.question
        own = [turn.checks for turn in question.turns]
        return Cell(
            key=key,
            persona=persona.id,
            variant=arm.variant,
            question=question.id,
            speaker=form.speaker_name,
            sample=sample,
            placement=arm.placement,
            endpoint=endpoint,
            model=model,
            params=params,
            messages=self.messages(arm, form),
            text=form.text,
            turns=tuple(zip(form.turns, own[1:], strict=True)),
            probes=form.probes(self.probes(arm)),
            partner=partner,
            checks=persona.checks + question.checks,
            first_checks=own[0] if own else (),
            probe_checks=persona.checks,
            attributes=persona.attributes,
            factors={**arm.factors, **form.factors},
            answer=question.answer,
        )


def ask_all(arms: ArmList, cli_params: Params, formats: Sequence[str] = ()) -> list[AskedQuestion]:
    """Return the questions in the order of the files, in all `formats`; `cli_params` are merged after their own params.

    Raises:
        UsageError: one question id stands for two different questions.
    """
    groups: dict[int, tuple[tuple[Question, ...], list[list[Arm] | RowArms]]] = {}
    for part in arms.parts:
        if isinstance(part, RowArms):
            groups.setdefault(id(part.shape.questions), (part.shape.questions, []))[1].append(part)
            continue
        for arm in part:
            _, mine = groups.setdefault(id(arm.persona.questions), (arm.persona.questions, []))
            if not mine or isinstance(mine[-1], RowArms):
                mine.append([])
            mine[-1].append(arm)  # type: ignore[union-attr]  # a list, as just seen to
    members = list(groups.values())
    asked: dict[str, tuple[Question, list[int]]] = {}
    for number, (questions_of_group, _) in enumerate(members):
        for question in questions_of_group:
            known, numbers = asked.setdefault(question.id, (question, []))
            if known != question:
                raise UsageError(
                    f"question '{question.id}' has two texts or settings: {known.text!r} and {question.text!r}; "
                    "give one of them another id"
                )
            numbers.append(number)
    shared: dict[tuple[int, ...], Sequence[Arm]] = {}
    written = arms.written
    questions = [question for question, _ in asked.values()]
    forms = Forms((arm.joined for arm in written if arm.joined is not None), questions, formats)
    alike = _namesakes(written) if any(question.params for question in questions) else []
    result = []
    for question, numbers in asked.values():
        combination = tuple(numbers)
        if combination not in shared:
            shared[combination] = joined([part for number in numbers for part in members[number][1]])
        asking = {id(members[number][0]) for number in numbers}
        twin_arms = _twin_arms(question, alike, asking, cli_params) if question.params else frozenset()
        result.append(AskedQuestion(question, shared[combination], forms.of(question), twin_arms))
    return result


def cell_of(
    persona: Persona,
    question: Question,
    *,
    endpoint: Endpoint,
    model: str,
    variant: int = 0,
    placement: Placement | None = None,
    provider_params: Params | None = None,
    cli_params: Params | None = None,
    developer_role: Literal["developer", "system"] = "developer",
    history: Sequence[Message] = (),
) -> Cell:
    """Return what one persona is asked outside any grid; its key is that of the same cell in a grid.

    Args:
        persona: who is asked.
        question: what is asked last.
        endpoint: where.
        model: its name there.
        variant: which of the persona's prompts.
        placement: where the prompt stands; None: where the persona says.
        provider_params: the first in the merge of request parameters.
        cli_params: the last in it.
        developer_role: what the endpoint calls the developer role.
        history: all messages so far, the prompt and the last reply among them; empty: this is the first turn.
    """
    cli_params = cli_params or {}
    arm = arm_outside(
        persona,
        variant=variant,
        placement=placement,
        provider_params=provider_params or {},
        cli_params=cli_params,
        developer_role=developer_role,
    )
    (form, *_) = Forms((), (), ()).of(question)
    asked = AskedQuestion(question, [arm], (form,))
    messages = (*history, form.message) if history else asked.messages(arm, form)
    params = merged_params(arm, question.params, cli_params)
    key = cell_key(messages=messages, model=model, params=params, endpoint=endpoint.identity, sample=0)
    return replace(asked.cell(arm, form, key, params, endpoint, model, 0), messages=messages, probes=())


def _namesakes(arms: Sequence[Arm]) -> list[list[Arm]]:
    """Return the groups of arms that send the same but for their params: a question's own may make them twins."""
    first: dict[tuple[bytes, str | None], Arm] = {}
    groups: dict[int, list[Arm]] = {}
    for arm in arms:
        if arm.twin is None and (alike := first.setdefault((arm.opening_json, arm.joined), arm)) is not arm:
            groups.setdefault(id(alike), [alike]).append(arm)
    return list(groups.values())


def _twin_arms(
    question: Question, alike: Sequence[Sequence[Arm]], asking: set[int], cli_params: Params
) -> frozenset[str]:
    twins = set()
    for group in alike:
        sent: set[bytes] = set()
        for arm in group:
            if id(arm.persona.questions) in asking:
                params = canonical_json(merged_params(arm, question.params, cli_params))
                if params in sent:
                    twins.add(arm.name)
                sent.add(params)
    return frozenset(twins)
