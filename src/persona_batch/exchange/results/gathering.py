"""All found replies → the batch that they are of: its personas, questions, models and parameters, as a grid."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_batch.chat import JsonValue, Params
from persona_batch.config.batch import Batch, RunSettings
from persona_batch.errors import UsageError
from persona_batch.exchange.results.conditions import Conditions, Prompt, prompt_of
from persona_batch.exchange.results.found import FoundReply, Notes
from persona_batch.exchange.results.questions import Asked
from persona_batch.exchange.results.samples import Repeats
from persona_batch.exchange.results.spool import Spool
from persona_batch.exchange.results.wordings import Wordings
from persona_batch.plan.cell import Endpoint
from persona_batch.plan.forms import FORMAT
from persona_batch.plan.grid import Grid
from persona_batch.plan.key import canonical_json

NO_MODEL = "unknown"
_MOST_LEVELS = 2_000  # combinations of parameters


@dataclass(slots=True)
class Place:
    """Where a reply stands in the batch."""

    condition: int
    question: int
    model: int
    params: int
    level: str | None
    variant: int = 0


@dataclass(slots=True)
class Gathered:
    """The batch of a source. `places` run parallel to the spooled replies; `ids` are the conditions' by number.

    `unknown` are the personas whose prompts nobody wrote down, `templates` those whose wordings are one template's.
    """

    grid: Grid
    batch: Batch
    places: list[Place | None]
    ids: list[str]
    questions: list[str]
    params: list[Params]
    varied: tuple[str, ...]
    samples: NDArray[np.int64]
    copies: Mapping[int, str]
    unknown: list[str]
    templates: list[str]

    @property
    def each(self) -> str:
        """What a number of samples is said of; empty: there is but one model, at one level."""
        several = [
            *(["model"] if len(self.grid.models) > 1 else []),
            *self.varied,
            *([FORMAT] if self.batch.run.formats else []),
        ]
        return f" for each {' and '.join(several)}" if several else ""

    def factors(self, place: Place) -> dict[str, JsonValue]:
        """Return the levels at which a reply was asked."""
        found = {name: self.params[place.params].get(name) for name in self.varied}
        return found if place.level is None else {**found, FORMAT: place.level}


@dataclass(slots=True)
class _Seen:
    """Distinct values in order of appearance."""

    numbers: dict[Any, int] = field(default_factory=dict)

    def of(self, value: object) -> int:
        return self.numbers.setdefault(value, len(self.numbers))


def gather(spool: Spool, tool: str, name: str, controls: Sequence[str], wordings: Wordings, notes: Notes) -> Gathered:
    """Return the batch of all spooled replies.

    Args:
        spool: the replies.
        tool: whose results they are.
        name: the batch's id.
        controls: the ids or names of further controls.
        wordings: saw all of them.
        notes: take what was changed or left out.

    Raises:
        UsageError: they contradict each other, or nothing is left of them.
    """
    wordings.settle()
    conditions, asked = Conditions(notes), Asked(notes, wordings.formats)
    models, found_params = _Seen(), _Seen()
    held: list[Params] = []
    places: list[Place | None] = []
    for reply in spool:
        told = _told(reply, wordings)
        if told is None:
            notes.add(
                "{n} {reply|replies} to messages that are no prompt, examples and a question: left out", reply.place
            )
            places.append(None)
            continue
        prompt, text = told
        level = wordings.level(reply)
        if wordings.formats and level is None:
            level = wordings.formats[0]
        params = found_params.of(canonical_json(reply.params))
        if params == len(held):
            held.append(dict(reply.params))
        model = models.of(reply.model or NO_MODEL)
        question = asked.of(reply, text, level, wordings.question(reply))
        places.append(Place(conditions.of(reply, prompt), question, model, params, level))
    _leave_out_conversations(places, conditions, notes)
    _join(places, conditions)
    if not any(place is not None for place in places):
        raise UsageError(f"nothing of it can be carried over: {'; '.join(notes.told()) or 'there is no reply in it'}")
    held = _without_own_seeds(places, held, notes)
    own, common, varied = _shared(places, held, conditions, notes)
    repeats = _repeats(spool, places, held)
    both = repeats.twice()
    if both is not None:
        first, second = (_nth(spool, places, number) for number in both)
        raise UsageError(
            f"{second}: the same sample of the same cell as {first}; a reply counts once: take one of the two out, or "
            "import the files one by one (a table without a column of samples: all rows count)"
        )
    samples = repeats.samples()
    questions = asked.questions()
    personas = conditions.personas(questions, controls, own)
    levels = {one: tuple(_levels(places, held, one)) for one in varied}
    if prod(map(len, levels.values())) > _MOST_LEVELS:
        raise UsageError(
            f"{', '.join(levels)}: more than {_MOST_LEVELS:,} combinations of their values; leave out "
            "what is no request parameter"
        )
    batch = Batch(
        id=name,
        personas=tuple(personas),
        run=RunSettings(
            samples=int(samples.max()) + 1,
            factors=levels,
            formats=dict.fromkeys(wordings.formats, ""),
            models=tuple(models.numbers),
        ),
        files=(),
    )
    endpoint = f"imported:{tool}"
    grid = Grid(batch, endpoint=Endpoint(endpoint, endpoint), models=tuple(models.numbers), provider_params=common)
    return Gathered(
        grid=grid,
        batch=batch,
        places=places,
        ids=conditions.ids,
        questions=[question.id for question in questions],
        params=held,
        varied=varied,
        samples=samples,
        copies=repeats.copies(),
        unknown=conditions.unknown(),
        templates=conditions.templates(),
    )


def _told(reply: FoundReply, wordings: Wordings) -> tuple[Prompt, str] | None:
    """Return a reply's prompt, and the question without it."""
    prompt = prompt_of(reply.opening, known=reply.known)
    if prompt is None:
        return None
    if own := wordings.prompt(reply):
        return Prompt(own, "user"), wordings.rest(reply)
    return prompt, reply.text


