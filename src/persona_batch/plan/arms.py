"""Arms: the conditions that are compared, each a persona in one wording and one placement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal

from persona_batch.chat import Message, Params, Placement
from persona_batch.config.batch import Batch, Persona
from persona_batch.plan.key import canonical_json, messages_json
from persona_batch.plan.messages import joins_user, opening_messages


@dataclass(frozen=True, slots=True)
class Arm:
    """One condition.

    `opening` stands before the question; `joined` is a prompt that is written into the question itself; `params`
    are merged but for the question's own; `twin` marks a later arm that sends the same as an earlier one. The
    `…_json` are the canonical forms, made once for the keys of all its cells.
    """

    persona: Persona
    variant: int
    placement: Placement
    opening: tuple[Message, ...]
    opening_json: bytes
    joined: str | None
    params: Params
    params_json: bytes
    twin: str | None

    @property
    def name(self) -> str:
        """What tells this arm from all others of the run."""
        return f"{self.persona.id}/{self.variant}/{self.placement}"


def arms_of(
    batch: Batch,
    *,
    provider_params: Params,
    cli_params: Params,
    developer_role: Literal["developer", "system"] = "developer",
) -> list[Arm]:
    """Return the arms of all personas, controls first as they stand in the batch.

    Controls keep their own placement whatever placements the run asks for. An arm that would send the very same
    as an earlier one (an A/A comparison) gets a `twin` mark, so that it is asked for itself.
    """
    arms: list[Arm] = []
    sent: set[tuple[bytes, str | None, bytes]] = set()
    kept_params: dict[bytes, Params] = {}
    for persona in batch.personas:
        merged = {**provider_params, **persona.params, **cli_params}
        params_json = canonical_json(merged)
        params = kept_params.setdefault(params_json, merged)
        placements = (persona.placement,) if persona.control else batch.run.placements or (persona.placement,)
        for variant, text in enumerate(persona.variants):
            for asked in placements if text is not None else placements[:1]:  # nothing has one place only
                placement: Placement = "none" if text is None else asked
                opening = opening_messages(text, placement, persona.examples, developer_role=developer_role)
                joined = text if joins_user(text, placement) and not persona.examples else None
                opening_json = messages_json(opening)
                identity = (opening_json, joined, params_json)
                arm = Arm(persona, variant, placement, opening, opening_json, joined, params, params_json, None)
                arms.append(replace(arm, twin=arm.name) if identity in sent else arm)
                sent.add(identity)
    return arms


def namesakes(arms: Sequence[Arm]) -> list[list[Arm]]:
    """Return the groups of arms that send the same but for their params: a question's own may make them twins."""
    first: dict[tuple[bytes, str | None], Arm] = {}
    groups: dict[int, list[Arm]] = {}
    for arm in arms:
        if arm.twin is None and (alike := first.setdefault((arm.opening_json, arm.joined), arm)) is not arm:
            groups.setdefault(id(alike), [alike]).append(arm)
    return list(groups.values())


def select(personas: Sequence[Persona], globs: Sequence[str]) -> list[Persona]:
    """Return the personas whose id matches one of `globs`, with the controls they are compared with."""
    if not globs:
        return list(personas)
    chosen = [persona for persona in personas if any(fnmatchcase(persona.id, glob) for glob in globs)]
    wanted = {persona.id for persona in chosen}
    wanted.update(control for persona in chosen for control in persona.controls)
    return [persona for persona in personas if persona.id in wanted]


def merged_params(arm: Arm, question_params: Mapping[str, object], cli_params: Params) -> Params:
    """Return the params of one cell; `question_params` come before the command line's, after the arm's."""
    return {**arm.params, **question_params, **cli_params} if question_params else arm.params
