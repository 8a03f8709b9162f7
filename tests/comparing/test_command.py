import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from comparing.made import grid, record
from persona_batch.record.record import Record, encode
from persona_batch.schemas import shipped
from terminals.command import batch

VOICES = {"none": "", "assistant": "", "pirate": "Arrr, matey!"}


def write(path: Path, records: list[Record]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(encode(r) + b"\n" for r in records))
    return path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write(tmp_path / "runs" / "20261122T065600Z-pirate" / "records.jsonl", grid(VOICES))
    return tmp_path


def write_state(folder: Path, state: str, **config: object) -> None:
    facts = {"run_id": folder.name, "batch_id": "pirate", "started_at": "2026-11-22T06:56:00Z", "state": state}
    manifest = {**facts, "provider": "made", "endpoint": "made", "models": ["m"], "config": config}
    (folder / "run.json").write_bytes(msgspec.json.encode(manifest))


def compare(*args: str, cwd: Path, **env: str) -> str:
    done = batch("compare", *args, "--permutations", "199", cwd=cwd, env={"COLUMNS": "80", **env})
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_the_latest_run_is_compared_in_a_pipe_without_colour(run: Path) -> None:
    page = compare(cwd=run)
    about, _, asked, _, verdict = page.splitlines()[:5]
    assert about == "20261122T065600Z-pirate · made · m"
    assert asked == "8 questions, 4 samples each, 96 replies"
    assert verdict == "pirate changes the replies: one reply of each is told from no prompt in 100 of"
    assert "\x1b" not in page
    assert "none" in page
    assert "│" in page


def test_a_records_file_is_a_run_too(tmp_path: Path) -> None:
    path = write(tmp_path / "copied.jsonl", grid(VOICES))
    assert "pirate" in compare(str(path), cwd=tmp_path)


def test_questions_and_personas_choose_what_is_shown(run: Path) -> None:
    page = compare("--question", "q3", "-p", "pirate", "--diff", cwd=run)
    assert "q3 (m): What about q3?" in page
    assert "q2 (m)" not in page
    assert "{+" in page
    shown = page[page.index("q3 (m)") :]
    assert "assistant" not in shown


def test_json_is_valid_and_nothing_else_is_printed(run: Path) -> None:
    from jsonschema import Draft202012Validator

    told = json.loads(compare("--format", "json", cwd=run))
    Draft202012Validator(json.loads(shipped("comparison"))).validate(told)
    assert told["settings"]["permutations"] == 199


def test_csv_may_begin_with_a_byte_order_mark(run: Path) -> None:
    assert compare("--format", "csv", "--bom", cwd=run).startswith("\ufeffmeasure,metric,arm")


def test_markdown_says_what_it_is_about_and_has_a_table_per_measure(run: Path) -> None:
    page = compare("--format", "markdown", cwd=run)
    assert page.startswith("20261122T065600Z-pirate · made · m\n\n| |")
    assert "### shift" in page


def test_a_glob_that_matches_nothing_gets_the_nearest_name(run: Path) -> None:
    args = ("-p", "pirat", "-p", "pirate", "--question", "q33", "--permutations", "99")
    done = batch("compare", *args, cwd=run)
    assert done.returncode == 0
    assert done.stderr == (
        "batch: no persona matches `pirat`; did you mean `pirate`?\n"
        "batch: no question matches `q33`; did you mean `q3`?\n"
    )


def test_a_measure_is_explained_with_its_values(run: Path) -> None:
    page = compare("--explain", "change", cwd=run)
    assert "doi:10.1016/j.jspi.2013.03.018" in page
    assert "q7" in page


def test_measures_may_be_listed_with_commas(run: Path) -> None:
    told = json.loads(compare("--format", "json", "--measures", "shift,character", cwd=run))
    assert {row["measure"] for row in told["estimates"]} == {"shift", "character"}


def test_the_manifests_controls_are_used(run: Path) -> None:
    folder = run / "runs" / "20261122T065600Z-pirate"
    records = [
        record("butler" if r.persona == "none" else r.persona, r.question, r.reply, sample=r.sample)
        for r in grid(VOICES)
    ]
    write(folder / "records.jsonl", records)
    personas = [{"id": "butler", "control": True}, {"id": "pirate", "controls": ["butler"]}]
    write_state(folder, "complete", personas=personas)
    told = json.loads(compare("--format", "json", cwd=run))
    assert {arm["name"]: arm["reference"] for arm in told["arms"]} == {
        "assistant": None,
        "butler": None,
        "pirate": "butler",
    }


