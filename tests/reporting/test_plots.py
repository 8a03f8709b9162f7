"""Plots: what they show is what was found, their points lead to cells that are there, what is left out is said."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs
from xml.etree import ElementTree

import numpy as np
import pytest
from msgspec.structs import replace

from comparing.made import grid, probe
from history.recorded import Day, series
from persona_batch.comparing.compare import compare
from persona_batch.comparing.comparison import Comparison
from persona_batch.comparing.follow import follow
from persona_batch.record import Record, Timing
from persona_batch.record.manifest import read_manifest
from persona_batch.record.rundir import run_at
from persona_batch.reporting.data import Drawn, Element, Plot
from persona_batch.reporting.facts import Facts
from persona_batch.reporting.plots import plot_of, plots_of
from persona_batch.reporting.plots.heat import MOST as SQUARES
from persona_batch.reporting.plots.map import MOST as POINTS
from persona_batch.reporting.reading import Source
from persona_batch.reporting.report import opened
from reporting.runs import FIRST, crew, keyed, write_run
from terminals.command import batch


@contextmanager
def facts_of(
    tmp_path: Path, records: Sequence[Record], comparison: Comparison | None = None, run: str = FIRST
) -> Iterator[Facts]:
    folder = run_at(write_run(tmp_path, records, run))
    with opened([Source(folder, read_manifest(folder.manifest))], comparison=comparison) as facts:
        yield facts


def compared(records: Sequence[Record]) -> Comparison:
    return compare(records, permutations=99, workers=1)


def drawn(plot: Plot | None) -> Plot:
    assert plot is not None
    return plot


def elements(drawing: Drawn, name: str) -> list[Element]:
    if not isinstance(drawing, Element):
        return []
    own = [drawing] if drawing.name == name else []
    return own + [found for child in drawing.children for found in elements(child, name)]


def column(plot: Plot, name: str) -> list[object]:
    place = [told.en for told in plot.table.columns].index(name)
    return [row[place] for row in plot.table.rows]


def check_links(plot: Plot, facts: Facts) -> int:
    """Check that each link leads to a cell or columns that are there, and says what it is; return how many."""
    conditions = {condition.id: number for number, condition in enumerate(facts.conditions)}
    questions = {question.id: number for number, question in enumerate(facts.questions)}
    cells = set(zip(*(facts.table[name].tolist() for name in ("question", "condition", "sample")), strict=True))
    links = elements(plot.drawing, "a")
    for link in links:
        to = parse_qs(str(link.attributes["href"]).removeprefix("#"), strict_parsing=True)
        assert to["view"] == ["matrix"]
        if "q" in to:
            assert (questions[to["q"][0]], conditions[to["c"][0]], int(to["s"][0])) in cells
        else:
            assert set(to["cols"]) <= set(conditions)
        assert elements(link, "title")[0].children
    return len(links)


def test_the_forest_has_the_numbers_of_the_comparison(tmp_path: Path) -> None:
    records = crew(questions=8)
    comparison = compared(records)
    with facts_of(tmp_path, records, comparison) as facts:
        plot = drawn(plot_of("effects", facts))
        assert check_links(plot, facts) > 2
    assert column(plot, "name") == ["pirate", "assistant"]
    for place, arm in enumerate(["pirate", "assistant"]):
        row = comparison.find("told_apart", arm)
        assert row is not None
        assert row.interval is not None
        assert plot.table.rows[place][1:5] == ["none", row.value, row.interval.low, row.interval.high]
    claim = comparison.claims[0]
    assert (column(plot, "p of the claim")[0], column(plot, "holds")[0]) == (claim.p_holm, "✓" if claim.holds else "–")
    length = comparison.find("shift", "pirate", "length")
    assert length is not None
    assert column(plot, "length (characters)")[0] == length.value


def test_the_heat_map_has_a_square_for_each_cell_that_was_compared(tmp_path: Path) -> None:
    records = [one for one in crew(questions=8) if (one.persona, one.question) != ("pirate", "q3")]
    comparison = compared(records)
    with facts_of(tmp_path, records, comparison) as facts:
        plot = drawn(plot_of("heat", facts))
        assert check_links(plot, facts) == 2 + 15  # two names, a square for all but one of 2 × 8 cells
    row = comparison.find("told_apart", "pirate")
    assert row is not None
    told = dict(zip(comparison.questions, row.arm_values, strict=True))
    names = [one.en for one in plot.table.columns[1:]]
    assert dict(zip(names, plot.table.rows[0][1:], strict=True)) == told
    assert told["q3"] is None
    assert not any("Shown are" in limit.en for limit in plot.limits)


def test_a_large_heat_map_holds_whole_rows_and_columns_and_says_so(tmp_path: Path) -> None:
    voices = {"none": "", **{f"persona-{number:03}": "" for number in range(80)}}
    records = keyed(grid(voices, questions=100, samples=1, words=4))
    comparison = compare(records, permutations=99, workers=1, measures=["told_apart"])
    with facts_of(tmp_path, records, comparison) as facts:
        plot = drawn(plot_of("heat", facts))
        squares = check_links(plot, facts) - 80
    assert squares <= SQUARES
    assert squares == 80 * 75
    assert "75 of 100 questions" in plot.limits[0].en
    assert "100 个问题中的 75 个" in plot.limits[0].zh
    assert (len(plot.table.columns), len(plot.table.rows)) == (76, 80)


def test_the_map_is_the_same_each_time_and_tells_apart_who_speaks_otherwise(tmp_path: Path) -> None:
    records = crew(questions=6)
    with facts_of(tmp_path, records) as facts:
        plot, again = drawn(plot_of("map", facts)), drawn(plot_of("map", facts))
        assert check_links(plot, facts) == len(records)
    assert plot == again
    means = dict(zip(column(plot, "persona"), column(plot, "mean →"), strict=True))
    spread = column(plot, "spread (rms distance from the mean)")
    near = abs(float(str(means["none"])) - float(str(means["assistant"])))
    assert abs(float(str(means["none"])) - float(str(means["pirate"]))) > 4 * near
    assert all(isinstance(value, float) and value > 0 for value in spread)
    assert column(plot, "replies") == [24, 24, 24]
    shares = [float(found) for found in re.findall(r"([\d.]+)%", plot.limits[-1].en)]
    assert 0 < shares[0] <= 100


def test_shares_of_variance_are_those_of_the_two_directions(tmp_path: Path) -> None:
    # two voices that say one thing each: everything that differs lies on one line
    records = keyed(
        [replace(one, reply="aaa" if one.persona == "none" else "bbb") for one in grid({"none": "", "x": ""})]
    )
    with facts_of(tmp_path, records) as facts:
        plot = drawn(plot_of("map", facts))
    said = [
        child.en
        for one in elements(plot.drawing, "text")
        for child in one.children
        if not isinstance(child, str | Element)
    ]
    assert "→ 100% of the variance" in said
    assert "↑ 0%" in said


def test_a_large_map_holds_whole_questions_and_says_so(tmp_path: Path) -> None:
    records = keyed(grid({"none": "", "pirate": "Arrr"}, questions=300, samples=10, words=2))
    with facts_of(tmp_path, records) as facts:
        plot = drawn(plot_of("map", facts))
        assert check_links(plot, facts) == 5_000 <= POINTS
    assert "250 of 300 questions" in plot.limits[0].en


def test_confusion_counts_as_the_comparison_does(tmp_path: Path) -> None:
    records = crew(voices={"none": "", "pirate": "Arrr, matey!", "monk": "Peace be with you."}, questions=6)
    comparison = compared(records)
    confusion = comparison.confusion
    assert confusion is not None
    with facts_of(tmp_path, records, comparison) as facts:
        plot = drawn(plot_of("confusion", facts))
        assert check_links(plot, facts) == len(confusion.arms) + len(confusion.arms) ** 2
    names = [told.en for told in plot.table.columns[1:]]
    for name, *counts in plot.table.rows:
        own = confusion.counts[confusion.arms.index(str(name))]
        assert dict(zip(names, counts, strict=True)) == dict(zip(confusion.arms, own, strict=True))


def talks(name: str, scores: Sequence[float]) -> list[Record]:
    return [
        replace(one, probes=[probe(turn, score) for turn, score in enumerate(scores, 1)])
        for one in grid({name: ""}, questions=4, samples=2)
    ]


def test_drift_draws_the_scores_turn_by_turn(tmp_path: Path) -> None:
    records = keyed([*talks("none", [0.2, 0.2, 0.2]), *talks("pirate", [0.9, 0.6, 0.3])])
    with facts_of(tmp_path, records, compared(records)) as facts:
        plot = drawn(plot_of("drift", facts))
        assert check_links(plot, facts) == 6
    pirate = next(row for row in plot.table.rows if row[0] == "pirate")
    assert pirate[3:] == pytest.approx([0.9, 0.6, 0.3])
    assert pirate[1] == pytest.approx(-0.3)


def test_days_shows_a_run_that_went_on_for_days(tmp_path: Path) -> None:
    def at(one: Record, day: int) -> Record:
        timing = Timing(started_at=f"2026-11-2{day}T12:00:00Z", ttft_ms=100.0, latency_ms=1000.0 * day)
        return replace(one, timing=timing)

    records = [at(one, 1 + (number % 2)) for number, one in enumerate(crew(questions=4))]
    with facts_of(tmp_path, records) as facts:
        plot = drawn(plot_of("days", facts))
        assert check_links(plot, facts) > 0
    latency = [row for row in plot.table.rows if row[0] == "whole reply, s"]
    assert [row[2:4] for row in latency] == [[1.0, 2.0]] * 3
    assert [told.en for told in plot.table.columns[2:4]] == ["2026-11-21", "2026-11-22"]


def test_days_marks_the_alarms_of_the_history(tmp_path: Path) -> None:
    past = series(12, changes={8: Day(lean=0.8, longer=60)}, questions=8)
    history = follow("crew", past)
    assert history.drifted
    sources = []
    for run in past[-2:]:
        folder = run_at(write_run(tmp_path, keyed(run.records(), run.id), run.id))
        sources.append(Source(folder, read_manifest(folder.manifest)))
    with opened(sources, history=history) as facts:
        plot = drawn(plot_of("days", facts))
        check_links(plot, facts)
    alarms = [one for one in elements(plot.drawing, "circle") if one.attributes["class"] == "alarm"]
    assert len(alarms) == sum(len(trend.alarms) for trend in history.trends) > 0
    told = {row[1] for row in plot.table.rows if row[-1] is not None}
    assert told == {trend.persona for trend in history.trends if trend.alarms}


def timed(records: Sequence[Record]) -> list[Record]:
    rng = np.random.default_rng(1)
    return [
        replace(one, timing=Timing("2026-11-22T06:56:00Z", float(first), float(first) * 10))
        for one, first in zip(records, rng.uniform(50, 500, len(records)), strict=True)
    ]


def test_latency_has_the_quantiles_of_each_condition_and_leads_to_the_slowest(tmp_path: Path) -> None:
    records = timed(crew(questions=6))
    with facts_of(tmp_path, records) as facts:
        plot = drawn(plot_of("latency", facts))
        assert check_links(plot, facts) == 3 + 2 * 2 * 3
    own = [
        one.timing.latency_ms / 1000
        for one in records
        if one.persona == "pirate" and one.timing and one.timing.latency_ms
    ]
    place = column(plot, "name").index("pirate")
    assert column(plot, "whole reply, s: median")[place] == pytest.approx(np.median(own), abs=1e-3)
    assert column(plot, "whole reply, s: greatest")[place] == pytest.approx(max(own), abs=1e-3)


def test_attributes_group_personas_that_have_something_in_common(tmp_path: Path) -> None:
    voices = {"none": "", **{f"p{number}": "Arrr, matey!" if number % 2 else "" for number in range(8)}}
    world = {name: {"world": "sea" if voice else "land"} for name, voice in voices.items() if name != "none"}
    records = [
        replace(one, attributes=world.get(one.persona, {})) for one in crew(voices=voices, questions=6, samples=2)
    ]
    comparison = compared(records)
    with facts_of(tmp_path, records, comparison) as facts:
        plot = drawn(plot_of("attributes", facts))
        assert check_links(plot, facts) == 2 + 8
    told = [comparison.find("told_apart", f"p{number}") for number in (1, 3, 5, 7)]
    mean = np.mean([row.value for row in told if row is not None and row.value is not None])
    assert plot.table.rows[0][:3] == ["world", "sea", 4]
    assert plot.table.rows[0][3] == pytest.approx(mean)


def test_a_plot_that_has_nothing_to_show_is_not_there(tmp_path: Path) -> None:
    records = crew(questions=6)
    with facts_of(tmp_path / "alone", records) as facts:
        assert [plot.name for plot in plots_of(facts)] == ["map"]
    with facts_of(tmp_path / "compared", timed(records), compared(records)) as facts:
        assert [plot.name for plot in plots_of(facts)] == ["effects", "heat", "map", "confusion", "latency"]
    with facts_of(tmp_path / "one", [one for one in records if one.persona == "none"]) as facts:
        assert list(plots_of(facts)) == []


def test_two_runs_are_drawn_as_before_and_after(tmp_path: Path) -> None:
    later = "20261123T065600Z-crew"
    before, after = (
        crew(questions=6),
        crew(later, voices={"none": "", "assistant": "", "pirate": "Ahoy!"}, questions=6, seed=2),
    )
    sources = []
    for run, records in ((FIRST, before), (later, after)):
        folder = run_at(write_run(tmp_path, records, run))
        sources.append(Source(folder, read_manifest(folder.manifest)))
    comparison = compare(before, after=after, permutations=99, workers=1)
    with opened(sources, comparison=comparison) as facts:
        plots = {plot.name: plot for plot in plots_of(facts)}
        assert all(check_links(plot, facts) for plot in plots.values())
    assert column(plots["effects"], "name")[0] == "pirate"
    assert column(plots["effects"], "compared with")[0] == "pirate (before)"


def test_a_file_is_one_plot_in_one_language_with_links_into_the_report(tmp_path: Path) -> None:
    run = write_run(tmp_path / "runs", crew(questions=6))
    done = batch("report", "--svg", "effects", "--lang", "zh", cwd=tmp_path)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", f"runs/{FIRST}/effects.svg\n")
    svg = (run / "effects.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(svg)
    assert root.attrib["lang"] == "zh"
    assert root.attrib["aria-label"] == "效果"
    assert "report.html#view=matrix&amp;cols=none&amp;cols=pirate" in svg
    assert "told apart, of 100" not in svg
    assert batch("report", "--svg", "effects", "-o", "here.svg", cwd=tmp_path).stdout == "here.svg\n"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--svg", "efects"), "there is no plot `efects`; did you mean `effects`?"),
        (("--svg", "drift"), "there is nothing here for the plot `drift` to show"),
        (("--svg", "map", "--png", "map"), "one file at a time"),
        (("--svg", "map", "-o", "notes.txt"), "notes.txt: this is no plot"),
    ],
)
def test_what_cannot_be_drawn_is_said(args: tuple[str, ...], said: str, tmp_path: Path) -> None:
    write_run(tmp_path / "runs", crew(questions=6))
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    done = batch("report", *args, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_png_is_a_picture_of_the_same(tmp_path: Path) -> None:
    pytest.importorskip("vl_convert", reason="needs vl-convert-python: `uv sync --group browser`")
    run = write_run(tmp_path / "runs", crew(questions=6))
    assert batch("report", "--png", "heat", "--lang", "zh", cwd=tmp_path).returncode == 0
    assert (run / "heat.png").read_bytes().startswith(b"\x89PNG")
