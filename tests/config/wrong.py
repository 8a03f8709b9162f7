"""Files with one mistake each, and the one problem that is reported for it: place, what is wrong, the remedy."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wrong:
    """A persona file, and the beginning of its only problem."""

    name: str
    content: str | bytes
    problem: str


def persona(line: str) -> str:
    """Return a right persona with one more line, line 3."""
    return f"system: Be brief.\nquestions: [Hello]\n{line}\n"


def asked(item: str) -> str:
    """Return a right persona with one more question, in line 4."""
    return f"system: Be brief.\nquestions:\n  - Hello\n  - {item}\n"
