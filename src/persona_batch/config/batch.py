"""What the input files amount to, resolved: the only thing the plan needs to know.

The models of what a user *writes* are in `persona_file` and `question_file`; `load` turns them into these.
All are immutable. Params are merged in the order provider < file < persona < question < command line; a
`Persona` carries file < persona already, a `Question` its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from persona_batch.chat import JsonValue, Params, Placement, Thinking
from persona_batch.checks import Check
from persona_batch.pricing.price import Price


@dataclass(frozen=True, slots=True)
class Example:
    """One few-shot turn: what a user says and what the persona answers; `user` None: the persona speaks first."""

    user: str | None
    assistant: str


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who the user is, and how that is told: by system text, by the message's `name`, or by a prefix to the message.

    `text` is the system text, or the prefix, as it is sent ("": the name alone is sent, in the message's field).
    `persona`: the id of the persona that the user is.
    """

    name: str
    told: Literal["system", "name", "prefix"]
    text: str = ""
    persona: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One user message of a conversation; `checks` hold for the reply to it alone."""

    text: str
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """What is asked on a fork of a conversation, and never enters it.

    `after` are the turns (from 1) after which it is asked; none: each.
    """

    text: str
    after: tuple[int, ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Talk:
    """Who the user of a conversation is: a persona, which answers `rounds` - 1 times what it is told.

    `model`: its own, at the same endpoint; None: that of the persona it talks with.
    """

    persona: str
    rounds: int
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question, or the user's side of a conversation.

    `turns` are all user messages of a conversation, `text` the first of them (empty: there is only `text`); with a
    `talk` only the first is given. Questions of one `cluster` are paraphrases of one another: one unit of inference in
    comparisons. `speakers` are levels of a factor; None among them: nobody in particular. `formatted` are its user
    messages as each format of the run has them.
    """

    id: str
    text: str
    params: Params = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    speakers: tuple[Speaker | None, ...] = (None,)
    turns: tuple[Turn, ...] = ()
    probes: tuple[Probe, ...] = ()
    talk: Talk | None = None
    answer: str | None = None
    cluster: str | None = None
    formatted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def others(self) -> Iterator[str]:
        """The personas that take part in it as the user."""
        if self.talk is not None:
            yield self.talk.persona
        yield from (one.persona for one in self.speakers if one is not None and one.persona is not None)

    @property
    def checked(self) -> bool:
        """Whether any of its replies is held to something."""
        return (
            bool(self.checks) or any(turn.checks for turn in self.turns) or any(probe.checks for probe in self.probes)
        )


@dataclass(frozen=True, slots=True)
class Persona:
    """One persona or control.

    `variants` are paraphrases of one system prompt; None stands for no system message, "" for an empty one.
    `controls` are the ids of the personas it is compared with; `questions` are those it is asked; `probes` are asked in
    all its conversations. With `rows` it is what the personas of a table share.
    """

    id: str
    variants: tuple[str | None, ...]
    questions: tuple[Question, ...]
    placement: Placement = "system"
    name: str | None = None
    description: str | None = None
    examples: tuple[Example, ...] = ()
    params: Params = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    probes: tuple[Probe, ...] = ()
    control: bool = False
    controls: tuple[str, ...] = ()
    source: str | None = None
    rows: "Rows | None" = None

    @property
    def checked(self) -> bool:
        """Whether replies are held to something."""
        return bool(self.checks) or any(probe.checks for probe in self.probes)


class Rows(Protocol):
    """The personas of a table, by their row, from 0.

    `repeated` are the rows and wordings whose prompt stands elsewhere in the run; `path` and `sha256` name the file.
    """

    path: str
    sha256: str
    repeated: set[tuple[int, int]]

    def __len__(self) -> int: ...
    def persona(self, shape: Persona, number: int) -> Persona:
        """Return the persona of a row; `shape` is what all of them share."""
        ...

    def names(self) -> Iterator[str]:
        """Yield the ids in the order of the rows."""
        ...

    def number_of(self, identity: str) -> int | None:
        """Return the row of an id; None: there is none."""
        ...

    def written(self) -> dict[str, JsonValue]:
        """Return what a manifest keeps of them: the table's name and hash, and the templates."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Ceilings set by the user or the preset; None: no ceiling. `tpm`: tokens per minute."""

    rpm: int | None = None
    tpm: int | None = None
    per_day: int | None = None


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The `run:` block, merged with the command line; None: the default of whoever uses it.

    `timeout` in seconds, for the whole reply; `thinking`: whether a thought that the model wrote into its text is kept
    in the reply. `factors` are request parameters, each with its levels; `formats` the templates of questions by name,
    a factor too. `prices` are those of models, one under "" that of all others. `endpoint_id` is what keys know
    instead of a URL, `base_urls` are the replicas of one endpoint. `sources`: the file that said `base_url`,
    `base_urls`, `provider` or `api_key_env`, and where in it `endpoint_id` stands; not there: no file did.
    """

    provider: str | None = None
    endpoint_id: str | None = None
    base_url: str | None = None
    base_urls: tuple[str, ...] = ()
    api_key_env: str | None = None
    api_key_header: str | None = None
    models: tuple[str, ...] = ()
    samples: int = 1
    placements: tuple[Placement, ...] = ()
    factors: Mapping[str, tuple[JsonValue, ...]] = field(default_factory=dict)
    formats: Mapping[str, str] = field(default_factory=dict)
    concurrency: int | None = None
    limits: Limits = field(default_factory=Limits)
    timeout: float | None = None
    retries: int | None = None
    seed: int = 0
    thinking: Thinking = "separate"
    extra_body: Params = field(default_factory=dict)
    extra_headers: Mapping[str, str] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that was read: as the user named it (relative to the working folder if inside it), and its SHA-256."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything a run is about. Controls stand among the personas, first, flagged by `control`.

    `id` is the stem of the persona file, or of the folder, or the stems joined by `+`. `partners` are the personas that
    speak as the user in talks, by the names that the talks have for them.
    `warnings` are sentences for the user (personas that differ in params, Chinese on an English-only model);
    `lost` are those of them that say what the files' writing loses.
    """

    id: str
    personas: Sequence[Persona]
    run: RunSettings
    files: tuple[InputFile, ...]
    partners: Mapping[str, Persona] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
