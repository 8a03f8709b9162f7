r"""A judge's words → a score, or no score and why.

A wrong score is worse than none, so what can be read in two ways is no score. The rubric's own `pattern`, if it has
one, finds the score; otherwise it is found where it stands

1. in a JSON object with `score` (or the names of the parts) that begins or ends the words: one in their midst is
   quoted;
2. in a line that names it: `Score: 2`, `Rating = 2/3`, `**Score:** 2`, `得分：2分`;
3. in a line that is nothing but the word for a reply that declined;
4. or, where none of these is, in words that are nothing but the score: `2`, `**2**`, `2/3`, `2分`.

All that is found must say the same. Lines that begin with `>`, and fenced blocks in their midst, are quotes. A score
out of bounds, or between whole numbers where those are no scores, is none. Of a judge's reply that was cut, the last
line counts only where its number cannot have gone on.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from persona_batch.config.rubrics import Scale

Choice = Literal["a", "b", "tie"]

_NUMBER = r"-?\d+(?:\.\d+)?"
_VALUE = rf"(?P<value>{_NUMBER}|[零〇一二两三四五六七八九十])(?:\s*\(?(?:/|out of)\s*(?P<of>{_NUMBER}))?"
_NAMED = r"(?im)^\W*(?:(?:the|final|overall|my|总|最终)\s*)*(?:{names})\s*(?:is|=|:|为|是)+\s*(?P<said>[^\n]*)$"
_SCORE = "score|rating|grade|得分|分数|评分|打分"
_WINNER = "answer|winner|better|choice|verdict|胜者|更好|答案|选择|结论"
_HAN = dict(zip("零〇一二两三四五六七八九十", (0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10), strict=True))
_TIES = {"tie", "draw", "equal", "both", "neither", "平", "平手", "平局", "一样", "相同"}
_MARKS = " \t\r*_`\"'“”「」.。,;!()[]【】"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a judge's words are worth; `scores` are the parts' by name. `reason` says why there is no score."""

    score: float | None = None
    scores: tuple[tuple[str, float], ...] = ()
    refused: bool = False
    reason: str | None = None


def read_score(text: str, scale: Scale, *, cut: bool = False) -> Reading:
    """Return the score in a judge's words; `cut`: they were cut at the token limit."""
    words = _plain(text)
    found = _read(words, scale)
    if not cut or found.reason is not None or found == _read(words.rpartition("\n")[0], scale):
        return found
    return found if _is_over(found, scale) else Reading(reason="the judge's reply was cut")


def read_choice(text: str, *, cut: bool = False) -> tuple[Choice | None, str | None]:
    """Return which of two replies a judge prefers; None, and why, where its words do not say it plainly."""
    words = _plain(text)
    if cut:  # what its last line was to say is not known: `A` may be the beginning of `A draw`
        words = words.rpartition("\n")[0]
    said = [match["said"] for match in re.finditer(_NAMED.format(names=_WINNER), words)] or [words]
    found = {_choice(one) for one in said}
    if len(found) == 1 and (choice := found.pop()) is not None:
        return choice, None
    if cut:
        return None, "the judge's reply was cut"
    return None, "both A and B are named" if {"a", "b"} <= found else "no plain choice found"


def _choice(said: str) -> Choice | None:
    word = said.strip(_MARKS).casefold()
    word = re.sub(r"^(?:reply|response|answer|option|assistant|回答|回复)\s*", "", word).strip(_MARKS)
    if word in {"a", "b"}:
        return "a" if word == "a" else "b"
    return "tie" if word in _TIES else None


def _is_over(found: Reading, scale: Scale) -> bool:
    """Whether one more digit or letter would have made no other score of it."""
    if scale.parts or scale.labels or scale.fractions or found.score is None:
        return False
    return found.score == 0 or abs(found.score) * 10 > max(abs(scale.low), abs(scale.high))


