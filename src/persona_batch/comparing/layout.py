"""Which reply stands on which side: arms, their references, and the strata in which labels may be exchanged.

The unit of inference is the question, or the cluster of questions where some are paraphrases of one another. A
*stratum* is a question in one context (the same model, speaker, …): within it the replies of an arm and of its
reference are exchangeable if the arm changes nothing. All samples count, but for copies of one draw (`copies`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing.columns import Column
from persona_batch.comparing.comparison import ArmRole
from persona_batch.comparing.copies import Policy, find_copies
from persona_batch.comparing.corpus import USABLE, Corpus
from persona_batch.comparing.levels import Assignment
from persona_batch.comparing.p_values import Floats


@dataclass(frozen=True, slots=True)
class Pair:
    """An arm and its reference: the question and the two groups of replies of each stratum, in parallel.

    `own` marks the strata whose luck is their own. Of strata whose replies were not drawn (one question asked without
    chance at several levels, for several speakers, …) it is one a question, in turn: where a level does nothing its
    replies are copies, and to exchange labels in each of them by itself would take one accident for many.
    """

    arm: int
    reference: int
    question: Column
    arm_group: Column
    reference_group: Column
    own: NDArray[np.bool_]

    @property
    def questions(self) -> int:
        """Questions that both sides answered."""
        return len(np.unique(self.question))


@dataclass(frozen=True, slots=True)
class Block:
    """The replies to one question: rows of the layout from `start`, with their texts."""

    question: int
    start: int
    texts: list[str]

    def slice_of(self, layout: "Layout", group: int) -> slice:
        """Return the places of a group's replies within this block."""
        return slice(int(layout.start[group]) - self.start, int(layout.end[group]) - self.start)


@dataclass(slots=True)
class Layout:
    """The replies that count in order of (question, context, arm), and the arms with their pairs.

    `rows` are numbers of corpus records; group `g` is `rows[start[g]:end[g]]`, all of one question, context, arm;
    `group_luck` numbers what fixed its replies, model by model, 0: they were drawn.
    `pairs` set each arm beside its reference, `placebo_pairs` beside its placebo. `cluster` numbers the cluster of each
    question, from 0; `copies` says what was found of copies.
    """

    corpus: Corpus
    assignment: Assignment
    rows: Column
    start: Column
    end: Column
    group_question: Column
    group_context: Column
    group_arm: Column
    group_luck: Column
    duplicates: Column
    copies: list[str]
    cluster: Column
    pairs: list[Pair] = field(default_factory=list)
    placebo_pairs: list[Pair] = field(default_factory=list)

    @property
    def arms(self) -> Sequence[str]:
        """Names of the arms."""
        return self.assignment.names

    @property
    def roles(self) -> Sequence[ArmRole]:
        """Roles of the arms."""
        return self.assignment.roles

    @property
    def question_count(self) -> int:
        """Number of questions."""
        return len(self.corpus.names["question"])

    def spans(self) -> list[tuple[int, int]]:
        """Return the rows of each question, from and up to."""
        cuts = (np.flatnonzero(np.diff(self.corpus.columns["question"][self.rows])) + 1).tolist()
        return [*zip([0, *cuts], [*cuts, len(self.rows)], strict=True)] if len(self.rows) else []

    def block(self, start: int, end: int) -> Block:
        """Return the replies to one question."""
        rows = self.rows[start:end]
        texts = self.corpus.texts.read(self.corpus.columns["text"][rows].tolist())
        return Block(int(self.corpus.columns["question"][rows[0]]), start, texts)

    def group_means(self, values: Floats) -> Floats:
        """Return the mean per group of values that run parallel to `rows`; NaN where none is known."""
        if not len(self.rows):
            return np.zeros((0, *values.shape[1:]))
        known = np.isfinite(values)
        total = np.add.reduceat(np.where(known, values, 0.0), self.start, axis=0)
        count = np.add.reduceat(known.astype(np.float64), self.start, axis=0)
        return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)

    def by_question(self, pair: Pair, strata: Floats) -> Floats:
        """Average values of a pair's strata over each question's contexts; NaN where the question has none."""
        known = np.isfinite(strata)
        total = np.zeros((self.question_count, *strata.shape[1:]))
        count = np.zeros_like(total)
        np.add.at(total, pair.question, np.where(known, strata, 0.0))
        np.add.at(count, pair.question, known)
        return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)

    def by_cluster(self, values: Floats) -> Floats:
        """Return the mean of each cluster's questions that have a value; NaN where none has.

        Args:
            values: (questions, …).
        """
        known = np.isfinite(values)
        total = np.zeros((int(self.cluster.max(initial=-1)) + 1, *values.shape[1:]))
        count = np.zeros_like(total)
        np.add.at(total, self.cluster, np.where(known, values, 0.0))
        np.add.at(count, self.cluster, known)
        return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)

    def by_persona(self, pair: Pair, values: Floats) -> Floats | None:
        """Return each persona's mean difference from the reference, over the pair's strata.

        None where the arms are no attribute's levels. `values` run parallel to `rows`.
        """
        if self.assignment.attribute is None or not len(pair.question):
            return None
        size = (self.end - self.start)[pair.arm_group]
        stratum = np.repeat(np.arange(len(size)), size)
        places = np.concatenate([np.arange(self.start[group], self.end[group]) for group in pair.arm_group])
        differences = values[places] - self.group_means(values)[pair.reference_group][stratum]
        return mean_of_means(self.corpus.columns["persona"][self.rows[places]], stratum, differences)

    @property
    def clustered(self) -> bool:
        """Whether some questions are paraphrases of one another."""
        return len(self.cluster) > int(self.cluster.max(initial=-1)) + 1

    def samples(self, pair: Pair) -> tuple[int, int]:
        """Return how many replies of the arm and of its reference enter the pair."""
        size = self.end - self.start
        return int(size[np.unique(pair.arm_group)].sum()), int(size[np.unique(pair.reference_group)].sum())


