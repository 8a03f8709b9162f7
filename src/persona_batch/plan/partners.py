"""The personas that speak as the user in talks, as cells need them: with their prompt, their model and their params."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from persona_batch.chat import Message, Params
from persona_batch.config.batch import Persona, Talk
from persona_batch.plan.arms import arm_outside
from persona_batch.plan.cell import Partner
from persona_batch.plan.key import canonical_json


@dataclass(frozen=True, slots=True)
class Partners:
    """Makes the partner of a talk.

    A partner has its first wording, stands where its file says, and has its own params; factors of the grid are
    those of the persona that it talks with.
    """

    personas: Mapping[str, Persona]
    provider_params: Params
    cli_params: Params
    developer_role: Literal["developer", "system"]

    def of(self, talk: Talk, model: str) -> tuple[Partner, bytes]:
        """Return the partner of a talk with someone on a model, and what of it is in the key."""
        persona = self.personas[talk.persona]
        arm = arm_outside(
            persona,
            provider_params=self.provider_params,
            cli_params=self.cli_params,
            developer_role=self.developer_role,
        )
        opening = arm.opening if arm.joined is None else (Message("user", arm.joined),)
        partner = Partner(persona.id, talk.model or model, arm.params, opening, talk.rounds)
        said = {
            "messages": [{"role": one.role, "content": one.content} for one in opening],
            "model": partner.model,
            "params": partner.params,
            "rounds": partner.rounds,
        }
        return partner, canonical_json(said)
