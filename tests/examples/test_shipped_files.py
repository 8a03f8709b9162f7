"""The personas and question sets in the repository are right, and fit together."""

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml

from persona_batch.checks.language import is_written_in
from persona_batch.config.batch import Batch
from persona_batch.config.load import load_batch
from persona_batch.plan.cell import Endpoint
from persona_batch.plan.grid import Grid

ROOT = Path(__file__).parents[2]
PERSONAS = sorted((ROOT / "personas").glob("*.yaml"))
QUESTIONS = sorted((ROOT / "prompts").glob("*.yaml"))
ENGLISH_SETS = [path for path in QUESTIONS if not path.name.endswith(".zh.yaml")]


def grid(batch: Batch) -> Grid:
    return Grid(batch, endpoint=Endpoint("scripted", "scripted"), models=["m"])


@pytest.mark.parametrize("path", PERSONAS, ids=lambda path: path.name)
def test_every_persona_file_is_a_whole_batch(path: Path) -> None:
    batch = load_batch([path])
    asked = [persona for persona in batch.personas if not persona.control]
    assert asked
    assert all(len(persona.questions) >= 6 for persona in asked)  # fewer cannot reach .05 in a sign-flip test
    assert batch.run.samples >= 2  # the change measure needs two


def test_the_folder_is_one_run_with_the_same_params_everywhere() -> None:
    batch = load_batch([ROOT / "personas"])
    assert {json.dumps(persona.params, sort_keys=True) for persona in batch.personas} == {
        '{"max_tokens": 96, "temperature": 0.7, "top_p": 0.9}'
    }
    keys = [cell.key for cell in grid(batch)]
    assert len(keys) == len(set(keys)) == len(grid(batch))


def test_the_example_asks_as_many_cells_as_the_readme_says() -> None:
    assert len(grid(load_batch([ROOT / "personas/wukong.yaml"]))) == 48
    assert "48 requests" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_holds_in_both_languages() -> None:
    english = load_batch([ROOT / "personas/wukong.yaml"])
    chinese = load_batch([ROOT / "personas/wukong.yaml"], questions=[ROOT / "prompts/journey.zh.yaml"])
    assert not english.warnings
    assert len(grid(chinese)) == len(grid(english))
    pattern = next(check for check in chinese.personas[-1].checks if check.kind == "regex")
    assert {"(?i)old sun", "俺老孙"} <= set(str(pattern.argument).split("|"))


@pytest.mark.parametrize("path", ENGLISH_SETS, ids=lambda path: path.name)
def test_every_question_stands_in_both_languages(path: Path) -> None:
    english = yaml.safe_load(path.read_text(encoding="utf-8"))
    chinese = yaml.safe_load(path.with_name(f"{path.stem}.zh.yaml").read_text(encoding="utf-8"))
    assert [f"{question['id']}.zh" for question in english["questions"]] == [
        question["id"] for question in chinese["questions"]
    ]
    assert all(is_written_in(question["text"], "zh") for question in chinese["questions"])
    assert not any(is_written_in(question["text"], "zh") for question in english["questions"])


@pytest.mark.parametrize("path", [*PERSONAS, *QUESTIONS], ids=lambda path: path.name)
def test_every_file_names_its_schema_and_follows_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    kind, separator, reference = text.splitlines()[0].partition("$schema=")
    assert kind.startswith("# yaml-language-server:")
    assert separator
    schema = (path.parent / reference).resolve()
    assert schema.parent == Path(str(files("persona_batch") / "schemas"))
    jsonschema.validate(yaml.safe_load(text), json.loads(schema.read_text(encoding="utf-8")))


def test_the_seed_of_the_project_is_in_the_files() -> None:
    texts = [path.read_text(encoding="utf-8") for path in [*PERSONAS, *QUESTIONS]]
    whole = "\n".join(texts)
    for said in (
        "你好",
        "你是一只小猫",
        "你爱吃什么？",
        "你有什么爱好？",
        "如何学习编程？",
        "你是孙悟空",
        "你对取经怎么看？",
    ):
        assert said in whole, said
