"""What fuzzing found: small inputs that once ended in a bug, a hang or a file that was not read back."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from fuzz.running import bounded
from fuzz.targets import targets

LONG = "c" * 5_000
PROBE = {"id": "cat", "group": "g", "system": "You are a cat.", "probe": "Who are you?", "check_source": "x"}
ITEM = {"origin_en": "talks", "origin_zh": "健谈"}
ROW = {"persona": "nurse", "question": "Who?", "reply": "A nurse."}

FOUND: list[tuple[str, str, Any]] = [
    ("imports", "probes.json", [{**PROBE, f"check_{LONG}": "x"}]),
    ("imports", "probes.json", [{**PROBE, "a\nb": "x", "": "y"}]),
    ("imports", "BFI.json", {"name": "BFI", "questions": {"1": ITEM, "2": {**ITEM, "origin_zh": True}}}),
    ("imports", "BFI.json", {"name": "BFI", "questions": {"1": ITEM, "2": {**ITEM, "origin_zh": {"a": 1}}}}),
    ("imports", "promptfooconfig.json", {"prompts": ["file://a\0b.txt", "Hi {{x}}"], "tests": [{"vars": {"x": "y"}}]}),
    ("imports", "grid.json", {"conditions": [{"id": "a", "text": "x", "place": {"a": 1}}], "questions": ["Hi"]}),
    (
        "imports",
        "role.json",
        {
            "instruction": [{"pos": "You are a bard."}],
            "questions": ["Sing?"],
            "eval_prompt": "\0 Rate {question} {answer} from 0 to 3. Respond with a number between 0 and 3.",
        },
    ),
    (
        "imports",
        "grid.json",
        {"conditions": [{"id": "none"}, {"id": "none"}, {"id": "a", "text": "x"}], "questions": ["Hi"]},
    ),
    (
        "imports",
        "agent.json",
        {"config": {"systemRole": "x", "params": {"id": json.loads("[" * 50 + "]" * 50)}}, "meta": {}},
    ),
    ("results", "table.jsonl", {**ROW, "tokens": 10**30, "seed": 10**30, "score": 10**30}),
]


@pytest.mark.parametrize(("reader", "name", "document"), FOUND, ids=[f"{one[1]}-{n}" for n, one in enumerate(FOUND)])
def test_it_ends_well_or_in_an_error_for_users(reader: str, name: str, document: Any, tmp_path: Path) -> None:
    target = next(target for target in targets() if target.name == reader)
    for seed in range(8):  # some of which force another format
        folder = tmp_path / str(seed)
        folder.mkdir()
        with bounded():
            try:
                target.play(folder, name, json.dumps(document).encode(), random.Random(seed))
            except target.errors:
                continue
