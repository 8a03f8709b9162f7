"""Identifiability: which persona said it? A classifier that never saw the question it is tested on.

Ridge classification (least squares on class indicators; Hoerl & Kennard 1970) of hashed character n-grams, centred
within each question, with folds of whole questions. The score is accuracy balanced within the question, so chance is
1/K whatever the arms' sizes. p by exchanging labels within questions and training anew: ridge is linear in the labels,
so each relabelling costs one matrix product per fold.
"""

from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from scipy import linalg

from persona_batch.comparing import sentences
from persona_batch.comparing.comparison import Confusion, EffectSize, Estimate
from persona_batch.comparing.features import FOLDED as WIDTH
from persona_batch.comparing.intervals import share_interval
from persona_batch.comparing.layout import own_luck
from persona_batch.comparing.measure import WITHIN, Explanation, Findings, Measure, Study, View, as_list
from persona_batch.comparing.p_values import Floats, exceedance, rng_for

FOLDS = 5
RIDGE = 1.0
RELABELLINGS = 999
MIN_RELABELLINGS = 199
MAX_REPLIES = 6_000  # beyond, whole questions are drawn by the seed
MIN_QUESTIONS = 10  # drawn at least, where there are as many
_BUDGET = 3.0e10  # multiplications for all relabellings
_TOGETHER = 320  # columns of one matrix product: relabellings x classes

Labels = NDArray[np.int64]
Features = NDArray[np.float32]


