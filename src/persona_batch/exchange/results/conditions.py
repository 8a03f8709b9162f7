"""What stood before the questions → personas and controls: one condition for each prompt, never two labels in one.

A prompt that is filled in anew for each question is one condition, too: its texts are wordings of one persona.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from persona_batch.chat import Message, Params, Placement
from persona_batch.config.batch import Example, Persona, Question
from persona_batch.config.built_in import BUILT_IN
from persona_batch.config.names import id_from_stem, id_from_text
from persona_batch.errors import UsageError
from persona_batch.exchange.results.found import FoundReply, Notes
from persona_batch.exchange.results.wordings import shared_beginning
from persona_batch.wording import listed, meant

MOST = 20_000  # conditions of one import
NAMELESS = "unnamed"
_TELLING = 8  # characters that texts have in common, for these to name them


@dataclass(frozen=True, slots=True)
class Prompt:
    """What one condition sends before the question; `text` None: no prompt, or none that is known."""

    text: str | None
    placement: Placement
    examples: tuple[Example, ...] = ()
    known: bool = True

    @property
    def built_in(self) -> str | None:
        """The built-in control that this is."""
        for name, control in BUILT_IN.items():
            if (
                self.known
                and not self.examples
                and (self.text, self.placement) == (control.variants[0], control.placement)
            ):
                return name
        return None


def prompt_of(opening: Sequence[Message], *, known: bool) -> Prompt | None:
    """Return what an opening is in our terms; None: it is more than a prompt and examples."""
    rest = list(opening)
    text: str | None = None
    placement: Placement = "none"
    if rest and rest[0].role in ("system", "developer"):
        first = rest.pop(0)
        text, placement = first.content, "developer" if first.role == "developer" else "system"
    if [one.role for one in rest] != ["user", "assistant"] * (len(rest) // 2):
        return None
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return Prompt(text, placement, tuple(Example(user.content, said.content) for user, said in pairs), known)


@dataclass(slots=True)
class Conditions:
    """The conditions of a source in order of appearance, each by prompt, and by name where the source has one."""

    notes: Notes
    prompts: list[Prompt] = field(default_factory=list)
    labels: list[dict[str, None]] = field(default_factory=list)
    _templates: list[dict[str, None]] = field(default_factory=list)
    _joined: dict[int, list[int]] = field(default_factory=dict)
    _places: dict[tuple[str | None, Prompt], int] = field(default_factory=dict)
    _kept: frozenset[int] = frozenset()
    ids: list[str] = field(default_factory=list)

    def keep(self, numbers: Iterable[int]) -> None:
        """Say which conditions have replies that are carried over; the others are none."""
        self._kept = frozenset(numbers)

    def of(self, reply: FoundReply, prompt: Prompt) -> int:
        """Return the number of a reply's condition.

        Raises:
            UsageError: they are too many.
        """
        own = reply.label if reply.named and prompt.built_in is None else None
        if not prompt.known:
            own = reply.label
        number = self._places.setdefault((own, prompt), len(self.prompts))
        if number == len(self.prompts):
            if number >= MOST:
                raise UsageError(
                    f"{reply.place}: more than {MOST:,} different prompts: does the system message hold the question? "
                    "split it, or name the columns by --column"
                )
            self.prompts.append(prompt)
            self.labels.append({})
            self._templates.append({})
        if reply.label:
            self.labels[number][reply.label] = None
        if template := reply.label or reply.template:
            self._templates[number][template] = None
        return number

    def join(self, asked: Iterable[tuple[int, int]]) -> dict[int, tuple[int, int]]:
        """Make one condition of the prompts that one template became, question by question.

        That is so where whatever bears the same label (or template) asked each question with one prompt only, and the
        prompts differ in nothing but their text. Else each of them stays a condition of its own.

        Args:
            asked: every condition and question that go together, by number.

        Returns:
            The condition and the wording, by what was a condition before.
        """
        questions: dict[int, set[int]] = {}
        for condition, question in asked:
            questions.setdefault(condition, set()).add(question)
        own = [number for number in questions if self.prompts[number].built_in is None and self._templates[number]]
        counts: Counter[tuple[str, int]] = Counter()
        for number in own:
            counts.update((one, question) for one in self._templates[number] for question in questions[number])
        several = {template for (template, _), count in counts.items() if count > 1}
        groups: dict[tuple[object, ...], list[int]] = {}
        for number in own:
            prompt, templates = self.prompts[number], frozenset(self._templates[number])
            if prompt.text is not None and not templates & several:
                groups.setdefault((templates, prompt.placement, prompt.examples, prompt.known), []).append(number)
        self._joined = {
            group[0]: sorted(group, key=lambda one: self.prompts[one].text or "")
            for group in groups.values()
            if len(group) > 1
        }
        return {one: (head, place) for head, group in self._joined.items() for place, one in enumerate(group)}

    def unknown(self) -> list[str]:
        """Return the ids of the personas whose prompts the source does not say."""
        return [name for name, prompt in zip(self.ids, self.prompts, strict=True) if name and not prompt.known]

    def templates(self) -> list[str]:
        """Return the ids of the personas whose wordings are one template's, each of its own questions."""
        return [self.ids[number] for number in self._joined]

    def _tell_joined(self, names: Sequence[str]) -> None:
        for head, group in self._joined.items():
            self.notes.add(
                f"`{names[head]}` is one template, filled in question by question: its {len(group):,} texts are "
                "wordings of one persona"
            )

    def named(self) -> list[str]:
        """Return the id of each condition: a built-in control's, or what the source calls it, or of its text."""
        found: list[str] = []
        taken: dict[str, None] = {}
        shared = self._shared_labels()
        own = {label for place in self._kept if self.prompts[place].built_in is None for label in self.labels[place]}
        for place, (prompt, labels) in enumerate(zip(self.prompts, self.labels, strict=True)):
            if place not in self._kept:
                found.append("")
                continue
            name = self._name(place, [label for label in labels if label not in shared])
            unique, number = name, 2
            while unique in taken or (unique in BUILT_IN and prompt.built_in != unique and prompt.known):
                unique, number = f"{name}-{number}", number + 1
            taken[unique] = None
            found.append(unique)
            told = listed([f"`{label}`" for label in labels])
            if prompt.built_in is not None and (partly := [label for label in labels if label in own]):
                named = listed([f"`{label}`" for label in partly])
                self.notes.add(f"replies of {named} without a prompt of its own are `{unique}`'s")
                told = listed([f"`{label}`" for label in labels if label not in own])
            if told and labels and list(labels) != [unique]:
                self.notes.add(f"{told} is `{unique}` here")
        return found

    def _name(self, number: int, labels: Sequence[str]) -> str:
        prompt = self.prompts[number]
        if prompt.built_in is not None:
            return prompt.built_in
        own = id_from_stem(labels[0]) if labels else None
        if own is not None:
            return own
        if not prompt.known:
            return NAMELESS
        if prompt.text:
            shared = shared_beginning(self._wordings(number)).strip()
            return id_from_text(shared if len(shared) >= _TELLING else prompt.text)
        return f"{'none' if prompt.text is None else 'empty'}-with-examples"

    def _shared_labels(self) -> set[str]:
        """Return the labels that stand for several prompts: a template, which names none of them."""
        seen: set[str] = set()
        twice: set[str] = set()
        for place, (prompt, labels) in enumerate(zip(self.prompts, self.labels, strict=True)):
            if place in self._kept and prompt.built_in is None:
                twice |= seen & labels.keys()
                seen |= labels.keys()
        for label in sorted(twice):
            self.notes.add(
                f"`{label}` stands for several prompts to one question: each is a persona of its own, named by its text"
            )
        return twice

    def _wordings(self, number: int) -> list[str]:
        return [self.prompts[one].text or "" for one in self._joined.get(number, [number])]

    def personas(
        self, questions: tuple[Question, ...], controls: Sequence[str], params: Sequence[Params]
    ) -> list[Persona]:
        """Return the personas, controls first.

        Args:
            questions: what all of them are asked.
            controls: the ids or names of further controls, the reference first.
            params: the request parameters of each condition.

        Raises:
            UsageError: there is no such condition.
        """
        names = self.ids = self.named()
        self._tell_joined(names)
        chosen = [self._control(wanted, names) for wanted in controls]
        heads = list(dict.fromkeys([*chosen, *(name for name in BUILT_IN if name in names)]))
        found = [
            Persona(
                id=name,
                variants=(prompt.text,) if prompt.text is None else tuple(self._wordings(number)),
                questions=questions,
                placement=prompt.placement if prompt.text is not None else "none",
                examples=prompt.examples,
                params=dict(own),
                description=None if prompt.known else "the source does not say what stood before the questions",
                control=name in heads,
                controls=() if name in heads else tuple(heads),
            )
            for number, (name, prompt, own) in enumerate(zip(names, self.prompts, params, strict=True))
        ]
        if not heads:
            self.notes.add(
                "no condition is a control (no system message, an empty one, or `You are a helpful assistant.`), so "
                "nothing says what the model does without a prompt; `--control ID` makes one the reference"
            )
        first = {name: place for place, name in enumerate(heads)}
        return sorted(
            (replace(one, name=next(iter(self.labels[place]), None)) for place, one in enumerate(found) if one.id),
            key=lambda one: first.get(one.id, len(first)),
        )

    def _control(self, wanted: str, names: Sequence[str]) -> str:
        if wanted in names:
            return wanted
        labelled = [name for name, labels in zip(names, self.labels, strict=True) if wanted in labels]
        if len(labelled) == 1:
            return labelled[0]
        if labelled:
            raise UsageError(f"--control {wanted}: stands for several prompts ({listed(labelled)}); name one of these")
        raise UsageError(f"--control {wanted}: no such condition; {meant(wanted, [name for name in names if name])}")
