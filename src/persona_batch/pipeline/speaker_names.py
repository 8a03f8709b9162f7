"""Speakers that are told by the messages' `name`: what the endpoint takes as a name, and whether its model hears it."""

import re
from collections.abc import Iterator

from persona_batch.config.batch import Batch
from persona_batch.config.problems import quote
from persona_batch.errors import UsageError
from persona_batch.provider.presets import Preset
from persona_batch.wording import listed

_INSTEAD = "tell it by `as: prefix` or `as: system` instead"


def heed_names(batch: Batch, preset: Preset) -> list[str]:
    """Return sentences for the user where the model is never told of the names.

    Raises:
        UsageError: a name that the endpoint is known to refuse.
    """
    names = list(dict.fromkeys(_names(batch)))
    if not names:
        return []
    refused = [name for name in names if preset.message_name and not re.fullmatch(preset.message_name, name)]
    if refused:
        raise UsageError(
            f"speaker {listed([*map(quote, refused)])}: {preset.name} takes a message's name only if it matches "
            f"`{preset.message_name}`; {_INSTEAD}, or choose another name"
        )
    if preset.hears_names:
        return []
    told = listed([*map(quote, names)])
    silent = f"{preset.name} passes no message names on to the model: of {told} told by `as: name` it hears nothing"
    return [f"{silent}; {_INSTEAD}"]


def _names(batch: Batch) -> Iterator[str]:
    lists = {id(persona.questions): persona.questions for persona in batch.personas}.values()
    for question in (one for asked in lists for one in asked):
        yield from (one.name for one in question.speakers if one is not None and one.told == "name")