class Identifiability(Measure):
    """One row for all personas together."""

    name = "identifiability"
    explanation = Explanation(
        definition=(
            "Can one tell from a reply which persona gave it? A classifier learns on some questions and is tested on "
            "others. With one persona it tells the persona from its reference."
        ),
        formula=(
            "Ridge regression on class indicators; features: character 1-3-grams weighted 1 + ln(count), hashed to 512 "
            "dimensions, centred within the question; 5 folds of whole questions; accuracy balanced over the classes "
            "within each question, so chance is 1/K."
        ),
        test=f"{WITHIN} The classifier is trained anew for each relabelling.",
        source="Ojala & Garriga 2010, jmlr.org/papers/v11/ojala10a; Weinberger et al. 2009, arXiv:0902.2206",
        per_question="accuracy at q - 1/K",
    )

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        self._classes = _classes(study)
        self._drawn = self._draw()
        self._features: list[Features] = []
        self._rows: list[NDArray[np.int64]] = []

    def _draw(self) -> set[int]:
        layout = self.layout
        member = np.isin(layout.group_arm, self._classes)
        size = np.where(member, layout.end - layout.start, 0)
        per_question = np.bincount(layout.group_question, size, minlength=layout.question_count)
        asked = np.flatnonzero(per_question)
        order = rng_for(self.study.seed, self.name, "questions").permutation(asked)
        enough = int(np.searchsorted(np.cumsum(per_question[order]), MAX_REPLIES, side="right"))
        return set(order[: max(MIN_QUESTIONS, enough)].tolist())

    def look(self, view: View) -> list[tuple[NDArray[np.int64], Features]]:
        if view.block.question not in self._drawn or len(self._classes) < 2:
            return []
        layout = self.layout
        rows = np.arange(view.block.start, view.block.start + len(view.block.texts))
        arms = layout.assignment.arm[layout.rows[rows]]
        contexts = layout.assignment.context[layout.rows[rows]]
        group = np.searchsorted(layout.start, rows, side="right") - 1
        strata, luck = [], []
        for context in np.unique(contexts):
            places = np.flatnonzero((contexts == context) & np.isin(arms, self._classes))
            if len(np.unique(arms[places])) > 1:
                strata.append(places)
                luck.append(int(layout.group_luck[group[places]].max()))
        own = own_luck(np.full(len(strata), view.block.question), np.array(luck, dtype=np.int64))
        found = []
        for places in (stratum for stratum, counts in zip(strata, own, strict=True) if counts):
            features = view.folded[places]
            found.append((rows[places], features - features.mean(axis=0)))
        return found

    def keep(self, sight: list[tuple[NDArray[np.int64], Features]]) -> None:
        for rows, features in sight:
            self._rows.append(rows)
            self._features.append(features)

    def findings(self, part: int = 0) -> Findings:  # noqa: ARG002 - there is one
        names = [self.layout.arms[arm] for arm in self._classes]
        arm = " / ".join(names) if len(names) <= 3 else f"{len(names):,} personas"
        facts = Estimate(measure=self.name, metric="accuracy", arm=arm, reference=None, unit="balanced accuracy")
        if len(names) < 2:
            return Findings([replace(facts, not_estimable=sentences.ONE_CLASS)])
        data = self._data()
        if data is None:
            return Findings([replace(facts, not_estimable=sentences.FEW_CLASSES)])
        return self._told_apart(data, facts, names)

    def _data(self) -> "_Data | None":
        if not self._rows:
            return None
        layout, rows = self.layout, np.concatenate(self._rows)
        arms = layout.assignment.arm[layout.rows[rows]]
        labels = np.searchsorted(self._classes, arms)
        questions = layout.corpus.columns["question"][layout.rows[rows]]
        stratum = np.repeat(np.arange(len(self._rows)), [len(part) for part in self._rows])
        if len(np.unique(questions)) < 2 or len(np.unique(labels)) < len(self._classes):
            return None
        return _Data(np.concatenate(self._features), labels, questions, stratum, len(self._classes))

    def _told_apart(self, data: "_Data", facts: Estimate, names: list[str]) -> Findings:
        classifier = _Ridge(data, rng_for(self.study.seed, self.name, "folds"))
        predicted = classifier.predict(data.labels[None, :])[0]
        counts = np.zeros((data.classes, data.classes), dtype=np.int64)
        np.add.at(counts, (data.labels, predicted), 1)
        value = data.score(data.labels, predicted)
        rng = rng_for(self.study.seed, self.name, "labels")
        affordable = max(MIN_RELABELLINGS, int(_BUDGET / classifier.cost))
        relabellings = min(self.study.permutations, RELABELLINGS, affordable)
        permuted: list[float] = []
        step = max(1, _TOGETHER // data.classes)
        while len(permuted) < relabellings:
            several = np.stack([data.relabelled(rng) for _ in range(min(step, relabellings - len(permuted)))])
            permuted.extend(map(data.score, several, classifier.predict(several)))
        per_question = np.full(self.layout.question_count, np.nan)
        asked = np.unique(data.questions)
        right = data.weights(data.labels) * (data.labels == predicted)
        per_question[asked] = np.bincount(data.questions, right, minlength=len(per_question))[asked] * len(asked)
        chance, units = 1.0 / data.classes, self.layout.by_cluster(per_question)
        null_variance = float(np.mean((np.array(permuted) - chance) ** 2))
        row = replace(
            facts,
            value=value,
            arm_value=value,
            reference_value=chance,
            interval=share_interval(units[np.isfinite(units)], null_variance, chance),
            effect_size=EffectSize("accuracy over chance", value / chance),
            test=f"labels permuted within question, {relabellings} times",
            p=exceedance(value, np.array(permuted), 1.0),
            questions=len(asked),
            samples=len(data.labels),
            differences=as_list(per_question - chance),
            arm_values=as_list(per_question),
        )
        return Findings([row], confusion=Confusion(names, counts.tolist()))


MEASURE = Identifiability


def _classes(study: Study) -> list[int]:
    """Return the arms to tell apart: the personas; a single one is told from its reference."""
    layout = study.layout
    present = set(np.unique(layout.group_arm).tolist())
    found = [arm for arm, role in enumerate(layout.roles) if role in {"persona", "level"} and arm in present]
    if len(found) == 1 and found[0] in layout.assignment.references:
        found.append(layout.assignment.references[found[0]])
    return sorted(found)


@dataclass(frozen=True, slots=True)
class _Data:
    features: Features
    labels: Labels
    questions: Labels
    stratum: Labels
    classes: int

    def weights(self, labels: Labels) -> Floats:
        """Return weights by which questions count alike, and within each its classes; they sum to 1."""
        places = self.questions * self.classes + labels
        size = np.bincount(places, minlength=(int(self.questions.max()) + 1) * self.classes)
        held = (size.reshape(-1, self.classes) > 0).sum(axis=1)
        found: Floats = 1.0 / (np.count_nonzero(held) * held[self.questions] * size[places])
        return found

    def score(self, labels: Labels, predicted: Labels) -> float:
        """Balanced accuracy within the question, averaged over questions."""
        return float(self.weights(labels)[labels == predicted].sum())

    def relabelled(self, rng: np.random.Generator) -> Labels:
        """Exchange labels within strata (rows are sorted by stratum)."""
        return self.labels[np.argsort(self.stratum + rng.random(len(self.labels)))]


class _Ridge:
    """Ridge regression on class indicators in folds of questions; everything but the labels is prepared once."""

    def __init__(self, data: _Data, rng: np.random.Generator) -> None:
        self._data = data
        asked = np.unique(data.questions)
        folds = min(FOLDS, len(asked))
        fold_of = np.zeros(int(asked.max()) + 1, dtype=np.int64)
        fold_of[asked] = rng.permutation(np.arange(len(asked)) % folds)
        fold = fold_of[data.questions]
        self._parts = [np.flatnonzero(fold == number) for number in range(folds)]
        self._features = [data.features[part] for part in self._parts]
        grams = [features.T.astype(np.float64) @ features for features in self._features]
        total = np.sum(grams, axis=0) + RIDGE * np.eye(WIDTH)
        # the solved part, (X'X + λI)^-1, of the other folds' replies
        self._inverse = [linalg.inv(total - gram).astype(np.float32) for gram in grams]
        self.cost = len(data.labels) * WIDTH * data.classes * 2 + folds * WIDTH * WIDTH * data.classes

    def predict(self, labels: Labels) -> Labels:
        """Return the class of each reply as told by the folds it is not in, for each labelling (row) at once."""
        several, size = labels.shape
        indicators = np.zeros((size, several, self._data.classes), dtype=np.float32)
        np.put_along_axis(indicators, labels.T[:, :, None], 1.0, axis=2)
        indicators -= indicators.mean(axis=0)
        flat = indicators.reshape(size, -1)
        moments = [features.T @ flat[part] for features, part in zip(self._features, self._parts, strict=True)]
        total = np.sum(moments, axis=0)
        found = np.empty((several, size), dtype=np.int64)
        for part, features, inverse, moment in zip(self._parts, self._features, self._inverse, moments, strict=True):
            scores = features @ (inverse @ (total - moment))
            found[:, part] = scores.reshape(len(part), several, -1).argmax(axis=2).T
        return found
