"""In which language something is told: English as it stands in the code, others by gettext catalogues.

The catalogues stand in `locale/<language>/LC_MESSAGES/persona_batch.po`; `.mo` is compiled from them by
`python -m persona_batch.verdict.catalogue`.
"""

import gettext
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from io import BytesIO
from operator import itemgetter
from string import Formatter
from typing import Final, Literal, TypeAlias

from persona_batch.comparing.sentences import ALL

Name: TypeAlias = Literal["en", "zh"]
HAN: Final = re.compile("[\u3400-\u9fff]")
LOCALE_VARIABLES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set decides, as in POSIX


@dataclass(frozen=True)
class Language:
    """One language; `say` tells a sentence of the code, `again` one that a result brought along in English."""

    name: Name
    _catalogue: gettext.NullTranslations = field(default_factory=gettext.NullTranslations)

    def say(self, message: str, /, **values: object) -> str:
        """Return the sentence with its values, numbers with separators of thousands."""
        return self._filled(self._catalogue.gettext(message), _told(values))

    def word(self, text: str) -> str:
        """Return a name of ours (a metric, a unit) in this language, others (a check's) as they are."""
        return self._catalogue.gettext(text) if text else text

    def count(self, one: str, many: str, number: int, /, **values: object) -> str:
        """Return the sentence for a number, which it knows as `{n}`."""
        return self._filled(self._catalogue.ngettext(one, many, number), _told({"n": number, **values}))

    def listed(self, names: Sequence[str], most: int = 6) -> str:
        """Return `a, b and 3 more`."""
        shown = self.say(", ").join(names[:most])
        more = len(names) - most
        return self.say("{names} and {n} more", names=shown, n=more) if more > 0 else shown

    def again(self, sentence: str) -> str:
        """Return a sentence that was made of a template in `comparing.sentences`; others stay as they are."""
        return sentence if self.name == "en" else self._again(sentence)[0]

    def _again(self, sentence: str) -> tuple[str, int]:
        """Return a sentence and how much of it has no translation; of the templates that fit, that with the least."""
        found = []
        for template, pattern in self._patterns:
            match = pattern.fullmatch(sentence)
            if match is not None:
                parts = {name: self._again(value) for name, value in match.groupdict().items()}
                values = {name: told for name, (told, _) in parts.items()}
                left = sum(count for _, count in parts.values())
                found.append((self._filled(self._catalogue.gettext(template), values), left))
        for separator, other in (("; ", "；"), (", ", "、")):
            if separator in sentence:
                pieces = [self._again(piece) for piece in sentence.split(separator)]
                found.append((other.join(told for told, _ in pieces), sum(left for _, left in pieces)))
                break
        return min(found, key=itemgetter(1)) if found else (sentence, len(sentence))

    def _filled(self, template: str, values: Mapping[str, str]) -> str:
        """Put the values in; in Chinese a space stands between its characters and Latin letters or digits."""
        if self.name == "en":
            return template.format(**values)
        told = ""
        for text, name, _, _ in Formatter().parse(template):
            for piece in (text, values[name] if name is not None else ""):
                told += (" " if told and piece and _meet(told[-1], piece[0]) else "") + piece
        return told

    @cached_property
    def _patterns(self) -> list[tuple[str, re.Pattern[str]]]:
        """The templates, those with the most words of their own first."""
        ordered = sorted(ALL, key=lambda template: -len(re.sub(r"{\w+}", "", template)))
        return [(template, _pattern(template)) for template in ordered]


def language_of(name: Name | None, env: Mapping[str, str]) -> Language:
    """Return the language that was asked for; None: that of the locale, English where it is another."""
    if name is None:
        locale = next((env[variable] for variable in LOCALE_VARIABLES if env.get(variable)), "")
        name = "zh" if locale.lower().startswith("zh") else "en"
    if name == "en":
        return ENGLISH
    compiled = files("persona_batch").joinpath("locale", name, "LC_MESSAGES", "persona_batch.mo").read_bytes()
    return Language(name, gettext.GNUTranslations(BytesIO(compiled)))


ENGLISH: Final = Language("en")


def _told(values: Mapping[str, object]) -> dict[str, str]:
    return {name: f"{value:,}" if isinstance(value, int) else str(value) for name, value in values.items()}


def _meet(before: str, after: str) -> bool:
    """Whether a Chinese character and a Latin letter or digit would touch."""
    one, other = (HAN.match(mark) is not None for mark in (before, after))
    return one != other and (after if one else before).isascii() and (after if one else before).isalnum()


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"{(\w+)}", template)
    told = [f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)]
    return re.compile("".join(told), re.DOTALL)
