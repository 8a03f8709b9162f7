"""The records of runs as columns, for pandas, polars, or by hand."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from persona_batch.errors import UsageError
from persona_batch.loading import left_as_it_was

if TYPE_CHECKING:
    from datetime import datetime

    import pandas
    import polars

    from persona_batch.exchange.columns import Value
    from persona_batch.exchange.flat import FlatTable

_PANDAS = {"integer": "Int64", "real": "Float64", "boolean": "boolean", "time": "datetime64[ms, UTC]"}
_POLARS = {"integer": "Int64", "real": "Float64", "boolean": "Boolean"}


class Table(dict[str, "list[Value]"]):
    """Columns by their names, each a list with a value a record; None where nothing is known.

    `pandas.DataFrame(table)` and `polars.DataFrame(table)` take it as it is; `to_pandas` and `to_polars` also give each
    column its kind where it is full of None. `kinds` are `text`, `integer`, `real`, `boolean`, `time` (UTC, ISO 8601)
    or `json`, by column; `about` says what a column holds.
    """

    def __init__(
        self, columns: Mapping[str, "list[Value]"], kinds: Mapping[str, str], about: Mapping[str, str]
    ) -> None:
        super().__init__(columns)
        self.kinds = dict(kinds)
        self.about = dict(about)

    def rows(self) -> "list[dict[str, Value]]":
        """Return the same as a dict a record."""
        return [dict(zip(self, row, strict=True)) for row in zip(*self.values(), strict=True)]

    def to_pandas(self) -> "pandas.DataFrame":
        """Return a data frame, with nullable dtypes (`Int64`, `Float64`, `boolean`, `string`).

        Columns of the kind `time` are `datetime64[ms, UTC]`; of what is no moment, NaT.

        Raises:
            UsageError: pandas is not installed.
        """
        try:
            with left_as_it_was():
                import pandas as pd
        except ImportError as error:
            raise _missing("pandas") from error
        columns = {
            name: self._moments(name) if self.kinds[name] == "time" else values  # no text: pandas guesses formats
            for name, values in self.items()
        }
        dtypes = {name: _PANDAS.get(kind, "string") for name, kind in self.kinds.items()}
        return pd.DataFrame({name: pd.Series(of, dtype=dtypes[name]) for name, of in columns.items()})

    def to_polars(self) -> "polars.DataFrame":
        """Return a data frame; columns of the kind `time` are `Datetime` in UTC.

        Raises:
            UsageError: polars is not installed.
        """
        try:
            with left_as_it_was():
                import polars as pl
        except ImportError as error:
            raise _missing("polars") from error
        moments = {name: self._moments(name) for name, kind in self.kinds.items() if kind == "time"}
        schema = {name: getattr(pl, _POLARS.get(kind, "String")) for name, kind in self.kinds.items()}
        return pl.DataFrame({**self, **moments}, schema={**schema, **dict.fromkeys(moments, pl.Datetime("ms", "UTC"))})

    def _moments(self, name: str) -> "list[datetime | None]":
        from persona_batch.exchange.moment import moment_of

        return [moment_of(value) for value in self[name]]


def table_of(flat: "FlatTable") -> Table:
    """Return all rows of a flat table.

    Raises:
        UsageError: a line is no record.
    """
    columns: dict[str, list[Any]] = {column.name: [] for column in flat.columns}
    appends = [column.append for column in columns.values()]
    for row in flat.rows():
        for append, value in zip(appends, row, strict=True):
            append(value)
    kinds = {column.name: column.kind for column in flat.columns}
    return Table(columns, kinds, {column.name: column.about for column in flat.columns})


def _missing(package: str) -> UsageError:
    return UsageError(f"{package} is not installed here: `pip install {package}`")
