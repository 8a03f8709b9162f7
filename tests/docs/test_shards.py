"""The recipes of docs/shards.md do what they say, as far as that can be tried without a cluster or a cloud."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.pages import ROOT, blocks
from docs.workplace import Workplace, workplace

KEY = {"MODELSCOPE_API_KEY": "sk-recipes-0123456789"}

FILES = {block.file: block.text for block in blocks(ROOT / "docs" / "shards.md") if block.file}


def _merged(place: Workplace) -> dict[str, Any]:
    """Return the manifest of the newest run."""
    found: dict[str, Any] = json.loads((place.folder / "runs" / "latest" / "run.json").read_bytes())
    return found


def test_the_tasks_of_the_slurm_array_make_one_run(tmp_path: Path) -> None:
    (array,) = re.findall(r"^#SBATCH --array=1-(\d+)$", FILES["shard.sbatch"], re.MULTILINE)
    with workplace(tmp_path) as place:
        place.environment |= KEY
        for task in range(1, int(array) + 1):
            place.run(f"export SLURM_ARRAY_TASK_ID={task}\n{FILES['shard.sbatch']}")
        place.run(FILES["merge.sbatch"])
        manifest = _merged(place)
        assert (manifest["state"], len(manifest["merged"])) == ("complete", int(array))


def test_the_jobs_of_the_github_matrix_make_one_run(tmp_path: Path) -> None:
    jobs = yaml.safe_load(FILES["shards.yml"])["jobs"]
    shards = jobs["ask"]["strategy"]["matrix"]["shard"]
    asks, merges = ([step["run"] for step in jobs[name]["steps"] if "batch " in step.get("run", "")] for name in jobs)
    with workplace(tmp_path) as place:
        place.environment |= KEY
        for shard in shards:
            (command,) = asks
            place.run(command.replace("${{ matrix.shard }}", str(shard)))
            place.run(f"mkdir -p shards/shard-{shard} && mv runs/2* shards/shard-{shard}/")
        place.run("\n".join(merges))
        manifest = _merged(place)
        assert (manifest["state"], len(manifest["merged"])) == ("complete", len(shards))
    steps = jobs["ask"]["steps"] + jobs["merge"]["steps"]
    assert all(("run" in step) != ("uses" in step) for step in steps)


@pytest.mark.parametrize("shard", ["1/4", "4/4"])
def test_the_skypilot_task_runs_its_shard(tmp_path: Path, shard: str) -> None:
    task = yaml.safe_load(FILES["shard.sky.yaml"])
    assert task["envs"] == {"SHARD": "1/4"}
    with workplace(tmp_path) as place:
        place.environment |= KEY
        mounted = tmp_path / "bucket"
        mounted.mkdir()
        place.run(f"export SHARD={shard}\n{task['run']}".replace("/runs/\n", f"{mounted}/\n"))
        (run,) = mounted.iterdir()
        assert run.name.endswith(f"-shard-{shard.replace('/', '-of-')}")
