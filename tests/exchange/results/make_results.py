"""Make the results of other tools in `data/` anew, by the tools themselves against `endpoint.py`.

Not run by any test: it needs promptfoo (npm), and Inspect and EvalScope (PyPI), each named by its path:

    PYTHONPATH=tests python -m exchange.results.make_results --promptfoo node_modules/.bin/promptfoo \\
        --inspect venv/bin/inspect --evalscope venv/bin/python

Made with promptfoo 0.121.20, inspect_ai 0.3.285 and evalscope 1.14.1. Every tool asks an endpoint of its own, one
request at a time, so all get the same replies as `batch run` does. What they wrote is kept as it is, but for folders of
the machine, packed by xz.
"""

import argparse
import json
import lzma
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from exchange.results.endpoint import MODEL, endpoint

HERE = Path(__file__).parent / "data"
QUESTIONS = (
    "Who are you?",
    "What do you like to eat?",
    'Say "hello" to me,\nplease.',
    "你有什么爱好？",
    "How is the weather?",
    "Tell me of your friends.",
)
SYSTEMS = {
    "none": None,
    "assistant": "You are a helpful assistant.",
    "pirate": "You are a pirate.",
    "monkey": "You are a monkey king.",
}
_EVALSCOPE = """
from evalscope import TaskConfig, run_task
run_task(TaskConfig(model={model!r}, api_url={url!r}, api_key="x", eval_type="openai_api", datasets=["general_qa"],
    dataset_args={{"general_qa": {{"local_path": "qa", "subset_list": {subsets!r}}}}},
    generation_config={{"temperature": 1, "max_tokens": 100}}, repeats=3, eval_batch_size=1, work_dir="outputs"))
"""


def main() -> None:
    """Make what is asked for."""
    parser = argparse.ArgumentParser()
    for tool in ("promptfoo", "inspect", "evalscope"):
        parser.add_argument(f"--{tool}", type=Path)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for make, tool in ((promptfoo, wanted.promptfoo), (inspect, wanted.inspect), (evalscope, wanted.evalscope)):
            if tool is not None:
                with endpoint() as url:
                    make(tool.absolute(), folder, url)


def promptfoo(tool: Path, folder: Path, url: str) -> None:
    """Keep the JSON, the JSONL, and the JSON of a second evaluation out of promptfoo's cache."""
    config = HERE / "promptfooconfig.yaml"
    asked = [tool, "eval", "-c", config, "--repeat", "3", "-j", "1", "--no-table", "--no-progress-bar"]
    _run([*asked, "--no-cache", "-o", "promptfoo.json", "-o", "promptfoo.jsonl"], folder, url)
    again = [*asked, "-o", "cached.json"]
    _run(again, folder, url)
    _run(again, folder, url)  # the second time from the cache
    for file in ("promptfoo.json", "promptfoo.jsonl", "cached.json"):
        _keep(folder / file, file)


def inspect(tool: Path, folder: Path, url: str) -> None:
    """Keep the logs of all tasks, as JSON and as archives."""
    shutil.copy(HERE / "inspect_tasks.txt", folder / "inspect_tasks.py")
    for kind in ("json", "eval"):
        asked = [tool, "eval", "inspect_tasks.py", "--model", f"openai/{MODEL}", "-M", "responses_api=false"]
        asked += ["--epochs", "3", "--temperature", "1", "--log-format", kind, "--log-dir", kind, "--display", "plain"]
        with endpoint() as fresh:
            _run([*asked, *["--max-connections", "1", "--max-samples", "1", "--max-tasks", "1"]], folder, fresh)
        for log in sorted((folder / kind).glob(f"*.{kind}")):
            _keep(log, f"inspect{'_json' if kind == 'json' else ''}/{log.name.split('_')[1]}.{kind}")


def evalscope(tool: Path, folder: Path, url: str) -> None:
    """Keep predictions, reviews and the configuration."""
    (folder / "qa").mkdir()
    for name, system in SYSTEMS.items():
        before = [] if system is None else [{"role": "system", "content": system}]
        rows = [{"messages": [*before, {"role": "user", "content": text}], "response": "ship"} for text in QUESTIONS]
        (folder / "qa" / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    script = _EVALSCOPE.format(model=MODEL, url=url, subsets=[*SYSTEMS])
    _run([tool, "-c", script], folder, url)
    (made,) = (folder / "outputs").iterdir()
    for file in sorted([*made.glob("predictions/*/*"), *made.glob("reviews/*/*"), *made.glob("configs/*.yaml")]):
        _keep(file, f"evalscope/{file.relative_to(made).as_posix()}")


def _run(command: list[object], folder: Path, url: str) -> None:
    told = {"OPENAI_API_KEY": "x", "OPENAI_BASE_URL": url, "PROMPTFOO_CONFIG_DIR": str(folder / "home")}
    told |= {"PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1"}
    done = subprocess.run(list(map(str, command)), cwd=folder, env={**os.environ, **told}, timeout=300)
    if done.returncode not in (0, 100):  # 100: an assertion of promptfoo's failed
        raise SystemExit(f"{command[0]} ended with {done.returncode}")


def _keep(file: Path, name: str) -> None:
    place = HERE / f"{name}.xz"
    place.parent.mkdir(parents=True, exist_ok=True)
    data = file.read_bytes()
    if file.suffix != ".eval":  # nothing of the machine
        data = re.sub(rb"(?<=[\"' ])/(?:root|home|tmp|usr|opt)/[^\"', ]*", b"/somewhere", data)
    place.write_bytes(lzma.compress(data, preset=9))


if __name__ == "__main__":
    main()
