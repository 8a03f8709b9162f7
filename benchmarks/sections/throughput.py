"""Streaming throughput: our provider, attempt and engine against the SDK's own loop, replies unpaced."""

from typing import Any

from benchmarks.bench import Bench
from benchmarks.measure import Spread, client, number
from benchmarks.result import Bar, Section

CONCURRENCY = 64
# chunks in a reply, replies of the plain loop, replies of ours, bar, stretch
SIZES = ((50, 300, 3000, 12.0, 25.0), (500, 60, 600, 15.0, 35.0))


def measure(bench: Bench) -> Section:
    """Alternate the two clients, so that a change of the machine's speed hits both."""
    rows = [["replies", "client", "replies / CPU s", "chunks / CPU s", "ratio"]]
    section = Section("throughput", "Throughput of one core", rows)
    for chunks, plain_replies, our_replies, limit, stretch in SIZES:
        for writes, suffix in (("one write", ""), ("a write per chunk", "-e1")):
            plain, ours = [], []
            for _ in range(bench.times(5)):
                model = f"mock-n{chunks}{suffix}"
                plain.append(rate(client("plain_loop", bench.endpoint.base_url, model, plain_replies, CONCURRENCY)))
                replies = bench.size(our_replies)
                ours.append(rate(client("our_engine", bench.endpoint.base_url, model, replies, CONCURRENCY)))
            ratio = Spread.of([our / slow for our, slow in zip(ours, plain, strict=True)])
            what = f"{chunks} chunks, {writes}"
            rows.append([what, "plain SDK loop", number(Spread.of(plain).middle), chunk_rate(plain, chunks), "1"])
            rows.append([what, "our engine", number(Spread.of(ours).middle), chunk_rate(ours, chunks), f"{ratio}"])
            if not suffix:
                section.bars.append(Bar(f"throughput, {chunks}-chunk replies", ratio, "×", limit, stretch, "more"))
                section.plotted[f"{chunks}-chunk replies"] = ratio.middle
    section.remarks.append(
        "Both keep the reply's text, its usage and its time to first token; ours also builds the whole record and "
        "runs its checks. `a write per chunk`: the mock makes a system call for every chunk, as a model that is "
        "just faster than the client would."
    )
    return section


def rate(outcome: dict[str, Any]) -> float:
    """Replies per second of CPU."""
    if outcome["failures"]:
        raise RuntimeError(f"{outcome['failures']} requests failed")
    return float(outcome["replies"] / outcome["cpu"])


def chunk_rate(rates: list[float], chunks: int) -> str:
    """Content chunks per second of CPU."""
    return number(Spread.of(rates).middle * chunks)
