"""The data of a report as Python writes it; `page/data.js` has the same types for the page, and says what they mean."""

from typing import Literal, TypeAlias, Union

import msgspec

from persona_batch.record.manifest import State

FactorKind: TypeAlias = Literal[
    "persona", "variant", "placement", "model", "speaker", "params", "run", "factor", "attribute"
]
Role: TypeAlias = Literal["persona", "placebo", "control"]
By: TypeAlias = Literal["judge", "people"]


class Told(msgspec.Struct, frozen=True):
    """Text in the languages of the page."""

    en: str
    zh: str


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run; `cells` are those of the whole batch, where known."""

    id: str
    batch: str
    started: str
    ended: str | None
    state: State
    records: int
    cells: int | None
    endpoint: str


class Sampled(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What of the runs is in the report, where it is not all: whole questions."""

    questions: int
    of_questions: int
    records: int
    of_records: int


class Factor(msgspec.Struct, frozen=True):
    """What varies; `kind` says where the level stands in a condition."""

    name: str
    kind: FactorKind
    levels: list[str]


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What the verdict says of an arm; `told` is the share of pairs told right, with its 95 % interval.

    `conditions` are those of the arm: it speaks for all of them together, and for none alone where there are several.
    """

    conditions: int
    told: float | None
    low: float | None
    high: float | None
    holds: bool | None
    sentence: Told


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a cell but its question and sample; `control` indexes the condition it is compared with.

    `unknown`: there may have been a prompt, which imported results do not say.
    """

    id: str
    persona: str
    role: Role
    run: int
    levels: dict[str, str]
    system: str | None
    unknown: bool
    placement: str
    model: str
    params: int
    control: int | None
    effect: Effect | None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question; `lines` of the longest reply, at most 12; `difference`: mean distance from the control."""

    id: str
    text: str
    cluster: str | None
    lines: int
    records: int
    difference: float | None


class Metric(msgspec.Struct, frozen=True):
    """What judges or people gave; the ends are those of its scale, or else of what was given."""

    name: str
    by: By
    low: float | None
    high: float | None


class Element(msgspec.Struct, frozen=True, array_like=True):
    """An element of a drawing, made by `drawing.py`: as JSON `[name, attributes, children]`."""

    name: str
    attributes: dict[str, str | float]
    children: list["Drawn"]


Drawn: TypeAlias = Union[Element, Told, str]  # noqa: UP007 - the class names it before it is there


class Numbers(msgspec.Struct, frozen=True):
    """The numbers behind a plot."""

    columns: list[Told]
    rows: list[list[str | float | int | None]]


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    """A plot, with one line that says how to read it, what it does not show, and the numbers behind it."""

    name: str
    title: Told
    reading: Told
    limits: list[Told]
    drawing: Element
    table: Numbers


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """All that is in the report once."""

    version: int
    id: str
    tool: str
    made: str
    title: str
    lang: Literal["en", "zh"]
    runs: list[Run]
    sampled: Sampled | None
    factors: list[Factor]
    conditions: list[Condition]
    questions: list[Question]
    strings: list[str]
    params: list[dict[str, object]]
    checks: list[str]
    metrics: list[Metric]
    plots: list[str]
