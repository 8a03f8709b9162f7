"""`batch import`: what is printed where, what is written, and what is left alone."""

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
        (["ours.yaml"], "ours.yaml: it looks like a file of ours"),
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
