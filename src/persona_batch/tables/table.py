"""A table in memory: its bytes once, and where each row begins; a row is made when it is asked for.

200,000 rows are then hardly more than the file's own size, and a run can begin before all of them were looked at twice.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

Row = dict[str, object]
"""A row by its columns; a cell of CSV and TSV is text as it stands, one of JSON and Parquet may be any value."""


Look = Callable[[Row, int], None]
"""Is shown each row while a table is read, with its line: so that all rows are looked at once, not twice."""


class TableFlaw(ValueError):
    """A table, or a row of it, that cannot be read; `line` counts from 1 (0: the whole file)."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in the order of the file.

    `columns` are those of the head; of rows that say their names themselves, all that occur, in order of appearance.
    `data` holds the rows between `starts` (one more than there are rows), `decode` makes a row of its bytes. `lines`
    are the lines in the file at which rows begin (Parquet: their numbers).
    """

    columns: Sequence[str]
    data: bytes = field(repr=False)
    starts: "array[int]" = field(repr=False)
    lines: "array[int]" = field(repr=False)
    decode: Callable[[bytes], Row] = field(repr=False)

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, number: int) -> Row:
        """Return a row, from 0."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        return self.decode(self.data[self.starts[number] : self.starts[number + 1]])

    def __iter__(self) -> Iterator[Row]:
        return (self[number] for number in range(len(self)))
