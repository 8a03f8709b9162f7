"""Which of several options a reply gives: the first match, taken for the answer.

Options are looked for as words: `A` is not in `An apple`, `1` not in `10` or `1.5`. Full-width letters and digits count
as the plain ones (`Ａ`, `１`, `①`), and Chinese around an option is no part of a word (`选A`, `（B）`). Case does not
count, but for options of a single letter: these are capitals, or stand in brackets, before `)`, at the beginning of a
line before `.` or `:`, at the end of a line, or after 选, 是 or 为, because `a` and `i` are words of English. For the
same reason a capital `A` or `I` before a small word is none (`A good question`, `I think`), unless the word goes on
about the option (`A is right`). A match right after a `not` (`not`, `n't`, 不, 没, 非, 未, 别, 不是, 不选) is what the
reply rules out.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from persona_batch.checks.arguments import Choice
from persona_batch.checks.pattern import first_in

_WORD = "A-Za-z0-9\u00aa-\u00ba\u00c0-\u024f\u0370-\u03ff\u0400-\u052f"  # scripts that part words by spaces
_NOT = r"(?<!\b[Nn]ot )(?<!n't )(?<!n’t )(?<![不没沒非未别別])(?<!不是)(?<!不选)(?<!不選)(?<!不为)"
_GOES_ON = (
    "is|was|are|because|since|as|and|or|but|would|will|should|seems|looks|for|due|means|has|does|makes|fits|matches|"
    "describes|states|says|can|cannot|given|correctly|being|which|who|that|if|than|over|instead|with|by"
)


def fold(text: str) -> str:
    """Return what two spellings of one answer share: width, case and white space do not count."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def chosen(choice: Choice, reply: str) -> str | None:
    """Return the answer that a reply gives, as the option is written or the pattern found it; None: none.

    Raises:
        TimeoutError: the pattern took too long.
    """
    if choice.regex is not None:
        found = first_in(choice.regex, reply)
        return None if found is None else found.strip()
    match = _finder(choice.options).search(unicodedata.normalize("NFKC", reply))
    if match is None:
        return None
    said = fold(match[0])
    return next((option for option in choice.options if fold(option) == said), match[0])


@lru_cache(maxsize=4_096)
def is_option(choice: Choice, answer: str) -> bool:
    """Say whether an answer can be given at all."""
    if choice.regex is not None:
        return True  # what surrounds an answer is not known
    return any(fold(option) == fold(answer) for option in choice.options)


@lru_cache(maxsize=512)
def _finder(options: tuple[str, ...]) -> re.Pattern[str]:
    forms = [unicodedata.normalize("NFKC", option).strip() for option in options]
    return re.compile("|".join(_alternatives(sorted(set(forms), key=len, reverse=True))), re.MULTILINE)


def _alternatives(forms: Iterable[str]) -> Iterable[str]:
    for form in forms:
        words = r"\s+".join(re.escape(word) for word in form.split())
        if len(form) == 1 and form.isascii() and form.isalpha():
            yield _letter(form)
            continue
        before = rf"(?<![{_WORD}])" if re.match(f"[{_WORD}]", form) else ""
        after = rf"(?![{_WORD}])(?!['’][A-Za-z])" if re.search(f"[{_WORD}]$", form) else ""
        if form[:1].isdigit():
            before += r"(?<![0-9][.,:/])(?<!\s[-−+])(?<!^[-−+])"
        if form[-1:].isdigit():
            after += r"(?![.,:/][0-9])"
        yield rf"{_NOT}{before}(?i:{words}){after}"


def _letter(letter: str) -> str:
    capital, small = letter.upper(), letter.lower()
    ends = rf"(?![{_WORD}])(?!['’\-][A-Za-z])"
    word = rf"(?![ \t]+(?!(?:{_GOES_ON})\b)[a-z])" if capital in "AI" else ""
    yet = rf"{_NOT}(?<![{_WORD}])(?<![{_WORD}]['’\-])"
    return (
        rf"{yet}{capital}{ends}{word}"
        rf"|{_NOT}(?<=[(\[{{【「《*]){small}(?=[)\]}}】」》*])"
        rf"|{_NOT}(?<=[选選是为為]){small}{ends}"
        rf"|{yet}{small}(?=\)|[^\w\n]*$)"
        rf"|^{small}(?=[.:、])"
    )
