"""Who is asked: the arms, each a persona in one wording and one placement; the conditions that are compared."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Literal

from persona_batch.chat import JsonValue, Message, Params, Placement
from persona_batch.config.batch import Batch, Persona
from persona_batch.plan.arm import Arm
from persona_batch.plan.arm_lists import ArmList, Level, RowArms
from persona_batch.plan.forms import JOINT
from persona_batch.plan.key import canonical_json, messages_json


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
        said = [text, example.user] if number == 0 and text and placement == "user" else [example.user]
        if parts := [part for part in said if part is not None]:  # before a greeting, the prompt is a message by itself
            opening.append(Message("user", JOINT.join(parts)))
        opening.append(Message("assistant", example.assistant))
    joined = text if text and placement == "user" and not persona.examples else None
    opening_json = messages_json(opening)
    return Arm(persona, variant, placement, tuple(opening), opening_json, joined, params, params_json, factors, None)
