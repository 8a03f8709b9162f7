"""A source written down, imported, and read by our own reader."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from persona_batch.config.batch import Persona, Question
from persona_batch.config.load import load_batch, survey
from persona_batch.exchange.sources.found import ImportOptions
from persona_batch.exchange.sources.recognising import Reading, format_named
from persona_batch.exchange.sources.writing.writing import write


@dataclass
class Taken:
    """What came of a source: personas and questions by id, what was said, and the files as plain YAML."""

    personas: dict[str, Persona] = field(default_factory=dict)
    questions: dict[str, Question] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    files: dict[str, Any] = field(default_factory=dict)
    formats: list[str] = field(default_factory=list)

    def said(self, part: str) -> bool:
        """Say whether a note holds this."""
        return any(part in note for note in self.notes)

    def kept(self, identity: str) -> dict[str, Any]:
        """Return what a persona or question keeps besides."""
        for document in self.files.values():
            entries = [document, *document.get("personas", ()), *document.get("questions", ())]
            for entry in entries:
                if isinstance(entry, dict) and entry.get("id") == identity and "imported" in entry:
                    return dict(entry["imported"])
        return {}

    @property
    def prompts(self) -> dict[str, str | None]:
        """The first wording of each persona."""
        return {name: one.variants[0] for name, one in self.personas.items()}

    @property
    def asked(self) -> dict[str, str]:
        """The text of each question."""
        return {name: one.text for name, one in self.questions.items()}


def take(folder: Path, files: dict[str, str | bytes], name: str | None = None, form: str | None = None) -> Taken:
    """Import files that say this, or the one of them that is named; the controls are left out of what is returned."""
    sources = folder / "sources"
    for path, data in files.items():
        (sources / path).parent.mkdir(parents=True, exist_ok=True)
        (sources / path).write_bytes(data.encode() if isinstance(data, str) else data)
    reading = Reading(ImportOptions(), None if form is None else format_named(form))
    target = folder / "study"
    source = sources / name if name else sources / next(iter(files)) if len(files) == 1 else sources
    written = write(lambda: reading.all([str(source)]), target)
    survey([str(target)])
    taken = Taken(notes=[*reading.notes(), *written.notes], formats=[*reading.formats])
    for file in sorted(target.rglob("*.yaml")):
        taken.files[file.relative_to(target).as_posix()] = yaml.safe_load(file.read_text(encoding="utf-8"))
    nobody = folder / "nobody.yaml"
    nobody.write_text("id: nobody\nplacement: none\n")
    questions = [str(target / path) for path in taken.files if path.startswith("prompts/") and path.count("/") == 1]
    for asked in questions:
        batch = load_batch([nobody], questions=[asked])
        taken.questions |= {one.id: one for one in batch.personas[0].questions}
    if (target / "personas").is_dir():
        batch = load_batch([target], need_questions=False)
        taken.personas = {one.id: one for one in batch.personas if one.id not in ("none", "empty", "assistant")}
        taken.questions |= {one.id: one for persona in batch.personas for one in persona.questions}
    return taken
