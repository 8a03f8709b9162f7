"""`batch import`: what is printed where, what is written, and what is left alone."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.calling import Call

TABLE = 'act,prompt\nA b,"You are {name}."\n'


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "roles.csv").write_text(TABLE)
    return tmp_path


def test_files_go_to_stdout_and_what_is_said_to_stderr(work: Path, call: Call) -> None:
    done = call("import", "roles.csv", "-o", "study")
    assert (done.code, done.out) == (0, "study/personas/roles.yaml\n")
    assert "batch: roles.csv: not filled in, and sent as it stands: `{name}`" in done.err
    assert "new ids of personas: `A b` is `A-b`" in done.err
    assert done.err.endswith("batch: 1 persona imported; next: `batch check study/personas/roles.yaml`\n")
    assert [path.name for path in (work / "study").iterdir()] == ["personas"]
    assert call("check", "study").code == 0


def test_a_dry_run_writes_nothing(work: Path, call: Call) -> None:
    done = call("import", "roles.csv", "--dry-run")
    assert (done.code, done.out) == (0, "personas/roles.yaml\n")
    assert "found; nothing was written" in done.err
    assert [path.name for path in work.iterdir()] == ["roles.csv"]


def test_what_says_something_else_is_written_over_by_force_alone(work: Path, call: Call) -> None:
    assert call("import", "roles.csv").code == 0
    again = call("import", "roles.csv")
    assert (again.code, again.out) == (0, "")
    assert "unchanged: 1 file" in again.err
    file = work / "personas/roles.yaml"
    file.write_text("id: mine\nsystem: x\n")
    refused = call("import", "roles.csv")
    assert refused.code == 2
    assert "personas/roles.yaml in . says something else, and nothing was written" in refused.err
    assert file.read_text() == "id: mine\nsystem: x\n"
    assert call("import", "roles.csv", "--force").code == 0
    assert "You are {name}." in file.read_text()


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["none.csv"], "none.csv: cannot be read (No such file or directory)"),
        (["roles.csv", "--format", "promts"], "there is no format `promts`; did you mean `prompts`?"),
        (["roles.csv", "-o", "roles.csv"], "cannot be written"),
        (["ours.yaml"], "ours.yaml: it looks like a persona file of ours; `batch check ours.yaml` looks at it"),
    ],
)
def test_mistakes_are_one_line(work: Path, call: Call, args: list[str], told: str) -> None:
    (work / "ours.yaml").write_text("id: x\nsystem: x\nquestions: [Who?]\n")
    done = call("import", *args)
    assert done.code == 2
    assert told in done.err
    assert done.err.count("\n") == 1


def test_run_blocks_of_one_folder_do_not_contradict(work: Path, call: Call) -> None:
    for name, repeat in (("a", 2), ("b", 3)):
        (work / f"{name}.yaml").write_text(
            f"prompts: ['Say {{{{x}}}} {name}']\ntests: [{{vars: {{x: hi}}}}]\nevaluateOptions: {{repeat: {repeat}}}\n"
        )
        done = call("import", f"{name}.yaml", "-o", "study")
        assert done.code == 0
    assert "`samples` of `run` is 3, which another file sets to something else; left out" in done.err
    assert call("check", "study").code == 0
    assert not call("import", "a.yaml", "b.yaml", "-o", "study").out


NOTHING: dict[str, tuple[str, bytes, str]] = {
    "empty": ("a.txt", b"", "a.txt: it is empty"),
    "a byte order mark": ("a.md", b"\xef\xbb\xbf \n", "a.md: it is empty"),
    "an empty table": ("a.jsonl", b"\n", "a.jsonl: it is empty"),
    "no rows": ("a.csv", b"act,prompt\n", "a.csv: a table without rows"),
    "an empty list": ("a.json", b"[]", "a.json: nothing is in it"),
    "no document": ("a.yaml", b"# a comment\n", "a.yaml: nothing is in it"),
    "a picture": ("a.jpg", b"\xff\xd8\xff\xe0....", "a.jpg: a picture, and no character card is in it"),
    "ours": ("q.yaml", b"questions: [Who?]\n", "q.yaml: it looks like a question file of ours; `batch run PERSONA -q"),
    "hidden": ("box/.a.csv", b"act,prompt\na,b\n", "box: nothing in this folder but what is hidden or a link"),
}


@pytest.mark.parametrize("case", NOTHING)
def test_what_holds_nothing_is_said_for_what_it_is(work: Path, call: Call, case: str) -> None:
    name, data, told = NOTHING[case]
    (work / name).parent.mkdir(exist_ok=True)
    (work / name).write_bytes(data)
    named = name.partition("/")[0]
    alone = call("import", named, "-o", "study")
    assert (alone.code, alone.err.count("\n")) == (2, 1)
    assert alone.err.startswith(f"batch: {told}")
    beside = call("import", "roles.csv", named, "-o", "study")
    assert beside.code == 0
    assert f"batch: {told}" in beside.err
    assert "it was passed over\n" in beside.err


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("cut.json", b'[{"act": "a', "cut.json:1:10: not JSON"),
        ("wide.txt", "hello".encode("utf-16"), "wide.txt: UTF-16; save it as UTF-8"),
        ("cut.yaml", b"a: [b", "cut.yaml:"),
        ("cut.jsonl", b'{"a":', "cut.jsonl:1: not JSON"),
    ],
)
def test_what_is_named_and_broken_ends_it_and_what_is_found_in_a_folder_does_not(
    work: Path, call: Call, name: str, data: bytes, told: str
) -> None:
    (work / "box").mkdir()
    for folder in (work, work / "box"):
        (folder / name).write_bytes(data)
    named = call("import", "roles.csv", name, "-o", "study")
    assert (named.code, named.err.count("\n")) == (2, 1)
    assert told in named.err
    assert not (work / "study").exists()
    found = call("import", "roles.csv", "box", "-o", "study")
    assert found.code == 0
    assert f"box/{told}" in found.err


@pytest.mark.parametrize(
    ("files", "out", "told"),
    [
        ({"roles.csv": TABLE}, "study", "study/personas/roles.yaml"),
        ({"asked.csv": "question\nWho?\n"}, "study", "study/prompts/asked.yaml"),
        ({"roles.csv": TABLE, "asked.csv": "question\nWho?\n"}, "study", "study"),
        ({"roles.csv": TABLE, "more.csv": TABLE.replace("A b", "c")}, "a study", "'a study'"),
        ({"roles.csv": TABLE, "asked.csv": "question\nWho?\n"}, ".", "personas prompts"),
    ],
)
def test_the_next_command_looks_at_all_that_was_made(
    work: Path, call: Call, files: dict[str, str], out: str, told: str
) -> None:
    for name, text in files.items():
        (work / name).write_text(text)
    (work / "foreign.yaml").write_text("this: is none of ours\n")
    done = call("import", *files, "-o", out)
    assert done.err.endswith(f"next: `batch check {told}`\n")
    assert call("check", *([out] if "'" in told else told.split())).code == 0


def test_a_file_that_was_there_before_is_looked_at_too(work: Path, call: Call) -> None:
    assert call("import", "roles.csv", "-o", "study").code == 0
    (work / "more.csv").write_text(TABLE.replace("A b", "c"))
    assert call("import", "roles.csv", "more.csv", "-o", "study").err.endswith("next: `batch check study`\n")


_STOPPED = """
import os, signal, sys
from pathlib import Path
from persona_batch.cli.boundary import guarded
from persona_batch.cli.import_ import ended_alike
from persona_batch.exchange.sources.found import ImportOptions
from persona_batch.exchange.sources.recognising import Reading
from persona_batch.exchange.sources.writing.writing import write