def mean_of_means(outer: Column, inner: Column, values: Floats) -> Floats:
    """Return per `outer`, ascending, the mean over its `inner` of the means of the values; NaN ones are left out."""
    known = np.isfinite(values)
    names, place = np.unique(np.stack([outer[known], inner[known]]), axis=1, return_inverse=True)
    means = np.bincount(place.ravel(), values[known]) / np.bincount(place.ravel())
    _, owner = np.unique(names[0], return_inverse=True)
    found: Floats = np.bincount(owner, means) / np.bincount(owner)
    return found


def lay_out(
    corpus: Corpus,
    assignment: Assignment,
    *,
    clusters: Mapping[str, str] | None = None,
    copies: Policy = "source",
) -> Layout:
    """Put the usable replies in order and pair the arms with their references and placebos.

    Args:
        corpus: the records.
        assignment: their arms.
        clusters: the cluster of each question that has one.
        copies: which samples of a cell count once.
    """
    columns = corpus.columns
    usable = np.isin(columns["status"], USABLE) & (assignment.arm >= 0)
    rows = np.flatnonzero(usable)
    factors = ("sample", "placement", "variant", "speaker", "factors", "model", "persona", "run")
    inner = [columns[factor][rows] for factor in factors]
    outer = [assignment.arm[rows], assignment.context[rows], columns["question"][rows]]
    order = np.lexsort([*inner, *outer])
    rows = rows[order]
    found = find_copies(corpus, rows, copies)
    duplicates = np.bincount(assignment.arm[rows[~found.kept]], minlength=len(assignment.names))
    rows = rows[found.kept]
    places = np.stack([columns["question"][rows], assignment.context[rows], assignment.arm[rows]])
    changed = np.any(np.diff(places, axis=1) != 0, axis=0)
    start = np.concatenate([[0], np.flatnonzero(changed) + 1]) if len(rows) else np.zeros(0, dtype=np.int64)
    end = np.append(start[1:], len(rows)) if len(rows) else start
    layout = Layout(
        corpus=corpus,
        assignment=assignment,
        rows=rows,
        start=start,
        end=end,
        group_question=places[0, start],
        group_context=places[1, start],
        group_arm=places[2, start],
        group_luck=_luck(columns["model"][rows], found.luck[found.kept], start),
        duplicates=duplicates,
        copies=found.notes,
        cluster=_clusters(corpus.names["question"], clusters or {}),
    )
    layout.pairs = [pair_of(layout, arm, reference) for arm, reference in assignment.references.items()]
    layout.placebo_pairs = [pair_of(layout, arm, placebo) for arm, placebo in assignment.placebos.items()]
    return layout


def _clusters(questions: Sequence[str], named: Mapping[str, str]) -> Column:
    """Number the clusters; a question without one is a cluster of its own."""
    numbers: dict[tuple[bool, str], int] = {}
    found = [
        numbers.setdefault((True, named[question]) if named.get(question) else (False, question), len(numbers))
        for question in questions
    ]
    return np.array(found, dtype=np.int64)


def pair_of(layout: Layout, arm: int, reference: int) -> Pair:
    """Return two arms side by side."""
    groups = {
        (int(layout.group_question[group]), int(layout.group_context[group])): int(group)
        for group in np.flatnonzero(layout.group_arm == reference)
    }
    strata = [
        (int(layout.group_question[group]), int(group), other)
        for group in np.flatnonzero(layout.group_arm == arm)
        if (other := groups.get((int(layout.group_question[group]), int(layout.group_context[group])))) is not None
    ]
    table = np.array(strata, dtype=np.int64).reshape(-1, 3)
    question, arm_group, reference_group = table.T
    sides = layout.group_luck[arm_group], layout.group_luck[reference_group]
    luck = np.where(np.minimum(*sides) > 0, np.minimum(*sides), np.maximum(*sides))
    return Pair(arm, reference, question, arm_group, reference_group, own_luck(question, luck))


def _luck(model: Column, luck: Column, start: Column) -> Column:
    """Return what fixed the replies of each group."""
    if not len(start):
        return np.zeros(0, dtype=np.int64)
    _, number = np.unique(np.stack([model, luck]), axis=1, return_inverse=True)
    of_row = np.where(luck > 0, 1 + number.ravel(), 0)
    found: Column = np.maximum.reduceat(of_row, start)
    return found


def own_luck(question: Column, luck: Column) -> NDArray[np.bool_]:
    """Mark the strata that were drawn (`luck` 0), and of others one of each question and luck, question by question
    the next: all levels are heard, and which does not depend on any label.
    """
    own: NDArray[np.bool_] = luck == 0
    together: dict[tuple[int, int], list[int]] = {}
    for place in np.flatnonzero(~own).tolist():
        together.setdefault((int(question[place]), int(luck[place])), []).append(place)
    for (asked, _), places in together.items():
        own[places[asked % len(places)]] = True
    return own
