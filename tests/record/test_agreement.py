"""Readers do not trust that a folder's records and manifest belong together."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from persona_batch.record.agreement import Agreement
from persona_batch.record.reader import read_records
from persona_batch.record.rundir import RunDir

BATCH = """\
id: pirate
system: [Talk like a pirate., You are a pirate.]
examples: [{user: Hi, assistant: Arrr}]
params: {temperature: 0.5}
controls: [none]
questions: [{text: Where is the sea?, params: {top_p: 0.5}}, 你好]
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes a run of the batch, edited or not, and returns its folder."""

    def make(edit: Callable[[str], str] = str, *options: str) -> Path:
        folder = tmp_path_factory.mktemp("run")
        (folder / "pirate.yaml").write_text(edit(BATCH), encoding="utf-8")
        command = [sys.executable, "-m", "persona_batch", "run", "pirate.yaml", "--provider", "scripted", "-n", "2"]
        done = subprocess.run([*command, *options], cwd=folder, check=True, capture_output=True, text=True)
        return folder / done.stdout.splitlines()[-1]

    return make


def doubts(folder: Path) -> list[str]:
    agreement = Agreement.of(RunDir(folder, folder / "records.jsonl"))
    assert len(list(agreement.watch(read_records(folder / "records.jsonl")))) == agreement.seen
    return agreement.doubts()


@pytest.mark.parametrize(
    "options", [(), ("--param", "top_k=3"), ("--placement", "user"), ("-p", "pirate"), ("--limit", "3")], ids=str
)
def test_a_run_as_it_was_made_leaves_no_doubt(made: Callable[..., Path], options: tuple[str, ...]) -> None:
    assert doubts(made(str, *options)) == []


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda text: text.replace("Talk", "Speak"), "were asked otherwise than run.json describes"),
        (lambda text: text.replace("0.5}\ncontrols", "0.9}\ncontrols"), "were asked otherwise"),
        (lambda text: text.replace("Arrr", "Ahoy"), "were asked otherwise"),
        (lambda text: text.replace("id: pirate", "id: corsair").replace("Talk", "Speak"), "(corsair/"),
        (lambda text: text.replace("你好", "再见"), "belong to no cell that run.json describes"),
    ],
)
def test_records_of_another_batch_among_the_others_are_told(
    made: Callable[..., Path], edit: Callable[[str], str], said: str
) -> None:
    here, there = made(), made(edit)
    ours = (here / "records.jsonl").read_text(encoding="utf-8")
    keys = {json.loads(line)["key"] for line in ours.splitlines()}
    for line in (there / "records.jsonl").read_text(encoding="utf-8").splitlines(keepends=True):
        if json.loads(line)["key"] not in keys:
            ours += line
    (here / "records.jsonl").write_text(ours, encoding="utf-8")
    told = doubts(here)
    assert any(said in doubt for doubt in told), told
    assert any("run.json counts 12 records" in doubt for doubt in told), told


@pytest.mark.parametrize("command", ["compare", "show"])
def test_compare_and_show_say_it(made: Callable[..., Path], command: str) -> None:
    folder = made()
    lines = (folder / "records.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "records.jsonl").write_text("".join(lines[:-2]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "persona_batch", command, str(folder)], capture_output=True, text=True, check=True
    )
    told = " ".join((done.stdout + done.stderr).split())
    assert "run.json counts 12 records, records.jsonl holds 10" in told


def test_an_old_manifest_that_describes_no_plan_still_shows_two_prompts_of_one_cell(made: Callable[..., Path]) -> None:
    here, there = made(), made(lambda text: text.replace("Talk", "Speak"))
    manifest = json.loads((here / "run.json").read_text(encoding="utf-8"))
    for name in ("provider_params", "cli_params", "developer_role"):
        del manifest["config"][name]
    (here / "run.json").write_text(json.dumps(manifest), encoding="utf-8")
    both = {}
    for folder in (here, there):
        for line in (folder / "records.jsonl").read_text(encoding="utf-8").splitlines(keepends=True):
            both[json.loads(line)["key"]] = line
    (here / "records.jsonl").write_text("".join(both.values()), encoding="utf-8")
    assert any("4 cells have several records that were asked differently" in doubt for doubt in doubts(here))