def importing():
    with ended_alike():
        reading = Reading(ImportOptions())
        end = lambda _: os.kill(os.getpid(), int(sys.argv[1]))
        write(lambda: reading.all(["asked.jsonl"]), Path("study"), progress=end)
    return 0

sys.exit(guarded(importing))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_an_import_that_is_ended_leaves_nothing_in_the_way(work: Path, call: Call, name: str) -> None:
    lines = (json.dumps({"question": f"What is number {number}?"}) + "\n" for number in range(3000))
    (work / "asked.jsonl").write_text("".join(lines))
    command = [sys.executable, "-c", _STOPPED, str(int(getattr(signal, name)))]
    ended = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=60)
    if name == "SIGKILL":
        assert [path.name[:8] for path in (work / "study").iterdir()] == [".import-"]
    else:
        assert (ended.returncode, ended.stderr) == (130, "")
        assert not (work / "study").exists()
    assert call("import", "asked.jsonl", "-o", "study").code == 0
    assert [path.name for path in (work / "study").iterdir()] == ["prompts"]


def test_the_folder_of_an_import_that_is_under_way_is_left_alone(work: Path, call: Call) -> None:
    import fcntl

    busy = work / "study/.import-busy"
    busy.mkdir(parents=True)
    with (busy / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert call("import", "roles.csv", "-o", "study").code == 0
        assert busy.is_dir()
    new, old = work / "study/.import-new", work / "study/.import-old"
    for folder in (new, old):
        folder.mkdir()
    os.utime(old, (0, 0))
    assert call("import", "roles.csv", "-o", "study").code == 0
    assert (busy.exists(), new.exists(), old.exists()) == (False, True, False)
