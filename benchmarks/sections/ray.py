"""`--engine ray` beside the local engine, and what kills cost it; in a network namespace, where that is allowed."""

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measure import Spread, number, run
from benchmarks.result import Bar, Section

MODEL = "mock-n50"
SLOW = "mock-n50-w200"  # of which there is always something under way
KILLS = 5
CONCURRENCY = 64
ALONE = ("unshare", "--net", "--fork", "--pid", "--kill-child", "--mount-proc", "sh", "-c")
UP = 'ip link set lo up && exec "$@"'
WAYS = {
    "local": "the local engine",
    "local workers": "the local engine, `--workers 2`",
    "ray": "`--engine ray`, two actors, a Ray of its own",
    "joined": "`--engine ray`, two actors, a Ray that is there",
}
WHEN_NOT = (
    "Do not use it where no cluster runs Ray already: one process is enough for what most endpoints take, it starts in "
    "half a second, and `--workers` takes the machine's other cores. A cluster adds other machines, and nothing else."
)


def missing() -> str | None:
    """Return what is not there that it takes; None: nothing."""
    if importlib.util.find_spec("ray") is None:
        return "Ray is not installed"
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return "unshare and ip are not there"
    tried = subprocess.run([*ALONE, UP, "sh", "true"], check=False, capture_output=True)
    return "network namespaces are not allowed" if tried.returncode else None


def measure(bench: Bench) -> Section:
    """Run the same cells by every engine, and once more with kills."""
    cells = bench.size(20_000)
    title = f"Ray: {cells:,} replies of 50 tokens, 64 at a time, two actors on one machine"
    section = Section("ray", title, [["engine", "wall s, start-up included", "over the local engine"]])
    if (why := missing()) is not None:
        section.remarks.append(f"Not measured: {why}.")
        return section
    folder = bench.folder()
    short = folder / "r"
    short.mkdir()
    own = {"RAY_TMPDIR": str(short), "RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
    scene = [bench.python, "-m", "benchmarks.clients.ray_scene", folder, cells, CONCURRENCY, KILLS, MODEL, SLOW]
    environment = {**bench.environment, **own, "PYTHONPATH": str(Path.cwd())}
    said = run([*ALONE, UP, "sh", *scene], environment=environment, core=None).stdout
    found = json.loads(said.splitlines()[-1])
    seconds, killed = found["seconds"], found["killed"]
    for name, what in WAYS.items():
        section.rows.append([what, number(seconds[name]), f"{number(seconds[name] / seconds['local'])} ×"])
    lost = Spread.of([killed["missing"] + killed["doubled"]])
    section.bars.append(Bar(f"ray, {KILLS} actors and the driver killed: records lost or doubled", lost, "", 0))
    under_way = KILLS * CONCURRENCY // 2 + CONCURRENCY
    twice = Spread.of([killed["asked twice"]])
    section.bars.append(Bar("ray, the same: requests asked twice, of those under way", twice, "", under_way))
    section.remarks.append(
        f"The same, the first token after 200 ms, with {KILLS} actors and the driver killed at even distances, and "
        f"`--continue`: {killed['records']:,} records, {killed['missing']} missing, {killed['doubled']} doubled, after "
        f"{killed['seconds']:.0f} s; {killed['asked twice']} requests were asked twice, where up to {under_way} were "
        "under way when they were killed."
    )
    section.remarks.append(WHEN_NOT)
    section.remarks.append("On all cores, with the mock beside: whole runs, once each, in a network namespace.")
    return section
