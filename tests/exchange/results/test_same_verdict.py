"""Results that promptfoo, Inspect and EvalScope really made come to the very comparison that our own run comes to."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cli.calling import Call
from exchange.results.endpoint import MODEL, endpoint, reply_to
from exchange.results.kept import unpacked
from exchange.results.make_results import QUESTIONS as ASKED
from exchange.results.make_results import SYSTEMS
from persona_batch.record.reader import read_records
from persona_batch.record.record import Record

PERSONAS = """\
controls: [none, assistant]
params: {temperature: 1}
personas:
  - {id: pirate, system: You are a pirate.}
  - {id: monkey, system: You are a monkey king.}
"""
QUESTIONS = """\
questions:
  - {id: greeting, text: "Who are you?"}
  - {id: food, text: "What do you like to eat?"}
  - {id: hello, text: "Say \\"hello\\" to me,\\nplease."}
  - {id: hobby, text: "你有什么爱好？"}
  - {id: weather, text: "How is the weather?"}
  - {id: friends, text: "Tell me of your friends."}
"""
SOURCES = {"promptfoo.json": True, "promptfoo.jsonl": True, "inspect": False, "evalscope": False}
"""Whether our run has to declare the same check: promptfoo's assertions are checks of ours."""


def run_folder(call: Call, *args: str) -> Path:
    done = call(*args)
    assert done.code == 0, done.err
    return Path(done.out.splitlines()[-1])


def own_run(call: Call, folder: Path, *, checked: bool) -> Path:
    """Ask the same questions ourselves."""
    (folder / "personas.yaml").write_text(PERSONAS, "utf-8")
    (folder / "q.yaml").write_text(("checks: [{contains: ship}]\n" if checked else "") + QUESTIONS, "utf-8")
    with endpoint() as url:
        asked = ("-q", "q.yaml", "-n", "3", "-j", "1", "--base-url", url, "-m", MODEL, "--quiet")
        return run_folder(call, "run", "personas.yaml", *asked)


def compared(call: Call, run: Path, *options: str) -> dict[str, Any]:
    done = call("compare", str(run), "--format", "json", *options)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def plain(comparison: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what names the run, and the replies that are shown with it."""
    return {name: value for name, value in comparison.items() if name not in ("runs", "excerpts")}


@pytest.mark.parametrize("source", ["promptfoo.json", "inspect"])
def test_the_comparison_is_that_of_our_own_run(call: Call, tmp_path: Path, source: str) -> None:
    mine = own_run(call, tmp_path, checked=SOURCES[source])
    theirs = run_folder(call, "import-results", str(unpacked(source, tmp_path)))
    options = () if SOURCES[source] else ("--measures", "change,shift,told_apart,identifiability,words,loss,character")
    ours, found = plain(compared(call, mine, *options)), plain(compared(call, theirs, *options))
    assert found == ours
    verdict = [call("compare", str(run), "--replies", "0").out.partition("\n\n")[2] for run in (mine, theirs)]
    if source == "promptfoo.json":
        assert verdict[0] == verdict[1]
    assert "changes the replies" in verdict[0]


@pytest.mark.parametrize("source", SOURCES)
def test_every_reply_and_message_comes_over_as_it_was(call: Call, tmp_path: Path, source: str) -> None:
    run = run_folder(call, "import-results", str(unpacked(source, tmp_path)))
    expected = {
        (name, asked, number): (messages, reply_to(messages, number))
        for name, system in SYSTEMS.items()
        for asked in ASKED
        for messages in [_messages(system, asked)]
        for number in range(3)
    }
    found = {
        (one.persona.removeprefix("general_qa_"), one.messages[-1].content, one.sample): (
            [{"role": message.role, "content": message.content} for message in one.messages],
            one.reply,
        )
        for one in read_records(run / "records.jsonl")
    }
    assert found == expected


def _messages(system: str | None, asked: str) -> list[dict[str, Any]]:
    before = [] if system is None else [{"role": "system", "content": system}]
    return [*before, {"role": "user", "content": asked}]


def test_archives_of_inspect_hold_what_its_json_holds(call: Call, tmp_path: Path) -> None:
    logs = [unpacked(name, tmp_path) for name in ("inspect", "inspect_json")]
    first, second = (
        sorted(_what(one) for one in read_records(run_folder(call, "import-results", str(log)) / "records.jsonl"))
        for log in logs
    )
    assert len(first) == 72
    assert first == second
    both = call("import-results", *map(str, logs))
    assert both.code == 2
    assert "a reply counts once" in both.err


def _what(record: Record) -> tuple[object, ...]:
    usage = record.usage
    assert usage is not None
    return record.key, record.reply, record.model_returned or "", usage.total_tokens or 0, record.finish_reason or ""


@pytest.mark.parametrize("source", ["promptfoo.json", "evalscope"])
def test_an_imported_run_is_taken_by_every_reader(call: Call, tmp_path: Path, source: str) -> None:
    run = str(run_folder(call, "import-results", str(unpacked(source, tmp_path))))
    for args in (
        ("show", run),
        ("report", run, "-o", "page.html"),
        ("runs",),
        ("compare", run),
        ("check-replies", run),
    ):
        done = call(*args)
        assert done.code == 0, done.err
        assert "belong to no cell" not in done.out + done.err
    resumed = call("run", "--resume", run)
    assert resumed.code == 2
    assert "was imported from results of" in resumed.err
    rubric = tmp_path / "rubric.yaml"
    rubric.write_text("id: good\ntext: 'Good? {{ reply }}'\nscore: {min: 1, max: 5}\n", "utf-8")
    judged = call("judge", run, "--rubric", str(rubric))
    assert judged.code == 2
    assert "names no endpoint" in judged.err, judged.err


def test_what_promptfoo_has_in_its_cache_is_one_draw_for_each_repeat(call: Call, tmp_path: Path) -> None:
    run = run_folder(call, "import-results", str(unpacked("cached.json", tmp_path)))
    records = list(read_records(run / "records.jsonl"))
    assert len(records) == 72
    assert all(one.request_id is None and one.timing is None and one.usage is None for one in records)
    assert not any("copies" in note for note in compared(call, run)["notes"])
