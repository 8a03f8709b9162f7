"""The grid: personas × questions × placements × models × samples, as cells in call order, lazily.

Order is a randomized complete block design: sample by sample, and within a sample question by question (in
seeded order), every arm and model is asked that question, in an order seeded anew for each block. So conditions
are interleaved however the endpoint drifts, a run stopped at any moment has whole blocks to compare, and a grid
that grows keeps its order. Nothing of the grid's size is held in memory.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from typing import Literal

from persona_batch.chat import Params
from persona_batch.config.batch import Batch, Persona, Question
from persona_batch.errors import UsageError
from persona_batch.plan.arms import Arm, arms_of, merged_params, select
from persona_batch.plan.askers import AskedQuestion, ask_all
from persona_batch.plan.cell import Cell, Endpoint
from persona_batch.plan.key import canonical_json, join_key
from persona_batch.plan.permutation import Permutation
from persona_batch.wording import meant


class Grid:
    """The cells of a run; iterate as often as you like, each time in the same order.

    Args:
        batch: the resolved input.
        endpoint: where the cells are asked.
        models: model names at the endpoint, at least one.
        provider_params, cli_params: the first and the last in the merge of request parameters.
        personas, questions: globs on ids; none: all. Chosen personas bring their controls along.
        limit: at most so many cells, the first in order.
        developer_role: what the endpoint calls the developer role.

    Raises:
        UsageError: a glob that matches nothing, or one question id with two texts.
    """

    def __init__(
        self,
        batch: Batch,
        *,
        endpoint: Endpoint,
        models: Sequence[str],
        provider_params: Params | None = None,
        cli_params: Params | None = None,
        personas: Sequence[str] = (),
        questions: Sequence[str] = (),
        limit: int | None = None,
        developer_role: Literal["developer", "system"] = "developer",
    ) -> None:
        _require_matches("persona", personas, [persona.id for persona in batch.personas])
        chosen = replace(batch, personas=select(batch.personas, personas))
        self.endpoint = endpoint
        self.models = tuple(dict.fromkeys(models))
        self.samples = batch.run.samples
        self.seed = batch.run.seed
        self._cli_params = cli_params or {}
        self._arms = arms_of(
            chosen,
            provider_params=provider_params or {},
            cli_params=self._cli_params,
            developer_role=developer_role,
        )
        _require_matches("question", questions, _question_ids(chosen.personas))
        self._asked = ask_all(self._arms, questions, self._cli_params)
        self._endpoint_json = canonical_json(endpoint.identity)
        self._models_json = tuple(canonical_json(model) for model in self.models)
        self.total = sum(len(asked.arms) for asked in self._asked) * len(self.models) * self.samples
        self._limit = self.total if limit is None else min(limit, self.total)

    def __len__(self) -> int:
        return self._limit

    def __iter__(self) -> Iterator[Cell]:
        return (make() for _, make in self.keyed())

    @property
    def personas(self) -> list[Persona]:
        """The personas asked, controls first."""
        return list({id(arm.persona): arm.persona for arm in self._arms}.values())

    @property
    def questions(self) -> list[Question]:
        """The questions asked, in the order of the files."""
        return [asked.question for asked in self._asked]

    def keyed(self) -> Iterator[tuple[str, Callable[[], Cell]]]:
        """Yield every cell's key with what makes the cell: most of a resumed grid is never more than its keys."""
        for asked, arm, model, sample in self._coordinates():
            key, params = self._key(asked, arm, model, sample)
            yield key, partial(self._cell, key, params, asked, arm, model, sample)

    def all_keys(self) -> Iterator[str]:
        """Yield the key of every cell, in call order."""
        return (self._key(*coordinates)[0] for coordinates in self._coordinates())

    def examples(self, finished: Callable[[str], bool], most: int) -> list[Cell]:
        """Return the first cell of each persona that is not finished, in the order of `personas`; `most` at most."""
        order = {persona.id: place for place, persona in enumerate(self.personas)}
        found: dict[str, Cell] = {}
        for asked, arm, model, sample in self._coordinates():
            if len(found) == min(most, len(order)):
                break
            if arm.persona.id in found:
                continue
            key, params = self._key(asked, arm, model, sample)
            if not finished(key):
                found[arm.persona.id] = self._cell(key, params, asked, arm, model, sample)
        return sorted(found.values(), key=lambda cell: order[cell.persona])

    def counts(self) -> dict[str, int]:
        """Return the cells per persona id of the whole grid, whatever the limit."""
        counts = dict.fromkeys((persona.id for persona in self.personas), 0)
        for asked in self._asked:
            for arm in asked.arms:
                counts[arm.persona.id] += len(self.models) * self.samples
        return counts

    def _coordinates(self) -> Iterator[tuple[AskedQuestion, Arm, int, int]]:
        left = self._limit
        models = len(self.models)
        for sample in range(self.samples):
            for number in Permutation(len(self._asked), f"{self.seed}/{sample}"):
                asked = self._asked[number]
                block = Permutation(len(asked.arms) * models, f"{self.seed}/{sample}/{asked.question.id}")
                for place in block:
                    if left <= 0:
                        return
                    left -= 1
                    yield asked, asked.arms[place // models], place % models, sample

    def _key(self, asked: AskedQuestion, arm: Arm, model: int, sample: int) -> tuple[str, Params]:
        own = asked.question.params
        params = merged_params(arm, own, self._cli_params)
        arm_twin = arm.name if asked.twin_arms and arm.name in asked.twin_arms else arm.twin
        twin = None if arm_twin is None and asked.twin is None else f"{arm_twin or ''}|{asked.twin or ''}"
        key = join_key(
            endpoint=self._endpoint_json,
            messages=asked.messages_json(arm),
            model=self._models_json[model],
            params=canonical_json(params) if own else arm.params_json,
            sample=sample,
            turns=b"",
            twin=twin,
        )
        return key, params

    def _cell(self, key: str, params: Params, asked: AskedQuestion, arm: Arm, model: int, sample: int) -> Cell:
        persona, question = arm.persona, asked.question
        return Cell(
            key=key,
            persona=persona.id,
            variant=arm.variant,
            question=question.id,
            speaker=None if question.speaker is None else question.speaker.name,
            sample=sample,
            placement=arm.placement,
            endpoint=self.endpoint,
            model=self.models[model],
            params=params,
            messages=asked.messages(arm),
            checks=persona.checks + question.checks,
            attributes=persona.attributes,
            answer=question.answer,
        )


def _question_ids(personas: Sequence[Persona]) -> list[str]:
    sets = {id(persona.questions): persona.questions for persona in personas}
    return list(dict.fromkeys(question.id for questions in sets.values() for question in questions))


def _require_matches(what: str, globs: Sequence[str], ids: Sequence[str]) -> None:
    for glob in globs:
        if not any(fnmatchcase(name, glob) for name in ids):
            raise UsageError(f"no {what} matches `{glob}`; {meant(glob, ids)}")
