"""Which language a text is mostly written in, by script and by the commonest words.

What it can tell: scripts are counted, a Han or kana character as one unit and a word of any other script as one
unit. Chinese is more than half Han with hardly any kana, Japanese is more than half Han and kana with some kana;
Korean, Russian, Arabic, Thai, Hindi and Greek go by script alone (Ukrainian, Persian or Marathi are not told
apart from them). Languages of the Latin script are told by their function words; a text without any of them
("Bonjour!") is too short to tell and counts as each of them. Simplified and traditional Chinese count the same.
"""

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import Literal, TypeAlias, get_args

Language: TypeAlias = Literal[
    "ar", "de", "el", "en", "es", "fr", "hi", "it", "ja", "ko", "nl", "pt", "ru", "th", "zh"
]  # fmt: skip
LANGUAGES: tuple[str, ...] = get_args(Language)

_SCRIPT_OF = {"ar": "ARABIC", "el": "GREEK", "hi": "DEVANAGARI", "ko": "HANGUL", "ru": "CYRILLIC", "th": "THAI"}
_KANA_SHARE = 0.15  # of Han and kana together: Chinese text quotes a kana now and then, Japanese lives on it

_FUNCTION_WORDS = {
    "en": "the a an and or of to in is are was i you he she it we they that this with for my your not be have do what "
    "who how can will from at on me so but if as by am it's i'm don't",
    "fr": "le la les un une des et ou de du au aux est sont je tu il elle nous vous ils que qui dans pour pas ne ce "
    "cette avec sur mon votre suis c'est j'ai d'un mais plus être",
    "de": "der die das ein eine und oder ist sind ich du er sie es wir ihr nicht mit zu den dem von auf für im als "
    "mein dein bin hat haben auch wie was aber wenn sich",
    "es": "el la los las un una y o de del al es son yo tú él ella que en por para con no se mi su lo como está soy "
    "pero más muy qué",
    "it": "il lo la gli un una e o di del della è sono io tu lui lei che in per con non si mi mio come questo anche "
    "più ma nel alla sei",
    "pt": "o a os as um uma e ou de do da dos das é são eu você ele ela que em por para com não se meu como mais mas "
    "no na sou está muito",
    "nl": "de het een en of van is zijn ik je jij hij zij wij dat die in op te voor met niet mijn ben maar ook wat "
    "hoe als naar heb aan",
}
_WORDS = {code: frozenset(words.split()) for code, words in _FUNCTION_WORDS.items()}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def is_written_in(text: str, code: str) -> bool:
    """Say whether the text is mostly written in the language of this code (one of `LANGUAGES`)."""
    units, latin = _units(text)
    total = sum(units.values())
    if not total:
        return False
    han, kana = units["HAN"], units["KANA"]
    if code in {"zh", "ja"}:
        japanese = kana > _KANA_SHARE * (han + kana)
        return 2 * (han + kana) > total and japanese == (code == "ja")
    if script := _SCRIPT_OF.get(code):
        return 2 * units[script] > total
    if 2 * units["LATIN"] <= total:
        return False
    scores = {other: sum(count for word, count in latin.items() if word in words) for other, words in _WORDS.items()}
    return scores[code] == max(scores.values())


def language_of(text: str) -> str | None:
    """Return the code of a language that the text is mostly written in; None: of none that is known."""
    return next((code for code in ("en", "zh", *LANGUAGES) if is_written_in(text, code)), None)


def script_shares(text: str) -> dict[str, float]:
    """Return each script's share of the text's units, by its small name (`han`, …); a text without letters has none."""
    units, _ = _units(text)
    total = sum(units.values())
    return {name.lower(): count / total for name, count in units.items() if count} if total else {}


def _units(text: str) -> tuple[Counter[str], Counter[str]]:
    """Count the text's units by script, and its Latin words."""
    units: Counter[str] = Counter()
    latin: Counter[str] = Counter()
    for word in _WORD.findall(text):
        scripts = Counter(_script(char) for char in word if char.isalpha())
        for script in ("HAN", "KANA"):
            units[script] += scripts.pop(script, 0)
        if scripts:
            script = max(scripts, key=lambda name: scripts[name])
            units[script] += 1
            if script == "LATIN":
                latin[word.lower().replace("’", "'")] += 1
    return units, latin


@lru_cache(maxsize=20_000)
def _script(char: str) -> str:
    if char < "\u0250":
        return "LATIN"
    name = unicodedata.name(char, "")
    if name.startswith(("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH")) or char == "々":
        return "HAN"
    if name.startswith(("HIRAGANA", "KATAKANA", "HALFWIDTH KATAKANA")):
        return "KANA"
    return name.partition(" ")[0]
