"""What was asked → questions: one for each wording, or where the user says so for each id; never two in one."""

from collections import defaultdict
from dataclasses import dataclass, field

from persona_batch.config.batch import Question, Turn
from persona_batch.config.names import id_from_stem, id_from_text
from persona_batch.errors import UsageError
from persona_batch.exchange.results.found import FoundReply, Notes


@dataclass(slots=True)
class Asked:
    """The questions of a source in order of appearance.

    Equal texts are one question, whatever ids the source gives them, unless the ids are the user's own word: then they
    are paraphrases of one another (one cluster), and one id with two texts is refused.
    """

    notes: Notes
    formats: tuple[str, ...]
    _places: dict[tuple[str, ...], int] = field(default_factory=dict)
    _texts: list[tuple[str, ...]] = field(default_factory=list)
    _hints: list[dict[str, None]] = field(default_factory=list)
    _fixed: dict[str, tuple[int, str]] = field(default_factory=dict)
    _formatted: list[dict[str, str]] = field(default_factory=list)

    def of(self, reply: FoundReply, text: str, level: str | None, asked: str) -> int:
        """Return the number of a reply's question.

        Args:
            reply: the reply.
            text: its last user message, without a persona's prompt.
            level: the format in which it was asked; None: there are none.
            asked: what tells it from other questions then.

        Raises:
            UsageError: its id stands for another text already.
        """
        texts = (*(turn.user for turn in reply.earlier), text)
        own = reply.identity if reply.fixed else None
        name = ("asked", asked) if level is not None else ("id" if own else "text", own or "", *texts)
        number = self._places.setdefault(name, len(self._texts))
        if number == len(self._texts):
            self._texts.append(texts)
            self._hints.append({})
            self._formatted.append({})
        if own is not None:
            known, place = self._fixed.setdefault(own, (number, reply.place))
            if known != number:
                raise UsageError(
                    f"{reply.place}: question `{own}` has another text at {place}; unlike questions are never paired: "
                    "give them two ids, or leave the column of ids out"
                )
        elif reply.identity is not None:
            self._hints[number][reply.identity] = None
        if level is not None:
            self._formatted[number].setdefault(level, text)
        return number

    def questions(self) -> tuple[Question, ...]:
        """Return the questions."""
        ids = self._ids()
        clusters = self._clusters(ids)
        found = []
        for number, texts in enumerate(self._texts):
            formatted = self._formatted[number]
            if self.formats and len(formatted) < len(self.formats):
                self.notes.add("{n} {question was|questions were} not asked in every format")
            found.append(
                Question(
                    id=ids[number],
                    text=texts[0],
                    turns=tuple(Turn(text) for text in texts) if len(texts) > 1 else (),
                    cluster=clusters.get(number),
                    formatted={name: (formatted.get(name, texts[0]),) for name in self.formats},
                )
            )
        return tuple(found)

    def _ids(self) -> list[str]:
        fixed = {number: own for own, (number, _) in self._fixed.items()}
        owners: dict[str, set[int]] = defaultdict(set)
        for number, given in enumerate(self._hints):
            for one in given:
                owners[one].add(number)
        found: list[str] = []
        taken: set[str] = set()
        for number, texts in enumerate(self._texts):
            hints = [*self._hints[number]]
            hint = fixed.get(number)
            if hint is None and len(hints) == 1 and not hints[0].isdigit() and len(owners[hints[0]]) == 1:
                hint = hints[0]
            if len(hints) > 1:
                self.notes.add(
                    "{n} {question has|questions have} several ids in the source for one text: {one|one each}"
                )
            name = (id_from_stem(hint) if hint else None) or id_from_text(" / ".join(texts))
            unique, count = name, 2
            while unique in taken:
                unique, count = f"{name}-{count}", count + 1
            taken.add(unique)
            found.append(unique)
        return found

    def _clusters(self, ids: list[str]) -> dict[int, str]:
        same: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, texts in enumerate(self._texts):
            same[texts].append(number)
        clusters = {number: ids[group[0]] for group in same.values() if len(group) > 1 for number in group}
        if clusters and not self.formats:
            self.notes.add(
                f"{len(clusters):,} questions have the text of another under an id of their own: they are one cluster, "
                "that is one unit of inference"
            )
        return clusters
