"""The grid: personas × questions × placements × models × factors × samples, as cells in call order, lazily.

Order is a randomized complete block design: sample by sample, and within a sample question by question (in
seeded order), every arm and model is asked that question, in an order seeded anew for each block. So conditions
are interleaved however the endpoint drifts, a run stopped at any moment has whole blocks to compare, and a grid
that grows keeps its order. Nothing of the grid's size is held in memory.

Filters and shards narrow what a call asks, never what belongs to the batch: the cells of a narrowed grid are those of
the whole one, with the same keys and in the same order.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Literal

import msgspec

from persona_batch.chat import JsonValue, Params
from persona_batch.config.batch import Batch, Persona, Question
from persona_batch.plan.arm import Arm
from persona_batch.plan.arm_lists import ArmList
from persona_batch.plan.arms import arms_of, merged_params
from persona_batch.plan.asked import AskedQuestion, ask_all
from persona_batch.plan.cell import Cell, Endpoint
from persona_batch.plan.count import Count
from persona_batch.plan.forms import FORMAT, TOLD, probes_json
from persona_batch.plan.key import KEY_VERSION, KeySet, canonical_json, join_key
from persona_batch.plan.named_arms import NamedArms
from persona_batch.plan.order import SeededOrder
from persona_batch.plan.partners import Partners
from persona_batch.plan.selection import Selection
from persona_batch.plan.shard import Shard
from persona_batch.plan.sizes import Sizes

_ORDERED = 10_000  # personas whose order is known to previews


class Grid:
    """The cells of a run; iterate as often as you like, each time in the same order.

    Args:
        batch: the resolved input.
        endpoint: where the cells are asked.
        models: model names at the endpoint, at least one.
        provider_params, cli_params: the first and the last in the merge of request parameters.
        personas, questions: globs on ids; none: all. Chosen personas bring their controls along.
        limit: at most so many cells, the first in order.
        shard: of what is left by the filters and the limit, the cells that it holds.
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
        shard: Shard | None = None,
        developer_role: Literal["developer", "system"] = "developer",
    ) -> None:
        self._selection = Selection(batch.personas, personas, questions)
        self.endpoint = endpoint
        self.models = tuple(dict.fromkeys(models))
        self.samples = batch.run.samples
        self.seed = batch.run.seed
        self.developer_role = developer_role
        self.provider_params, self.cli_params = provider_params or {}, cli_params or {}
        self._arms = arms_of(
            batch, provider_params=self.provider_params, cli_params=self.cli_params, developer_role=developer_role
        )
        self._asked = ask_all(self._arms, self.cli_params, tuple(batch.run.formats))
        self._partners = Partners(batch.partners, self.provider_params, self.cli_params, developer_role)
        self._probing = any(persona.probes for persona in batch.personas) or any(
            asked.question.probes for asked in self._asked
        )
        self._endpoint_json = canonical_json(endpoint.identity)
        self._models_json = tuple(canonical_json(model) for model in self.models)
        self._sizes = Sizes(self._arms, self._asked, self._selection, len(self.models) * self.samples)
        self.total = self._sizes.total
        self._limit = self._sizes.chosen if limit is None else min(limit, self._sizes.chosen)
        self._named: NamedArms | None = None
        self.shard = shard
        self.count = Count(self._limit, lambda: (key for key, _ in self.keyed_before_shard()), shard)

    def __len__(self) -> int:
        return self.count.whole()

    def __iter__(self) -> Iterator[Cell]:
        return (make() for _, make in self.keyed())

    @property
    def filtered(self) -> bool:
        """Whether filters leave out a part of the batch, or of the shard."""
        return self._limit < self.total

    @property
    def personas(self) -> list[Persona]:
        """The personas asked that are written out, controls first."""
        return self._sizes.written_personas()

    def persona_ids(self) -> Iterator[str]:
        """Yield the ids of the personas asked, the written ones first."""
        return self._sizes.persona_ids()

    def persona_count(self) -> int:
        """Return how many personas and controls are asked."""
        return self._sizes.persona_count()

    @property
    def questions(self) -> list[Question]:
        """The questions asked, in the order of the files."""
        return [asked.question for asked in self._asked if self._selection.arms(asked)]

    @property
    def all_questions(self) -> list[Question]:
        """The questions of the whole batch."""
        return [asked.question for asked in self._asked]

    @property
    def fingerprint(self) -> str:
        """Return what tells the whole batch from any other: all that is asked, and the names that records carry.

        More models and samples only add cells, so these are no part of it.
        """
        digest = hashlib.blake2b(digest_size=16)
        digest.update(b"%d/%b" % (KEY_VERSION, self._endpoint_json))
        encode = msgspec.json.Encoder(order="sorted").encode
        places: dict[int, int] = {}
        for place, arm in enumerate(self._arms.written):
            places[id(arm)] = place
            labels = (arm.name, arm.twin, arm.joined, arm.persona.attributes, arm.persona.checks, arm.persona.probes)
            digest.update(b"%b%b%b" % (encode(labels), arm.opening_json, arm.params_json))
        for table in self._arms.tables:
            shape = table.shape
            digest.update(encode([table.digest, shape.attributes, shape.checks, shape.probes]))
        lists: dict[int, bytes] = {}
        for asked in self._asked:
            if id(asked.arms) not in lists:
                arms = asked.arms
                names = [table.shape.id for table in arms.tables] if isinstance(arms, ArmList) else []
                written = arms.written if isinstance(arms, ArmList) else arms
                numbers = b",".join(b"%d" % places[id(arm)] for arm in written)
                lists[id(asked.arms)] = numbers + (encode(names) if names else b"")
            of_question = (asked.question, [form.twin for form in asked.forms], sorted(asked.twin_arms))
            digest.update(b"%b%b" % (encode(of_question), lists[id(asked.arms)]))
            if asked.question.talk is not None:
                digest.update(self._partners.of(asked.question.talk, "")[1])
        return digest.hexdigest()

    def keyed(self, *, whole: bool = False) -> Iterator[tuple[str, Callable[[], Cell]]]:
        """Yield every cell's key with what makes the cell: most of a resumed grid is never more than its keys.

        `whole`: of the whole batch, whatever the filters and the shard.
        """
        keyed, shard = self.keyed_before_shard(whole=whole), self.shard
        return keyed if whole or shard is None else (one for one in keyed if shard.holds(one[0]))

    def keyed_before_shard(self, *, whole: bool = False) -> Iterator[tuple[str, Callable[[], Cell]]]:
        """Yield what `keyed` does, of all shards: to whoever looks for the shard's cells without long silences."""
        return (self._keyed(*place) for place in self._places(whole=whole))

    def all_keys(self, *, whole: bool = False) -> Iterator[str]:
        """Yield the key of every cell, in call order; `whole`: of the whole batch, whatever is asked."""
        return (key for key, _ in self.keyed(whole=whole))

    def find(
        self,
        *,
        persona: str,
        variant: int,
        question: str,
        placement: str,
        model: str,
        sample: int,
        speaker: str | None = None,
        factors: Mapping[str, JsonValue] | None = None,
    ) -> tuple[str, Callable[[], Cell]] | None:
        """Return the key of the cell of these names in the whole batch, with what makes it; None: there is none."""
        if self._named is None:
            self._named = NamedArms(self._arms, self._asked)
        of_form = {name: level for name, level in (factors or {}).items() if name in (FORMAT, TOLD)}
        of_arm = {name: level for name, level in (factors or {}).items() if name not in of_form}
        found = self._named.find(question, persona, variant, placement, of_arm)
        if found is None or model not in self.models or not 0 <= sample < self.samples:
            return None
        asked, arm = found
        said = (speaker, of_form)
        place = next((at for at, form in enumerate(asked.forms) if (form.speaker_name, form.factors) == said), None)
        return None if place is None else self._keyed(asked, arm, self.models.index(model), place, sample)

    def examples(self, finished: Callable[[str], bool], most: int) -> list[Cell]:
        """Return the first cell of each persona that is not finished, in the order of `personas`; `most` at most."""
        order = {name: place for place, name in enumerate(islice(self.persona_ids(), _ORDERED))}
        found: dict[str, Cell] = {}
        for asked, arm, model, form, sample in self._places(whole=False):
            if len(found) == min(most, len(order)):
                break
            if arm.persona.id in found:
                continue
            key, make = self._keyed(asked, arm, model, form, sample)
            if not finished(key) and (self.shard is None or self.shard.holds(key)):
                found[arm.persona.id] = make()
        return sorted(found.values(), key=lambda cell: order.get(cell.persona, len(order)))

    def counts(self) -> dict[str, int]:
        """Return the cells per persona id; of a long table all rows together, under its name.

        Without a shard they are those before the limit.
        """
        counts = self._sizes.cells()
        if self.shard is not None:
            counts = dict.fromkeys(counts, 0)
            for _, arm in self._left(KeySet()):
                counts[self._sizes.counted_as(arm, counts)] += 1
        return counts

    @property
    def converses(self) -> bool:
        """Whether any cell is more than one request."""
        return self._probing or any(asked.turns > 1 for asked in self._asked)

    def param_names(self) -> set[str]:
        """Return the names of all request parameters that any cell of the batch has."""
        names = {name for arm in self._arms.written for name in arm.params}
        names |= {name for table in self._arms.tables for _, params, _ in table.levels for name in params}
        return names.union(*(asked.question.params for asked in self._asked))

    def requests(self, finished: KeySet | None = None) -> int:
        """Return how many requests the cells are that are not finished, if every conversation comes to its end."""
        if finished or (self.shard is not None and self.converses):
            left = self._left(finished or KeySet())
            return sum(asked.requests(arm) for asked, arm in left) if self.converses else sum(1 for _ in left)
        if not self.converses:
            return len(self)
        if self._limit < self._sizes.chosen:
            return sum(asked.requests(arm) for asked, arm, *_ in self._places(whole=False))
        return self._sizes.requests()

    def longest(self) -> int:
        """Return how many requests the longest conversation is."""
        return self._sizes.longest()

    def _left(self, finished: KeySet) -> Iterator[tuple[AskedQuestion, Arm]]:
        for place in self._places(whole=False):
            key, _ = self._keyed(*place)
            if key not in finished and (self.shard is None or self.shard.holds(key)):
                yield place[:2]

    def _places(self, *, whole: bool) -> Iterator[tuple[AskedQuestion, Arm, int, int, int]]:
        left = self.total if whole else self._limit
        wanted = None if whole or not self.filtered else [self._selection.has_question(asked) for asked in self._asked]
        models = len(self.models)
        for sample in range(self.samples):
            for number in SeededOrder(len(self._asked), f"{self.seed}/{sample}"):
                if wanted is not None and not wanted[number]:
                    continue
                asked = self._asked[number]
                forms = len(asked.forms)
                block = SeededOrder(len(asked.arms) * models * forms, f"{self.seed}/{sample}/{asked.question.id}")
                for place in block:
                    arm = asked.arms[place // (models * forms)]
                    if wanted is not None and not self._selection.has_persona(arm):
                        continue
                    if left <= 0:
                        return
                    left -= 1
                    yield asked, arm, place // forms % models, place % forms, sample

    def _keyed(
        self, asked: AskedQuestion, arm: Arm, model: int, place: int, sample: int
    ) -> tuple[str, Callable[[], Cell]]:
        own, form = asked.question.params, asked.forms[place]
        params = merged_params(arm, own, self.cli_params)
        arm_twin = arm.name if asked.twin_arms and arm.name in asked.twin_arms else arm.twin
        partner, talk = None, b""
        if asked.question.talk is not None:
            partner, talk = self._partners.of(asked.question.talk, self.models[model])
        key = join_key(
            endpoint=self._endpoint_json,
            messages=asked.messages_json(arm, form),
            model=self._models_json[model],
            params=canonical_json(params) if own else arm.params_json,
            sample=sample,
            turns=form.turns_json,
            probes=probes_json(form.probes(asked.probes(arm))) if self._probing else b"",
            talk=talk,
            twin=None if arm_twin is None and form.twin is None else f"{arm_twin or ''}|{form.twin or ''}",
        )
        return key, partial(asked.cell, arm, form, key, params, self.endpoint, self.models[model], sample, partner)
