"""Which share of a reply certain words have, or a script.

The units are those of `language`: a Han or kana character counts one, and so does a word of any other script (with what
an apostrophe or a hyphen binds to it) or a number. Width and case do not count. A text that is looked for is a row of
such units that stand one after another with nothing but white space between; what one occurrence covers is not covered
again, the longest text first.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from persona_batch.checks.arguments import Share
from persona_batch.checks.language import script_shares

_HAN_OR_KANA = "\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LETTER = rf"[^\W_{_HAN_OR_KANA}]"
_UNIT = re.compile(rf"[{_HAN_OR_KANA}]|{_LETTER}+(?:['’\-]{_LETTER}+)*|[^\w\s]")


def share_in(share: Share, reply: str) -> float:
    """Return the share, from 0 to 1; that of a reply without any unit is 0."""
    if share.script is not None:
        return script_shares(reply).get(share.script, 0.0)
    units = _units(reply)
    total = sum(map(_counts, units))
    return _covered(units, _looked_for(share.words)) / total if total else 0.0


def _units(text: str) -> list[str]:
    """Return the units of a text, and the signs between them."""
    return _UNIT.findall(unicodedata.normalize("NFKC", text).casefold().replace("’", "'"))


def _counts(unit: str) -> bool:
    return unit[0].isalnum()


@lru_cache(maxsize=512)
def _looked_for(words: tuple[str, ...]) -> dict[str, list[list[str]]]:
    """Return the texts' units by their first one, the longest first."""
    rows = sorted((row for word in words if (row := _units(word))), key=len, reverse=True)
    found: dict[str, list[list[str]]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found


def _covered(units: Sequence[str], looked_for: dict[str, list[list[str]]]) -> int:
    covered = place = 0
    while place < len(units):
        row = next((row for row in looked_for.get(units[place], ()) if units[place : place + len(row)] == row), None)
        covered += 0 if row is None else sum(map(_counts, row))
        place += 1 if row is None else len(row)
    return covered
