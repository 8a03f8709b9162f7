"""A matrix that several processes fill, and that may be larger than memory: a mapping of an unnamed temporary file."""

import tempfile

import numpy as np
from numpy.typing import NDArray


class Matrix:
    """`rows` x `columns` of half precision: enough for rows of length 1, at half the space.

    What a forked process writes all others see.
    """

    def __init__(self, rows: int, columns: int) -> None:
        with tempfile.TemporaryFile() as file:  # the mapping keeps it until it goes itself
            file.truncate(max(1, rows * columns * 2))
            self._values = np.memmap(file, dtype=np.float16, mode="r+", shape=(max(1, rows), columns))

    def put(self, start: int, values: NDArray[np.float32]) -> None:
        """Write rows from `start` on."""
        self._values[start : start + len(values)] = values

    def get(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return a copy of these rows."""
        return np.asarray(self._values[rows], dtype=np.float32)
