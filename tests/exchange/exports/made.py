"""Records of any kind, and exports of them into a file."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis.strategies as st
from msgspec.structs import replace

from persona_batch.chat import Message, Usage
from persona_batch.exchange.exports.export import ExportOptions
from persona_batch.exchange.exports.formats import format_named
from persona_batch.pipeline.export import Wish, export_to_file
from persona_batch.record import CheckResult, Record
from persona_batch.record.record import ErrorInfo, ProbeRecord, Timing, TurnRecord
from persona_batch.record.rundir import run_at
from reporting.runs import keyed, write_run

ODD = (
    *("=1+1", "'=1", "''", "-", "+x", "@a", "\t", "\r", "\r\n", "a\rb\nc", "\x00", "a\x00b", "\x1b[31m", "\x85\u2028"),
    *(
        "",
        " ",
        "```\n# x\n```",
        "~~~",
        "俺老孙",
        "👩‍👩‍👧",
        "\u202egnp",
        "<!-- -->",
        "---\n",
        '"',
        "a,b;c",
        "None",
        "null",
        "\ufeff",
    ),
    *("\\", "{{x}}", "𝒳", "١", "</script>", "1. a", "| a |", "e\u0301"),
)

texts = st.sampled_from(ODD) | st.text(max_size=40)
maybe = st.none() | texts
levels = (
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False) | texts
)
usages = st.none() | st.builds(Usage, *[st.none() | st.integers(0, 2**70)] * 3)
checks = st.lists(
    st.builds(
        CheckResult,
        st.sampled_from(["contains", "not contains", "equals", "odd\nname", ""]),
        st.booleans(),
        texts | st.lists(texts, max_size=2),
        maybe,
    ),
    max_size=3,
)
timings = st.none() | st.builds(
    Timing,
    st.sampled_from(["2026-11-22T06:56:00.123Z", "2026-11-22T06:56:00+08:00", "", "yesterday"]),
    st.none() | st.floats(0, 1e9),
    st.none() | st.floats(0, 1e9),
)
statuses = st.sampled_from(["ok", "ok", "truncated", "filtered", "empty", "error"])
turns = st.builds(TurnRecord, user=texts, reply=texts, status=statuses, usage=usages, checks=checks)
probes = st.builds(ProbeRecord, after=st.just(1), text=texts, reply=texts, status=statuses, checks=checks)
messages = st.lists(
    st.builds(Message, st.sampled_from(["system", "developer", "user", "assistant"]), texts, maybe), max_size=4
)

one = st.builds(
    Record,
    key=st.just(""),
    persona=st.sampled_from(["none", "wukong", "俺", "a\nb", "=x"]),
    variant=st.integers(0, 3),
    question=st.sampled_from(["view", "who", "1. q", "q\tq"]),
    speaker=maybe,
    placement=st.sampled_from(["system", "developer", "user", "none"]),
    provider=st.sampled_from(["openai", "zhipu", "custom"]),
    model=texts,
    model_returned=maybe,
    params=st.dictionaries(texts, levels, max_size=2),
    messages=messages,
    reply=texts,
    reasoning=maybe,
    status=statuses,
    finish_reason=maybe,
    error=st.none() | st.builds(ErrorInfo, texts, texts, st.none() | st.integers(100, 599)),
    usage=usages,
    timing=timings,
    attempts=st.integers(0, 5),
    checks=checks,
    attributes=st.dictionaries(texts, texts, max_size=3),
    factors=st.dictionaries(texts, levels, max_size=2),
    turns=st.none() | st.lists(turns, min_size=1, max_size=2),
    probes=st.none() | st.lists(probes, max_size=1),
    request_id=maybe,
)


def _numbered(records: Sequence[Record]) -> list[Record]:
    return keyed([replace(record, key=str(number), sample=number) for number, record in enumerate(records)])


many = st.lists(one, min_size=1, max_size=5).map(_numbered)


@contextmanager
def exported(
    records: Sequence[Record], form: str, keep: Callable[[Record], bool] = lambda _: True, **options: Any
) -> Iterator[Path]:
    """Give the file, or folder, of an export of some records."""
    with TemporaryDirectory() as folder:
        run = write_run(Path(folder), records)
        wish = Wish(format_named(form), keep=keep, options=ExportOptions(**options))
        yield export_to_file([run_at(run)], wish)[0]


def sent(record: Record) -> list[dict[str, str | None]]:
    """Return the messages of a record with all their fields."""
    return [{"role": one.role, "content": one.content, "name": one.name} for one in record.messages]
