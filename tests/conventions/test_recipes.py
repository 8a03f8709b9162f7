"""What docs/recipes.md shows of other programs' settings holds with the action and the hook as they are."""

import yaml

from docs.pages import ROOT, blocks
from persona_batch.cli.completion.line import known_words

SHOWN = {block.file: yaml.safe_load(block.text) for block in blocks(ROOT / "docs/recipes.md") if block.file}


def test_the_workflow_gives_the_action_what_it_takes() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    job = SHOWN["workflow.yml"]["jobs"]["personas"]
    step = next(step for step in job["steps"] if "persona-batch" in step["uses"])
    assert set(step["with"]) <= set(action["inputs"])
    options = {name for option in known_words()["commands"]["run"]["options"] for name in option["names"]}
    assert {line.partition("=")[0] for line in step["with"]["args"].split()} <= options
    page = (ROOT / "docs/recipes.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in (*action["inputs"], *action["outputs"]))


def test_the_hook_that_is_shown_is_there() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    (repository,) = SHOWN[".pre-commit-config.yaml"]["repos"]
    assert [hook["id"] for hook in repository["hooks"]] == [hook["id"] for hook in hooks]


def test_the_job_for_gitlab_calls_commands_that_are_there() -> None:
    for line in SHOWN[".gitlab-ci.yml"]["personas"]["script"][1:]:
        name = line.split()[1]
        options = {word for word in line.split() if word.startswith("--")}
        known = known_words()["commands"][name]["options"]
        assert options <= {word for option in known for word in option["names"]}, line
