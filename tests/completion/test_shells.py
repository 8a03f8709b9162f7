"""TAB in bash, zsh and fish, as installed by `--install-completion`."""

import shutil
from pathlib import Path

import pytest

from completion.shells import Shell

PLAIN = "id: nurse\nsystem: You are a nurse.\nquestions: [Who are you?]\n"
RUN = "20261127T075912Z-nurse"
ODD = 'it\'s $(touch broken) `touch broken` 100%; & "two" .yaml'


@pytest.fixture(params=["bash", "zsh", "fish"])
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return Shell(request.param, tmp_path)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / "personas").mkdir(parents=True)
    (folder / "personas" / "nurse.yaml").write_text(PLAIN, encoding="utf-8")
    (folder / "personas" / "notes.txt").write_text("", encoding="utf-8")
    (folder / "odd names").mkdir()
    (folder / "odd names" / ODD).write_text(PLAIN, encoding="utf-8")
    (folder / "runs" / RUN).mkdir(parents=True)
    (folder / "runs" / RUN / "records.jsonl").touch()
    (folder / "runs" / RUN / "run.json").write_text('{"config": {"personas": [{"id": "nurse"}]}}', encoding="utf-8")
    (folder / "run").mkdir()  # a folder of a command's name takes nothing of it
    return folder


LINES = [
    ("batch comp\tprev\t--expl\tcha", ["compare", "previous", "--explain", "cha"]),
    (
        "batch sched\tadd personas/\t--provider model\t",
        ["schedule", "add", "personas/nurse.yaml", "--provider", "modelscope"],
    ),
    (
        "persona-batch run personas/n\t-p n\t--provider=modelsc\t",
        ["run", "personas/nurse.yaml", "-p", "nurse", "--provider=modelscope"],
    ),
    ("batch show 2026\t-p n\t", ["show", RUN, "-p", "nurse"]),
    ("batch run -q personas/\t--out=pers\t", ["run", "-q", "personas/nurse.yaml", "--out=personas/"]),
    ("batch schema que\t", ["schema", "questions"]),
    (
        "batch compare lat\t--format=js\t--measures loss,wor\t",
        ["compare", "latest", "--format=json", "--measures", "loss,words"],
    ),
    ("batch run odd\tit\t", ["run", f"odd names/{ODD}"]),
    ("batch run 'odd names/it\t", ["run", f"odd names/{ODD}"]),
]


def test_a_line_is_completed_as_it_would_have_been_typed(shell: Shell, work: Path) -> None:
    with shell.opened(work) as typed:
        told = [typed(line) for line, _ in LINES]
    assert told == [expected for _, expected in LINES]
    assert not (work / "broken").exists()
