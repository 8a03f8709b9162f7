"""A map of the replies: near each other stand those of alike wording. The questions' own part is taken out first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing.p_values import Floats
from persona_batch.record import USABLE
from persona_batch.reporting.charts import legend, shape
from persona_batch.reporting.data import Drawn, Element, Numbers, Plot, Told
from persona_batch.reporting.drawing import Linear, canvas, linked, number, text
from persona_batch.reporting.facts import Facts
from persona_batch.reporting.grouping import Groups, groups_of
from persona_batch.reporting.plot import Value

MOST = 5_000  # points
_LONGEST = 4_000  # characters of a reply that are looked at
_WIDTH, _HEIGHT, _TOP, _LEFT, _LEGEND = 620.0, 470.0, 12.0, 12.0, 190.0


@dataclass(frozen=True, slots=True)
class _Map:
    """Replies as points; the columns run parallel. `shares` of the variance along the two axes."""

    question: NDArray[np.int64]
    condition: NDArray[np.int64]
    sample: NDArray[np.int64]
    points: Floats
    shares: tuple[float, float]


def plot_of(facts: Facts) -> Plot | None:
    """Return the map; None: fewer than two conditions, or nothing to tell replies apart by."""
    if len(facts.conditions) < 2:
        return None
    questions = _drawn(facts)
    found = _mapped(facts, questions)
    if found is None:
        return None
    groups = groups_of(facts)
    shown = sum(found.shares)
    limits = [
        Told(
            f"The two axes hold {number(100 * shown, 2)}% of what differs between replies (character n-grams, the "
            "question's mean taken out); groups that overlap here may still differ.",
            f"两个轴只占回答之间差异的 {number(100 * shown, 2)}%（字符 n-gram，已减去各问题的均值）；"
            "在这里重叠的组仍可能不同。",
        )
    ]
    if len(questions) < len(facts.questions):
        limits.insert(
            0,
            Told(
                f"Shown are the replies to {len(questions):,} of {len(facts.questions):,} questions, evenly drawn.",
                f"这里显示 {len(facts.questions):,} 个问题中 {len(questions):,} 个的回答，均匀选取。",
            ),
        )
    largest = max(facts.questions[question].records for question in questions)
    if largest > MOST:
        limits.insert(0, Told(f"Of {largest:,} replies the first {MOST:,}.", f"{largest:,} 条回答中的前 {MOST:,} 条。"))
    return Plot(
        name="map",
        title=Told("Map of the replies", "回答分布图"),
        reading=Told(
            "Each mark is a reply; near each other stand replies of alike wording. Marks of one kind that keep to "
            "themselves: what they have in common shows in the words.",
            "每个点是一条回答，用词相近的靠得近。同一种点聚在一处，说明它们的共同之处体现在用词上。",
        ),
        limits=limits,
        drawing=_drawing(facts, found, groups),
        table=_table(found, groups),
    )


def _drawn(facts: Facts) -> list[int]:
    """Return as many whole questions as have `MOST` replies, evenly through the list; at least one."""
    sizes = np.array([question.records for question in facts.questions], dtype=np.int64)
    if sizes.sum() <= MOST:
        return list(range(len(sizes)))
    kept = max(1, int(MOST // max(1.0, float(sizes.mean()))))
    while True:
        chosen = np.unique(np.linspace(0, len(sizes) - 1, kept).round().astype(np.int64))
        if kept == 1 or sizes[chosen].sum() <= MOST:
            found: list[int] = chosen.tolist()
            return found
        kept -= 1


def _mapped(facts: Facts, questions: list[int]) -> _Map | None:
    from scipy.linalg import eigh
    from threadpoolctl import threadpool_limits

    from persona_batch.comparing.features import FOLDED, gram_rows, hashed

    features, cells = [], []
    for question in questions:
        texts: list[str] = []
        mine: list[tuple[int, int, int]] = []
        for condition, record in facts.records(question):
            if record.status in USABLE and record.reply and len(texts) < MOST:
                texts.append(record.reply[:_LONGEST])
                mine.append((question, condition, record.sample))
        if len(texts) > 1:
            rows = hashed(*gram_rows(texts), FOLDED)
            features.append(rows - rows.mean(axis=0))
            cells += mine
    if not features:
        return None
    held = np.concatenate(features)
    with threadpool_limits(limits=1, user_api="blas"):  # the same sums on every machine, and no fight for its cores
        spread = (held.T @ held).astype(np.float64)
        values, vectors = eigh(spread, subset_by_index=[len(spread) - 2, len(spread) - 1])
    total = float(np.trace(spread))
    if total <= 1e-9 or len(held) < 3:
        return None
    axes = vectors[:, [-1, -2]]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])  # a mirror image is no other map
    shares = (round(float(values[-1]) / total, 4), round(max(0.0, float(values[-2])) / total, 4))
    question, condition, sample = np.array(cells, dtype=np.int64).T
    return _Map(question, condition, sample, held @ axes, shares)


def _drawing(facts: Facts, found: _Map, groups: Groups) -> Element:
    low, high = found.points.min(axis=0), found.points.max(axis=0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1e-9)
    # one scale for both, so that distances are what they are
    unit = min((_WIDTH / 2 - 10) / float(half[0]), (_HEIGHT / 2 - 10) / float(half[1]))
    across = Linear(-1, 1, _LEFT + _WIDTH / 2 - unit, _LEFT + _WIDTH / 2 + unit)
    up = Linear(-1, 1, _TOP + _HEIGHT / 2 + unit, _TOP + _HEIGHT / 2 - unit)
    kinds = np.array(groups.of, dtype=np.int64)[found.condition]
    size = 3.4 if len(kinds) <= 1_000 else 2.6
    shapes: list[Drawn] = []
    for place in _mixed(kinds):
        x, y = found.points[place] - middle
        question, condition = int(found.question[place]), int(found.condition[place])
        sample = int(found.sample[place])
        said = f"{facts.conditions[condition].id} · {facts.questions[question].id} · {sample + 1}"
        mark = shape(int(kinds[place]), across(float(x)), up(float(y)), size)
        shapes.append(linked(facts.address(question, condition, sample), said, mark))
    first, second = (number(100 * share, 2) for share in found.shares)
    below = _TOP + _HEIGHT + 18
    shapes.append(text(_LEFT, below, Told(f"→ {first}% of the variance", f"→ 方差的 {first}%"), "tick"))
    shapes.append(text(_LEFT + 170, below, Told(f"↑ {second}%", f"↑ {second}%"), "tick"))
    names = [name.en if name.en == name.zh else name for name in groups.names]
    shapes += legend(names, _LEFT + _WIDTH + 16, _TOP + 14, _LEGEND - 20)
    return canvas(_LEFT + _WIDTH + _LEGEND, below + 12, *shapes)


def _mixed(kinds: NDArray[np.int64]) -> list[int]:
    """Return an order of drawing in which no group lies over the others; the same each time."""
    order: list[int] = np.random.default_rng(0).permutation(len(kinds)).tolist()
    return order


def _table(found: _Map, groups: Groups) -> Numbers:
    """Return where each group's replies lie: the mean, and how far they are from it."""
    columns = [
        groups.by,
        Told("replies", "回答数"),
        Told("mean →", "均值 →"),
        Told("mean ↑", "均值 ↑"),
        Told("spread (rms distance from the mean)", "离散程度（到均值的均方根距离）"),
    ]
    kinds = np.array(groups.of, dtype=np.int64)[found.condition]
    rows: list[list[Value]] = []
    for number_of, name in enumerate(groups.names):
        points = found.points[kinds == number_of]
        if len(points):
            mean = points.mean(axis=0)
            around = float(np.sqrt(((points - mean) ** 2).sum(axis=1).mean()))
            label = name.en if name.en == name.zh else f"{name.en} / {name.zh}"
            rows.append([label, len(points), round(float(mean[0]), 4), round(float(mean[1]), 4), round(around, 4)])
    return Numbers(columns, rows)
