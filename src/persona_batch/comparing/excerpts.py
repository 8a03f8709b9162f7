"""Replies to look at: for a few questions, one reply of each arm beside its reference's."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from persona_batch.comparing.columns import column_of
from persona_batch.comparing.comparison import Estimate, Excerpt
from persona_batch.comparing.layout import Layout
from persona_batch.comparing.levels import told_level
from persona_batch.plan.forms import FORMAT


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which replies: globs on question and persona ids (none: all), how many questions and arms, which sample.

    Without globs the questions whose replies moved most come first, and the arms whose replies changed most.
    """

    questions: Sequence[str] = ()
    personas: Sequence[str] = ()
    most_questions: int = 0
    most_arms: int = 5
    sample: int = 0


def pick_excerpts(layout: Layout, estimates: Sequence[Estimate], wanted: Wanted) -> list[Excerpt]:
    """Return the replies, question by question, each reference before its arms."""
    if wanted.most_questions < 1:
        return []
    changes = {row.arm: row for row in estimates if row.measure == "change"}
    levels = _shared_factors(layout)
    groups = {
        (int(layout.group_question[group]), int(layout.group_context[group]), int(layout.group_arm[group])): group
        for group in range(len(layout.start))
    }
    arms = _arms(layout, changes, wanted)
    found: list[Excerpt] = []
    for question in _questions(layout, changes, arms, wanted):
        for context in sorted({place[1] for place in groups if place[0] == question}):
            for reference in dict.fromkeys(layout.assignment.references.get(arm) for arm in arms):
                mine = [arm for arm in arms if layout.assignment.references.get(arm) == reference]
                column = [arm for arm in ([] if reference is None else [reference]) if arm not in mine] + mine
                found.extend(
                    _excerpt(layout, int(groups[question, context, arm]), wanted.sample, levels)
                    for arm in column
                    if (question, context, arm) in groups
                )
    return found


def _arms(layout: Layout, changes: dict[str, Estimate], wanted: Wanted) -> list[int]:
    references = set(layout.assignment.references.values())
    candidates = [arm for arm in range(len(layout.arms)) if arm not in references or not references]
    if wanted.personas:
        return [arm for arm in candidates if _matches(layout, arm, wanted.personas)]

    def rank(arm: int) -> tuple[bool, float, int]:
        row = changes.get(layout.arms[arm])
        return layout.roles[arm] == "placebo", -(row.value if row and row.value is not None else 0.0), arm

    return sorted(sorted(candidates, key=rank)[: wanted.most_arms])


def _matches(layout: Layout, arm: int, globs: Sequence[str]) -> bool:
    personas = layout.corpus.columns["persona"][layout.assignment.arm == arm]
    names = {layout.arms[arm], *(layout.corpus.names["persona"][number] for number in np.unique(personas))}
    return any(fnmatchcase(name, glob) for name in names for glob in globs)


def _questions(layout: Layout, changes: dict[str, Estimate], arms: Sequence[int], wanted: Wanted) -> list[int]:
    names = layout.corpus.names["question"]
    asked = [int(number) for number in np.unique(layout.group_question[np.isin(layout.group_arm, arms)])]
    if wanted.questions:
        asked = [number for number in asked if any(fnmatchcase(names[number], glob) for glob in wanted.questions)]
    moved = np.zeros(len(names))
    for arm in arms:
        row = changes.get(layout.arms[arm])
        if row is not None and row.differences:
            moved += np.array([0.0 if value is None else value for value in row.differences])
    return sorted(asked, key=lambda number: (-moved[number], number))[: wanted.most_questions]


def _shared_factors(layout: Layout) -> list[str]:
    """Return the grid's own factors of which an arm has several levels: those that the arms are not levels of."""
    columns, arms = layout.corpus.columns, layout.assignment.arm
    return [
        factor
        for factor in layout.corpus.factors
        if any(np.ptp(columns[column_of(factor)][arms == arm]) > 0 for arm in np.unique(arms[arms >= 0]))
    ]


def _excerpt(layout: Layout, group: int, sample: int, factors: Sequence[str]) -> Excerpt:
    corpus = layout.corpus
    rows = layout.rows[layout.start[group] : layout.end[group]]
    row = int(rows[min(sample, len(rows) - 1)])
    names = {factor: corpus.names[factor][int(corpus.columns[factor][row])] for factor in corpus.names}
    arm = int(layout.group_arm[group])
    reference = layout.assignment.references.get(arm)
    in_formats = len(corpus.names.get(column_of(FORMAT), ())) > 1  # each of which words the question anew
    asked = None if in_formats else corpus.prompts[-1].question_texts().get(names["question"])
    return Excerpt(
        question=names["question"],
        text=asked,
        model=names["model"],
        speaker=names["speaker"] or None,
        arm=layout.arms[arm],
        reference=None if reference is None else layout.arms[reference],
        sample=int(corpus.columns["sample"][row]),
        reply=corpus.texts.read([int(corpus.columns["text"][row])])[0],
        truncated=bool(corpus.columns["status"][row] == 1),
        judged=corpus.grades.words.get(row, []),
        factors={name: told_level(name, [names[column_of(name)]], 0) for name in factors},
    )
