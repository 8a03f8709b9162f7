"""The library is a guest in its caller's process: it leaves all as it was, prints nothing, and is loaded light."""

import json
import os
import subprocess
import sys
from pathlib import Path

from servers.faulty import serving

TESTS = Path(__file__).parents[1]
HEAVY = ("openai", "numpy", "scipy", "pydantic", "typer", "yaml", "httpx2", "jinja2", "rich", "pyarrow")


def program(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_a_process_with_settings_of_its_own_keeps_them_all_and_nothing_is_printed() -> None:
    with serving() as server:
        done = program("-m", "library.guest", server.base_url)
    assert (done.returncode, done.stderr) == (0, "")
    (only,) = done.stdout.splitlines()
    told = json.loads(only)
    assert told["changed"] == []
    came_to = {
        "run": "complete",
        "ask": "ok",
        "compare": 4,
        "report": "report.html",
        "table": 4,
        "read_records": 4,
        "dry_run": 3,
    }
    assert told["alone"] == told["looped"] == came_to


def test_the_package_and_its_names_are_loaded_light() -> None:
    heavy = f"print([name for name in {HEAVY} if name in sys.modules])"
    reading = "from persona_batch import compare, report, read_records, table, Run, Reply, UsageError"
    every = "from persona_batch import *"
    done = program("-c", f"import sys, persona_batch\n{heavy}\n{reading}\n{heavy}\n{every}\n{heavy}")
    assert done.stderr == ""
    at_first, for_reading, with_all = done.stdout.splitlines()
    assert at_first == "[]"
    assert "numpy" not in for_reading
    assert "openai" not in with_all


def test_every_public_name_is_there() -> None:
    import persona_batch

    assert all(getattr(persona_batch, name) is not None for name in persona_batch.__all__)
    assert [name for name in dir(persona_batch) if not name.startswith("__")] == persona_batch.__all__


def test_the_marker_of_types_is_in_the_package() -> None:
    import persona_batch

    assert Path(persona_batch.__file__).with_name("py.typed").is_file()
