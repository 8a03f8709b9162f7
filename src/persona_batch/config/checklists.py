"""Lists of checks in files → the checks; and what of them only the whole file can say is wrong."""

from collections.abc import Container, Iterable, Sequence

from persona_batch.checks import Check
from persona_batch.checks.check import COMPOSITE, KEYED, KINDS
from persona_batch.checks.choosing import is_option
from persona_batch.config.batch import Question
from persona_batch.config.check_format import CheckEntry, Checks, PlainCheck
from persona_batch.config.nodes import Mapping, Node, Scalar, Walked
from persona_batch.config.problems import Problems, quote
from persona_batch.config.section import Section
from persona_batch.wording import listed

_HOLDERS = frozenset({"checks", "not", "any", "all"})
_LISTED = 8


def read_checks(entries: Checks | None) -> tuple[Check, ...]:
    """Return the checks of a list; one that is told nothing (`contains:`), a problem that was noted, is left out."""
    return tuple(check for entry in entries or () if (check := _check(entry)) is not None)


def _check(entry: str | PlainCheck, *, negated: bool = False) -> Check | None:
    if isinstance(entry, str):
        return Check(KINDS[entry], True, negated)
    if isinstance(entry, CheckEntry) and entry.not_ is not None:
        return _check(entry.not_, negated=True)
    (name,) = entry.model_fields_set
    argument, kind = getattr(entry, name), name.rstrip("_")
    if argument is None:
        return None
    if kind in COMPOSITE:
        argument = read_checks(argument)
    if isinstance(argument, Section):
        argument = argument.model_dump(exclude_unset=True)
        if isinstance(words := argument.get("words"), str):
            argument["words"] = [words]
    return Check(kind, argument, negated)  # type: ignore[arg-type]  # a kind


def refuse_unanswered(checks: Iterable[Check], questions: Sequence[Question], at: Node, problems: Problems) -> None:
    """Note, at a node, the questions that have no answer for a check to compare with, or one that it can never find."""
    keyed = [one for check in checks for one in check.within() if one.kind == KEYED]
    if not keyed:
        return
    named = at.get("answer") if isinstance(at, Mapping) else None
    if without := [quote(question.id) for question in questions if question.answer is None]:
        verb = "has" if len(without) == 1 else "have"
        problems.add(
            at.place,
            f"the check `{KEYED}` compares with a question's `answer`, and {listed(without)} {verb} none; "
            "add `answer: …` to it",
        )
    for check in keyed:
        for question in questions:
            if question.answer is not None and not is_option(check.argument, question.answer):
                options = listed([quote(option) for option in check.argument.options], _LISTED)
                told = f"the answer {quote(question.answer)} is none of the options of `{KEYED}`: {options}"
                problems.add((named or at).place, told)


def refuse_unnamed(nodes: Walked, allowed: Container[str], problems: Problems) -> None:
    """Note the checks in Python that the command line does not name: no file runs code by itself."""
    for name, _, node in nodes:
        said = node.get("custom") if name in _HOLDERS and isinstance(node, Mapping) else None
        if isinstance(said, Mapping):
            said = said.get("name")
        if isinstance(said, Scalar) and isinstance(said.value, str) and said.value not in allowed:
            problems.add(
                said.place,
                f"the check {quote(said.value)} runs code of a package, which no file does by itself; "
                f"name it on the command line: `--custom-check {said.value}`",
            )


def shared_keyed(lists: Iterable[Sequence[Check]]) -> tuple[Check, ...]:
    """Return the checks against an answer that stand in all of these lists: what holds for a control of all of them.

    Accuracy is compared between replies that were scored alike; other checks are put to a control when it is compared.
    """
    first, *others = list(lists) or [()]
    return tuple(check for check in first if check.keyed and all(check in other for other in others))
