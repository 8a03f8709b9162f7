"""What is fuzzed: our own files and tables, the stream decoder, and what is imported from other tools."""

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import chdir
from itertools import pairwise
from pathlib import Path
from typing import Any

from fuzz.running import Target
from fuzz.seeds import foreign_files, foreign_results
from persona_batch.config.load import load_batch, survey
from persona_batch.errors import ConfigError, ProviderError, UsageError
from persona_batch.exchange.results.formats import FORMATS as RESULTS
from persona_batch.exchange.results.importing import ImportResults, import_results
from persona_batch.exchange.sources.found import ImportOptions
from persona_batch.exchange.sources.recognising import FORMATS, Reading
from persona_batch.exchange.sources.writing.writing import write
from persona_batch.provider.contract import Chunk
from persona_batch.provider.reply_decoder import ReplyDecoder
from persona_batch.record.reader import read_records

ROOT = Path(__file__).parents[2]
_TABLES = (".csv", ".tsv", ".json", ".jsonl", ".parquet")
_MOST = 200_000  # bytes of a seed: larger ones are slow to change, and have nothing more in them


def targets(corpus: Sequence[Path] = ()) -> list[Target]:
    """Return the targets; `corpus` are folders of further real files."""
    foreign = [*foreign_files(), *_files([ROOT / "tests" / "exchange" / "data", *corpus])]
    return [
        Target("imports", foreign, _import, (UsageError,)),
        Target("results", foreign_results(), _results, (UsageError,)),
        Target(
            "yaml", list(_files([ROOT / "personas", ROOT / "prompts"], (".yaml",))), _yaml, (ConfigError, UsageError)
        ),
        Target("tables", _tables(), _table, (ConfigError, UsageError)),
        Target("stream", _streams(), _stream, (ProviderError,)),
    ]


def _files(folders: Sequence[Path], endings: tuple[str, ...] | None = None) -> Iterator[tuple[str, bytes]]:
    """Yield the files below folders, by their names."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and (endings is None or path.suffix in endings) and path.stat().st_size <= _MOST:
                yield path.name, path.read_bytes()


def _yaml(folder: Path, name: str, data: bytes, rng: random.Random) -> None:
    """Read a persona, question or rubric file, as `batch check` and as `batch run` do."""
    (folder / name).write_bytes(data)
    with chdir(folder):
        found = survey([name])
        if any(file.kind == "persona" for file in found.files):
            load_batch([name], need_questions=rng.random() < 0.5, custom_checks=frozenset())


def _import(folder: Path, name: str, data: bytes, rng: random.Random) -> None:
    """Take in a file of another tool, as whatever it is taken for, or forced to be; then once more."""
    source, made = folder / "source", folder / "made"
    source.mkdir()
    (source / name).write_bytes(data)
    forced = rng.choice(FORMATS) if rng.random() < 0.2 else None
    reading = Reading(ImportOptions(locale=rng.choice([None, None, "zh-CN"])), forced)
    named = str(source if rng.random() < 0.2 else source / name)
    write(lambda: reading.all([named]), made)
    again = write(lambda: reading.all([named]), made)
    assert not again.made, f"imported twice, it is another: {again.made}"


def _results(folder: Path, name: str, data: bytes, rng: random.Random) -> None:
    """Take in another tool's results as a run, and read it as `compare` does."""
    (folder / name).write_bytes(data)
    forced = rng.choice(RESULTS).name if rng.random() < 0.2 else None
    columns = {"reply": "answer"} if rng.random() < 0.1 else {}
    asked = folder / "batch-input.jsonl" if name == "batch-output.jsonl" else None
    if asked is not None:
        asked.write_bytes(dict(foreign_results())[asked.name])
    options = ImportResults(files=[Path(name)], out=Path("runs"), format=forced, columns=columns, requests=asked)
    with chdir(folder):
        done = import_results(options)
        for _ in read_records(done.run.records):
            pass


def _tables() -> list[tuple[str, bytes]]:
    rows: list[dict[str, Any]] = [
        {"id": "cook", "job": "a cook", "age": 41, "note": 'says "hm", twice\nor more'},
        {"id": "海员", "job": "sailor", "age": None, "note": ""},
    ]
    columns = list(rows[0])
    cells = [columns, *([str(row[name] or "").replace('"', '""') for name in columns] for row in rows)]
    csv = "\n".join(",".join(f'"{cell}"' for cell in line) for line in cells) + "\n"
    made = {
        "people.csv": csv,
        "people.tsv": "id\tjob\tage\tnote\ncook\ta cook\t41\thm\n海员\tsailor\t\t\n",
        "people.json": json.dumps(rows, ensure_ascii=False, indent=1),
        "people.jsonl": "\n".join(json.dumps(row) for row in rows) + "\n",
    }
    seeds = [(name, text.encode()) for name, text in made.items()]
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return seeds
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return [*seeds, ("people.parquet", sink.getvalue().to_pybytes())]


