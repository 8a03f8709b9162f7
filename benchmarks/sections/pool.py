"""A pool of three replicas of which one is sick, over the two good ones alone."""

import json
from contextlib import ExitStack
from pathlib import Path
from threading import Timer

from benchmarks.bench import Bench
from benchmarks.cells import write_files
from benchmarks.endpoint import build, serve
from benchmarks.measure import Spread, number
from benchmarks.result import Bar, Section

MODEL = "mock-n50-w200"
CONCURRENCY = 64
SICK = {
    "one dies": (),
    "one stalls": ("-s", "100"),
    "one lies, 5 % 500s": ("-l", "20"),
}
DIES_AFTER = 4.0  # seconds


def measure(bench: Bench) -> Section:
    """Ask the same cells of two replicas, and of these and a sick third one, in turns."""
    replies = bench.size(4000)
    title = f"A pool with a sick replica: {replies:,} replies of 50 tokens, the first after 200 ms, 64 at a time"
    section = Section("pool", title, [["replicas", "wall s", "over the two alone"]])
    program = build(bench.folder())
    walls: dict[str, list[float]] = {"two": [], "three": [], **{name: [] for name in SICK}}
    for _ in range(bench.times(5)):
        for name, seconds in walls.items():
            seconds.append(_wall(bench, program, name, replies))
    for name, seconds in walls.items():
        ratio = Spread.of([mine / alone for mine, alone in zip(seconds, walls["two"], strict=True)])
        what = name if name not in SICK else f"three, {name}"
        section.rows.append([what, f"{Spread.of(seconds)}", "" if name == "two" else f"{number(ratio.middle)} ×"])
        if name in SICK:
            section.bars.append(Bar(f"a pool of three, {name}, over two good ones", ratio, "×", 1.1, 1.02))
    section.remarks.append(
        "Whole runs of `batch run`. The requests under way are the limit, not the replicas, so a third one makes "
        f"nothing faster. The one that dies is killed after {DIES_AFTER:g} s with all it had under way; the one that "
        "stalls says nothing after its first hundred replies."
    )
    return section


def _wall(bench: Bench, program: Path, name: str, replies: int) -> float:
    """Run the batch over new replicas; return its seconds. Every reply must be there."""
    folder = bench.folder()
    with ExitStack() as stack:
        good = [stack.enter_context(serve(program)) for _ in range(3 if name == "three" else 2)]
        third = stack.enter_context(ExitStack())
        if name in SICK:
            good.append(third.enter_context(serve(program, *SICK[name])))
        cast, asked = write_files(folder, max(1, replies // 100), 100)
        said = json.loads(cast.read_text(encoding="utf-8"))
        said["run"] = {"model": MODEL, "provider": {"id": "pool", "base_urls": [one.base_url for one in good]}}
        cast.write_text(json.dumps(said), encoding="utf-8")
        if name == "one dies":
            death = Timer(DIES_AFTER / (10 if bench.quick else 1), third.close)
            death.start()
            stack.callback(death.join)
        run = bench.batch("run", cast, "-q", asked, "-j", CONCURRENCY, "--quiet", "-o", "runs", folder=folder)
    (records,) = {path.resolve() for path in (folder / "runs").glob("*/records.jsonl")}
    if (whole := records.read_bytes().count(b'"status":"ok"')) != replies:
        raise RuntimeError(f"{whole} replies where {replies} were asked for")
    return run.wall
