"""A file → a table, by the ending of its name."""

from collections.abc import Callable, Mapping
from functools import partial

from persona_batch.tables.json_rows import read_json, read_json_lines
from persona_batch.tables.parquet import read_parquet
from persona_batch.tables.separated import read_separated
from persona_batch.tables.table import Look, Table, TableFlaw

READERS: Mapping[str, Callable[[bytes, Look], Table]] = {
    ".csv": partial(read_separated, separator=","),
    ".tsv": partial(read_separated, separator="\t"),
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".json": read_json,
    ".parquet": read_parquet,
}
"""The formats, by the ending of a file's name."""

_MARK = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_table(data: bytes, suffix: str, look: Look = lambda row, line: None) -> Table:  # noqa: ARG005
    """Return what a file holds; `suffix` is the ending of its name, one of `READERS`; `look` is shown each row.

    Raises:
        TableFlaw: it cannot be read.
    """
    if suffix != ".parquet" and data.startswith(_UTF16):
        raise TableFlaw("the file is UTF-16; save it as UTF-8", 1)
    return READERS[suffix](data.removeprefix(_MARK) if suffix != ".parquet" else data, look)
