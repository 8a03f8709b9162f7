"""Rubric files → rubrics: templates, and the scores there are."""

from collections.abc import Mapping as NamesOf
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from persona_batch.chat import Message, Params
from persona_batch.config.document import Document, Library
from persona_batch.config.names import id_from_stem
from persona_batch.config.nodes import Mapping, below
from persona_batch.config.problems import Place, Problems, did_you_mean, quote
from persona_batch.config.rows import Placed, placed
from persona_batch.config.rubric_format import RubricFile, ScoreBlock
from persona_batch.config.section import known_keys
from persona_batch.templating import Template
from persona_batch.wording import listed

SINGLE = ("question", "reply", "persona", "answer")
PAIR = ("question", "reply_a", "reply_b", "persona", "answer")
"""The names that templates may have: of a rubric for single replies, and of a pairwise one."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The scores of a rubric: between `low` and `high`, or one of `labels`.

    `fractions`: scores between whole numbers count; `pattern` finds the score; `refusal` is the word for a reply that
    declined; `parts` are names of sub-scores, whose mean is the score.
    """

    low: float = 0.0
    high: float = 0.0
    labels: NamesOf[str, float] = field(default_factory=dict)
    fractions: bool = False
    pattern: str | None = None
    refusal: str | None = None
    parts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Rubric:
    """How a judge is asked. `scale` None: it is pairwise."""

    id: str
    text: Template
    system: Template | None
    scale: Scale | None
    params: Params
    name: str | None = None

    @property
    def pairwise(self) -> bool:
        """Whether two replies are set beside each other."""
        return self.scale is None

    def messages(self, values: NamesOf[str, object]) -> tuple[Message, ...]:
        """Return what the judge is asked.

        Raises:
            TemplateFlaw: a template cannot be filled in.
        """
        system = () if self.system is None else (Message("system", self.system.render(values)),)
        return (*system, Message("user", self.text.render(values)))


def load_rubric(name: str) -> Rubric:
    """Read one rubric file.

    Raises:
        ConfigError: with everything that is wrong with it.
    """
    problems = Problems()
    library = Library(problems)
    document = library.document(Path(name).expanduser(), name)
    rubric = None if document is None else rubric_of(document, problems)
    problems.raise_if_any()
    assert rubric is not None
    return rubric


def rubric_of(document: Document, problems: Problems) -> Rubric | None:
    """Return the rubric of a file that was read; None: something is wrong with it, and noted."""
    at, said = document.root, document.said
    if document.kind != "rubric":
        problems.add(
            Place(document.file.shown, 1, 1),
            f"{quote(document.file.shown)} is no rubric; one has `text` and `score`, or `pairwise: true`",
        )
        return None
    if not isinstance(said, RubricFile):
        return None
    if (said.score is None) == (not said.pairwise):
        told = "`score` and `pairwise` are two kinds of rubrics" if said.pairwise else "`score` is missing here"
        problems.add(at.place, f"{told}; write `score: {{min: …, max: …}}`, or `pairwise: true`")
    text = placed("text", said.text, below(at, "text"), problems)
    system = None if said.system is None else placed("system", said.system, below(at, "system"), problems)
    for one in (text, system):
        if one is not None:
            _refuse_names(one, PAIR if said.pairwise else SINGLE, problems)
    scale = None if said.score is None else _scale(said.score, below(at, "score"), problems)
    if text is None:
        return None
    return Rubric(
        id=said.id or id_from_stem(document.file.path.stem) or "rubric",
        text=text.template,
        system=None if system is None else system.template,
        scale=scale,
        params={"temperature": 0} if said.params is None else dict(said.params),
        name=said.name,
    )


def _refuse_names(one: Placed, known: Sequence[str], problems: Problems) -> None:
    for name in sorted(one.template.names.difference(known)):
        near = did_you_mean(name, known) or f"; there is {listed([quote(name) for name in known], 9)}"
        problems.add(one.place, f"{quote(name)} is not known to a rubric{near}")
    needed = known[1:3] if "reply_a" in known else known[1:2]
    if one.key == "text" and (missing := [name for name in needed if name not in one.template.names]):
        wanted = " and ".join(f"`{{{{ {name} }}}}`" for name in missing)
        problems.add(one.place, f"the judge is never shown the reply; put {wanted} into the text")


def _scale(said: ScoreBlock, at: object, problems: Problems) -> Scale:
    assert isinstance(at, Mapping)
    mistyped = bool(at.entries.keys() - known_keys(ScoreBlock))
    if not mistyped and ("min" in at.entries) != ("max" in at.entries):
        problems.add(at.place, "`min` and `max` belong together; write both")
    if said.labels is not None and (said.min is not None or said.max is not None):
        problems.add(at.place, "`labels` have scores of their own; delete them, or `min` and `max`")
    if not mistyped and not at.entries.keys() & {"min", "max", "labels"}:
        problems.add(at.place, "no scores here; write `min: …` and `max: …`, or `labels: {…}`")
    if said.min is not None and said.max is not None and not said.min < said.max:
        problems.add(below(at, "max").place, f"found {said.max:g}, expected more than `min`")
    if said.parts is not None and said.pattern is not None:
        problems.add(below(at, "pattern").place, "`parts` are found by their names; delete one of the two")
    return Scale(
        low=said.min or 0.0,
        high=said.max or 0.0,
        labels=said.labels or {},
        fractions=bool(said.fractions),
        pattern=said.pattern,
        refusal=said.refusal,
        parts=tuple(said.parts or ()),
    )
