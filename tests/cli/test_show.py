"""`batch show`: what was sent and what came back."""

import json
import subprocess
from pathlib import Path

import pytest

from cli.calling import Call, Called
from cli.run_folders import RUN, write_run
from persona_batch.record import ErrorInfo
from terminals.command import bare_env, batch, batch_in_terminal
from terminals.session import BATCH
from view.records import make_cell, make_record


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working folder with one run of four records."""
    write_run(
        tmp_path,
        [
            make_record(make_cell("wukong", "view"), "俺老孙"),
            make_record(make_cell("none", "view", placement="none"), "I am an AI", status="truncated"),
            make_record(make_cell("wukong", "hobby", sample=1, model="other"), "花果山"),
            make_record(make_cell("bajie", "hobby"), status="error", error=ErrorInfo("server", "went away", 500)),
        ],
    )
    return tmp_path


def spoken(value: object) -> str | None:
    """Name a case by its arguments."""
    return " ".join(value) if isinstance(value, list) and value and isinstance(value[0], str) else None


def shown(done: Called) -> list[tuple[str, str, int]]:
    """Return persona, question and sample of the records that `--jsonl` printed."""
    assert done.code == 0, done.err
    records = [json.loads(line) for line in done.out.splitlines()]
    return [(record["persona"], record["question"], record["sample"]) for record in records]


def test_the_newest_run_is_shown_by_default(work: Path, call: Call) -> None:
    done = call("show")
    assert done.code == 0
    assert " user       你对取经怎么看？\n" in done.out
    assert "俺老孙\n" in done.out
    assert "error (server): went away" in done.out
    assert done.err == ""


@pytest.mark.parametrize("run", ["latest", RUN, RUN[:8], f"runs/{RUN}", f"runs/{RUN}/records.jsonl"])
def test_a_run_may_be_named_in_any_way(run: str, work: Path, call: Call) -> None:
    assert len(shown(call("show", run, "--jsonl"))) == 4


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["-p", "wu*"], [("wukong", "view", 0), ("wukong", "hobby", 1)]),
        (["-p", "none", "-p", "bajie"], [("none", "view", 0), ("bajie", "hobby", 0)]),
        (["--question", "hob?y"], [("wukong", "hobby", 1), ("bajie", "hobby", 0)]),
        (["--status", "truncated"], [("none", "view", 0)]),
        (["--failed"], [("none", "view", 0), ("bajie", "hobby", 0)]),
        (["--sample", "1"], [("wukong", "hobby", 1)]),
        (["--placement", "none"], [("none", "view", 0)]),
        (["-m", "oth*"], [("wukong", "hobby", 1)]),
        (["--limit", "2"], [("wukong", "view", 0), ("none", "view", 0)]),
        (["-p", "wukong", "--question", "view"], [("wukong", "view", 0)]),
        (["--limit", "0"], []),
    ],
    ids=spoken,
)
def test_filters_choose_records(
    filters: list[str], expected: list[tuple[str, str, int]], work: Path, call: Call
) -> None:
    assert shown(call("show", "--jsonl", *filters)) == expected


def test_jsonl_is_what_is_on_disk(work: Path, call: Call) -> None:
    on_disk = (work / "runs" / RUN / "records.jsonl").read_text(encoding="utf-8")
    assert call("show", "--jsonl").out == on_disk


def test_json_is_one_array(work: Path, call: Call) -> None:
    records = json.loads(call("show", "--json", "-p", "wukong").out)
    assert [record["reply"] for record in records] == ["俺老孙", "花果山"]
    assert json.loads(call("show", "--json", "--limit", "0").out) == []


@pytest.mark.parametrize(
    ("filters", "hint"),
    [
        (["-p", "wukon"], "no persona matches `wukon`; did you mean `wukong`?"),
        (["--question", "zzz"], "no question matches `zzz`; expected one of view, hobby"),
        (["--sample", "7"], "no record matches"),
    ],
    ids=spoken,
)
def test_when_nothing_matches_the_reason_is_said(filters: list[str], hint: str, work: Path, call: Call) -> None:
    done = call("show", *filters)
    assert (done.code, done.out) == (0, "")
    assert hint in done.err


def test_an_unknown_run_is_wrong_usage(work: Path, call: Call) -> None:
    done = call("show", "nothing")
    assert done.code == 2
    assert "batch: nothing:" in done.err


def test_an_unknown_status_is_wrong_usage(work: Path, call: Call) -> None:
    done = call("show", "--status", "fine")
    assert done.code == 2
    assert "expected one of ok, truncated" in done.err


def test_failed_is_no_status_but_an_option(work: Path, call: Call) -> None:
    done = call("show", "--status", "failed")
    assert (done.code, done.err) == (2, "batch: --status failed: `--failed` shows all that are not ok\n")


def test_a_terminal_has_colours_as_wide_as_itself(work: Path) -> None:
    with batch_in_terminal("show", "--limit", "1", cwd=work, columns=60) as terminal:
        assert terminal.wait() == 0
    assert "\x1b[97;41m system     你是孙悟空" + " " * 38 + "\x1b[0m" in terminal.output
    assert "\x1b[30;42m user" in terminal.output


def test_a_pipe_and_no_color_have_none(work: Path) -> None:
    assert "\x1b" not in batch("show", cwd=work).stdout
    with batch_in_terminal("show", cwd=work, env={"NO_COLOR": "1"}) as terminal:
        assert terminal.wait() == 0
    assert "\x1b" not in terminal.output


def test_color_always_is_for_pagers(work: Path) -> None:
    done = batch("show", "--limit", "1", "--color", "always", cwd=work, env={"COLUMNS": "50", "NO_COLOR": "1"})
    assert "\x1b[97;41m system     你是孙悟空" + " " * 28 + "\x1b[0m\n" in done.stdout


def test_a_pager_that_is_left_early_ends_it_quietly(tmp_path: Path) -> None:
    write_run(tmp_path, [make_record(make_cell(sample=number), "长" * 2000) for number in range(200)])
    process = subprocess.Popen(
        [*BATCH, "show"], cwd=tmp_path, env=bare_env(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (141, b"")


def test_a_torn_last_line_is_passed_over(work: Path, call: Call) -> None:
    with (work / "runs" / RUN / "records.jsonl").open("ab") as file:
        file.write(b'{"schema_version":1,"key":"ab')
    assert len(shown(call("show", "--jsonl"))) == 4
