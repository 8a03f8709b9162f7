"""Made-up runs of a realistic size and texture, for timing `report`: replies by a chain over the words of our own docs.

Each word (in Chinese each character) is drawn from those that follow the two before it in the docs, so texts pack like
texts: by a factor of about 3 in gzip, as replies of models do.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from persona_batch.chat import Message, Usage
from persona_batch.record import CheckResult, Record, Timing
from persona_batch.record.manifest import Manifest, write_manifest
from persona_batch.record.record import encode

_DOCS = Path(__file__).parents[1] / "docs"
_TOKENS = {"en": r"[\w'’-]+[.,;:?!]?", "zh": r"[\u4e00-\u9fff]|[，。；：？！]"}
_PAGES = {"en": "*.md", "zh": "*zh-CN.md"}
_STATUSES = ("truncated", "filtered", "empty", "error")


class Chain:
    """Texts by a chain of order two."""

    def __init__(self, lang: str, seed: int) -> None:
        pages = [*_DOCS.glob(_PAGES[lang]), *(_DOCS.parent.glob("README.zh-CN.md") if lang == "zh" else ())]
        words = [word for page in sorted(pages) for word in re.findall(_TOKENS[lang], page.read_text(encoding="utf-8"))]
        self._follow: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._after: dict[str, list[str]] = defaultdict(list)
        for one, two, three in zip(words, words[1:], words[2:], strict=False):
            self._follow[one, two].append(three)
            self._after[one].append(two)
        self._words, self._joint = words, "" if lang == "zh" else " "
        self.rng = random.Random(seed)

    def text(self, characters: int) -> str:
        """Return a text of about so many characters."""
        one, two = self.rng.choice(self._words), self.rng.choice(self._words)
        told, size = [], 0
        while size < characters:
            follow = self._follow.get((one, two), ()) if self.rng.random() < 0.6 else self._after.get(two, ())
            one, two = two, self.rng.choice(follow or self._words)
            told.append(two)
            size += len(two) + len(self._joint)
        return self._joint.join(told)


def made_run(
    folder: Path,
    *,
    personas: int,
    questions: int,
    samples: int = 1,
    characters: int = 1_000,
    lang: str = "en",
    seed: int = 1,
) -> Path:
    """Write a finished run of `personas` (the two controls among them) × `questions` × `samples`; return its folder."""
    chain = Chain(lang, seed)
    names = ["none", "assistant", *(f"persona-{number:03d}" for number in range(personas - 2))]
    prompts: dict[str, str | None] = {name: chain.text(300) for name in names}
    prompts |= {"none": None, "assistant": "You are a helpful assistant."}
    asked = {f"q{number:03d}": chain.text(60) for number in range(questions)}
    run = folder / f"20261122T000000Z-made-{lang}-{personas}x{questions}"
    run.mkdir(parents=True)
    with (run / "records.jsonl").open("wb") as file:
        for record in _records(chain, run.name, prompts, asked, samples, characters):
            file.write(encode(record) + b"\n")
    write_manifest(run / "run.json", _manifest(run.name, prompts, asked, personas * questions * samples))
    return run


def _records(
    chain: Chain, run: str, prompts: dict[str, str | None], asked: dict[str, str], samples: int, characters: int
) -> Iterator[Record]:
    rng, number = chain.rng, 0
    for question, text in asked.items():
        order = [(name, sample) for name in prompts for sample in range(samples)]
        rng.shuffle(order)
        for name, sample in order:
            number += 1
            prompt = prompts[name]
            system = [] if prompt is None else [Message("system", prompt)]
            size = max(20, int(rng.gauss(characters, characters / 4) * (0.7 if name.endswith("7") else 1)))
            status = "ok" if rng.random() < 0.98 else rng.choice(_STATUSES)
            yield Record(
                key=f"{number:032x}",
                run_id=run,
                persona=name,
                question=question,
                sample=sample,
                placement="none" if prompt is None else "system",
                provider="made",
                model="made-1",
                model_returned="made-1",
                params={"temperature": 0.7, "max_tokens": 512},
                messages=[*system, Message("user", text)],
                reply="" if status in ("empty", "error") else chain.text(size),
                status=status,  # type: ignore[arg-type]  # one of the statuses
                finish_reason="length" if status == "truncated" else "stop",
                usage=Usage(90 if system else 20, size // 4, size // 4 + 90),
                timing=Timing("2026-11-22T00:00:00.000Z", round(rng.lognormvariate(5, 0.4), 3), size * 3.0, size // 5),
                checks=[CheckResult("contains", rng.random() < 0.8, "batch")] if name.startswith("persona") else [],
                attributes={"world": f"world {int(name[-3:]) % 4}"} if name.startswith("persona") else {},
            )


def _manifest(run: str, prompts: dict[str, str | None], asked: dict[str, str], cells: int) -> Manifest:
    controls = ["none", "assistant"]
    people = [
        {
            "id": name,
            "variants": [prompt],
            "control": name in controls,
            "controls": [] if name in controls else controls,
        }
        for name, prompt in prompts.items()
    ]
    return Manifest(
        run_id=run,
        batch_id=run.partition("-")[2],
        state="complete",
        exit_code=0,
        started_at="2026-11-22T00:00:00.000Z",
        ended_at="2026-11-22T01:00:00.000Z",
        provider="made",
        endpoint="made",
        models=["made-1"],
        config={"personas": people, "questions": [{"id": name, "text": text} for name, text in asked.items()]},
        cells=cells,
        batch_cells=cells,
        counts={"ok": cells},
    )
