"""The keys of cells of one turn are those of before: an old run is resumed, not asked again."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from persona_batch.config.load import load_batch
from persona_batch.plan.cell import Endpoint
from persona_batch.plan.grid import Grid

HERE = Path(__file__).parent
FROZEN = json.loads((HERE / "frozen_keys.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("role", ["developer", "system"])
def test_old_cells_have_their_old_keys(role: str) -> None:
    batch = load_batch([HERE / "frozen.yaml"])
    grid = Grid(
        replace(batch, run=replace(batch.run, samples=2)),
        endpoint=Endpoint("modelscope", "modelscope"),
        models=["Qwen/Qwen3-8B", "m"],
        provider_params={"max_tokens": 96},
        cli_params={"seed": 3},
        developer_role=role,  # type: ignore[arg-type]
    )
    keys = {
        f"{cell.persona}/{cell.variant}/{cell.placement}/{cell.question}/{cell.model}/{cell.sample}": cell.key
        for cell in grid
    }
    assert keys == FROZEN[role]
