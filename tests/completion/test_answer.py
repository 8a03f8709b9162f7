"""What `batch __complete` answers, and how soon."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.cli.commands import COMMANDS
from persona_batch.cli.completion.answer import answer, unquoted
from persona_batch.cli.completion.generate import generated
from persona_batch.cli.completion.line import known_words
from persona_batch.engine.engines import ENGINES
from persona_batch.provider.presets import PRESETS
from terminals.command import batch


def offered(*words: str, shell: str = "zsh") -> list[str]:
    """Return the values for a line."""
    _, *lines = answer(shell, words).splitlines()
    return [line.partition("\t")[0] for line in lines]


def test_the_words_are_those_of_the_commands() -> None:
    path = Path(sys.modules["persona_batch.cli.completion"].__file__ or "").parent / "words.json"
    again = "make them anew: python tests/docs/cli_page.py"
    assert path.read_text(encoding="utf-8") == generated(), again


def test_every_command_and_each_of_its_options_is_offered() -> None:
    assert offered("") == [*(entry.name for entry in COMMANDS), "help"]
    for name, facts in known_words()["commands"].items():
        options = {word for option in facts["options"] for word in option["names"] if word.startswith("--")}
        assert set(offered(*name.split(), "--")) >= options, name


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["run", "--provider", ""], list(PRESETS)),
        (["run", "x.yaml", "--provider", "local", "--engine", ""], list(ENGINES)),
        (["run", "--placement", "s"], ["system"]),
        (["export", "latest", "--format", "sq"], ["sqlite"]),
        (["import-results", "--format", "ins"], ["inspect"]),
        (["import", "--format=lobe-i"], ["--format=lobe-index"]),
        (["compare", "--lang", ""], ["en", "zh"]),
        (["compare", "--color=al"], ["--color=always"]),
        (["help", "sched"], ["schedule"]),
        (["ask", "x.yaml", ""], []),
        (["run", "--resume", "--retry-e"], ["--retry-errors"]),
        (["run", "--", "--"], []),
        (["run", "--no-such", "--no-such=", "--no-such=x"], []),
        (["no", "such", ""], []),
    ],
)
def test_what_may_follow(
    words: list[str], expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert offered(*words) == expected


def test_an_option_that_stands_there_is_offered_again_only_if_it_may_be() -> None:
    assert "--seed" not in offered("run", "--seed", "1", "--")
    assert "--model" in offered("run", "-m", "a", "--")


def test_ids_come_from_the_named_files_and_broken_ones_have_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("two.yaml").write_text(
        "personas:\n- {id: cook, system: x, questions: [{id: own, text: a}]}\n- {id: sailor, system: y}\n"
    )
    Path("named-so.yaml").write_text("system: x\n")
    Path("asked.yaml").write_text("questions:\n- {id: sea, text: a}\n- b\n")
    Path("bomb.yaml").write_text("a: &a [x, x]\nb: &b [*a, *a]\npersonas: *b\nc: !!python/object:os.system []\n")
    Path("deep.yaml").write_text("[" * 100_000)
    Path("bytes.yaml").write_bytes(b"\xff\xfe\x00id: \xff")
    files = ["two.yaml", "named-so.yaml", "bomb.yaml", "deep.yaml", "bytes.yaml", "gone.yaml"]
    assert offered("run", *files, "-p", "") == ["cook", "sailor", "named-so"]
    assert offered("run", ".", "-p", "s") == ["sailor"]
    assert offered("run", "two.yaml", "-q", "asked.yaml", "--question", "") == ["own", "sea"]


def test_columns_and_conditions_come_from_the_named_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("arm,variant,answer\npirate,a,x\nbase,b,y\npirate,a,z\n")
    Path("odd.csv").write_bytes(b'arm\xff,\x00\n\xff,"\n')
    assert "reply=" in offered("import-results", "t.csv", "--column", "")
    assert offered("import-results", "t.csv", "--column", "reply=a") == ["reply=arm", "reply=answer"]
    assert offered("import-results", "t.csv", "--control", "") == ["pirate", "base"]
    assert offered("import-results", "t.csv", "--column", "persona=variant", "--control", "") == ["a", "b"]
    assert offered("import-results", "odd.csv", "--control", "") == []
    assert offered("import-results", "gone.csv", "--column", "reply=") == ["reply="]


def test_arms_of_an_export_and_a_comparison_are_the_personas_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = Path("runs/20261122T065600Z-x")
    run.mkdir(parents=True)
    (run / "run.json").write_text('{"config": {"personas": [{"id": "none"}, {"id": "cook"}]}}')
    assert offered("export", "--personas", "") == offered("compare", "--control", "") == ["none", "cook"]
    assert offered("export", "--personas", "cook,n") == ["cook,none"]


def test_files_are_those_that_the_command_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("out.json", "p.yaml", "r.csv", "runs"):
        Path(name).mkdir() if name == "runs" else Path(name).touch()
    assert offered("run", "") == ["p.yaml", "runs/"]
    assert (
        offered("import-results", "")
        == offered("ask", "p.yaml", "--save", "")
        == ["out.json", "p.yaml", "r.csv", "runs/"]
    )
    assert offered("run", "--out", "") == ["runs/"]
    assert offered("rate", "latest", "") == ["out.json", "r.csv", "runs/"]


def test_bash_gets_the_part_behind_its_own_breaks() -> None:
    assert offered("run", "--provider", "=", "models", shell="bash") == ["modelscope"]
    assert offered("compare", "--measures", "=", "los", shell="bash") == ["loss"]
    assert offered("compare", "--color", "=", shell="bash") == ["auto", "always", "never"]


def test_names_that_would_break_a_line_or_a_terminal_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a\nb.yaml", "a\x1b[31m.yaml", "a\tb.yaml", "a good one.yaml"):
        Path(name).touch()
    assert offered("check", "a") == ["a good one.yaml"]


@given(
    st.lists(st.one_of(st.text(max_size=8), st.sampled_from(["run", "--provider", "=", "-p", "--", "'", "~/", "."])))
)
def test_whatever_is_typed_is_answered(words: list[str]) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert answer(shell, words).split("\n")[0] in ("words", "files", "open", "native")


@pytest.mark.parametrize(
    ("typed", "plain"),
    [("a\\ b", "a b"), ("'a b", "a b"), ('"a\\"b', 'a"b'), ("a'b'c", "abc"), ("a\\", "a"), ('"a\\n"', "a\\n")],
)
def test_a_word_is_read_as_the_shell_reads_it(typed: str, plain: str) -> None:
    assert unquoted(typed) == plain


def test_an_answer_loads_nothing_heavy_and_is_there_at_once(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("id: x\nsystem: x\n")
    code = (
        "import sys; from persona_batch.cli.main import run_command; sys.exit(run_command(sys.argv[1:])"
        " or any(name in sys.modules for name in ('typer', 'pydantic', 'msgspec', 'numpy', 'openai')))"
    )
    command = [sys.executable, "-c", code, "__complete", "bash", "run", "x.yaml", "-p", ""]
    took = []
    for _ in range(3):
        begun = time.perf_counter()
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        took.append(time.perf_counter() - begun)
        assert (done.returncode, done.stdout, done.stderr) == (0, "words\nx\ta persona\n", "")
    assert min(took) < 1.0  # some 0.1 s; this machine may be busy


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_installing_twice_is_installing_once(shell: str, tmp_path: Path) -> None:
    settings = tmp_path / f".{shell}rc"
    settings.write_bytes(b"# mine \xff, without an end of line")
    for _ in range(2):
        assert batch("--install-completion", shell, cwd=tmp_path).returncode == 0
    text = settings.read_bytes()
    assert text.startswith(b"# mine \xff, without an end of line\n")
    assert text.count(b"\n") == 2


def test_another_shell_is_refused_and_a_script_is_shown(tmp_path: Path) -> None:
    refused = batch("--install-completion", "csh", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "did you mean `zsh`" in refused.stderr
    assert "complete -F" in batch("--show-completion", cwd=tmp_path, env={"SHELL": "/bin/bash"}).stdout
