r"""A judge's words → a score, or no score and why.

A wrong score is worse than none, so what can be read in two ways is no score. In this order:

1. A JSON object in the words, with `score` (or the names of the parts).
2. The rubric's own `pattern`: all its matches must say the same.
3. A line that names it: `Score: 2`, `Rating = 2/3`, `**Score:** 2`, `得分：2分`; all such lines must say the same.
4. Nothing but the score: `2`, `**2**`, `2/3`, `2分`.

A score out of bounds, or between whole numbers where those are no scores, is none.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from persona_batch.config.rubrics import Scale

Choice = Literal["a", "b", "tie"]

_NUMBER = r"-?\d+(?:\.\d+)?"
_VALUE = rf"(?P<value>{_NUMBER}|[零〇一二两三四五六七八九十])(?:\s*(?:/|out of|分之)\s*(?P<of>{_NUMBER}))?"
_NAMED = r"(?im)^\W*(?:(?:the|final|overall|my|总|最终)\s*)*(?:{names})\s*(?:is|=|:|为|是)+\s*(?P<said>[^\n]*?)\W*$"
_SCORE = "score|rating|grade|得分|分数|评分|打分"
_WINNER = "answer|winner|better|choice|verdict|胜者|更好|答案|选择|结论"
_HAN = dict(zip("零〇一二两三四五六七八九十", (0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10), strict=True))
_TIES = {"tie", "draw", "equal", "both", "neither", "平", "平手", "平局", "一样", "相同"}
_MARKS = " \t*_`\"'“”「」.。!！()（）[]【】"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a judge's words are worth. `reason` says why there is no score."""

    score: float | None = None
    scores: dict[str, float] = field(default_factory=dict)
    refused: bool = False
    reason: str | None = None


def read_score(text: str, scale: Scale) -> Reading:
    """Return the score in a judge's words."""
    words = _plain(text)
    if scale.parts:
        return _parts(words, scale)
    found = list(dict.fromkeys(_said(words, scale)))
    if not found:
        return Reading(reason="no score found")
    if len(found) > 1:
        return Reading(reason=f"several scores: {', '.join(found[:4])}")
    if _is_refusal(found[0], scale):
        return Reading(refused=True)
    return _valued(found[0], scale)


def read_choice(text: str) -> tuple[Choice | None, str | None]:
    """Return which of two replies a judge prefers; None, and why, where its words do not say it plainly."""
    words = _plain(text)
    said = [match["said"] for match in re.finditer(_NAMED.format(names=_WINNER), words)] or [words]
    found = {choice for one in said if (choice := _choice(one)) is not None}
    if len(found) == 1:
        return found.pop(), None
    return None, "no choice found" if not found else "both A and B are named"


def _choice(said: str) -> Choice | None:
    word = said.strip(_MARKS).casefold()
    word = re.sub(r"^(?:reply|response|answer|option|assistant|回答|回复)\s*", "", word).strip(_MARKS)
    if word in {"a", "b"}:
        return "a" if word == "a" else "b"
    return "tie" if word in _TIES else None


def _parts(words: str, scale: Scale) -> Reading:
    scores: dict[str, float] = {}
    object_ = _object(words)
    for name in scale.parts:
        if object_ is not None:
            found = [str(object_[name])] if name in object_ else []
        else:
            lines = re.finditer(_NAMED.format(names=re.escape(name)), words)
            found = list(dict.fromkeys(match["said"] for match in lines))
        if found and all(_is_refusal(one, scale) for one in found):
            return Reading(refused=True)
        if len(found) != 1:
            return Reading(scores=scores, reason=f"{'several scores' if found else 'no score'} for {name}")
        reading = _valued(found[0], scale)
        if reading.score is None:
            return Reading(scores=scores, reason=f"{name}: {reading.reason}")
        scores[name] = reading.score
    return Reading(sum(scores.values()) / len(scores), scores)


def _said(words: str, scale: Scale) -> Iterator[str]:
    """Yield what may be the score, as it is written; the first way of saying it that is used."""
    object_ = _object(words)
    if object_ is not None and "score" in object_:
        yield str(object_["score"])
        return
    if scale.pattern is not None:
        for match in re.finditer(scale.pattern, words):
            yield (match[1] if match.re.groups else match[0]) or ""
        return
    named = [match["said"] for match in re.finditer(_NAMED.format(names=_SCORE), words)]
    if named:
        yield from (said.strip(_MARKS) for said in named)
    elif _is_alone(words, scale):
        yield words.strip().strip(_MARKS)


def _is_alone(words: str, scale: Scale) -> bool:
    word = words.strip().strip(_MARKS)
    known = {label.casefold() for label in scale.labels}
    return bool(re.fullmatch(rf"{_VALUE}\s*分?", word)) or word.casefold() in known or _is_refusal(word, scale)


def _is_refusal(said: str, scale: Scale) -> bool:
    return scale.refusal is not None and said.strip(_MARKS).casefold() == scale.refusal.casefold()


def _valued(said: str, scale: Scale) -> Reading:
    word = said.strip(_MARKS)
    if scale.labels:
        known = {label.casefold(): score for label, score in scale.labels.items()}
        score = known.get(word.casefold())
        return Reading(score, reason=None if score is not None else f"`{word[:40]}` is no label")
    match = re.fullmatch(rf"{_VALUE}\s*分?", word)
    if match is None:
        return Reading(reason=f"`{word[:40]}` is no number")
    number = float(_HAN[match["value"]]) if match["value"] in _HAN else float(match["value"])
    if match["of"] is not None and float(match["of"]) != scale.high:
        return Reading(reason=f"out of {match['of']}, not of {scale.high:g}")
    if not scale.low <= number <= scale.high:
        return Reading(reason=f"{number:g} is not between {scale.low:g} and {scale.high:g}")
    if not scale.fractions and number != int(number):
        return Reading(reason=f"{number:g} is between whole numbers")
    return Reading(number)


def _object(words: str) -> dict[str, object] | None:
    """Return the one JSON object in the words; None: there is none, or several."""
    start, found = words.find("{"), list[dict[str, object]]()
    decoder = json.JSONDecoder()
    while start >= 0:
        try:
            value, end = decoder.raw_decode(words, start)
        except ValueError:
            end = start + 1
        else:
            found += [value] if isinstance(value, dict) else []
        start = words.find("{", end)
    return found[0] if len(found) == 1 else None


def _plain(text: str) -> str:
    """Return the words with full-width signs as ASCII, and without marks of emphasis."""
    return unicodedata.normalize("NFKC", text).replace("**", "").replace("__", "")
