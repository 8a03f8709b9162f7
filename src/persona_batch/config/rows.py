"""Entries with `from:`: a table, and the entry's texts as templates over its columns and `row` (from 1).

The whole table is looked at once, while it is read: a template that cannot be filled in, an id that stands twice, are
problems with the table's name, the row's line and the column.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from persona_batch.config.nodes import Mapping as MappingNode
from persona_batch.config.nodes import Node, Scalar, walk
from persona_batch.config.problems import Place, Problems, did_you_mean, quote
from persona_batch.tables.table import Row, Table
from persona_batch.templating import Template, TemplateFlaw
from persona_batch.wording import counted

ROW = "row"  # the name under which templates have a row's number
_TOLD = 20  # rows with problems that are told one by one


@dataclass(frozen=True, slots=True)
class Placed:
    """A template with its key and its place in the file that wrote it."""

    key: str
    template: Template
    place: Place

    @property
    def render(self) -> Callable[[Row], str]:
        """What returns the text for a row; it raises `TemplateFlaw` where the template cannot be filled in."""
        return self.template.fill


def placed(key: str, text: str, at: Node, problems: Problems) -> Placed | None:
    """Return a text as a template; None: it cannot be read, and the problem is noted."""
    try:
        return Placed(key, Template.parse(text), at.place)
    except TemplateFlaw as flaw:
        problems.add(at.place, str(flaw))
        return None


@dataclass(slots=True)
class RowWatch:
    """Collects what is wrong with the rows of one table."""

    found: list[tuple[int, int, str]] = field(default_factory=list)  # line, column, message
    wrong: int = 0

    def add(self, message: str, row: Row, line: int, column: str | None = None) -> None:
        """Note a problem of a row."""
        self.wrong += 1
        if self.wrong <= _TOLD:
            names = list(row)
            at = names.index(column) + 1 if column in names else 1
            self.found.append((line, at, f"row {row[ROW]}: {message}"))

    def flaw(self, flaw: TemplateFlaw, one: Placed, row: Row, line: int) -> None:
        """Note that a template cannot be filled in."""
        named = flaw.name if flaw.name in row else next((name for name in row if name in one.template.names), None)
        told = f", column {quote(named)}" if named is not None and named != ROW else ""
        self.add(f"`{one.key}`{told}: {flaw}", row, line, named)

    def tell(self, shown: str, problems: Problems) -> None:
        """Note the problems, those of some rows only where there are many; `shown` is the table's name in messages."""
        for line, column, message in self.found:
            problems.add(Place(shown, line, column), message)
        if self.wrong > _TOLD:
            problems.add(Place(shown), f"and {counted(self.wrong - _TOLD, 'problem')} more in other rows")


def refuse_unknown(templates: list[Placed], table: Table, shown: str, problems: Problems) -> bool:
    """Note the names in templates that are no column; return whether there are any."""
    known = [*table.columns, ROW]
    found = False
    for one in templates:
        for name in sorted(one.template.names.difference(known)):
            near = did_you_mean(name, known) or f"; it has {', '.join(quote(column) for column in islice(known, 12))}"
            problems.add(one.place, f"{quote(name)} is no column of {shown}{near}")
            found = True
    return found


def refuse_templates_in(key: str, at: MappingNode, problems: Problems, remedy: str) -> None:
    """Note the texts below a key that are written as templates where none is filled in."""
    if key not in at.entries:
        return
    for _, _, below in walk(MappingNode(at.place, {key: at.entries[key]})):
        if isinstance(below, Scalar) and any(sign in below.written for sign in ("{{", "{%")):
            problems.add(below.place, f"`{key}` are the same for all rows, no templates; {remedy}")