def _leave_out_conversations(places: list[Place | None], conditions: Conditions, notes: Notes) -> None:
    """Leave out examples that are asked one question each: they are turns of a conversation that was played."""
    asked: dict[int, set[int]] = {}
    for place in places:
        if place is not None and conditions.prompts[place.condition].examples:
            asked.setdefault(place.condition, set()).add(place.question)
    alike = Counter((conditions.prompts[one].text, conditions.prompts[one].placement) for one in asked)
    played = {
        one
        for one, questions in asked.items()
        if len(questions) == 1 and alike[conditions.prompts[one].text, conditions.prompts[one].placement] > 1
    }
    for number, place in enumerate(places):
        if place is not None and place.condition in played:
            notes.add(
                "{n} {reply|replies} within conversations whose earlier replies differ: left out (which were the "
                "model's?)"
            )
            places[number] = None


def _join(places: Sequence[Place | None], conditions: Conditions) -> None:
    """Give the replies of one template one condition, each in its wording."""
    joined = conditions.join((place.condition, place.question) for place in places if place is not None)
    for place in places:
        if place is not None:
            place.condition, place.variant = joined.get(place.condition, (place.condition, 0))
    conditions.keep(place.condition for place in places if place is not None)


def _without_own_seeds(places: Sequence[Place | None], held: list[Params], notes: Notes) -> list[Params]:
    """Take out seeds that differ from repeat to repeat: they make the draws, and are no factor."""
    seeds: dict[tuple[int, int, int], set[str]] = {}
    for place in places:
        if place is not None:
            cell = (place.condition, place.question, place.model)
            seeds.setdefault(cell, set()).add(str(held[place.params].get("seed")))
    if not any(len(found) > 1 for found in seeds.values()):
        return held
    notes.add("seeds differ from repeat to repeat: they are no parameter of the run, and the replies count as draws")
    return [{name: value for name, value in params.items() if name != "seed"} for params in held]


def _shared(
    places: Sequence[Place | None], held: Sequence[Params], conditions: Conditions, notes: Notes
) -> tuple[list[Params], Params, tuple[str, ...]]:
    """Return the parameters of each condition, those of all, and the names of those that vary within a condition."""
    by_condition: dict[int, dict[bytes, Params]] = {number: {} for number in range(len(conditions.prompts))}
    for place in places:
        if place is not None:
            params = held[place.params]
            by_condition[place.condition][canonical_json(params)] = params
    sets = {text: params for found in by_condition.values() for text, params in found.items()}
    common = {
        name: value
        for name, value in next(iter(sets.values())).items()
        if all(name in params and canonical_json(params[name]) == canonical_json(value) for params in sets.values())
    }
    names = tuple(dict.fromkeys(name for params in sets.values() for name in params if name not in common))
    if all(len(found) <= 1 for found in by_condition.values()):
        own = [
            {name: value for params in found.values() for name, value in params.items() if name not in common}
            for found in by_condition.values()
        ]
        if names:
            notes.add(
                f"conditions were asked with different request parameters ({', '.join(names)}): what differs between "
                "them may come from there"
            )
        return own, common, ()
    return [{} for _ in by_condition], common, names


def _levels(places: Iterable[Place | None], held: Sequence[Params], name: str) -> Iterable[JsonValue]:
    found: dict[bytes, JsonValue] = {}
    for place in places:
        if place is not None:
            value = held[place.params].get(name)
            found.setdefault(canonical_json(value), value)
    return found.values()


def _repeats(spool: Spool, places: Sequence[Place | None], held: Sequence[Params]) -> Repeats:
    repeats, same = Repeats(), _Seen()
    kinds = [same.of(canonical_json(params)) for params in held]
    for place, reply in zip(places, spool, strict=True):
        if place is not None:
            level = -1 if place.level is None else same.of(place.level)
            repeats.add((place.condition, place.question, place.model, kinds[place.params], level), reply)
    return repeats


def _nth(spool: Spool, places: Sequence[Place | None], number: int) -> str:
    """Return where the n-th reply that is carried over stands."""
    for place, reply in zip(places, spool, strict=True):
        if place is not None:
            if not number:
                return reply.place
            number -= 1
    return ""
