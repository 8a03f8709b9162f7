"""The cells that every tool is given: ten personas, a hundred questions each."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TRADES = ("孙悟空", "a pirate captain", "a strict teacher", "一只小猫", "a kind nurse")


@dataclass(frozen=True)
class Ask:
    """One cell: what the system message and the user message say."""

    persona: str
    question: str
    system: str
    user: str


def personas(count: int = 10) -> list[tuple[str, str]]:
    """Return ids and system prompts."""
    return [(f"p{i}", f"You are {TRADES[i % 5]}, number {i}; answer in character.") for i in range(count)]


def questions(count: int = 100) -> list[tuple[str, str]]:
    """Return ids and texts."""
    return [(f"q{i}", f"Question {i}: 你对取经怎么看？ Please tell me more.") for i in range(count)]


def asks(personas_count: int = 10, questions_count: int = 100) -> Iterator[Ask]:
    """Yield every persona with every question."""
    for persona, system in personas(personas_count):
        for question, user in questions(questions_count):
            yield Ask(persona, question, system, user)


def write_files(folder: Path, personas_count: int = 10, questions_count: int = 100) -> tuple[Path, Path]:
    """Write the same cells as the input files of `batch`; JSON is YAML."""
    cast, asked = folder / "cast.yaml", folder / "asked.yaml"
    cast.write_text(
        json.dumps(
            {
                "controls": [],
                "personas": [{"id": name, "system": text} for name, text in personas(personas_count)],
            }
        ),
        encoding="utf-8",
    )
    asked.write_text(
        json.dumps({"questions": [{"id": name, "text": text} for name, text in questions(questions_count)]}),
        encoding="utf-8",
    )
    return cast, asked
