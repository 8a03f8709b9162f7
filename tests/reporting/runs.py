"""Run folders written by hand, and reports read back in Python."""

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from comparing.made import grid
from persona_batch.record import Record
from persona_batch.record.manifest import Manifest, State, write_manifest
from persona_batch.record.record import encode
from persona_batch.reporting.blocks import unpacked

VOICES = {"none": "", "assistant": "", "pirate": "Arrr, matey!"}
FIRST = "20261122T065600Z-crew"


def keyed(records: Iterable[Record], run: str = FIRST) -> list[Record]:
    """Return records of a run, with keys as a run's are."""
    return [
        replace(one, key=hashlib.blake2b(one.key.encode(), digest_size=16).hexdigest(), run_id=run) for one in records
    ]


def crew(run: str = FIRST, *, voices: Mapping[str, str] = VOICES, **shape: int) -> list[Record]:
    """Return the records of a small run: controls and a persona that begins every reply in its own way."""
    return keyed(grid(voices, **shape), run)


def write_run(
    out: Path,
    records: Sequence[Record],
    run: str = FIRST,
    *,
    state: State = "complete",
    cells: int | None = None,
    config: Mapping[str, Any] | None = None,
) -> Path:
    """Write a run's folder and return it."""
    folder = out / run
    folder.mkdir(parents=True)
    (folder / "records.jsonl").write_bytes(b"".join(encode(one) + b"\n" for one in records))
    started = f"{run[:4]}-{run[4:6]}-{run[6:8]}T{run[9:11]}:{run[11:13]}:{run[13:15]}Z"
    manifest = Manifest(
        run_id=run,
        batch_id=run.partition("-")[2],
        state=state,
        started_at=started,
        ended_at=None if state == "running" else started,
        provider="made",
        endpoint="made",
        models=["m"],
        config=dict(config or {}),
        cells=cells or len(records),
        batch_cells=cells or len(records),
        counts={"ok": len(records)},
    )
    write_manifest(folder / "run.json", manifest)
    return folder


def blocks_in(page: str) -> dict[str, Any]:
    """Return what the blocks of a report hold, by id."""
    found = re.findall(r'<script type="text/plain" id="([^"]*)">([^<]*)</script>', page)
    return {name: unpacked(text) for name, text in found}


def told_in(page: str, lang: str) -> str:
    """Return the verdict of a report in a language, as plain text."""
    found = re.search(rf'<section lang="{lang}">(.*?)</section>', page, re.DOTALL)
    assert found is not None
    return html.unescape(re.sub(r"<[^>]*>", "", found[1]))


def messages_in(block: Mapping[str, Any], strings: Sequence[str], place: int) -> list[dict[str, str]]:
    """Return the messages of a record of a block, as the page makes them."""
    found = []
    for role, number, *name in block["lists"][block["messages"][place]]:
        content = strings[number] if number >= 0 else block["texts"][~number]
        found.append({"role": role, "content": content, **({"name": name[0]} if name else {})})
    return found


def keys_in(block: Mapping[str, Any]) -> list[str]:
    """Return the keys of a block's records."""
    held = base64.b64decode(block["keys"])
    return [held[place : place + 16].hex() for place in range(0, len(held), 16)]
