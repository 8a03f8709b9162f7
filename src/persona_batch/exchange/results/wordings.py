"""Prompts that are written into the user's message, as plain prompts of promptfoo are: what is asked, and in which way.

Where the same variables are asked in the same words by all prompts, there is nothing to tell apart. Where one differs
from another by what stands in front of the question and a blank line, that is a persona's prompt, placed in the user's
message. All else are ways of asking one question: levels of the factor `format`.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from persona_batch.errors import UsageError
from persona_batch.exchange.results.found import FoundReply, Notes
from persona_batch.plan.forms import JOINT


@dataclass(slots=True)
class Wordings:
    """Sees every reply of a source (`see`), then says how each was asked (`settle`, `level`, `split`)."""

    notes: Notes
    _texts: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))  # wording → asked → text
    _levels: dict[str, str] = field(default_factory=dict)
    _prompts: dict[str, str] = field(default_factory=dict)
    _opened: set[str] = field(default_factory=set)
    _questions: dict[str, str] = field(default_factory=dict)
    formats: tuple[str, ...] = ()

    def see(self, reply: FoundReply) -> None:
        """Take note of a reply that was asked in one of several wordings.

        Raises:
            UsageError: two prompts of one name ask the same in different words.
        """
        if reply.wording is not None and reply.asked is not None and not reply.earlier:
            known = self._texts[reply.wording].setdefault(reply.asked, reply.text)
            if known != reply.text:
                raise UsageError(
                    f"{reply.place}: two prompts are called `{reply.wording}` and ask in different words; give each a "
                    "`label` of its own"
                )
            if reply.opening:
                self._opened.add(reply.wording)

    def settle(self) -> None:
        """Decide, once all replies were seen."""
        for wording, mine in self._texts.items():
            same = (name for name in self._levels.values() if self._agree(mine, self._texts[name]))
            self._levels[wording] = next(same, wording)
        levels = list(dict.fromkeys(self._levels.values()))
        if len(levels) < 2 or not self._overlap():
            self._levels.clear()
            return
        prompts = {level: _in_front(list(self._texts[level].values())) for level in levels}
        rests: dict[str, set[str]] = defaultdict(set)
        for level in levels:
            for asked, text in self._texts[level].items():
                rests[asked].add(text[len(prompts[level]) :].removeprefix(JOINT) if prompts[level] else text)
        opened = any(prompts[level] for wording, level in self._levels.items() if wording in self._opened)
        if not opened and all(len(found) == 1 for found in rests.values()):
            self._prompts = prompts
            self.notes.add("the prompts stand in the user's message, before the question: `placement: user`")
            return
        self.formats = tuple(levels)
        first: dict[tuple[str | None, ...], str] = {}
        for asked in rests:  # what a variable changes in the system message alone is no other question
            texts = tuple(self._texts[level].get(asked) for level in levels)
            self._questions[asked] = first.setdefault(texts, asked)
        self.notes.add(
            "the prompts differ in the words of the user's message: they are formats of one question, and "
            "`batch compare --by format` compares them"
        )

    def level(self, reply: FoundReply) -> str | None:
        """Return the format in which a reply was asked; None: there are none."""
        return self._levels.get(reply.wording or "") if self.formats else None

    def question(self, reply: FoundReply) -> str:
        """Return what tells the question of a reply from others, whatever its format."""
        return self._questions.get(reply.asked or "", reply.asked or reply.text)

    def prompt(self, reply: FoundReply) -> str:
        """Return the persona's prompt that stands in the user's message; "": none does."""
        return self._prompts.get(self._levels.get(reply.wording or "", ""), "")

    def rest(self, reply: FoundReply) -> str:
        """Return the user's message without the persona's prompt."""
        return reply.text[len(self.prompt(reply)) :].removeprefix(JOINT)

    def _agree(self, one: dict[str, str], other: dict[str, str]) -> bool:
        common = one.keys() & other.keys()
        return bool(common) and all(one[asked] == other[asked] for asked in common)

    def _overlap(self) -> bool:
        """Whether anything was asked in two ways; else every text is a question of its own."""
        seen: set[str] = set()
        for level in dict.fromkeys(self._levels.values()):
            mine = self._texts[level].keys()
            if seen & mine:
                return True
            seen |= mine
        return False


def shared_beginning(texts: Sequence[str]) -> str:
    """Return what all of these begin with."""
    first, last = min(texts), max(texts)
    return first[: sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))]


def _in_front(texts: list[str]) -> str:
    """Return what all of these begin with, up to a blank line."""
    common = shared_beginning(texts)
    cut = common.rfind(JOINT) if len(set(texts)) > 1 else texts[0].rfind(JOINT)
    return common[:cut] if cut > 0 else ""
