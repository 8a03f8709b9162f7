"""Whether a reply passes a check, and if not, why: pure but for the user's own checks, and bounded in time."""

import unicodedata
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias

from persona_batch.checks.arguments import Choice, Custom, Shape, Share
from persona_batch.checks.check import Check
from persona_batch.checks.custom import Undecided, called
from persona_batch.checks.language import is_written_in, language_of
from persona_batch.checks.pattern import SEARCH_SECONDS, PatternError, found_in
from persona_batch.checks.quoting import clipped, quoted
from persona_batch.wording import counted

Answer: TypeAlias = str | None


class Seen(NamedTuple):
    """Whether a reply is what a check says (None: it cannot be told), and what was found, in either case."""

    holds: bool | None
    found: str


def evaluate(check: Check, reply: str, answer: Answer = None) -> bool:
    """Say whether a reply passes; `answer` is the right one to the question, which `choice` needs.

    What cannot be told (a pattern that takes too long, a `choice` without an answer) fails, under `not` too.
    """
    return _seen(check, reply, answer).holds is True


def fault_of(check: Check, reply: str, answer: Answer = None) -> str | None:
    """Return why a reply fails a check, on one line of at most `quoting.LONGEST` characters; None: it passes."""
    seen = _seen(check, reply, answer)
    return None if seen.holds else clipped(" ".join(seen.found.split()))


def _seen(check: Check, reply: str, answer: Answer) -> Seen:
    try:
        holds, found = _KINDS[check.kind](check.argument, reply, answer)
    except TimeoutError:
        return Seen(None, f"the pattern took longer than {SEARCH_SECONDS:g} s")
    except PatternError as error:  # in a record by another hand: files are refused
        return Seen(None, f"the pattern cannot be read: {error}")
    except Undecided as error:
        return Seen(None, str(error))
    return Seen(holds if holds is None else holds is not check.negated, found)


def _contains(argument: Any, reply: str, _: Answer) -> Seen:
    texts = argument if isinstance(argument, tuple) else (argument,)
    for text in texts:
        if text in reply:
            return Seen(True, f"found {quoted(text)}")
    return Seen(False, f"no {' or '.join(map(quoted, texts))}")


def _not_contains(argument: Any, reply: str, answer: Answer) -> Seen:
    holds, found = _contains(argument, reply, answer)
    return Seen(not holds, found)


def _regex(argument: Any, reply: str, _: Answer) -> Seen:
    match = found_in(argument, reply)
    return Seen(False, "no match") if match is None else Seen(True, f"found {quoted(match)}")


def _equals(argument: Any, reply: str, _: Answer) -> Seen:
    return Seen(reply.strip() == argument.strip(), f"found {quoted(reply.strip())}")


def _choice(argument: Choice, reply: str, answer: Answer) -> Seen:
    from persona_batch.checks.choosing import chosen, fold

    if answer is None:
        raise Undecided("the question has no `answer`")
    given = chosen(argument, reply)
    if given is None:
        return Seen(False, "no answer found")
    return Seen(fold(given) == fold(answer), f"answered {quoted(given)}, right is {quoted(answer)}")


def _one_sentence(_: Any, reply: str, __: Answer) -> Seen:
    from persona_batch.checks.sentence_count import sentences_in

    count = sentences_in(reply)
    return Seen(count == 1, f"found {counted(count, 'sentence') if count else 'no sentence'}")


def _all_caps(_: Any, reply: str, __: Answer) -> Seen:
    small = next((char for char in reply if char.islower()), None)
    if small is not None:
        return Seen(False, f"found the small letter {quoted(small)}")
    if not reply.isupper():
        return Seen(False, "no letter that has a capital")
    return Seen(True, "all in capitals")


def _language(argument: Any, reply: str, _: Answer) -> Seen:
    if is_written_in(reply, argument):
        return Seen(True, f"written in {argument}")
    other = language_of(reply)
    return Seen(False, f"written in {other}" if other else "written in no language that is known")


def _share_of(argument: Share, reply: str, _: Answer) -> Seen:
    from persona_batch.checks.sharing import share_in

    share = share_in(argument, reply)
    low = 0.0 if argument.at_least is None else argument.at_least
    high = 1.0 if argument.at_most is None else argument.at_most
    return Seen(low <= share <= high, f"the share is {share:.3g}")


def _min_chars(argument: Any, reply: str, _: Answer) -> Seen:
    return Seen((length := len(reply.strip())) >= argument, f"found {counted(length, 'character')}")


def _max_chars(argument: Any, reply: str, _: Answer) -> Seen:
    return Seen((length := len(reply.strip())) <= argument, f"found {counted(length, 'character')}")


def _min_width(argument: Any, reply: str, _: Answer) -> Seen:
    return Seen((width := width_of(reply.strip())) >= argument, f"found a width of {width:,}")


def _max_width(argument: Any, reply: str, _: Answer) -> Seen:
    return Seen((width := width_of(reply.strip())) <= argument, f"found a width of {width:,}")


def width_of(text: str) -> int:
    """Return how wide a text is: wide and full-width characters (UAX 11) count two, marks none."""
    if text.isascii():
        return len(text)
    return sum(
        2 if unicodedata.east_asian_width(char) in "WF" else unicodedata.category(char) not in ("Mn", "Me", "Cf")
        for char in text
    )


def _json(argument: Shape | bool, reply: str, _: Answer) -> Seen:
    from persona_batch.checks.json_shape import flaw_in

    flaw = flaw_in(argument if isinstance(argument, Shape) else None, reply)
    return Seen(True, "it is JSON") if flaw is None else Seen(False, flaw)


def _in_character(_: Any, reply: str, __: Answer) -> Seen:
    from persona_batch.checks.markers import marker_in  # its patterns cost a start that needs none

    marker = marker_in(reply)
    return Seen(True, "in character") if marker is None else Seen(False, f"found {quoted(marker)}")


def _custom(argument: Custom, reply: str, _: Answer) -> Seen:
    return Seen(*called(argument, reply))


def _any(argument: tuple[Check, ...], reply: str, answer: Answer) -> Seen:
    failed: list[str] = []
    holds: bool | None = False
    for check in argument:
        seen = _seen(check, reply, answer)
        if seen.holds:
            return Seen(True, f"passes {check.name}: {seen.found}")
        holds = None if seen.holds is None else holds
        failed.append(f"{check.name}: {seen.found}")
    return Seen(holds, "; ".join(failed))


def _all(argument: tuple[Check, ...], reply: str, answer: Answer) -> Seen:
    failed = []
    for check in argument:
        seen = _seen(check, reply, answer)
        if not seen.holds:
            failed.append((seen.holds, f"{check.name}: {seen.found}"))
    if not failed:
        return Seen(True, f"passes {', '.join(check.name for check in argument)}")
    told = "; ".join(found for _, found in failed)
    return Seen(None if all(holds is None for holds, _ in failed) else False, told)


_KINDS: Final[dict[str, Callable[[Any, str, Answer], Seen]]] = {
    "contains": _contains,
    "not_contains": _not_contains,
    "regex": _regex,
    "equals": _equals,
    "choice": _choice,
    "one_sentence": _one_sentence,
    "all_caps": _all_caps,
    "language": _language,
    "share_of": _share_of,
    "min_chars": _min_chars,
    "max_chars": _max_chars,
    "min_width": _min_width,
    "max_width": _max_width,
    "json": _json,
    "in_character": _in_character,
    "custom": _custom,
    "any": _any,
    "all": _all,
}