def _read(words: str, scale: Scale) -> Reading:
    if scale.parts:
        return _parts(words, scale)
    said = list(dict.fromkeys(_said(words, scale)))
    found = list(dict.fromkeys(_valued(one, scale) for one in said))
    if not found:
        return Reading(reason="no score found")
    if len(found) > 1:
        return Reading(reason=f"several scores: {', '.join(one[:40] for one in said[:4])}")
    return found[0]


def _parts(words: str, scale: Scale) -> Reading:
    scores: list[tuple[str, float]] = []
    object_ = _object(words)
    for name in scale.parts:
        known = re.escape(_plain(name).strip())
        said = [match["said"] for match in re.finditer(_NAMED.format(names=known), words)]
        said += [str(value) for key, value in object_.items() if _folded(key) == _folded(name)]
        found = list(dict.fromkeys(_valued(one, scale) for one in said))
        if len(found) != 1:
            return Reading(scores=tuple(scores), reason=f"{'several scores' if found else 'no score'} for {name}")
        if found[0].refused:
            return found[0]
        if found[0].score is None:
            return Reading(scores=tuple(scores), reason=f"{name}: {found[0].reason}")
        scores.append((name, found[0].score))
    return Reading(sum(score for _, score in scores) / len(scores), tuple(scores))


def _said(words: str, scale: Scale) -> Iterator[str]:
    """Yield all that may be the score, as it is written."""
    if scale.pattern is not None:
        for match in re.finditer(scale.pattern, words):
            yield (match[1] if match.re.groups else match[0]) or ""
        return
    found = [str(value) for key, value in _object(words).items() if key == "score"]
    found += [match["said"].strip(_MARKS) for match in re.finditer(_NAMED.format(names=_SCORE), words)]
    found += [line.strip(_MARKS) for line in words.splitlines() if _is_refusal(line, scale)]
    if found:
        yield from found
    elif _is_alone(words, scale):
        yield words.strip().strip(_MARKS)


def _is_alone(words: str, scale: Scale) -> bool:
    word = words.strip().strip(_MARKS)
    return bool(re.fullmatch(rf"{_VALUE}\s*分?", word)) or _folded(word) in map(_folded, scale.labels)


def _is_refusal(said: str, scale: Scale) -> bool:
    return scale.refusal is not None and _folded(said) == _folded(scale.refusal)


def _folded(word: str) -> str:
    """Return a word as it is compared: what is written in a rubric and what a judge writes, alike."""
    return _plain(word).strip().strip(_MARKS).casefold()


def _valued(said: str, scale: Scale) -> Reading:
    word = said.strip().strip(_MARKS)
    if _is_refusal(word, scale):
        return Reading(refused=True)
    if scale.labels:
        known = {_folded(label): score for label, score in scale.labels.items()}
        score = known.get(_folded(word))
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


def _object(words: str) -> dict[str, object]:
    """Return the one JSON object that begins or ends the words, in a code fence or not; empty: there is none."""
    bare = re.sub(r"^\s*```\w*\s*|\s*```\s*$", "", words.strip())
    start, found = bare.find("{"), list[dict[str, object]]()
    decoder = json.JSONDecoder()
    while start >= 0:
        try:
            value, end = decoder.raw_decode(bare, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            alone = not bare[:start].strip() or not bare[end:].strip(" \t\r\n`")
            found += [value] if isinstance(value, dict) and alone else []
        start = bare.find("{", end)
    return found[0] if len(found) == 1 else {}


def _plain(text: str) -> str:
    """Return the words with full-width signs as ASCII, without marks of emphasis, and without what is quoted."""
    words = unicodedata.normalize("NFKC", text).replace("**", "").replace("__", "")
    words = re.sub(r"(?s)(?<=\S)\s*```.*?```(?=\s*\S)", "\n", words)
    return "\n".join(line for line in words.split("\n") if not line.lstrip().startswith(">"))
