"""The published experiments that ship as configs check clean, ask as many as they say, and show what they are for."""

import csv
import itertools
import json
import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import jsonschema
import msgspec
import pytest
import yaml

from persona_batch import Record, compare
from persona_batch.config.load import load_batch
from persona_batch.plan.cell import Endpoint
from persona_batch.plan.grid import Grid
from servers.act import Act, Script
from servers.faulty import serving
from terminals import command

DESIGNS = Path(__file__).parents[2] / "docs/designs"
NAMES = sorted(path.parent.name for path in DESIGNS.glob("*/personas.yaml"))
ROUNDS = 8


def batch(*args: str, home: Path, within: Path = DESIGNS) -> subprocess.CompletedProcess[str]:
    env = {"HOME": str(home), "PERSONA_BATCH_STATE": str(home / "state")}
    return command.batch(*args, cwd=within, env=env, timeout=110)


def records_of(run: Path) -> list[Record]:
    lines = (run / "records.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Record) for line in lines]


@pytest.mark.parametrize("name", NAMES)
def test_a_design_is_right_and_warns_of_nothing(name: str) -> None:
    assert not load_batch([DESIGNS / name / "personas.yaml"]).warnings


@pytest.mark.parametrize("path", sorted(DESIGNS.glob("*/*.yaml")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_file_names_its_schema_and_follows_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    schema = (path.parent / text.splitlines()[0].partition("$schema=")[2]).resolve()
    assert schema.parent == Path(str(files("persona_batch") / "schemas"))
    jsonschema.validate(yaml.safe_load(text), json.loads(schema.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("name", "requests"),
    [
        ("social-roles", (12 * 4 + 1) * 50),
        ("stability", 7 * 6 * (ROUNDS + (ROUNDS - 1) + ROUNDS)),
        ("assistant-axis", (6 * 5 + 5) * 12),
        ("tone", 5 * 50 * 10),
    ],
)
def test_a_dry_run_counts_the_product_of_the_design(name: str, requests: int, tmp_path: Path) -> None:
    done = batch("run", f"{name}/personas.yaml", "--provider", "scripted", "--dry-run", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"{requests:,} requests" in done.stdout + done.stderr
    assert f"{requests:,}" in (DESIGNS / f"{name}.md").read_text(encoding="utf-8")


def test_the_roles_in_full_are_as_many_requests_as_in_the_paper(tmp_path: Path) -> None:
    design = DESIGNS / "social-roles"
    for name in ("personas.yaml", "questions.yaml"):
        (tmp_path / name).write_text((design / name).read_text(encoding="utf-8"), encoding="utf-8")
    _table(tmp_path / "roles.csv", ["role", "merged_cate", "gender"], 162, lambda n: [f"role {n}", "work", "unknown"])
    columns = ["question", "true_option", "option1", "option2", "option3", "option4"]
    _table(tmp_path / "quiz.csv", columns, 2410, lambda n: [f"Question {n}?", str(n % 4 + 1), *"abcd"])
    done = batch("run", "personas.yaml", "--provider", "scripted", "--dry-run", home=tmp_path, within=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1,564,090 requests" in done.stdout + done.stderr


def _table(path: Path, columns: list[str], rows: int, row: Callable[[int], list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(row(number) for number in range(rows))


def test_the_article_goes_by_the_first_letter_as_in_the_paper() -> None:
    grid = Grid(
        load_batch([DESIGNS / "social-roles/personas.yaml"]), endpoint=Endpoint("scripted", "scripted"), models=["m"]
    )
    said = {
        message.content for cell in itertools.islice(grid, 49) for message in cell.messages if message.role == "system"
    }
    assert {"", "You are an umbrella maker.", "You are a pupil.", "Imagine you are talking to an aunt."} <= said


def test_the_right_option_is_where_the_key_says() -> None:
    with (DESIGNS / "social-roles/quiz.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [sum(row["true_option"] == place for row in rows) for place in "1234"] == [13, 13, 12, 12]
    assert all(len({row[f"option{number}"] for number in range(1, 5)}) == 4 for row in rows)


@pytest.mark.parametrize("name", NAMES)
def test_a_small_run_of_a_design_is_whole(name: str, tmp_path: Path) -> None:
    small = ["-n", "1", "--limit", "40"]
    done = batch(
        "run", f"{name}/personas.yaml", "--provider", "scripted", *small, "--out", str(tmp_path), home=tmp_path
    )
    assert done.returncode == 0, done.stderr
    records = records_of(Path(done.stdout.splitlines()[-1]))
    assert len(records) == 40
    assert {record.status for record in records} == {"ok"}


def test_a_prompt_forgotten_after_four_rounds_is_a_curve_that_falls(tmp_path: Path) -> None:
    # after k replies a probe goes out as message 2k + 2, behind the system prompt: kept to 4, forgotten from 5 on
    kept = {2 * k + 2: Act(reply="One sentence.") for k in range(1, 5)}
    forgotten = {2 * k + 2: Act(reply="One sentence. And another.") for k in range(5, ROUNDS + 1)}
    with serving(Script(lengths={**kept, **forgotten})) as server:
        to = ["--base-url", server.base_url, "--out", str(tmp_path)]
        done = batch("run", "stability/personas.yaml", "-p", "one-sentence", *to, home=tmp_path)
    assert done.returncode == 0, done.stderr
    found = compare(records_of(Path(done.stdout.splitlines()[-1])), measures=["drift"])
    curve = {row.metric: row.value for row in found.estimates if row.arm == "one-sentence"}
    assert [curve[f"after turn {k}"] for k in range(1, ROUNDS + 1)] == [1.0] * 4 + [0.0] * 4
    assert curve["slope"] == pytest.approx(-4 / 21)  # least squares through 1 1 1 1 0 0 0 0
