"""`- from: roles.csv` among personas: a persona per row, made when it is asked for.

What all rows share is one persona, the *shape*; its place in a run is that of all of them. Memory holds the table's
bytes, and a number for each row.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from persona_batch.chat import JsonValue
from persona_batch.config.batch import Example, Persona
from persona_batch.config.names import id_from_stem, normalise_id
from persona_batch.config.problems import Place
from persona_batch.config.rows import ROW, Placed, RowWatch
from persona_batch.tables.reading import read_table
from persona_batch.tables.table import Row, Table
from persona_batch.templating import Template, TemplateFlaw

ID = "id"
_ID = Placed(ID, Template.parse(""), Place(""))  # the column itself


@dataclass(frozen=True, slots=True)
class PersonaTemplates:
    """The texts of a persona as templates; `identity` None: the column `id`, else the row's number."""

    identity: Placed | None
    variants: Sequence[Placed]
    name: Placed | None = None
    description: Placed | None = None
    examples: Sequence[tuple[Placed | None, Placed]] = ()
    attributes: Mapping[str, Placed] = field(default_factory=dict)

    @property
    def all(self) -> list[Placed]:
        """All of them."""
        single = [one for one in (self.identity, self.name, self.description) if one is not None]
        turns = [one for turn in self.examples for one in turn if one is not None]
        return [*single, *self.variants, *turns, *self.attributes.values()]

    def id_of(self, row: Row, stem: str) -> str:
        """Return a row's id.

        Raises:
            TemplateFlaw: its template cannot be filled in, or nothing is left of it.
        """
        if self.identity is not None:
            said = self.identity.render(row)
        elif row.get(ID) is not None:
            said = str(row[ID])
        else:
            return f"{stem}-{row[ROW]}"
        try:
            return normalise_id(said)
        except ValueError as error:
            if (found := id_from_stem(said)) is None:
                raise TemplateFlaw(f"{error}", name=ID) from error
            return found


@dataclass
class PersonaRows:
    """The personas of a table.

    `stem` is the table's name for ids, `path` and `sha256` say which file it is; `texts` are hashes of all prompts, by
    which those that stand twice, or elsewhere in the run, are known.
    """

    templates: PersonaTemplates
    stem: str
    path: str = ""
    sha256: str = ""
    table: Table = field(init=False, repr=False)
    ids: set[int] = field(default_factory=set, repr=False)
    texts: set[int] = field(default_factory=set, repr=False)
    repeated: set[tuple[int, int]] = field(default_factory=set)
    _seen: int = 0

    def __len__(self) -> int:
        return len(self.table)

    def read(self, table: Table, path: str, sha256: str) -> None:
        """Take over the table, all rows of which were looked at."""
        self.table, self.path, self.sha256 = table, path, sha256

    def look(self, row: Row, line: int, watch: RowWatch) -> None:
        """Take note of a row while the table is read, in their order; what is wrong with it is noted."""
        number = self._seen
        self._seen = row[ROW] = number + 1
        one = self.templates.identity or _ID
        try:
            identity = hash(self.templates.id_of(row, self.stem))
            for one in self._checked:
                one.render(row)
            examples = self._examples(row) if self.templates.examples else ()
            for variant, one in enumerate(self.templates.variants):
                text = prompt_hash(one.render(row), examples)
                if text in self.texts:
                    self.repeated.add((number, variant))
                self.texts.add(text)
        except TemplateFlaw as flaw:
            watch.flaw(flaw, one, row, line)
            return
        if identity in self.ids:
            watch.add("its id stands in another row already; give each row one of its own", row, line, ID)
        self.ids.add(identity)

    @property
    def name(self) -> str:
        """What stands for all of them: the file's name, which is no id."""
        return f"{self.path}:" + "".join(one.template.text for one in self.templates.all[:1])

    def persona(self, shape: Persona, number: int) -> Persona:
        """Return the persona of a row, from 0."""
        row, templates = self._row(number), self.templates
        return replace(
            shape,
            id=templates.id_of(row, self.stem),
            variants=tuple(one.render(row) for one in templates.variants) or shape.variants,
            name=None if templates.name is None else templates.name.render(row),
            description=None if templates.description is None else templates.description.render(row),
            examples=self._examples(row),
            attributes={name: one.render(row) for name, one in templates.attributes.items()},
            rows=None,
        )

    def names(self) -> Iterator[str]:
        """Yield the ids in the order of the rows."""
        return (self.templates.id_of(self._row(number), self.stem) for number in range(len(self)))

    def number_of(self, identity: str) -> int | None:
        """Return the row (from 0) of an id; None: there is none."""
        return self._numbers.get(identity) if hash(identity) in self.ids else None

    def mark_known(self, texts: Collection[int]) -> None:
        """Note which prompts stand elsewhere in the run too."""
        if self.texts.isdisjoint(texts):
            return
        for number in range(len(self)):
            row = self._row(number)
            examples = self._examples(row)
            for variant, one in enumerate(self.templates.variants):
                if prompt_hash(one.render(row), examples) in texts:
                    self.repeated.add((number, variant))

    def written(self) -> dict[str, JsonValue]:
        """Return what a manifest keeps: the table's name and hash, and the templates."""
        texts = self.templates

        def of(one: Placed | None) -> str | None:
            return None if one is None else one.template.text

        return {
            "path": self.path,
            "sha256": self.sha256,
            "count": len(self),
            "id": of(texts.identity),
            "system": [of(one) for one in texts.variants],
            "name": of(texts.name),
            "description": of(texts.description),
            "examples": [[of(user), of(said)] for user, said in texts.examples],
            "attributes": {name: of(one) for name, one in texts.attributes.items()},
        }

    @classmethod
    def reopened(cls, written: Mapping[str, JsonValue]) -> "PersonaRows":
        """Return the rows that a manifest tells of, if the file is there and as it was.

        Raises:
            LookupError: it is not.
        """
        path = Path(written["path"])
        data = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(data).hexdigest() != written["sha256"]:
            raise LookupError(f"{path} is not as it was")

        def one(text: str | None) -> Placed | None:
            return None if text is None else Placed("", Template.parse(text), Place(""))

        said = [one(text) for text in written["system"]]
        examples = [(one(user), one(reply)) for user, reply in written["examples"]]
        attributes = {name: one(text) for name, text in written["attributes"].items()}
        texts = PersonaTemplates(
            one(written["id"]),
            [prompt for prompt in said if prompt is not None],
            one(written["name"]),
            one(written["description"]),
            [(user, reply) for user, reply in examples if reply is not None],
            {name: text for name, text in attributes.items() if text is not None},
        )
        rows, watch = cls(texts, id_from_stem(path.stem) or "row"), RowWatch()
        table = read_table(data, path.suffix.lower(), lambda row, line: rows.look(row, line, watch))
        rows.read(table, written["path"], written["sha256"])
        return rows

    def _row(self, number: int) -> Row:
        row = self.table[number]
        row[ROW] = number + 1
        return row

    def _examples(self, row: Row) -> tuple[Example, ...]:
        return tuple(
            Example(None if user is None else user.render(row), said.render(row))
            for user, said in self.templates.examples
        )

    @cached_property
    def _checked(self) -> list[Placed]:
        """The templates that no prompt and no id is made of; they too have to work in every row."""
        prompts = {id(one) for one in (self.templates.identity, *self.templates.variants)}
        return [one for one in self.templates.all if id(one) not in prompts and not one.template.is_constant]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.names())}


def prompt_hash(text: str | None, examples: Sequence[Example]) -> int:
    """Return a number that prompts share which are the same, within this process."""
    return hash((text, tuple(examples))) if examples else hash(text)
