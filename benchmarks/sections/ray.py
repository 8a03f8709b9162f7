"""`--engine ray` beside the local engine, and what kills cost it; in a network namespace, where that is allowed."""

import importlib.util
import json
import os
import shutil
import subprocess

from benchmarks.bench import Bench
from benchmarks.measure import Spread, number, run
from benchmarks.result import Bar, Section

MODEL = "mock-n50"
KILLS = 5
ALONE = ("unshare", "--net", "--fork", "--pid", "--kill-child", "--mount-proc", "sh", "-c")
UP = 'ip link set lo up && exec "$@"'
WAYS = {
    "local": "the local engine",
    "local workers": "the local engine, `--workers 2`",
    "ray": "`--engine ray`, two actors, a Ray of its own",
    "joined": "`--engine ray`, two actors, a Ray that is there",
}


def missing() -> str | None:
    """Return what is not there that it takes; None: nothing."""
    if importlib.util.find_spec("ray") is None:
        return "Ray is not installed"
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return "unshare and ip are not there"
    tried = subprocess.run([*ALONE, UP, "sh", "true"], capture_output=True)
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
    scene = [bench.python, "-m", "benchmarks.clients.ray_scene", folder, cells, MODEL, KILLS]
    environment = {**bench.environment, **own, "PYTHONPATH": os.getcwd()}
    said = run([*ALONE, UP, "sh", *scene], environment=environment, core=None).stdout
    found = json.loads(said.splitlines()[-1])
    seconds, killed = found["seconds"], found["killed"]
    for name, what in WAYS.items():
        section.rows.append([what, number(seconds[name]), f"{number(seconds[name] / seconds['local'])} ×"])
    what = f"the last, {KILLS} actors and the driver killed, and `--continue`"
    section.rows.append([what, number(killed["seconds"]), f"{number(killed['seconds'] / seconds['local'])} ×"])
    lost = Spread.of([killed["missing"] + killed["doubled"]])
    section.bars.append(Bar("ray, 5 actors and the driver killed: records lost or doubled", lost, "", 0))
    twice = Spread.of([killed["asked twice"]])
    section.bars.append(
        Bar("ray, the same: requests asked twice, at most those under way", twice, "", killed["under way"])
    )
    section.remarks += [
        f"With the kills, {killed['records']:,} records, {killed['missing']} missing, {killed['doubled']} doubled; "
        f"{killed['asked twice']} requests were asked twice, and {killed['under way']} were under way at the kills.",
        "Do not use it where no cluster runs Ray already: one process is enough for what an endpoint takes, starts in "
        "half a second, and `--workers` takes the other cores of the machine. A cluster gives other machines' cores and "
        "network addresses, nothing else.",
        "Measured on all cores, without turns taken first: whole runs, once each, in a network namespace.",
    ]
    return section
