"""Errors become one line and an exit code; bugs become a log file."""

import errno
from pathlib import Path

import pytest

from persona_batch.cli.boundary import guarded
from persona_batch.errors import (
    BatchError,
    ConfigError,
    Interrupted,
    Problem,
    RunLocked,
    StoppedEarly,
    StorageError,
    UsageError,
)


def failing(error: BaseException) -> int:
    """Run a command that raises."""

    def command() -> int:
        raise error

    return guarded(command)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (StoppedEarly("x"), 3),
        (StorageError("x"), 3),
        (RunLocked("x"), 4),
        (Interrupted("x"), 130),
        (BatchError("x"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_an_error_is_one_line_and_its_exit_code(
    error: BatchError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert failing(error) == code
    assert capsys.readouterr() == ("", "batch: x\n")


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("can't start new thread"), OSError(errno.ENOMEM, "Cannot allocate memory")]
)
def test_want_of_memory_is_no_bug(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    assert failing(error) == 3
    assert capsys.readouterr().err.startswith("batch: there is no more memory;")


def test_every_problem_of_the_files_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [Problem("a.yaml", 7, 5, "unknown key 'sytem'"), Problem("b.yaml", 0, 0, "is empty")]
    assert failing(ConfigError(problems)) == 2
    assert capsys.readouterr().err == "batch: a.yaml:7:5: unknown key 'sytem'\nbatch: b.yaml: is empty\n"


def test_ctrl_c_is_130_and_silent(capsys: pytest.CaptureFixture[str]) -> None:
    assert failing(KeyboardInterrupt()) == 130
    assert capsys.readouterr() == ("", "")


def test_a_command_without_error_has_its_own_exit_code() -> None:
    assert guarded(lambda: 3) == 3


def test_a_bug_is_one_line_that_names_a_log_with_the_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert failing(ZeroDivisionError("by zero")) == 1
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "bug in persona-batch (ZeroDivisionError)" in said
    (log,) = tmp_path.rglob("*.log")
    assert str(log) in said
    text = log.read_text(encoding="utf-8")
    assert "Traceback" in text
    assert "by zero" in text


def test_a_key_in_a_traceback_does_not_reach_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("SOME_API_KEY", "sk-very-secret-0123456789")
    failing(RuntimeError("refused: sk-very-secret-0123456789"))
    (log,) = tmp_path.rglob("*.log")
    assert "very-secret" not in log.read_text(encoding="utf-8")


def test_a_key_in_dotenv_does_not_reach_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("DEEPSEEK_API_KEY=sk-very-secret-0123456789\n", encoding="utf-8")
    failing(RuntimeError("refused: sk-very-secret-0123456789"))
    (log,) = tmp_path.rglob("*.log")
    assert "very-secret" not in log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AZ_KEY", "odd.value-77", "refused: odd.value-77"),
        ("HTTPS_PROXY", "http://me:hunt3r@proxy", "cannot reach http://me:hunt3r@proxy"),
        ("NOTE", "x", "Authorization: Bearer q8Zr2LmN0pXy7Kd1"),
        ("NOTE", "x", "sk-ant-api03-AbCdEfGhIjKlMnOpQrSt"),
    ],
)
@pytest.mark.parametrize("kind", [RuntimeError, UsageError])
def test_no_key_reaches_a_log_or_a_terminal(
    name: str,
    value: str,
    said: str,
    kind: type[Exception],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv(name, value)
    failing(kind(said))
    shown = capsys.readouterr().err + "".join(log.read_text(encoding="utf-8") for log in tmp_path.rglob("*.log"))
    assert "[key]" in shown
    for secret in ("value-77", "hunt3r", "q8Zr2", "AbCdEf"):
        assert secret not in shown


def test_a_placeholder_in_the_environment_changes_no_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "ollama")
    failing(UsageError("ollama has no model x"))
    assert capsys.readouterr().err == "batch: ollama has no model x\n"


def test_a_message_never_commands_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    failing(UsageError("no \x1b[31mred\x1b]0;title\x07, \x9b1m, \u202egnp, a\rb, c\x85batch: forged"))
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.rstrip("\n").isprintable()


def test_a_bug_is_shown_where_the_log_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert failing(ZeroDivisionError("by zero")) == 1
    assert "Traceback" in capsys.readouterr().err
