"""Truth of the time to first token: what clients claim against the mock's stamps, on paced streams."""

from typing import Any

from benchmarks.bench import Bench
from benchmarks.measure import Spread, client, number
from benchmarks.result import Bar, Section


def measure(bench: Bench) -> Section:
    """Compare at an easy pace and at one that fills a core."""
    rows = [["streams", "client", "wall / ideal", "error p50, ms", "error p99, ms", "failures"]]
    section = Section("ttft", "Time to first token: is it true?", rows)
    pace(bench, section, streams=50, gap_ms=20, waves=4, limits=(2.0, 8.0), stretches=(0.5, 5.0))
    pace(bench, section, streams=256, gap_ms=10, waves=5, limits=(5.0, 25.0), stretches=(0.6, 8.0), wall=1.02)
    section.remarks.append(
        "The error is the time to first token that the client reports, less the time between the mock's reading of "
        "the request and its writing of the first token."
    )
    section.remarks.append(
        "Replies of 100 or 300 tokens after a wait of 200 ms; all streams start at once. The loop of the SDK, which "
        "cannot hold the second pace, is given only one reply for each stream."
    )
    return section


def pace(
    bench: Bench,
    section: Section,
    *,
    streams: int,
    gap_ms: int,
    waves: int,
    limits: tuple[float, float],
    stretches: tuple[float, float],
    wall: float | None = None,
) -> None:
    """Measure one pace; a wave is as many replies as there are streams."""
    tokens = 100 if streams < 100 else 300
    waves = bench.times(waves)
    model = f"mock-n{tokens}-g{gap_ms}-w200-s1"
    ideal = waves * (200 + gap_ms * (tokens - 1)) / 1000
    what = f"{streams} × {1000 // gap_ms} tokens/s"
    for name, module, repeats in (("plain SDK loop", "plain_loop", 1), ("our engine", "our_engine", bench.times(3))):
        count = streams * (waves if module == "our_engine" or streams < 100 else 1)
        bound = ideal if count == streams * waves else ideal / waves
        runs = [client(module, bench.endpoint.base_url, model, count, streams) for _ in range(repeats)]
        over = Spread.of([run["wall"] / bound for run in runs])
        middle, high = (Spread.of([quantile(run, share) for run in runs]) for share in (0.5, 0.99))
        failures = sum(run["failures"] for run in runs)
        section.rows.append([what, name, f"{over}", f"{middle}", f"{high}", number(failures)])
        if module == "our_engine":
            section.bars += [
                Bar(f"TTFT error p50, {what}", middle, "ms", limits[0], stretches[0]),
                Bar(f"TTFT error p99, {what}", high, "ms", limits[1], stretches[1]),
            ]
            if wall is not None:
                section.bars.append(Bar(f"wall over the ideal, {what}", over, "", wall))
                section.bars.append(Bar(f"failures, {what}", Spread.of([failures]), "", 0))
        section.plotted[f"{what}: {name}"] = high.middle


def quantile(outcome: dict[str, Any], share: float) -> float:
    """Return a quantile of the absolute error in ms."""
    errors = sorted(abs(error) for error in outcome["ttft_errors"])
    return float(errors[min(len(errors) - 1, int(share * len(errors)))])
