"""What a measure is: it sees the replies question by question, then states its estimates."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import sparse

from persona_batch.comparing.comparison import Estimate
from persona_batch.comparing.layout import Block, Layout, Pair
from persona_batch.comparing.ngrams import Grams, tf_idf
from persona_batch.comparing.permutation import Floats


@dataclass(frozen=True, slots=True)
class Study:
    """What every measure works on."""

    layout: Layout
    permutations: int
    seed: int


class View:
    """One question's replies, with what several measures need of them computed once."""

    def __init__(self, block: Block, strata: list[tuple[int, int]]) -> None:
        self.block = block
        self.strata = strata  # (pair, place in the pair) of every stratum of this question
        self._rows: tuple[sparse.csr_array, Grams] | None = None

    @property
    def tf_idf(self) -> tuple[sparse.csr_array, Grams]:
        """TF-IDF rows of the block's texts, and their columns' n-grams."""
        if self._rows is None:
            self._rows = tf_idf(self.block.texts)
        return self._rows


class Measure(Protocol):
    """One of the eight."""

    def see(self, view: View) -> None:
        """Take in the replies to one question."""
        ...

    def estimates(self) -> list[Estimate]:
        """Return the rows of the table; called once, after all questions."""
        ...


def as_list(values: Floats) -> list[float | None]:
    """Return the values with None for NaN."""
    return [None if missing else float(value) for value, missing in zip(values, np.isnan(values), strict=True)]


def or_none(value: float) -> float | None:
    """Return None for NaN."""
    return None if np.isnan(value) else float(value)


def pair_names(layout: Layout, pair: Pair) -> tuple[str, str]:
    """Return the names of the arm and its reference."""
    return layout.arms[pair.arm], layout.arms[pair.reference]
