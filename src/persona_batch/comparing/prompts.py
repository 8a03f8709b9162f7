"""What a persona's prompt was in a run, read off the messages that were sent."""

import difflib
from itertools import takewhile

from persona_batch.comparing.comparison import PromptDiff
from persona_batch.record import Record


class Prompts:
    """The prompt of each persona and paraphrase: all that stood before the question.

    With the persona in the user message there is no seam to cut at: then it is what the first user messages of
    all questions begin with.
    """

    def __init__(self) -> None:
        self._before: dict[tuple[str, int], str] = {}
        self._joined: dict[tuple[str, int], str] = {}
        self._asked: dict[str, str] = {}

    def see(self, record: Record) -> None:
        """Take note of one record."""
        name = (record.persona, record.variant)
        if name not in self._before:
            before = record.messages[:-1] if record.turns is None else record.messages[:1]
            self._before[name] = "\n".join(f"[{message.role}] {message.content}" for message in before)
        if not record.messages:
            return
        asked = record.messages[-1].content
        if record.placement == "user":
            self._joined[name] = _shared_beginning(self._joined.get(name, asked), asked)
        elif record.turns is None:
            self._asked.setdefault(record.question, asked)

    def names(self) -> set[tuple[str, int]]:
        """Return the personas and variants seen."""
        return set(self._before)

    def text(self, name: tuple[str, int]) -> str:
        """Return the prompt."""
        joined = self._joined.get(name, "")
        return "\n".join(part for part in (self._before.get(name, ""), f"[user] {joined}" if joined else "") if part)

    def question_texts(self) -> dict[str, str]:
        """Return the wording of each question, where some persona was asked it plainly."""
        return self._asked


def _shared_beginning(one: str, other: str) -> str:
    return one[: sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))]


def prompt_diffs(before: Prompts, after: Prompts) -> list[PromptDiff]:
    """Return the prompts that changed between two runs, of personas that both have."""
    found = []
    for name in sorted(before.names() & after.names()):
        old, new = before.text(name), after.text(name)
        if old == new:
            continue
        lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=1))[2:]
        added = sum(line.startswith("+") for line in lines)
        removed = sum(line.startswith("-") for line in lines)
        found.append(PromptDiff(persona=name[0], variant=name[1], added=added, removed=removed, lines=lines))
    return found
