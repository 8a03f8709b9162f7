"""The screens whose every line is kept in a file: what stands in it was read sentence by sentence.

`PYTHONPATH=tests python -m verdict.screens` writes them anew; read what has changed.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from comparing.made import prose, record
from history.recorded import Day, series
from persona_batch.chat import Message
from persona_batch.comparing import Comparison, compare, compare_runs
from persona_batch.comparing.follow import follow
from persona_batch.comparing.judged_scores import Scores, take_rating
from persona_batch.record import CheckResult, Record
from persona_batch.record.rating import Choice, Rating
from persona_batch.verdict.translation import Language, language_of
from persona_batch.view.comparison_table import render
from persona_batch.view.history import history_text
from persona_batch.view.palette import Palette
from persona_batch.view.transcript import Page

FOLDER = Path(__file__).parent / "golden"
PLAIN = Palette(color=False)
CHECK = CheckResult("contains", True, "arrr")


def crew(voices: dict[str, str], *, questions: int, samples: int, seed: int = 1, run: str = "run") -> list[Record]:
    """Return what personas say, each reply beginning with words of its own."""
    rng = np.random.default_rng(seed)
    return [
        record(
            name,
            f"question-{q}",
            (f"{own} " if own else "") + prose(rng, 24),
            sample=s,
            run=run,
            checks=[CHECK] if name.startswith("pirate") else [],
        )
        for name, own in voices.items()
        for q in range(questions)
        for s in range(samples)
    ]


def two() -> Comparison:
    """A persona that changes the replies, and one that does not."""
    voices = {"none": "", "assistant": "", "pirate": "Arrr, matey, hoist the sails!", "butler": ""}
    return compare(crew(voices, questions=20, samples=5), permutations=999)


def twenty() -> Comparison:
    """Several that do, most of them in one direction; one without a control, one placebo that changes something."""
    voices = {"none": "", "assistant": "Of course, how can I help you today?"}
    voices |= {f"pirate-{number:02}": "Arrr, matey! " * (1 + number % 3) for number in range(14)}
    voices |= {f"polite-{number}": "Of course, how can I help you today?" for number in range(5)}
    records = crew(voices, questions=8, samples=4) + crew({"stray": ""}, questions=8, samples=4, seed=2)
    controls: dict[str, list[str]] = {
        name: ["none", "assistant"] for name in voices if name not in ("none", "assistant")
    }
    return compare(records, permutations=999, controls={**controls, "stray": []})


def hundred() -> Comparison:
    """A hundred, of which ten change the replies."""
    voices = {"none": "", "assistant": ""}
    voices |= {f"persona-{number:03}": "Arrr, matey!" if number % 10 == 0 else "" for number in range(100)}
    return compare(crew(voices, questions=6, samples=3), permutations=9_999, measures=["told_apart", "change", "shift"])


def rated() -> Comparison:
    """Two people rate pairs, and one gives scores: what stands, what may be luck, what has too few questions."""
    voices = {"none": "", "assistant": "", "pirate": "Arrr, matey, hoist the sails!", "butler": ""}
    records = crew(voices, questions=12, samples=2)
    keys = {(one.persona, one.question, one.sample): one.key for one in records}
    rng, scores = np.random.default_rng(3), Scores()
    chances = (("pirate", "none", 0.9, 12), ("pirate", "assistant", 0.6, 12), ("butler", "none", 0.1, 12))
    for arm, other, chance, questions in (*chances, ("butler", "pirate", 0.5, 4)):
        for number in range(questions):
            likely = rng.random() < chance
            for rater in ("mei", "li"):
                word: Choice = "tie" if rng.random() < 0.2 else "a" if likely == (rng.random() < 0.9) else "b"
                pair = [keys[one, f"question-{number}", 0] for one in (arm, other)]
                take_rating(scores, Rating(key=pair[0], other_key=pair[1], rater=rater, choice=word))
    for (arm, _, _), key in keys.items():
        if arm in ("pirate", "none"):
            score = float(rng.integers(1, 5) + (arm == "pirate"))
            take_rating(scores, Rating(key=key, rater="mei", score=score, rubric="role"))
    return compare(records, scores=[scores], permutations=999)


def runs() -> Comparison:
    """Two runs: an edited prompt, another model, a failure."""
    before = crew({"none": "", "pirate": "", "butler": ""}, questions=10, samples=5)
    later = crew({"none": "", "pirate": "Arrr, matey, hoist the sails!", "butler": ""}, questions=10, samples=5, seed=2)
    after = [
        replace(
            one,
            run_id="later",
            model_returned="m-2",
            messages=_edited(one),
        )
        for one in later
    ]
    after[0] = replace(after[0], status="error", reply="")
    return compare_runs([replace(one, model_returned="m-1") for one in before], after, permutations=999)


def _edited(one: Record) -> list[Message]:
    first, *rest = one.messages
    return [replace(first, content="Be a pirate."), *rest] if one.persona == "pirate" else one.messages


def nights(language: Language) -> str:
    """A week and more of nights, in the middle of which replies become longer."""
    watched = follow("crew", series(12, changes={6: Day(longer=40)}))
    return history_text(watched, Page(PLAIN, 80), language)


def _screen(made: Callable[[], Comparison]) -> Callable[[Language], str]:
    return lambda language: render(made(), PLAIN, 80, language)


SCREENS: dict[str, Callable[[Language], str]] = {
    "two": _screen(two),
    "twenty": _screen(twenty),
    "hundred": _screen(hundred),
    "rated": _screen(rated),
    "runs": _screen(runs),
    "history": nights,
}


def screens() -> Iterator[tuple[Path, Callable[[], str]]]:
    """Yield the file of each screen and what makes it."""
    for name, made in SCREENS.items():
        for language in ("en", "zh"):
            told = language_of("en" if language == "en" else "zh", {})
            yield FOLDER / f"{name}.{language}.txt", partial(made, told)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for path, made in screens():
        path.write_text(made(), encoding="utf-8")
