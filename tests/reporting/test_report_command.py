import json
import os
import resource
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
from msgspec.structs import replace

from history.recorded import series
from persona_batch.pipeline.report import ReportOptions, make_report
from persona_batch.record.judgment import Judgment, reply_hash
from persona_batch.record.rating import Rating, write_ratings
from persona_batch.record.record import encode
from persona_batch.record.rundir import run_at
from reporting.runs import FIRST, blocks_in, crew, keyed, keys_in, told_in, write_run
from terminals.command import bare_env, batch

SECOND = "20261123T065600Z-crew"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "runs", crew())


def report(cwd: Path, *args: str, **env: str) -> str:
    """Write a report and return its text; stdout is its path, and nothing is said besides."""
    done = batch("report", *args, cwd=cwd, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    return (cwd / done.stdout.strip()).read_text(encoding="utf-8")


def test_a_run_becomes_a_page_in_its_folder(run: Path, tmp_path: Path) -> None:
    done = batch("report", cwd=tmp_path)
    assert done.stdout == f"runs/{FIRST}/report.html\n"
    blocks = blocks_in((run / "report.html").read_text(encoding="utf-8"))
    meta = blocks.pop("meta")
    assert list(blocks)[:8] == [f"q{number}" for number in range(8)]
    assert [question["records"] for question in meta["questions"]] == [12] * 8
    held = [key for number in range(8) for key in keys_in(blocks[f"q{number}"])]
    assert sorted(held) == sorted(one.key for one in crew())
    assert (meta["title"], meta["lang"], meta["sampled"], meta["runs"][0]["state"]) == ("crew", "en", None, "complete")
    assert not list(run.glob(".*.new"))


def test_effects_controls_and_distances_are_those_of_compare(run: Path, tmp_path: Path) -> None:
    meta = blocks_in(report(tmp_path))["meta"]
    none, assistant, pirate = meta["conditions"]
    compared = json.loads(batch("compare", "--format", "json", cwd=tmp_path).stdout)
    row = next(one for one in compared["estimates"] if (one["measure"], one["arm"]) == ("told_apart", "pirate"))
    effect = pirate["effect"]
    assert (effect["told"], effect["low"], effect["high"]) == (
        row["value"],
        row["interval"]["low"],
        row["interval"]["high"],
    )
    assert effect["holds"] is True
    assert "changes the replies" in effect["sentence"]["en"]
    assert "改变了回答" in effect["sentence"]["zh"]
    assert (none["role"], none["control"], none["effect"]) == ("control", None, None)
    assert (assistant["role"], assistant["control"]) == ("placebo", 0)
    assert pirate["control"] == 0
    assert all(question["difference"] > 0 for question in meta["questions"])


def test_a_run_in_batch_files_has_no_times_and_its_page_all_the_rest(tmp_path: Path) -> None:
    batched = [replace(one, engine="batch", timing=None) for one in crew()]
    write_run(tmp_path / "runs", batched)
    blocks = blocks_in(report(tmp_path))
    meta = blocks.pop("meta")
    assert meta["conditions"][2]["effect"]["holds"] is True
    assert all(set(blocks[f"q{number}"]["engine"]) == {"batch"} for number in range(8))
    assert not any(name in blocks["q0"] for name in ("ttft", "latency", "started"))
    said = batch("report", "--svg", "latency", cwd=tmp_path).stderr
    assert "there is nothing here for the plot `latency` to show" in said


def test_an_effect_knows_how_many_conditions_it_speaks_for(tmp_path: Path) -> None:
    mute = crew(voices={"none": "", "pirate": ""})
    spoken = [replace(one, placement="user") for one in keyed(mute, "user") if one.persona == "pirate"]
    write_run(tmp_path / "runs", [*crew(), *spoken])
    conditions = blocks_in(report(tmp_path))["meta"]["conditions"]
    held = {one["id"]: one["effect"] and one["effect"]["conditions"] for one in conditions}
    assert held == {"none": None, "assistant": 1, "pirate · system": 2, "pirate · user": 2}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_verdict_stands_there_in_both_languages_as_compare_says_it(run: Path, tmp_path: Path, lang: str) -> None:
    page = report(tmp_path, "--lang", "zh")
    assert '<html lang="zh">' in page
    screen = batch("compare", "--lang", lang, "--replies", "0", cwd=tmp_path, env={"COLUMNS": "9999"}).stdout
    told = told_in(page, lang)
    said = [line.strip() for line in screen.splitlines()[2:] if line.strip() and " 100" not in line[-5:]]
    assert len(said) > 4
    for line in said:
        assert line.removeprefix("! ").removeprefix("→ ") in told


def test_two_runs_are_compared_and_stand_side_by_side(run: Path, tmp_path: Path) -> None:
    voices = {"none": "", "assistant": "", "pirate": "Ahoy there, you landlubber!"}
    write_run(tmp_path / "runs", crew(SECOND, voices=voices, seed=2), SECOND)
    page = report(tmp_path, "previous", "latest")
    assert (run / "report.html").exists()  # the first that was named
    meta = blocks_in(page)["meta"]
    assert [one["id"] for one in meta["runs"]] == [FIRST, SECOND]
    before, after = meta["conditions"][-2:]
    assert (before["effect"], before["control"]) == (None, None)
    assert meta["conditions"][after["control"]]["id"] == before["id"]
    assert "pirate answers otherwise than in the earlier run" in told_in(page, "en")


def test_two_runs_stand_in_the_order_in_which_they_are_named(run: Path, tmp_path: Path) -> None:
    voices = {"none": "", "assistant": "", "pirate": "Ahoy there, you landlubber, and welcome aboard!"}
    write_run(tmp_path / "runs", crew(SECOND, voices=voices, seed=2), SECOND)
    backwards = batch("report", "latest", "previous", cwd=tmp_path)
    assert backwards.returncode == 0
    assert backwards.stderr.count("named first is the later by date") == 1
    page = (tmp_path / backwards.stdout.strip()).read_text(encoding="utf-8")
    meta = blocks_in(page)["meta"]
    assert [one["id"] for one in meta["runs"]] == [SECOND, FIRST]
    assert [one["effect"] is None for one in meta["conditions"] if one["persona"] == "pirate"] == [True, False]
    assert "named first is the later by date" in told_in(page, "en")
    assert "先写的那次" in told_in(page, "zh")
    said = batch("compare", "latest", "previous", "--replies", "0", cwd=tmp_path, env={"COLUMNS": "9999"}).stdout
    assert "named first is the later by date" in said
    claim = next(line.strip() for line in said.splitlines() if line.startswith("pirate answers otherwise"))
    assert claim in told_in(page, "en")
    effects = [line.strip() for line in said.splitlines() if "says" in line]
    assert all(line in told_in(page, "en") for line in effects)
    assert "later by date" not in report(tmp_path, "previous", "latest")


def test_more_runs_of_a_batch_have_their_history(tmp_path: Path) -> None:
    for night in series(4, questions=4):
        write_run(tmp_path / "runs", keyed(night.records(), night.id), night.id)
    page = report(tmp_path, *(path.name for path in sorted((tmp_path / "runs").iterdir())))
    assert len(blocks_in(page)["meta"]["runs"]) == 4
    assert "No alarm in 4 runs." in told_in(page, "en")
    assert "4 次运行" in told_in(page, "zh")


def test_runs_of_several_batches_need_no_verdict(run: Path, tmp_path: Path) -> None:
    others = ["20261124T065600Z-one", "20261125T065600Z-two"]
    for name in others:
        write_run(tmp_path / "runs", crew(name), name)
    done = batch("report", FIRST, *others, cwd=tmp_path)
    assert done.returncode == 2
    assert "3 runs of 3 batches" in done.stderr
    assert len(blocks_in(report(tmp_path, FIRST, *others, "--no-verdict"))["meta"]["runs"]) == 3


def test_a_run_that_is_still_going_is_shown_and_says_so(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "runs", crew()[:60], state="running", cells=96)
    with (folder / "records.jsonl").open("ab") as file:
        file.write(encode(crew()[61])[:40])  # of a line that is being written
    killed = report(tmp_path)  # nobody is on it
    assert f"{FIRST} is unfinished: 60 of 96 cells are there." in told_in(killed, "en")
    assert blocks_in(killed)["meta"]["runs"][0]["state"] == "interrupted"
    with run_at(folder).lock():
        page = report(tmp_path)
    assert f"{FIRST} was still going when this page was made: 60 of 96 cells were there." in told_in(page, "en")
    assert f"{FIRST} 仍在运行" in told_in(page, "zh")
    assert blocks_in(page)["meta"]["runs"][0]["records"] == 60


def test_what_a_run_adds_while_its_report_is_made_is_not_in_it(tmp_path: Path) -> None:
    records = crew()
    still, grown = (write_run(tmp_path / name, records[:60], state="running", cells=96) for name in ("still", "grown"))
    left = iter(records[60:])

    def add(_: int, __: int) -> None:
        with (grown / "records.jsonl").open("ab") as file:
            file.writelines(encode(one) + b"\n" for one in islice(left, 4))

    expected = blocks_in(make_report([run_at(still)], ReportOptions()).path.read_text(encoding="utf-8"))
    made = make_report([run_at(grown)], ReportOptions(), comparing=add, packing=add)
    found = blocks_in(made.path.read_text(encoding="utf-8"))
    assert len((grown / "records.jsonl").read_bytes().splitlines()) > 60
    assert found["meta"]["runs"][0]["records"] == 60
    assert {**found, "meta": 0} == {**expected, "meta": 0}
    assert {**found["meta"], "made": ""} == {**expected["meta"], "made": ""}


def test_lines_that_later_ones_replace_are_told_and_make_no_column(tmp_path: Path) -> None:
    records = crew()
    ghosts = [replace(one, persona="ghost", reply="Boo!") for one in records if one.persona == "pirate"]
    folder = write_run(tmp_path / "runs", [*ghosts, *records])
    done = batch("report", cwd=tmp_path)
    told = f"{len(ghosts)} lines of records.jsonl have the key of a later one, which counts instead"
    assert told in done.stderr
    assert "asked differently" not in done.stderr
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert told in told_in(page, "en")
    assert "ghost" not in told_in(page, "en")
    assert [one["id"] for one in blocks_in(page)["meta"]["conditions"]] == ["none", "assistant", "pirate"]


def test_a_draw_is_told_on_the_page_and_on_stderr(run: Path, tmp_path: Path) -> None:
    done = batch("report", "--most", "30", "--seed", "3", cwd=tmp_path)
    assert done.stderr == "batch: 2 of 8 questions are on the page, with 24 of 96 records; --most N takes more\n"
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "This page holds 24 of 96 records: 2 whole questions, drawn from 8." in told_in(page, "en")
    assert set(blocks_in(page)) >= {"meta", "q0", "q1"}
    assert "q2" not in blocks_in(page)


def test_scores_and_ratings_go_with_the_reply_that_they_were_given(run: Path, tmp_path: Path) -> None:
    records = crew()
    judged, changed = records[-1], records[-2]
    entries = [
        Judgment(key=f"{number:032x}", record_key=one.key, rubric="role", rubric_hash="h", reply_hash=digest,
                 provider="made", judge="j", status="ok", score=4.0, reply="Wholly in the role. Score: 4")
        for number, (one, digest) in enumerate([(judged, reply_hash(judged.reply)), (changed, reply_hash("older"))])
    ]  # fmt: skip
    (run / "judgments.jsonl").write_bytes(b"".join(encode(one) + b"\n" for one in entries))
    write_ratings(run, [Rating(key=judged.key, rater=who, score=score) for who, score in (("anna", 5), ("bo", 2))])
    blocks = blocks_in(report(tmp_path))
    assert blocks["meta"]["metrics"] == [
        {"name": "role", "by": "judge", "low": 4, "high": 4},
        {"name": "rating", "by": "people", "low": 2, "high": 5},
    ]
    scores = dict(zip(keys_in(blocks["q7"]), blocks["q7"]["scores"], strict=True))
    assert scores[judged.key] == [[0, 4, "Wholly in the role. Score: 4"], [1, 3.5, "anna: 5, bo: 2"]]
    assert scores[changed.key] == []


def test_what_people_prefer_is_told_on_top_and_beside_the_replies(run: Path, tmp_path: Path) -> None:
    by_cell = {(one.persona, one.question, one.sample): one.key for one in crew()}
    pairs = [
        (key, by_cell["none", question, sample]) for (who, question, sample), key in by_cell.items() if who == "pirate"
    ]
    write_ratings(
        run,
        [
            Rating(key=mine, other_key=other, rater=who, choice="a" if place % 4 or who == "bo" else "tie")
            for who in ("anna", "bo")
            for place, (mine, other) in enumerate(pairs)
        ],
    )
    page = report(tmp_path)
    blocks = blocks_in(page)
    assert {"name": "preferred to none", "by": "people", "low": 0, "high": 1} in blocks["meta"]["metrics"]
    names = [metric["name"] for metric in blocks["meta"]["metrics"]]
    scores = dict(zip(keys_in(blocks["q0"]), blocks["q0"]["scores"], strict=True))
    mine, other = pairs[0]
    assert scores[mine] == [[names.index("preferred to none"), 0.75, "anna: 0.5, bo: 1"]]
    assert scores[other] == [[names.index("preferred to pirate"), 0.25, "anna: 0.5, bo: 0"]]
    assert "<li>people prefer it to no prompt in " in page
    assert "与无提示相比，评分者更喜欢它：" in page
    assert "<li>2 raters say the same in " in page
    assert "<li>2 名评分者评同一内容，" in page


def test_thoughts_may_be_left_out(tmp_path: Path) -> None:
    write_run(tmp_path / "runs", [replace(one, reasoning="Let me see.") for one in crew(questions=6)])
    assert "Let me see." in blocks_in(report(tmp_path))["q0"]["reasoning"]
    assert "reasoning" not in blocks_in(report(tmp_path, "--no-reasoning"))["q0"]


def test_a_known_key_in_a_reply_does_not_get_into_the_page(tmp_path: Path) -> None:
    secret = "sk-proj-Zq8vT2nLw4Rk7Yp1"
    records = [replace(one, reply=f"The key is {secret}, matey.", persona=one.persona) for one in crew()]
    write_run(tmp_path / "runs", records, config={"questions": [{"id": "q0", "text": f"Is it {secret}?"}]})
    page = report(tmp_path, OPENAI_API_KEY=secret)
    assert secret not in page
    assert secret not in json.dumps(blocks_in(page))
    assert blocks_in(page)["q0"]["reply"][0] == "The key is [key], matey."


def test_hostile_names_stand_in_the_verdict_as_text(tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>\u202e</script>"
    write_run(tmp_path / "runs", crew(voices={"none": "", "assistant": "", name: "Arrr, matey!"}))
    page = report(tmp_path)
    assert "<img" not in page
    assert "\u202e" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;⟦U+202E⟧&lt;/script&gt; changes the replies" in page


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("runs", "this is a folder; name the file, as in -o runs/report.html"),
        ("gone/report.html", "there is no folder gone"),
        (f"runs/{FIRST}/records.jsonl", "this is no report; name another file, or remove it first"),
    ],
)
def test_a_place_where_no_report_belongs_is_refused(run: Path, tmp_path: Path, output: str, message: str) -> None:
    before = (run / "records.jsonl").read_bytes()
    done = batch("report", "-o", output, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert (run / "records.jsonl").read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="no such files there")
