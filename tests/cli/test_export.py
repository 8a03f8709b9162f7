"""`batch export`: where an export goes, what is in it, and what is said of it."""

import csv
import io
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from cli.calling import Call
from comparing.made import record
from persona_batch.exchange.exports.formats import FORMATS, Format
from persona_batch.pipeline.export import Wish, export_to_file
from persona_batch.record import Record
from persona_batch.record.rundir import run_at
from reporting.runs import crew, keyed, write_run
from terminals.command import bare_env, batch_in_terminal
from terminals.session import BATCH

RUN = "20261122T065600Z-crew"
TEXTS = [form for form in FORMATS if form.shape == "text"]
FILES = [form for form in FORMATS if form.shape != "text"]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of two controls and a persona, two questions, two samples: twelve records."""
    return write_run(tmp_path / "runs", crew(questions=2, samples=2))


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def named(form: Format) -> str:
    return form.name


def without_libraries(form: Format) -> bool:
    if form.name == "duckdb":
        with suppress(ImportError):
            import duckdb  # noqa: F401

            return False
        return True
    return False


def skip_without(form: Format) -> None:
    if without_libraries(form):
        pytest.skip("duckdb is not installed; `uv sync --group gate` brings it")


@pytest.mark.parametrize("form", TEXTS, ids=named)
def test_text_goes_to_stdout_or_into_the_file_that_is_named(
    form: Format, run: Path, tmp_path: Path, call: Call
) -> None:
    shown = call("export", "--format", form.name)
    assert (shown.code, list(tmp_path.glob("*.out"))) == (0, [])
    written = call("export", "--format", form.name, "-o", "it.out")
    assert written.out == "it.out\n"
    assert (tmp_path / "it.out").read_bytes().decode() == shown.out
    assert call("export", "--format", form.name, "-o", "-").out == shown.out


@pytest.mark.parametrize("form", FILES, ids=named)
def test_a_file_that_is_no_text_stands_in_the_runs_folder(form: Format, run: Path, call: Call) -> None:
    skip_without(form)
    done = call("export", "--format", form.name)
    assert (done.code, done.out) == (0, f"runs/{RUN}/{form.default_name}\n")
    assert (run / form.default_name).exists()
    assert call("export", "--format", form.name).code == 0  # and again, in its place
    assert not list(run.glob(".*"))
    assert call("export", "--format", form.name, "-o", "-").code == 2


@pytest.mark.parametrize("form", FORMATS, ids=named)
def test_what_is_no_such_export_is_not_replaced(form: Format, run: Path, tmp_path: Path, call: Call) -> None:
    mine = tmp_path / "mine"
    mine.write_text("my work", encoding="utf-8")
    done = call("export", "--format", form.name, "-o", "mine")
    assert done.code == 2
    assert mine.read_text(encoding="utf-8") == "my work"
    records = run / "records.jsonl"
    before = records.read_bytes()
    assert call("export", "--format", form.name, "-o", str(records)).code == 2
    assert records.read_bytes() == before
    mine.unlink()
    mine.mkdir()
    (mine / "thesis.txt").touch()
    assert call("export", "--format", form.name, "-o", "mine").code == 2
    assert call("export", "--format", form.name, "-o", "nowhere/at/all").code == 2


@pytest.mark.parametrize("form", FORMATS, ids=named)
def test_ctrl_c_half_way_leaves_what_was_there(form: Format, run: Path, tmp_path: Path) -> None:
    skip_without(form)
    place = tmp_path / "it"
    export_to_file([run_at(run)], Wish(form, place))
    before = sorted((path.name, path.read_bytes()) for path in [place, *place.rglob("*")] if path.is_file())
    count = 0

    def keep(_: Record) -> bool:
        nonlocal count
        count += 1
        if count > 10:
            raise KeyboardInterrupt
        return True

    with pytest.raises(KeyboardInterrupt):
        export_to_file([run_at(run)], Wish(form, place, keep))
    assert sorted((path.name, path.read_bytes()) for path in [place, *place.rglob("*")] if path.is_file()) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["it", "runs"]


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on file sizes there")
@pytest.mark.parametrize("form", ["csv", "sqlite", "duckdb", "datasets"])
def test_a_disk_that_takes_no_more_leaves_nothing(form: str, run: Path, tmp_path: Path) -> None:
    skip_without(next(one for one in FORMATS if one.name == form))
    small = f"""
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
from persona_batch.cli.main import main
sys.argv = ["batch", "export", "--format", {form!r}, "-o", "it"]
main()
"""
    command = [sys.executable, "-B", "-c", small]
    done = subprocess.run(command, cwd=tmp_path, env=bare_env(tmp_path), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    assert "it: cannot be written" in done.stderr
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith((".it", "it"))]


def test_the_ending_of_the_file_says_the_format(run: Path, tmp_path: Path, call: Call) -> None:
    for name, head in (
        ("a.parquet", b"PAR1"),
        ("a.db", b"SQLite"),
        ("a.md", b"<!--"),
        ("a.tsv", b"run_id\t"),
        ("a", b"run_id,"),
    ):
        assert call("export", "-o", name).code == 0
        assert (tmp_path / name).read_bytes().startswith(head)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("md", "markdown"),
        ("HF", "datasets"),
        ("openai", "openai-messages"),
        ("finetune", "openai-messages"),
        ("pq", "parquet"),
    ],
)
def test_formats_have_synonyms(said: str, name: str) -> None:
    from persona_batch.exchange.exports.formats import format_named

    assert format_named(said).name == name
    assert len({one for form in FORMATS for one in (form.name, *form.synonyms)}) == sum(
        1 + len(form.synonyms) for form in FORMATS
    )


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--format", "parqet"], "did you mean `parquet`?"),
        (["--format", "xyzzy"], "expected one of csv, tsv"),
        (["--format", "parquet", "--raw"], "--raw: of no use with --format parquet"),
        (["--personas", "a,b"], "--personas: of no use with --format csv, only with llm-comparator"),
        (["--format", "llm-comparator", "--personas", "pirate"], "expected two personas"),
        (
            ["--format", "llm-comparator", "--personas", "pirat,none"],
            "--personas pirat: no such persona among the records; did you mean `pirate`?",
        ),
        (["-p", "wukong"], "no persona matches `wukong`; expected one of none, assistant, pirate"),
        (["--status", "error"], "no record matches"),
        (["--status", "done"], "--status done"),
        (["nothing"], "no such run folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_is_one_line_and_writes_nothing(
    args: list[str], said: str, run: Path, tmp_path: Path, call: Call
) -> None:
    done = call("export", *args, "-o", "it")
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_filters_say_what_is_exported(run: Path, call: Call) -> None:
    done = call("export", "-p", "pir*", "--question", "q1", "--sample", "0")
    assert [(row["persona"], row["question"], row["sample"]) for row in rows(done.out)] == [("pirate", "q1", "0")]
    assert len(rows(call("export", "--limit", "5").out)) == 5


def test_several_runs_stand_one_after_the_other(run: Path, tmp_path: Path, call: Call) -> None:
    write_run(tmp_path / "runs", crew("20261123T065600Z-crew", questions=1, samples=1), "20261123T065600Z-crew")
    ids = [row["run_id"] for row in rows(call("export", "previous", "latest").out)]
    assert ids == [RUN] * 12 + ["20261123T065600Z-crew"] * 3
    asked = call("export", "previous", "latest", "--format", "openai-batch")
    keys = [json.loads(line)["custom_id"] for line in asked.out.splitlines()]
    assert len(keys) == len(set(keys)) == 12
    assert "3 records of another run asked the same" in asked.err


def test_what_looks_like_a_formula_gets_an_apostrophe_unless_raw(tmp_path: Path, call: Call) -> None:
    write_run(tmp_path / "runs", keyed([record("a", "q", "=HYPERLINK(1)"), record("a", "r", "'=quoted")]))
    assert [row["reply"] for row in rows(call("export").out)] == ["'=HYPERLINK(1)", "''=quoted"]
    raw = call("export", "--raw", "--bom").out
    assert raw.startswith("\ufeffrun_id,")
    assert [row["reply"] for row in rows(raw[1:])] == ["=HYPERLINK(1)", "'=quoted"]


def test_chats_without_a_reply_are_left_out_and_it_is_said(tmp_path: Path, call: Call) -> None:
    replies = [
        record("a", "q", "yes"),
        record("a", "r", "half", status="truncated"),
        record("a", "s", "", status="empty"),
    ]
    write_run(tmp_path / "runs", keyed(replies))
    done = call("export", "--format", "openai-messages")
    assert [json.loads(line)["messages"][-1]["content"] for line in done.out.splitlines()] == ["yes", "half"]
    assert "2 chats, by persona: a (2)" in done.err
    assert "1 reply was cut off at max_tokens; --status ok leaves them out" in done.err
    assert "1 record without a reply left out" in done.err
    nothing = call("export", "--format", "openai-messages", "--status", "empty")
    assert (nothing.code, nothing.out) == (2, "")
    assert "1 record, none with a reply" in nothing.err


def test_two_personas_side_by_side(run: Path, call: Call) -> None:
    done = call("export", "--format", "llm-comparator", "--personas", "assistant,pirate")
    found = json.loads(done.out)
    assert [model["name"] for model in found["models"]] == ["assistant", "pirate"]
    assert len(found["examples"]) == 4
    assert all(one["output_text_b"].startswith("Arrr") for one in found["examples"])
    assert {(one["custom_fields"]["question"], one["custom_fields"]["sample"]) for one in found["examples"]} == {
        (f"q{question}", sample) for question in range(2) for sample in range(2)
    }
    assert [model["name"] for model in json.loads(call("export", "--format", "llm-comparator").out)["models"]] == [
        "pirate",
        "none",
    ]


def test_requests_speak_the_providers_dialect(tmp_path: Path, call: Call) -> None:
    from persona_batch.chat import Message

    params = {"max_tokens": 5, "temperature": 0.5, "extra_body": {"enable_thinking": False}, "stream_options": {}}
    told = [Message("developer", "Be brief."), Message("user", "Who?")]
    made: dict[str, Any] = {"params": params, "messages": told, "status": "error"}
    write_run(
        tmp_path / "runs",
        keyed([record("a", name, "", provider=name, **made) for name in ("openai", "moonshot", "zhipu")]),
    )
    done = call("export", "--format", "openai-batch", "--failed")
    openai, moonshot, zhipu = (json.loads(line) for line in done.out.splitlines())
    assert openai["body"] == {
        "model": "m",
        "messages": [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Who?"}],
        "max_completion_tokens": 5,
        "temperature": 0.5,
        "enable_thinking": False,
    }
    assert "temperature" not in moonshot["body"]
    assert moonshot["body"]["messages"][0]["role"] == "system"
    assert (zhipu["url"], zhipu["method"]) == ("/v4/chat/completions", "POST")
    assert "temperature: left out" in done.err
    assert "several providers" in done.err


def test_what_a_batch_refuses_is_left_out_wherever_it_stands_and_what_cannot_be_sent_too(
    tmp_path: Path, call: Call
) -> None:
    from persona_batch.chat import Message

    told = [Message("user", "Who?")]
    hidden = {"extra_body": {"temperature": 1.0, "top_k": 5}}
    made = [
        record("a", "q", "yes", provider="moonshot", params=hidden, messages=told),
        record("a", "r", "", provider="moonshot", params={"max_tokens": 0}, messages=told, status="error"),
    ]
    write_run(tmp_path / "runs", keyed(made))
    done = call("export", "--format", "openai-batch")
    (line,) = (json.loads(line) for line in done.out.splitlines())
    assert line["body"] == {"model": "m", "messages": [{"role": "user", "content": "Who?"}], "top_k": 5}
    assert "temperature: left out" in done.err
    assert "1 record whose request no endpoint can be sent: left out" in done.err


def test_a_run_that_is_still_going_is_exported_as_it_is(tmp_path: Path, call: Call) -> None:
    run = write_run(tmp_path / "runs", crew(questions=1, samples=1), state="running")
    (run / "run.lock").write_text(f"{os.getpid()}\n", encoding="ascii")
    with (run / "records.jsonl").open("ab") as file:
        file.write(b'{"key": "half a li')
    done = call("export")
    assert len(rows(done.out)) == 3
    assert "the run is still going; exported is what it has by now" in done.err


def test_known_keys_are_taken_out(tmp_path: Path, call: Call) -> None:
    key = "sk-" + "a1B2c3D4" * 5
    write_run(tmp_path / "runs", keyed([record("a", "q", f"it is {key}")]))
    done = call("export", env={"OPENAI_API_KEY": key})
    assert [row["reply"] for row in rows(done.out)] == ["it is [key]"]


def test_a_missing_library_is_named_with_its_extra(run: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    done = call("export", "--format", "parquet")
    assert done.code == 2
    assert "pip install 'persona-batch[parquet]'" in done.err
    assert not list(run.glob("*parquet*"))


def test_a_reader_that_leaves_ends_it_quietly(tmp_path: Path) -> None:
    write_run(tmp_path / "runs", keyed([record("a", f"q{number}", "word " * 2000) for number in range(200)]))
    with subprocess.Popen(
        [*BATCH, "export"], cwd=tmp_path, env=bare_env(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"run_id,")
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(60) == 141


def test_on_a_terminal_control_characters_are_shown(tmp_path: Path) -> None:
    write_run(tmp_path / "runs", keyed([record("a", "q", "red \x1b[31m\u202eflow")]))
    with batch_in_terminal("export", "--format", "markdown", cwd=tmp_path) as session:
        assert session.wait() == 0
        assert "red ␛[31m<U+202E>flow" in session.text


def test_which_two_of_several_personas_has_to_be_said(tmp_path: Path, call: Call) -> None:
    write_run(tmp_path / "runs", crew(voices={"none": "", "pirate": "Arrr", "poet": "O"}, questions=1, samples=1))
    done = call("export", "--format", "llm-comparator")
    assert (done.code, done.out) == (2, "")
    assert "two personas are set side by side; name them by --personas A,B: none, pirate, poet" in done.err
