"""Broken, hostile and oversized sources: a clear error, in bounded memory and time, and nothing left behind."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.sources.taking import take
from persona_batch.errors import UsageError
from persona_batch.exchange.sources.found import ImportOptions
from persona_batch.exchange.sources.recognising import Reading

ROLE = '{"instruction": [{"pos": "x"}], "a": %s}'
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(n + 1)}: &{chr(n + 1)} [{','.join([f'*{chr(n)}'] * 9)}]\n" for n in range(97, 115)
)
WRONG: dict[str, tuple[str, bytes, str]] = {
    "cut JSON": ("a.json", b'[{"act": "a", "prompt": "b"}, {"act":', r"a\.json:1:38: not JSON"),
    "cut JSONL": ("a.jsonl", b'{"act":"a","prompt":"b"}\n{"act":', r"a\.jsonl:2: not JSON"),
    "cut CSV": ("a.csv", b'act,prompt\na,"b', r"a\.csv:2: unexpected end of data"),
    "ragged CSV": ("a.csv", b"act,prompt\na\n", r"a\.csv:2: 1 cells, expected 2"),
    "no rows": ("a.csv", b"", r"a\.csv: it is empty"),
    "UTF-16": ("a.csv", "act,prompt\na,b\n".encode("utf-16"), r"a\.csv:1: UTF-16; save it as UTF-8"),
    "Latin-1": ("a.csv", "act,prompt\né,b\n".encode("latin-1"), r"not UTF-8; save it as UTF-8"),
    "no text": ("a.json", bytes(range(256)), r"is not UTF-8"),
    "no Parquet": ("a.parquet", b"PAR1 and no more", r"not a Parquet file, or a broken one"),
    "deep JSON": ("a.json", b"[" * 100_000, r"nested too deeply"),
    "deep JSONL": ("a.jsonl", b"[" * 100_000, r"a\.jsonl:1: nested too deeply"),
    "deep YAML": ("a.yaml", b"- " * 100_000, r"nesting depth"),
    "aliases": ("a.yaml", BOMB.encode(), r"aliases that grow"),
    "a tag": ("a.yaml", b"system: !!python/object/apply:os.abort []\n", r"not YAML: could not determine a constructor"),
    "many columns": ("a.csv", ",".join(f"c{n}" for n in range(2000)).encode(), r"more than 1000 columns"),
    "a key twice": ("a.csv", b"act,act\na,b\n", r"two columns are called `act`"),
    "NaN": ("a.json", b'[{"act": "a", "prompt": NaN}]', r"NaN is no value of JSON"),
    "a huge line": ("a.csv", b"act,prompt\na," + b"x" * (17 << 20), r"a\.csv:2: a cell has more than"),
    "a huge cell": (
        "a.csv",
        b'act,prompt\na,"' + (b"x" * 1000 + b"\n") * (17 << 10),
        r"a\.csv:2: a cell has more than",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_broken_source_is_said_with_its_place(tmp_path: Path, case: str) -> None:
    name, data, told = WRONG[case]
    limit = csv.field_size_limit()
    with pytest.raises(UsageError, match=told):
        take(tmp_path, {name: data})
    assert csv.field_size_limit() == limit
    assert not (tmp_path / "study").exists()


def test_what_is_no_file_is_refused_and_links_are_not_followed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(UsageError, match=r"pipe\.csv: no regular file"):
        list(Reading(ImportOptions()).all([str(tmp_path / "pipe.csv")]))
    secret = tmp_path / "secret.csv"
    secret.write_text("act,prompt\na,secret\n")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/link.csv").symlink_to(secret)
    (tmp_path / "in/loop").symlink_to(tmp_path / "in")
    with pytest.raises(UsageError, match="nothing in this folder but what is hidden or a link"):
        list(Reading(ImportOptions()).all([str(tmp_path / "in")]))


@pytest.mark.parametrize("deep", ["[" * 60 + "]" * 60, '{"a":' * 60 + "1" + "}" * 60])
def test_what_is_kept_may_be_anything(tmp_path: Path, deep: str) -> None:
    odd = {"": 1, "a\nb": 2, "x" * 3000: 3, "<<": 4, "no": False, "1e3": 1e300, "big": 2**90, "\u200b": "\u200b"}
    taken = take(tmp_path, {"odd.json": json.dumps({"instruction": [{"pos": "x"}], "odd": odd, "d": json.loads(deep)})})
    kept = taken.kept("odd")
    assert json.loads(kept["odd"]) == odd
    assert deep[:5] in json.dumps(kept["d"])


def test_a_text_that_no_file_can_hold_is_mended_and_said(tmp_path: Path) -> None:
    taken = take(tmp_path, {"a.json": '[{"act": "a", "prompt": "x\\ud800y\\u0000z"}]'})
    assert taken.prompts == {"a": "x\ufffdy\ufffdz"}
    assert taken.said("became U+FFFD")


_MEASURED = """
import re, sys
from pathlib import Path
from persona_batch.exchange.sources.found import ImportOptions
from persona_batch.exchange.sources.recognising import Reading
from persona_batch.exchange.sources.writing.writing import write
written = write(lambda: Reading(ImportOptions()).all([sys.argv[1]]), Path(sys.argv[2]))
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
print(written.personas + written.questions, int(peak[1]) // 1024 if peak else 0)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is measured by Linux")
def test_a_long_source_goes_through_in_constant_memory(tmp_path: Path) -> None:
    def lines() -> Iterator[str]:
        for number in range(30_000):
            yield json.dumps({"persona": f"A baker of {number} " + "different loaves " * 90}) + "\n"

    source = tmp_path / "long.jsonl"
    with source.open("w") as file:
        file.writelines(lines())
    assert source.stat().st_size > 40 << 20
    out = subprocess.run(
        [sys.executable, "-c", _MEASURED, str(source), str(tmp_path / "study")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    personas, peak = map(int, out.split())
    assert personas == 30_000
    assert peak < 150
    assert (tmp_path / "study/personas/long.jsonl").stat().st_size > 40 << 20


_TALK = (
    '{{"messages": [{{"role": "user", "content": "Hello {}"}}, {{"role": "assistant", "content": "Yes?"}},'
    ' {{"role": "user", "content": "And then?"}}, {{"role": "assistant", "content": "Nothing."}}]}}'
)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is measured by Linux")
@pytest.mark.parametrize(
    ("name", "head", "line", "count", "found"),
    [
        ("asked.jsonl", "", '{{"id": "q{}", "question": "What is number {} good for?"}}\n', 120_000, 120_000),
        ("turns.jsonl", "", '{{"question_id": {}, "turns": ["Tell me of {}.", "In short?"]}}\n', 60_000, 60_000),
        ("talks.jsonl", "", _TALK + "\n", 50_000, 50_001),
        ("cell.csv", 'act,prompt\nbig,"', "x\n", 2_000_000, 1),
    ],
)
def test_memory_stays_flat(tmp_path: Path, name: str, head: str, line: str, count: int, found: int) -> None:
    source = tmp_path / name
    with source.open("w") as file:
        file.write(head)
        file.writelines(line.format(number, number) for number in range(count))
        file.write('"' if head else "")
    command = [sys.executable, "-c", _MEASURED, str(source), str(tmp_path / "study")]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    made, peak = map(int, out.split())
    assert made == found
    assert peak < 110


def test_a_text_that_no_file_holds_is_refused_before_it_takes_memory(tmp_path: Path) -> None:
    cell = 'act,prompt\nbig,"' + "x\n" * 6_000_000 + '"'
    with pytest.raises(UsageError, match=r"cell.yaml would have more than 16 MB, .*; split the source"):
        take(tmp_path, {"cell.csv": cell})
    assert not (tmp_path / "study").exists()
