"""How each other tool is called for the same cells, and what it does more or less than `batch run`."""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.cells import asks
from benchmarks.environments import Environment, promptfoo_environment, python_environment
from benchmarks.measure import Run, run

CONCURRENCY = 50
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Tool:
    """A tool to measure; `run` asks all cells of one model."""

    name: str
    version: str
    run: Callable[[Bench, str], Run]
    remark: str


def installed_tools(bench: Bench) -> list[Tool]:
    """Install the other tools."""
    folder = bench.tools
    inspect = python_environment(folder, "inspect", "inspect-ai", "openai")
    curator = python_environment(folder, "curator", "bespokelabs-curator")
    promptfoo = promptfoo_environment(folder)
    tools = [
        Tool("Inspect AI", inspect.version, lambda bench, model: inspect_run(bench, inspect, model), INSPECT),
        Tool("curator", curator.version, lambda bench, model: curator_run(bench, curator, model), CURATOR),
    ]
    if promptfoo is not None:
        tools.insert(
            0,
            Tool(
                "promptfoo", promptfoo.version, lambda bench, model: promptfoo_run(bench, promptfoo, model), PROMPTFOO
            ),
        )
    return tools


INSPECT = (
    "does not stream here (its default), so it has no time to first token; writes a log with a summary of every "
    "sample and can score, sandbox and use tools, of which nothing is asked."
)
CURATOR = "does not stream; writes an Arrow data set; its cache is off, and so is its telemetry."
PROMPTFOO = (
    "does not stream; keeps results in a database and writes JSON Lines; cache, telemetry and update checks are off."
)


def inspect_run(bench: Bench, tool: Environment, model: str) -> Run:
    """`inspect eval` of a task without scorer."""
    folder = bench.folder()
    shutil.copy(HERE / "inspect_task.py", folder)
    limits = ["--max-connections", str(CONCURRENCY), "--max-samples", str(CONCURRENCY)]
    command = [tool.programs / "inspect", "eval", "inspect_task.py", "--model", f"openai-api/mock/{model}"]
    return run(
        [*command, *limits, "--display", "none", "--log-dir", folder / "logs"],
        folder=folder,
        environment={
            **bench.environment,
            "MOCK_API_KEY": "none",
            "MOCK_BASE_URL": bench.endpoint.base_url,
            "CELLS": str(write_cells(folder)),
        },
    )


def curator_run(bench: Bench, tool: Environment, model: str) -> Run:
    """A script with one `curator.LLM`."""
    folder = bench.folder()
    # Its tokenizer's table would be fetched from the network; litellm, which it brings, has the same file.
    (tokenizers,) = tool.programs.parent.glob("lib/python*/site-packages/litellm/litellm_core_utils/tokenizers")
    command = [tool.programs / "python", HERE / "curator_script.py", bench.endpoint.base_url, model]
    return run(
        [*command, str(CONCURRENCY), write_cells(folder)],
        folder=folder,
        environment={
            **bench.environment,
            "HOME": str(folder),
            "OPENAI_API_KEY": "none",
            "TIKTOKEN_CACHE_DIR": str(tokenizers),
            "CURATOR_DISABLE_CACHE": "1",
            "CURATOR_DISABLE_RICH_DISPLAY": "1",
            "TELEMETRY_ENABLED": "0",
        },
    )


def promptfoo_run(bench: Bench, tool: Environment, model: str) -> Run:
    """`promptfoo eval` of one prompt with a thousand pairs of variables."""
    folder = bench.folder()
    prompt = [{"role": "system", "content": "{{system}}"}, {"role": "user", "content": "{{user}}"}]
    provider = {"id": f"openai:chat:{model}", "config": {"apiBaseUrl": bench.endpoint.base_url, "apiKey": "none"}}
    tests = [{"vars": {"system": ask.system, "user": ask.user}} for ask in asks()]
    config = folder / "promptfooconfig.json"
    config.write_text(json.dumps({"prompts": [json.dumps(prompt)], "providers": [provider], "tests": tests}), "utf-8")
    flags = ["--no-cache", "--no-table", "--no-progress-bar"]
    return run(
        [tool.programs / "promptfoo", "eval", "-c", config, "-j", str(CONCURRENCY), *flags, "-o", "out.jsonl"],
        folder=folder,
        environment={
            **bench.environment,
            "PROMPTFOO_CONFIG_DIR": str(folder / "state"),
            "PROMPTFOO_DISABLE_TELEMETRY": "1",
            "PROMPTFOO_DISABLE_UPDATE": "1",
            "PROMPTFOO_DISABLE_REMOTE_GENERATION": "1",
        },
    )


def write_cells(folder: Path) -> Path:
    """Write the cells as JSON."""
    path = folder / "cells.json"
    path.write_text(json.dumps([asdict(ask) for ask in asks()], ensure_ascii=False), "utf-8")
    return path