@pytest.mark.parametrize("state", ["running", "stopped", "interrupted"])
def test_of_a_run_that_is_unfinished_it_is_said_beside_the_result(state: str, run: Path) -> None:
    folder = run / "runs" / "20261122T065600Z-pirate"
    write_state(folder, state)
    done = batch("compare", "--measures", "shift", "--permutations", "199", "--format", "json", cwd=run)
    name = f"runs/{folder.name}"
    assert done.stderr == f"batch: {name} is unfinished; `batch run --resume {name}` asks the rest\n"
    assert json.loads(done.stdout)["estimates"]


def test_two_runs_are_compared_persona_by_persona(run: Path) -> None:
    later = [
        record(r.persona, r.question, r.reply, sample=r.sample, run="later", system="Be loud.")
        for r in grid({"none": "", "assistant": "", "pirate": "ARRR! MATEY!"}, seed=2)
    ]
    write(run / "later.jsonl", later)
    page = compare("latest", "later.jsonl", cwd=run)
    assert "pirate: its prompt changed in 2 lines" in page


def test_the_same_verdict_is_told_in_chinese(run: Path) -> None:
    asked = compare("--lang", "zh", cwd=run)
    assert "pirate 改变了回答：与无提示各取一条来分辨，100 次里分对 100 次" in asked
    assert compare(cwd=run, LC_ALL="zh_CN.UTF-8") == asked
    assert compare("--lang", "en", cwd=run, LC_ALL="zh_CN.UTF-8") == compare(cwd=run)


def test_margins_and_plans_are_told(run: Path) -> None:
    page = " ".join(compare("--margin", "length=20", "--plan", cwd=run).split())
    assert "length, pirate against no prompt: not tested within 20: 8 questions: it takes 20" in page
    assert "What it takes to see effects like these (in 80% of such runs" in page


def test_copies_count_once_where_that_is_asked_for(run: Path) -> None:
    folder = run / "runs" / "20261122T065600Z-pirate"
    write(folder / "records.jsonl", [record(r.persona, r.question, "Yes.", sample=r.sample) for r in grid(VOICES)])
    told = json.loads(compare("--format", "json", "--copies", "once", cwd=run))
    assert [arm["duplicates"] for arm in told["arms"]] == [24, 24, 24]
    told = json.loads(compare("--format", "json", cwd=run))
    assert [arm["duplicates"] for arm in told["arms"]] == [0, 0, 0]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--by", "wrld"), "--by wrld: no such factor"),
        (("--measures", "chang"), "there is no measure `chang`; did you mean `change`?"),
        (("--explain", "chang"), "there is no measure `chang`; did you mean `change`?"),
        (("--explain", "length"), "there is no measure `length`; did you mean `shift`, which holds it?"),
        (("--measures", "change,broken"), "there is no measure `broken`; did you mean `character`, which holds it?"),
        (("--control", "butler"), "--control butler: no such persona"),
        (("nowhere",), "nowhere: no such run"),
        (("--margin", "length"), "--margin length: write a metric and a number"),
        (("--margin", "lenght=3"), "--margin lenght: no such difference here; did you mean `length`?"),
        (("--margin", "length=0"), "it must be above 0"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(run: Path, args: tuple[str, ...], told: str) -> None:
    done = batch("compare", *args, cwd=run)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_an_empty_run_is_one_line_and_exit_2(tmp_path: Path) -> None:
    done = batch("compare", str(write(tmp_path / "empty.jsonl", [])), cwd=tmp_path)
    assert done.returncode == 2
    assert "no records" in done.stderr


def test_help_has_examples_and_imports_nothing_heavy(tmp_path: Path) -> None:
    program = (
        "import sys; sys.argv = ['batch', 'compare', '--help']\n"
        "from persona_batch.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print({'numpy', 'scipy', 'rich', 'openai'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", cwd=tmp_path)
    assert "batch compare --by placement" in done.stdout
    assert done.stdout.rstrip().endswith("set()")


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounting a small file system takes root")
def test_a_full_temporary_folder_is_one_line_and_a_remedy(run: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    script = (
        f"mount -t tmpfs -o size=64k tmpfs {small} && TMPDIR={small} exec {sys.executable} -m persona_batch compare"
    )
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], cwd=run, capture_output=True, encoding="utf-8")
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip("no file system can be mounted here")
    assert done.returncode == 2
    assert done.stderr == f"batch: {small}: No space left on device; name a folder with more room by TMPDIR\n"
