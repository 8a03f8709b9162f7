"""The cells as an Inspect task without a scorer; read by `inspect eval`, in Inspect's own environment."""

import json
import os
from pathlib import Path

from inspect_ai import Task, task  # type: ignore[import-not-found]
from inspect_ai.dataset import Sample  # type: ignore[import-not-found]
from inspect_ai.model import ChatMessageSystem, ChatMessageUser  # type: ignore[import-not-found]
from inspect_ai.solver import generate  # type: ignore[import-not-found]


@task  # type: ignore[untyped-decorator]
def cells() -> Task:
    """One sample per cell."""
    asks = json.loads(Path(os.environ["CELLS"]).read_text("utf-8"))
    dataset = [
        Sample(input=[ChatMessageSystem(content=ask["system"]), ChatMessageUser(content=ask["user"])]) for ask in asks
    ]
    return Task(dataset=dataset, solver=generate())