@pytest.mark.parametrize("output", ["pipe.html", "link.html", "/dev/stdout", "/dev/null", "/dev/fd/1"])
def test_what_is_no_regular_file_is_refused_unopened(run: Path, tmp_path: Path, output: str) -> None:
    os.mkfifo(tmp_path / "pipe.html")  # to open it would wait for a writer
    (tmp_path / "link.html").symlink_to("pipe.html")
    for plot in ((), ("--svg", "effects")):
        done = batch("report", "-o", output, *plot, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1
        assert f"{output}: this is no regular file" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no such files there")
def test_a_stream_that_leads_to_a_file_is_no_file(run: Path, tmp_path: Path) -> None:
    with (tmp_path / "told.html").open("wb") as told:
        done = subprocess.run(
            [sys.executable, "-m", "persona_batch", "report", "-o", "/dev/stdout"],
            cwd=tmp_path,
            env=bare_env(tmp_path),
            stdout=told,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert done.returncode == 2
    assert b"this is no regular file" in done.stderr


def test_an_unknown_run_and_an_empty_one_are_told(run: Path, tmp_path: Path) -> None:
    assert batch("report", "nowhere", cwd=tmp_path).returncode == 2
    (run / "records.jsonl").write_bytes(b"")
    for how in ((), ("--no-verdict",)):
        done = batch("report", *how, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert f"runs/{FIRST}/records.jsonl: there are no records to show" in done.stderr


def test_damaged_records_leave_the_old_report_as_it_was(run: Path, tmp_path: Path) -> None:
    first = report(tmp_path, "--no-verdict")
    records = crew()
    odd = replace(records[-1], key="none of ours")  # found out when its block is packed
    (run / "records.jsonl").write_bytes(b"".join(encode(one) + b"\n" for one in [*records[:-1], odd]))
    assert batch("report", "--no-verdict", cwd=tmp_path).returncode == 2
    assert (run / "report.html").read_text(encoding="utf-8") == first
    assert not list(run.glob(".*.new"))


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on file sizes there")
def test_a_disk_that_takes_no_more_leaves_the_old_report_as_it_was(run: Path, tmp_path: Path) -> None:
    first = report(tmp_path, "--no-verdict")
    small = f"""
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({len(first) // 2}, resource.RLIM_INFINITY))
from persona_batch.cli.main import main
sys.argv = ["batch", "report", "--no-verdict"]
main()
"""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-B", "-c", small],  # Python itself would write bytecode cut in the middle
        cwd=tmp_path,
        env=bare_env(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 3
    assert "report.html: cannot be written" in done.stderr
    assert (run / "report.html").read_text(encoding="utf-8") == first
    assert not list(run.glob(".*.new"))


def test_where_no_browser_can_be_seen_the_path_is_all(run: Path, tmp_path: Path) -> None:
    done = batch("report", "--open", cwd=tmp_path, env={"SSH_CONNECTION": "1 2 3 4", "DISPLAY": ":0"})
    assert (done.returncode, done.stdout) == (0, f"runs/{FIRST}/report.html\n")
    assert done.stderr == "batch: there is no screen here to open it on\n"


def test_a_records_file_alone_is_enough(run: Path, tmp_path: Path) -> None:
    (tmp_path / "copied.jsonl").write_bytes((run / "records.jsonl").read_bytes())
    meta = blocks_in(report(tmp_path, "copied.jsonl"))["meta"]
    assert [condition["id"] for condition in meta["conditions"]] == ["none", "assistant", "pirate"]
    assert meta["title"] == "copied"
    assert (tmp_path / "report.html").exists()


def test_records_without_a_manifest_are_called_as_compare_calls_them(run: Path, tmp_path: Path) -> None:
    (run / "run.json").unlink()
    named = [report(tmp_path, f"runs/{FIRST}/records.jsonl"), report(run, "records.jsonl", "-o", "here.html")]
    assert [blocks_in(page)["meta"]["title"] for page in named] == [FIRST, FIRST]
    assert batch("compare", f"runs/{FIRST}/records.jsonl", cwd=tmp_path).stdout.startswith(FIRST)


@pytest.mark.parametrize(("samples", "told"), [(1, "1 question, 1 sample each, 3 replies"), (0, "1 question, 1 reply")])
def test_one_is_told_as_one(tmp_path: Path, samples: int, told: str) -> None:
    records = crew(questions=1, samples=1)
    write_run(tmp_path / "runs", records if samples else records[-1:])
    assert told in told_in(report(tmp_path), "en").splitlines()
