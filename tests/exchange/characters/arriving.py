"""What of a foreign source arrives at an endpoint: imported, checked, run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from persona_batch.config.load import survey
from persona_batch.exchange.sources.found import Found, ImportOptions
from persona_batch.exchange.sources.recognising import Reading
from persona_batch.exchange.sources.writing.writing import write
from pipeline.workshop import Workshop

QUESTION = "What now?"


@dataclass
class Arrived:
    """`messages`: what was really sent, by persona; `kept`: what its file has besides; `notes`: what was said."""

    messages: dict[str, list[dict[str, str]]]
    kept: dict[str, dict[str, Any]]
    notes: list[str]

    @property
    def only(self) -> list[dict[str, str]]:
        """The messages of the one persona."""
        (messages,) = self.messages.values()
        return messages

    @property
    def system(self) -> str:
        """Its prompt."""
        assert self.only[0]["role"] == "system"
        return self.only[0]["content"]

    @property
    def imported(self) -> dict[str, Any]:
        """What its file keeps."""
        (kept,) = self.kept.values()
        return kept

    def said(self, part: str) -> bool:
        """Say whether a note holds this."""
        return any(part in note for note in self.notes)


def source_of(folder: Path, name: str, data: bytes | str) -> Path:
    """Write a source."""
    path = folder / "sources" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def found_in(path: Path, options: ImportOptions = ImportOptions()) -> list[Found]:  # noqa: B008  # frozen
    """Return what is found, without writing it."""
    return [found for _, found in Reading(options).all([str(path)])]


def arrive(workshop: Workshop, path: Path, options: ImportOptions = ImportOptions()) -> Arrived:  # noqa: B008  # frozen
    """Import a source, check what is written, and run it."""
    folder = workshop.folder / "imported"
    reading = Reading(options)
    written = write(lambda: reading.all([str(path)]), folder)
    files = sorted((folder / "personas").glob("*.yaml"))
    questions = workshop.write("q.yaml", f"questions: [{{id: q, text: {QUESTION}}}]\n")
    survey([str(folder), questions])
    summary = workshop.run([str(file) for file in files], questions=(questions,))
    really = [request.body["messages"] for request in workshop.asked]
    messages = {}
    for record in workshop.records(summary):
        if record.persona not in ("none", "assistant"):
            sent = [{"role": one.role, "content": one.content} for one in record.messages]
            assert sent in really
            assert sent[-1]["content"].endswith(QUESTION)
            messages[record.persona] = sent[:-1] if sent[-1]["content"] == QUESTION else sent
    return Arrived(messages, _kept(files), [*reading.notes(), *written.notes])


def _kept(files: Sequence[Path]) -> dict[str, dict[str, Any]]:
    kept = {}
    for file in files:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        for entry in document.get("personas", [document]):
            kept[entry["id"]] = entry.get("imported", {})
    return kept
