"""`- from: mmlu.csv` among questions: a question per row; and `template`, which stands around every user message."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from persona_batch.config.batch import Probe, Question, Turn
from persona_batch.config.document import Library
from persona_batch.config.format import QuestionEntry
from persona_batch.config.names import id_from_stem
from persona_batch.config.nodes import Mapping, Node, below
from persona_batch.config.persona_rows import PersonaTemplates
from persona_batch.config.problems import Place
from persona_batch.config.rows import ROW, Placed, RowWatch, placed, refuse_templates_in, refuse_unknown
from persona_batch.tables.table import Row
from persona_batch.templating import TemplateFlaw

_REMEDY = "`answer: …` with the check `choice` is what differs from row to row"


@dataclass(frozen=True, slots=True)
class RowQuestion:
    """The question of a row, where the row stands, and its cells."""

    question: Question
    place: Place
    row: Row


@dataclass(slots=True)
class QuestionRows:
    """Makes the questions of a table from one whose texts are templates (`shape`)."""

    shape: Question
    texts: Sequence[Placed]
    probes: Sequence[Placed]
    identity: Placed | None
    answer: Placed | None
    cluster: Placed | None
    stem: str

    @classmethod
    def of(cls, shape: Question, entry: QuestionEntry, at: Mapping, library: Library) -> "QuestionRows":
        """Return what makes questions of rows; a text that is no template is noted."""
        problems = library.problems

        def one(key: str, text: str | None, node: Node | None = None) -> Placed | None:
            return None if text is None else placed(key, text, node or below(at, key), problems)

        refuse_templates_in("checks", at, problems, _REMEDY)
        texts = [one("turns", turn.text) for turn in shape.turns] or [one("text", shape.text)]
        probes = [one("probe", probe.text) for probe in shape.probes]
        assert entry.from_ is not None
        return cls(
            shape,
            [text for text in texts if text is not None],
            [text for text in probes if text is not None],
            one("id", entry.id),
            one("answer", None if "answer" not in at.entries else shape.answer),
            one("cluster", None if "cluster" not in at.entries else shape.cluster),
            id_from_stem(Path(entry.from_).stem) or "row",
        )

    @property
    def templates(self) -> list[Placed]:
        """All of them."""
        single = [one for one in (self.identity, self.answer, self.cluster) if one is not None]
        return [*single, *self.texts, *self.probes]

    def read(self, entry: QuestionEntry, at: Mapping, base: Path, library: Library) -> Iterator[RowQuestion]:
        """Yield the questions of all rows; what is wrong with one is noted."""
        watch, found = RowWatch(), list[RowQuestion]()

        def look(row: Row, line: int) -> None:
            row[ROW] = len(lines) + 1
            lines.append(line)
            if (question := self._question(row, line, watch)) is not None:
                found.append(RowQuestion(question, Place("", line, 1), row))

        lines: list[int] = []
        assert entry.from_ is not None
        file = library.table(entry.from_, below(at, "from"), base, look)
        if file is None or refuse_unknown(self.templates, file.table, file.shown, library.problems):
            return
        watch.tell(file.shown, library.problems)
        for one in found:
            yield replace(one, place=replace(one.place, file=file.shown))

    def _question(self, row: Row, line: int, watch: RowWatch) -> Question | None:
        shape, one = self.shape, self.identity or self.texts[0]
        try:
            name = PersonaTemplates(self.identity, ()).id_of(row, self.stem)
            said: dict[int, str] = {}
            for one in self.templates:
                said[id(one)] = one.render(row)
                if not said[id(one)].strip() and one is not self.answer:
                    watch.add(f"`{one.key}` is empty", row, line, next(iter(one.template.names - {ROW}), None))
                    return None
        except TemplateFlaw as flaw:
            watch.flaw(flaw, one, row, line)
            return None
        texts = [said[id(text)] for text in self.texts]
        probes = zip(shape.probes, self.probes, strict=True)
        return replace(
            shape,
            id=name,
            text=texts[0],
            turns=tuple(Turn(text, turn.checks) for text, turn in zip(texts, shape.turns, strict=bool(shape.turns))),
            probes=tuple(Probe(said[id(text)], probe.after, probe.checks) for probe, text in probes),
            answer=shape.answer if self.answer is None else said[id(self.answer)],
            cluster=shape.cluster if self.cluster is None else said[id(self.cluster)],
        )


def around(question: Question, template: Placed, row: Row) -> Question:
    """Return a question with a template around each of the user's messages.

    Raises:
        TemplateFlaw: it cannot be filled in.
    """

    def put(text: str) -> str:
        return template.render({**row, "text": text, "answer": question.answer or ""})

    turns = tuple(replace(turn, text=put(turn.text)) for turn in question.turns)
    return replace(question, text=turns[0].text if turns else put(question.text), turns=turns)
