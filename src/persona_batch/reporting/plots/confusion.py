"""Confusion: whose reply a classifier takes it for."""

import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing.p_values import Floats
from persona_batch.reporting.charts import Row, column_labels, label_width, row_labels, steps_legend
from persona_batch.reporting.data import Drawn, Element, Numbers, Plot, Told
from persona_batch.reporting.drawing import Band, canvas, element, linked, shortened, text, width_of
from persona_batch.reporting.facts import Facts
from persona_batch.reporting.plot import Value, columns_of, conditions_of, same

MOST = 70  # arms: 4,900 squares
_STEPS = (0.005, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
_KINDS = tuple(f"q{step}" for step in range(9))
_NAMES = ("0", "–10", "–20", "–35", "–50", "–65", "–80", "–95", "–100")


def plot_of(facts: Facts) -> Plot | None:
    """Return the table of who is taken for whom; None: nobody was guessed."""
    comparison = facts.comparison
    if comparison is None or comparison.confusion is None:
        return None
    held = np.array(comparison.confusion.counts, dtype=np.int64)
    order = _order(held)
    limits = []
    if len(order) < len(held):
        limits.append(
            Told(
                f"Shown are {len(order)} of {len(held)} personas: those that are taken for others most often. The "
                "shares are of all their replies.",
                f"这里显示 {len(held)} 个角色中最常被认错的 {len(order)} 个。百分比以其全部回答为准。",
            )
        )
    names = [comparison.confusion.arms[place] for place in order]
    total = held.sum(axis=1)[order]
    counts = held[np.ix_(order, order)]
    arms = {arm.name: conditions_of(facts, arm) for arm in comparison.arms}
    guess = f"{100 / len(held):.2g}"
    return Plot(
        name="confusion",
        title=Told("Who is taken for whom", "谁被认成谁"),
        reading=Told(
            "A row is a persona, a column what a classifier takes its replies for, in percent of the row. A dark "
            f"diagonal: they are told apart; a dark square off it: two are alike. Guessing gives {guess}.",
            "行是角色，列是分类器把它的回答认成谁，按行计百分比。对角线深：分得开；对角线外有深色：两者相像。"
            f"瞎猜是 {guess}。",
        ),
        limits=limits,
        drawing=_drawing(facts, names, counts, total, arms),
        table=Numbers(
            [Told("persona", "角色"), *map(same, names)],
            [[name, *row] for name, row in _rows(names, counts)],
        ),
    )


def _rows(names: list[str], counts: NDArray[np.int64]) -> list[tuple[str, list[Value]]]:
    return [(name, list(row)) for name, row in zip(names, counts.tolist(), strict=True)]


def _order(counts: NDArray[np.int64]) -> list[int]:
    """Return the arms that are confused most, those that are taken for each other side by side."""
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    kept = np.sort(np.argsort(np.diag(shares), kind="stable")[:MOST])
    if len(kept) < 3:
        found: list[int] = kept.tolist()
        return found
    near = shares[np.ix_(kept, kept)]
    far = 1.0 - np.clip((near + near.T) / 2, 0.0, 1.0)
    np.fill_diagonal(far, 0.0)
    leaves = leaves_list(linkage(squareform(far, checks=False), "average", optimal_ordering=len(kept) <= 200))
    ordered: list[int] = kept[leaves].tolist()
    return ordered


def _drawing(
    facts: Facts, names: list[str], counts: NDArray[np.int64], total: NDArray[np.int64], arms: dict[str, list[int]]
) -> Element:
    shares: Floats = counts / np.maximum(1, total[:, None])
    left, size = label_width(names, 150), 40.0 if len(names) <= 8 else 28.0 if len(names) <= 20 else 14.0
    heads = [shortened(name, 118, 11) for name in names]
    top = 14 + 0.8 * max(width_of(name, 11) for name in heads)
    across, down = Band(left, size), Band(top, size)
    rows = [Row(name, arms.get(name, [])) for name in names]
    shapes: list[Drawn] = [*row_labels(facts, rows, down, left), *column_labels(heads, across, top)]
    for row, name in enumerate(names):
        for column, other in enumerate(names):
            share, count = float(shares[row, column]), int(counts[row, column])
            kind = _KINDS[int(np.searchsorted(_STEPS, share, side="right"))]
            x, y = across(column) - size / 2, down(row) - size / 2
            marks: list[Drawn] = [
                element("rect", {"class": f"square {kind}", "x": x, "y": y, "width": size - 1, "height": size - 1})
            ]
            if size >= 28 and count:
                ink = "on light" if share < 0.5 else "on dark"
                marks.append(text(across(column), down(row) + 4, f"{100 * share:.0f}", ink, at="middle"))
            said = Told(
                f"{name} taken for {other}: {count} of {int(total[row])}",
                f"{name} 被认成 {other}：{int(total[row])} 条中 {count} 条",
            )
            both = list(dict.fromkeys([*arms.get(name, []), *arms.get(other, [])]))
            shapes.append(linked(columns_of(facts, both), said, *marks))
    bottom = top + size * len(names)
    shapes += steps_legend(_KINDS, _NAMES, left, bottom + 14, 38)
    return canvas(left + max(size * len(names), 38 * len(_KINDS)) + 70, bottom + 44, *shapes)
