"""A whole process for the same 1,000 cells: `batch run`, other tools, and the script one would write."""

import sys
from collections.abc import Callable

from benchmarks.bench import Bench
from benchmarks.cells import write_files
from benchmarks.measure import ROOT, Run, Spread, run
from benchmarks.peers.tools import CONCURRENCY, Tool, installed_tools
from benchmarks.result import Bar, Section

CELLS = 1000
OURS, SCRIPT = "batch run", "plain SDK script"
# name of the tool, bar and stretch: how many times slower than `batch run`
FASTER = (("promptfoo", 5.0, 8.0), ("Inspect AI", 12.0, 20.0), (SCRIPT, 5.0, 8.0))


def measure(bench: Bench) -> Section:
    """Run every tool without latency and with 200 ms, taking turns."""
    tools = [Tool(OURS, "", our_run, ""), Tool(SCRIPT, "", script_run, ""), *installed_tools(bench)]
    rows = [["tool", "no latency: wall s", "`batch run` is faster by", "peak MB", "200 ms: wall s", "over the ideal"]]
    section = Section("peers", "A whole process: 1,000 cells of 50 tokens, 50 at a time", rows)
    ideal = CELLS / CONCURRENCY * 0.2
    fast = {tool.name: list[Run]() for tool in tools}
    slow = {tool.name: list[Run]() for tool in tools}
    for _ in range(bench.times(3)):
        for tool in tools:
            fast[tool.name].append(checked(bench, tool.run, "mock-n50"))
            slow[tool.name].append(checked(bench, tool.run, "mock-n50-w200"))
    ratios = {}
    for tool in tools:
        wall = Spread.of([one.wall for one in fast[tool.name]])
        pairs = zip(fast[tool.name], fast[OURS], strict=True)
        ratios[tool.name] = Spread.of([theirs.wall / ours.wall for theirs, ours in pairs])
        late = Spread.of([one.wall for one in slow[tool.name]])
        over = Spread.of([one.wall / ideal for one in slow[tool.name]])
        peak = f"{max(one.peak for one in fast[tool.name]):.0f}"
        rows.append(
            [f"{tool.name} {tool.version}".strip(), f"{wall}", f"{ratios[tool.name]} ×", peak, f"{late}", f"{over}"]
        )
        section.plotted[tool.name] = wall.middle
        if tool.name == OURS:
            section.bars.append(Bar("1,000 cells at 200 ms latency: wall over the ideal", over, "", 1.4, 1.25))
        if tool.remark:
            section.remarks.append(f"{tool.name}: {tool.remark}")
    for name, limit, stretch in FASTER:
        if name in ratios:
            section.bars.append(
                Bar(f"`batch run` against {name}, no latency", ratios[name], "×", limit, stretch, "more")
            )
    section.remarks.append(f"The ideal at 200 ms is {CELLS} / {CONCURRENCY} × 0.2 s = {ideal:.1f} s.")
    return section


def checked(bench: Bench, tool: Callable[[Bench, str], Run], model: str) -> Run:
    """Run a tool, and see that the endpoint was asked for every cell."""
    bench.endpoint.reset()
    one = tool(bench, model)
    if (asked := bench.endpoint.stats()["requests"]) < CELLS:
        raise RuntimeError(f"only {asked} of {CELLS} cells were asked")
    return one


def our_run(bench: Bench, model: str) -> Run:
    """`batch run`, as a user calls it."""
    folder = bench.folder()
    cast, asked = write_files(folder)
    where = ["--base-url", bench.endpoint.base_url, "-m", model, "-j", CONCURRENCY, "-o", "runs"]
    return bench.batch("run", cast, "-q", asked, *where, folder=folder)


def script_run(bench: Bench, model: str) -> Run:
    """The script with the SDK's own loop."""
    out = bench.folder() / "out.jsonl"
    script = [sys.executable, "-m", "benchmarks.clients.plain_script", bench.endpoint.base_url, model]
    return run([*script, str(CONCURRENCY), str(out)], folder=ROOT)
