"""Which repeat of its cell each reply is, and which replies are copies of one draw."""

from array import array
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from persona_batch.exchange.results.found import FoundReply

_NONE = -(1 << 62)


@dataclass(slots=True)
class Repeats:
    """Numbers of all replies in the order of the source: of the cell, the repeat by the source, the text, the cache."""

    cells: "array[int]" = field(default_factory=lambda: array("q"))
    _given: "array[int]" = field(default_factory=lambda: array("q"))
    _texts: "array[int]" = field(default_factory=lambda: array("q"))
    _cached: "array[int]" = field(default_factory=lambda: array("b"))
    _numbers: dict[tuple[int, ...], int] = field(default_factory=dict)

    def add(self, cell: tuple[int, ...], reply: FoundReply) -> None:
        """Take note of the next reply, which is of this cell."""
        self.cells.append(self._numbers.setdefault(cell, len(self._numbers)))
        self._given.append(_NONE if reply.sample is None else max(-(1 << 61), min(reply.sample, 1 << 61)))
        self._texts.append(hash(reply.reply))
        self._cached.append(reply.cached)

    def samples(self) -> NDArray[np.int64]:
        """Return the number of each reply within its cell, from 0: by the source's numbers, else in its order."""
        cells, given = np.asarray(self.cells, dtype=np.int64), np.asarray(self._given, dtype=np.int64)
        order = np.lexsort([np.arange(len(cells)), given, cells])
        starts = np.flatnonzero(np.diff(cells[order], prepend=-1))
        rank = np.arange(len(cells)) - np.repeat(starts, np.diff([*starts.tolist(), len(cells)]))
        found = np.empty(len(cells), dtype=np.int64)
        found[order] = rank
        return found

    def twice(self) -> tuple[int, int] | None:
        """Return the first two replies that are one repeat of one cell by the source's numbers; None: none are."""
        cells, given = np.asarray(self.cells, dtype=np.int64), np.asarray(self._given, dtype=np.int64)
        order = np.lexsort([np.arange(len(cells)), given, cells])
        same = (np.diff(cells[order]) == 0) & (np.diff(given[order]) == 0) & (given[order][1:] != _NONE)
        if not same.any():
            return None
        at = int(np.flatnonzero(same)[0])
        return int(order[at]), int(order[at + 1])

    def copies(self) -> dict[int, str]:
        """Return an id for each reply that is one draw with others of its cell: what the cache gave, and what it kept.

        Of equal replies that were not from the cache one was kept by it; the others are draws of their own. A cache
        that gave one cell several replies keeps one for each repeat, and hands out as many draws as were made.
        """
        groups: dict[tuple[int, int], list[int]] = {}
        texts: dict[int, set[int]] = {}
        for place in np.flatnonzero(np.asarray(self._cached)).tolist():
            groups.setdefault((self.cells[place], self._texts[place]), []).append(place)
            texts.setdefault(self.cells[place], set()).add(self._texts[place])
        if any(len(found) > 1 for found in texts.values()):
            return {}
        kept: set[tuple[int, int]] = set()
        for place in range(len(self.cells)) if groups else ():
            name = (self.cells[place], self._texts[place])
            if name in groups and not self._cached[place] and name not in kept:
                kept.add(name)
                groups[name].append(place)
        return {
            place: f"cache-{cell}-{min(group)}"
            for (cell, _), group in groups.items()
            if len(group) > 1
            for place in group
        }
