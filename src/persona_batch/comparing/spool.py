"""A matrix that may be larger than memory: in memory while it is small, else in an unnamed temporary file."""

import tempfile

import numpy as np
from numpy.typing import NDArray

IN_MEMORY = 64 * 1024 * 1024  # bytes


class Matrix:
    """`rows` x `columns` of half precision: enough for rows of length 1, at half the space."""

    def __init__(self, rows: int, columns: int) -> None:
        if rows * columns * 2 <= IN_MEMORY:
            self._values: NDArray[np.float16] = np.zeros((rows, columns), dtype=np.float16)
        else:
            with tempfile.TemporaryFile() as file:  # the mapping keeps it until it goes itself
                self._values = np.memmap(file, dtype=np.float16, mode="w+", shape=(rows, columns))

    def put(self, start: int, values: NDArray[np.float32]) -> None:
        """Write rows from `start` on."""
        self._values[start : start + len(values)] = values

    def get(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return a copy of these rows."""
        return np.asarray(self._values[rows], dtype=np.float32)