def _table(folder: Path, name: str, data: bytes, rng: random.Random) -> None:
    """Read personas or questions from a table."""
    (folder / name).write_bytes(data)
    said = "system: 'You are {{ job }}. {{ note }}', attributes: {age: '{{ age | default(0) }}'}"
    entry = f"{{from: {name}, {said}}}"
    personas = f"questions: [Hi]\npersonas: [{entry}]\n"
    if rng.random() < 0.5:
        personas = f"id: x\nsystem: x\nquestions: [{{from: {name}, text: '{{{{ job }}}} {{{{ note }}}}'}}]\n"
    (folder / "personas.yaml").write_text(personas, encoding="utf-8")
    with chdir(folder):
        batch = load_batch(["personas.yaml"], need_questions=False)
        repr([len(persona.rows) for persona in batch.personas if persona.rows is not None])


def _says(text: str, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text, **more}, "finish_reason": None}]}


def _streams() -> list[tuple[str, bytes]]:
    """Return replies as endpoints send them: events, lines, whole bodies, pages, errors."""
    stop = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    usage = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}}
    plain = [{"choices": [{"index": 0, "delta": {"role": "assistant"}}]}, _says("俺老孙"), _says("来也😀"), stop, usage]
    thought = [_says("", reasoning_content="hm"), _says("<think>so</think>"), _says("Arrr"), stop]
    parts = [_says("", content=[{"type": "text", "text": "a"}, {"type": "thinking", "thinking": "b"}]), stop]
    two = [{"choices": [{"index": n, "delta": {"content": str(n)}} for n in (0, 1)]}, stop]
    whole = {"choices": [{"message": {"content": "Moo", "reasoning": "r"}, "finish_reason": "stop"}], "usage": {}}
    split = [_says("\\ud83d"), _says("\\ude00"), stop]
    failed = [_says("Moo"), {"error": {"message": "overloaded", "code": 503}}]
    odd = ["null", {"type": "ping"}, {"message": "queued"}, _says("Moo"), stop, whole, "Internal Server Error"]
    events: dict[str, list[Any]] = {
        "plain": plain,
        "thought": thought,
        "parts": parts,
        "two": two,
        "split": split,
        "failed": failed,
        "odd": odd,
    }
    made: list[tuple[str, bytes]] = []
    for name, payloads in events.items():
        texts = [one if isinstance(one, str) else json.dumps(one).replace("\\\\ud", "\\ud") for one in payloads]
        made.append((name, "".join(f"data: {text}\n\n" for text in [*texts, "[DONE]"]).encode()))
        made.append((f"{name}-crlf", "".join(f": c\r\ndata:{text}\r\n\r\n" for text in texts).encode()))
        made.append((f"{name}-lines", "".join(f"{text}\n" for text in texts).encode()))
    made += [
        ("whole", json.dumps(whole, indent=1).encode()),
        ("page", b"<!DOCTYPE html><title>502</title>Bad Gateway"),
        ("typed", b'event: error\ndata: {"error":{"message":"no"}}\n\n'),
        ("bom", b"\xef\xbb\xbfid: 1\nretry: 5\ndata: " + json.dumps(_says("a")).encode() + b"\n\n"),
    ]
    return made


def _stream(folder: Path, name: str, data: bytes, rng: random.Random) -> None:
    """Decode a reply at once and in parts: both say the same."""
    at_once = _decoded(data, [])
    for count in (1, 3, rng.randrange(1, 200)):
        cuts = sorted(rng.randrange(len(data) + 1) for _ in range(count))
        in_parts = _decoded(data, cuts)
        if in_parts != at_once:
            raise AssertionError(f"cut at {cuts[:10]}: {str(in_parts)[:150]} for {str(at_once)[:150]}")
    if isinstance(at_once, str):
        raise ProviderError(at_once)


def _decoded(data: bytes, cuts: Sequence[int]) -> str | tuple[Any, ...]:
    """Return what a body makes: the texts, the reason and the counts, or the kind of the error."""
    decoder = ReplyDecoder()
    chunks: list[Chunk] = []
    try:
        for start, end in pairwise([0, *cuts, len(data)]):
            was_complete = decoder.complete
            try:
                chunks += decoder.feed(data[start:end])
            except ProviderError as error:
                if was_complete:
                    raise AssertionError("an error after the reply was complete") from error
                raise
        chunks += decoder.finish()
    except ProviderError as error:
        return type(error).__name__
    reasons = [chunk.finish_reason for chunk in chunks if chunk.finish_reason]
    counts = [chunk.usage for chunk in chunks if chunk.usage]
    texts = ["".join(getattr(chunk, name) for chunk in chunks) for name in ("content", "reasoning", "refusal")]
    return (*texts, reasons[:1], counts[-1:])
