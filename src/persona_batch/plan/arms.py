"""Who is asked what: the arms, each a persona in one wording and one placement, and the questions with their arms.

Arms are the conditions that are compared. Every question stands once, beside it the arms that ask it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import product
from typing import Literal

from persona_batch.chat import JsonValue, Message, Params, Placement
from persona_batch.config.batch import Batch, Persona, Probe, Question
from persona_batch.errors import UsageError
from persona_batch.plan.arm import Arm
from persona_batch.plan.arm_lists import ArmList, Level, RowArms, joined
from persona_batch.plan.cell import Cell, Endpoint, Partner, asked_on_forks
from persona_batch.plan.forms import JOINT, Form, Forms
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


def arms_of(
    batch: Batch,
    *,
    provider_params: Params,
    cli_params: Params,
    developer_role: Literal["developer", "system"] = "developer",
) -> ArmList:
    """Return the arms of all personas, controls first as they stand in the batch.

    Controls keep their own placement whatever placements the run asks for. An arm that would send the very same
    as an earlier one (an A/A comparison) gets a `twin` mark, so that it is asked for itself.
    """
    parts: list[list[Arm] | RowArms] = [[]]
    sent: set[tuple[bytes, str | None, bytes]] = set()
    kept_params: dict[bytes, Params] = {}
    levels = levels_of(batch.run.factors)

    def make(persona: Persona, variant: int, placement: Placement, level: Level) -> Arm:
        factors, params, params_json = level
        return _arm_of(persona, variant, placement, params, params_json, factors, developer_role=developer_role)

    for persona in batch.personas:
        merged = {**provider_params, **persona.params, **cli_params}
        by_level: list[Level] = []
        for factors in levels:
            params = with_levels(merged, factors)
            params_json = canonical_json(params)
            by_level.append((factors, kept_params.setdefault(params_json, params), params_json))
        placements = (persona.placement,) if persona.control else batch.run.placements or (persona.placement,)
        if persona.rows is not None:
            parts += [RowArms(persona, placements, by_level, make), []]
            continue
        arms = parts[-1]
        assert isinstance(arms, list)
        for variant, text in enumerate(persona.variants):
            for asked in placements if text is not None else placements[:1]:  # nothing has one place only
                for level in by_level:
                    arm = make(persona, variant, asked, level)
                    identity = (arm.opening_json, arm.joined, arm.params_json)
                    arms.append(replace(arm, twin=arm.name) if identity in sent else arm)
                    sent.add(identity)
    return ArmList(parts)


def levels_of(factors: Mapping[str, Sequence[JsonValue]]) -> list[Mapping[str, JsonValue]]:
    """Return all combinations of the levels of request parameters; of none, the one that says nothing."""
    return [dict(zip(factors, levels, strict=True)) for levels in product(*factors.values())]


def with_levels(params: Params, factors: Mapping[str, JsonValue]) -> Params:
    """Return params with the levels of factors laid over them; a level None takes its parameter out."""
    if not factors:
        return params
    return {name: value for name, value in {**params, **factors}.items() if not (name in factors and value is None)}


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


def arm_outside(
    persona: Persona,
    *,
    variant: int = 0,
    placement: Placement | None = None,
    provider_params: Params,
    cli_params: Params,
    developer_role: Literal["developer", "system"],
) -> Arm:
    """Return the arm of one persona outside any grid."""
    params = {**provider_params, **persona.params, **cli_params}
    placement = placement or persona.placement
    return _arm_of(persona, variant, placement, params, canonical_json(params), {}, developer_role=developer_role)


def select(personas: Sequence[Persona], globs: Sequence[str]) -> list[Persona]:
    """Return the personas (of a table: all, if any) whose id matches one of `globs`, with their controls."""
    wanted = wanted_ids(personas, globs)
    return list(personas) if wanted is None else [one for one in personas if not wanted.isdisjoint(ids_of(one))]


def wanted_ids(personas: Sequence[Persona], globs: Sequence[str]) -> frozenset[str] | None:
    """Return the ids that match one of `globs`, with those of their controls; None: all, there are no globs."""
    if not globs:
        return None
    wanted: set[str] = set()
    for persona in personas:
        mine = [name for name in ids_of(persona) if any(fnmatchcase(name, glob) for glob in globs)]
        wanted.update(mine, persona.controls if mine else ())
    return frozenset(wanted)


def ids_of(persona: Persona) -> Iterable[str]:
    """Return a persona's id, or those of a table's rows."""
    return (persona.id,) if persona.rows is None else persona.rows.names()


def merged_params(arm: Arm, question_params: Mapping[str, object], cli_params: Params) -> Params:
    """Return the params of one cell; a question's come after the arm's, before the command line's and factors."""
    return with_levels({**arm.params, **question_params, **cli_params}, arm.factors) if question_params else arm.params


def _arm_of(
    persona: Persona,
    variant: int,
    placement: Placement,
    params: Params,
    params_json: bytes,
    factors: Mapping[str, JsonValue],
    *,
    developer_role: Literal["developer", "system"] = "developer",
) -> Arm:
    """Return the arm of a persona's prompt in one place; `params` are merged already, `params_json` canonical."""
    text = persona.variants[variant]
    if text is None:
        placement = "none"
    opening: list[Message] = []
    if text is not None and placement in ("system", "developer"):
        opening.append(Message("system" if placement == "system" else developer_role, text))
    for number, example in enumerate(persona.examples):
        joins = number == 0 and text and placement == "user"
        opening.append(Message("user", f"{text}{JOINT}{example.user}" if joins else example.user))
        opening.append(Message("assistant", example.assistant))
    joined = text if text and placement == "user" and not persona.examples else None
    opening_json = messages_json(opening)
    return Arm(persona, variant, placement, tuple(opening), opening_json, joined, params, params_json, factors, None)


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
