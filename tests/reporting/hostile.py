"""A run whose every text and name does harm where it is taken for more than text."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from persona_batch.record import Record
from persona_batch.record.judgment import Judgment, reply_hash
from persona_batch.record.reader import read_records
from persona_batch.record.record import encode
from terminals.command import batch

RAN = "window.ran = (window.ran || 0) + 1"
TEXTS = {
    "script": f"<script>{RAN}; alert(1)</script>",
    "handler": f'<img src="beside.png" onerror="{RAN}; alert(1)">',
    "closing": f"</script><script>{RAN}</script></style></title></textarea></template>",
    "comment": f"<!--<script>--><script>{RAN}</script>]]>",
    "svg": f'<svg onload="{RAN}"><a href="javascript:{RAN}"><animate onbegin="{RAN}"/></a><use href="x.svg#y"/></svg>',
    "link": f"javascript:{RAN}//",
    "markdown": f"[a](javascript:{RAN}) ![b](beside.png) https://example.invalid/c",
    "frame": f'<iframe src="beside.html" srcdoc="<script>parent.{RAN}</script>"></iframe><object data="beside.html">',
    "refresh": '<meta http-equiv="refresh" content="0;url=beside.html"><base href="https://example.invalid/">',
    "style": "<style>@import url(beside.css); *{display:none}</style><link rel=stylesheet href=beside.css>",
    "quotes": f'"\' autofocus onfocus={RAN} style="background:url(beside.png)" x=\'',
    "template": f"${{{RAN}}} {{{{constructor.constructor('{RAN}')()}}}} \\u003cscript\\u003e `",
    "prototype": "__proto__",
    "constructor": "constructor",
    "bidi": "left \u202egnp.elbisnopser\u202c \u2066apart\u2069 \u200f end",
    "ansi": "\x1b[31mred\x1b[0m \x1b]8;;https://example.invalid\x07link\x1b]8;;\x07 \x9b2J",
    "nul": "before\x00after",
    "separators": "one\u2028two\u2029three\ufefffour\rfive\r\nsix",
    "marks": "Z" + "\u0300\u0323\u0489" * 2_000 + " above",
    "long": "W" * 1_000_000,
}
"""Replies; those without a line of 1,000 characters are names of everything, too."""

NAMES = {name: text for name, text in TEXTS.items() if len(text) < 1_000}

_BATCH = """\
controls: [none]
params: {max_tokens: 32}
run: {samples: 1}
questions:
QUESTIONS
  - {id: talk, turns: [Hello!, And then?], probe: {text: a-probe, after: [1]}}
personas:
PERSONAS
"""


def made(folder: Path) -> Path:
    """Make the run in `folder` and return its own folder.

    It is asked for in good faith, and then every name in its files is exchanged for one of `NAMES`, and every reply for
    one of `TEXTS`: a folder from elsewhere may hold anything.
    """
    personas = [
        f"  - {{id: persona-{n}, system: prompt-{n}, attributes: {{attribute: level-{n % 3}}}}}" for n in range(4)
    ]
    questions = [f"  - {{id: question-{n}, text: text-{n}, cluster: cluster-{n % 2}}}" for n in range(len(TEXTS))]
    text = _BATCH.replace("QUESTIONS", "\n".join(questions)).replace("PERSONAS", "\n".join(personas))
    (folder / "hostile.yaml").write_text(text, encoding="utf-8")
    done = batch("run", "hostile.yaml", "--provider", "scripted", "--quiet", cwd=folder)
    assert done.returncode == 0, done.stderr
    run = folder / done.stdout.split()[-1]
    names = dict(_exchanged())
    manifest = run / "run.json"
    manifest.write_text(json.dumps(_renamed(json.loads(manifest.read_bytes()), names)), encoding="utf-8")
    records = run / "records.jsonl"
    lines = records.read_text(encoding="utf-8").splitlines()
    said = list(TEXTS.values())
    with records.open("w", encoding="utf-8") as file:
        for number, line in enumerate(lines):
            record = _renamed(json.loads(line), names)
            record["reply"] = said[number % len(said)]
            failed = number % 11 == 10 and not record.get("turns")
            file.write(json.dumps(_filled(record, said[number // 7 % len(NAMES)], failed)) + "\n")
    with (run / "judgments.jsonl").open("wb") as file:
        for number, record in enumerate(read_records(records)):
            file.write(encode(_judgment(record, said[number % len(NAMES)])) + b"\n")
    return run.rename(run.with_name(f"{run.name[:17]}{NAMES['handler']}"))


def _exchanged() -> Iterator[tuple[str, str]]:
    """Yield each innocent name with the one that takes its place; the places of an id have names of their own."""
    evil = list(NAMES.values())
    for number in range(len(TEXTS)):
        for place, kind in enumerate(("persona", "prompt", "level", "question", "text", "cluster")):
            yield f"{kind}-{number}", evil[(number + place) % len(evil)] if number < len(evil) else f"{kind} {number}"
    for number, name in enumerate(("attribute", "scripted", "hostile", "a-probe", "Hello!", "And then?")):
        yield name, evil[number]


def _renamed(value: Any, names: dict[str, str]) -> Any:
    match value:
        case str():
            return names.get(value, value)
        case list():
            return [_renamed(item, names) for item in value]
        case dict():
            return {names.get(name, name): _renamed(item, names) for name, item in value.items()}
    return value


def _judgment(record: Record, text: str) -> Judgment:
    """Return what a judge said of a record, in words of the same kind."""
    return Judgment(
        key=record.key,
        record_key=record.key,
        rubric=NAMES["script"],
        rubric_hash="0" * 16,
        reply_hash=reply_hash(record.reply),
        provider=text,
        judge=NAMES["svg"],
        status="ok",
        score=3.0,
        scores={NAMES["prototype"]: 4.0},
        reply=text,
        reason=text,
    )


def _filled(record: dict[str, Any], text: str, failed: bool) -> dict[str, Any]:
    """Give a record everything that it may have, with the text in it."""
    record["reasoning"] = text
    record["finish_reason"] = text
    record["model_returned"] = record["request_id"] = text
    record["speaker"] = NAMES["quotes"]
    record["checks"] = [{"check": "contains", "passed": False, "expected": text, "reason": text}]
    if failed:
        record |= {"status": "error", "error": {"kind": text, "message": text, "http_status": 500}}
    for part in (*(record.get("turns") or ()), *(record.get("probes") or ())):
        part["reply"] = text
    return record
