"""The names that scripts rely on."""

from typing import Any

import pytest

from persona_batch.cli.commands import COMMANDS, Entry
from persona_batch.cli.parser import load

# fmt: off
RUN_OPTIONS = [
    "-q", "--questions", "--provider", "--base-url", "--api-key-env", "-m", "--model", "-n", "--samples",
    "--placement", "-j", "--concurrency", "--rpm", "--tpm", "--per-day", "--max-requests",
    "--max-tokens-total", "--time-limit", "--wait", "--window", "--timeout", "--retries", "--seed", "-p", "--persona",
    "--question", "--limit", "-o", "--out", "--resume", "--continue", "--retry-errors", "--dry-run",
    "--fail-under", "--engine", "--json", "--quiet", "--verbose", "--no-progress", "--watch",
]
# fmt: on
REPEATABLE = ["--questions", "--model", "--placement", "--persona", "--question"]


def by_name() -> dict[str, Entry]:
    """Return the commands by name."""
    return {entry.name: entry for entry in COMMANDS}


def option(name: str) -> Any:
    """Return an option of `batch run`."""
    (found,) = [parameter for parameter in load(by_name()["run"]).params if name in parameter.opts]
    return found


@pytest.mark.parametrize("name", RUN_OPTIONS)
def test_run_has_the_option(name: str) -> None:
    assert option(name).help


@pytest.mark.parametrize("name", REPEATABLE)
def test_an_option_that_may_be_repeated_can_be(name: str) -> None:
    assert option(name).multiple


def test_the_runs_go_to_the_folder_runs() -> None:
    assert option("--out").default == "runs"


@pytest.mark.parametrize(
    "name",
    [
        "run",
        "ask",
        "chat",
        "show",
        "compare",
        "runs",
        "submissions",
        "check",
        "schedule",
        "providers",
        "schema",
        "init",
    ],
)
def test_the_command_is_there(name: str) -> None:
    assert name in by_name()


@pytest.mark.parametrize("name", ["add", "list", "remove"])
def test_schedule_has_the_subcommand(name: str) -> None:
    assert name in [entry.name for entry in by_name()["schedule"].entries]


@pytest.mark.parametrize(
    ("words", "resumed"),
    [
        (["--resume"], "latest"),
        (["--resume", "--json"], "latest"),
        (["--resume", "x.yaml"], "latest"),
        (["x.yaml", "--resume"], "latest"),
        (["--resume", "runs/a"], "runs/a"),
        (["x.yaml", "--resume", "20261122"], "20261122"),
        (["x.yaml"], None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_resume_may_stand_without_a_run(words: list[str], resumed: str | None) -> None:
    context = load(by_name()["run"]).make_context("batch run", list(words))
    assert context.params["resume"] == resumed
