"""What of the questions can only be said when all files were read: whom talks are with, who speakers are, formats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from persona_batch.checks.language import is_written_in
from persona_batch.config.batch import Persona, Question, Speaker
from persona_batch.config.built_in import BUILT_IN
from persona_batch.config.files import SUFFIXES, shown_name
from persona_batch.config.personas import read_drafts
from persona_batch.config.problems import Place, Problems, did_you_mean, quote
from persona_batch.config.questions import QuestionRegistry
from persona_batch.templating import Template, TemplateFlaw

_TOLD = {
    ("zh", False): "和你说话的是{{ name }}。",
    ("zh", True): "和你说话的是{{ name }}，其人设是：“{{ system }}”",
    ("en", False): "You are talking to {{ name }}.",
    ("en", True): 'You are talking to {{ name }}, whose own instructions are: "{{ system }}"',
}
_PREFIX = {"zh": "{{ name }}：", "en": "{{ name }}: "}
"""How a speaker is told where no template says it: by language, and whether it is a persona."""


def partners_of(personas: Mapping[str, Persona], registry: QuestionRegistry) -> dict[str, Persona]:
    """Return the personas that talks are with, by the names that the talks have for them.

    `personas` are those of the run; another one is named by its file.
    """
    known = {**BUILT_IN, **personas}
    found: dict[str, Persona] = {}
    for name, at in registry.partners.items():
        if name in known:
            found[name] = replace(known[name], questions=())
        elif name.casefold().endswith(SUFFIXES):
            if (persona := _of_file(name, at.place, registry)) is not None:
                found[name] = persona
        else:
            near = did_you_mean(name, known) or "; name a persona of this run, or the file of one"
            registry.problems.add(at.place, f"there is no persona {quote(name)} to talk with{near}")
    return found


def _of_file(name: str, place: Place, registry: QuestionRegistry) -> Persona | None:
    library = registry.library
    path = library.folder_of(place.file) / Path(name).expanduser()
    document = library.document(path, shown_name(path), place)
    if document is None:
        return None
    drafts = read_drafts(document, library, QuestionRegistry(library), ()) if document.kind == "persona" else []
    if len(drafts) != 1:
        registry.problems.add(place, f"{quote(name)} holds {len(drafts)} personas, expected one to talk with")
        return None
    return replace(drafts[0].persona, questions=())


@dataclass(slots=True)
class Finisher:
    """Finishes the questions of a batch, each once.

    `personas` are those that a speaker may be, by id; the formats stand at `formats_place`; the registry knows where
    the questions stand, and their rows.
    """

    personas: Mapping[str, Persona]
    formats: Mapping[str, str]
    formats_place: Place
    registry: QuestionRegistry

    def finish(self, personas: Sequence[Persona]) -> list[Persona]:
        """Return the personas with their questions as they are asked; lists that were shared stay so."""
        templates = self._templates()
        done: dict[int, Question] = {}
        lists: dict[int, tuple[Question, ...]] = {}
        for asked in {id(persona.questions): persona.questions for persona in personas}.values():
            for question in asked:
                done.setdefault(id(question), self._finished(question, templates))
            lists[id(asked)] = tuple(done[id(question)] for question in asked)
        return [replace(persona, questions=lists[id(persona.questions)]) for persona in personas]

    @property
    def _problems(self) -> Problems:
        return self.registry.problems

    def _templates(self) -> dict[str, Template]:
        templates = {}
        for name, text in self.formats.items():
            try:
                templates[name] = Template.parse(text)
            except TemplateFlaw as flaw:
                self._problems.add(self.formats_place, f"the format {quote(name)}: {flaw}")
        return templates

    def _finished(self, question: Question, templates: Mapping[str, Template]) -> Question:
        if question.speakers == (None,) and not templates:
            return question
        place = self.registry.places[question.id][1]
        language = "zh" if is_written_in(question.text, "zh") else "en"
        speakers = tuple(one and self._told(one, language, place) for one in question.speakers)
        texts = [turn.text for turn in question.turns] or [question.text]
        row = self.registry.rows.get(question.id, {})
        formatted = {
            name: tuple(
                self._render(
                    template,
                    {**row, "text": text, "answer": question.answer or ""},
                    self.formats_place,
                    f"the format {quote(name)}: ",
                )
                for text in texts
            )
            for name, template in templates.items()
        }
        return replace(question, speakers=speakers, formatted=formatted)

    def _told(self, speaker: Speaker, language: str, place: Place) -> Speaker:
        persona = None
        if speaker.persona is not None:
            persona = self.personas.get(speaker.persona)
            if persona is None:
                near = did_you_mean(speaker.persona, self.personas) or "; name a persona of this run"
                self._problems.add(place, f"there is no persona {quote(speaker.persona)} to be the speaker{near}")
                return speaker
        name = speaker.name or (persona and (persona.name or persona.id)) or ""
        if speaker.told == "name":
            return replace(speaker, name=name)
        default = _PREFIX[language] if speaker.told == "prefix" else _TOLD[language, persona is not None]
        try:
            template = Template.parse(speaker.text or default)
        except TemplateFlaw as flaw:
            self._problems.add(place, f"the text that tells of the speaker: {flaw}")
            return speaker
        values = {"name": name}
        if persona is not None:
            values |= {"system": persona.variants[0] or "", "description": persona.description or ""}
        return replace(speaker, name=name, text=self._render(template, values, place))

    def _render(self, template: Template, values: Mapping[str, object], place: Place, head: str = "") -> str:
        try:
            return template.render(values)
        except TemplateFlaw as flaw:
            self._problems.add(place, f"{head}{flaw}")
            return ""
