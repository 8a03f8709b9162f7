"""`batch providers` as a real process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from servers.act import Act, Script
from servers.faulty import serving
from terminals import command
from terminals.command import batch_in_terminal

PING = ("--ping", "vllm", "--base-url")


def batch(*arguments: str, folder: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    return command.batch("providers", *arguments, cwd=folder, env=env)


def test_the_list_says_which_keys_are_set_and_shows_none(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MODELSCOPE_SDK_TOKEN=ms-0123456789abcdef\n", encoding="utf-8")
    done = batch("--json", folder=tmp_path, OPENAI_API_KEY="sk-0123456789abcdef")
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert rows["openai"]["key"] == "set"
    assert (rows["modelscope"]["key"], rows["modelscope"]["key_variable"]) == ("set", "MODELSCOPE_SDK_TOKEN")
    assert (rows["modelscope"]["per_day"], rows["modelscope"]["day_zone"]) == (2000, "Asia/Shanghai")
    assert rows["deepseek"]["key"] == "missing"
    assert (rows["modelscope"]["batch"], rows["vllm"]["batch"]["offline"]) == (None, True)
    assert (rows["siliconflow"]["batch"]["share"], rows["siliconflow"]["batch"]["lines"]) == (0.5, 5000)
    assert rows["local"]["key"] == "not needed"
    table = batch(folder=tmp_path, OPENAI_API_KEY="sk-0123456789abcdef")
    assert all(name in table.stdout for name in rows)
    assert "0123456789" not in done.stdout + table.stdout


@pytest.mark.parametrize(("columns", "urls"), [(80, False), (140, True)])
def test_the_list_fits_the_terminal(columns: int, urls: bool, tmp_path: Path) -> None:
    with batch_in_terminal("providers", cwd=tmp_path, columns=columns) as terminal:
        assert terminal.wait() == 0
    lines = terminal.text.splitlines()
    assert max(map(cell_len, lines)) <= columns
    assert lines[0].split()[:4] == ["name", "key", "variable", "batch"]
    assert ("https://api.openai.com/v1" in terminal.text) is urls
    assert any("lmstudio" in line and "LM_API_TOKEN" in line for line in lines)


def test_a_ping_asks_the_endpoint(tmp_path: Path) -> None:
    with serving(Script(models=["one"], api_key="right-key")) as server:
        done = batch(
            *("--ping", "vllm", "--base-url", server.base_url, "--api-key-env", "MINE", "--json"),
            folder=tmp_path,
            MINE="right-key",
        )
    found = json.loads(done.stdout)
    assert (done.returncode, found["models"], found["model"]) == (0, ["one"], "one")
    assert found["reply"]
    assert 0 < found["ttft_ms"] <= found["latency_ms"]
    assert len(server.chats) == 1


def test_a_ping_of_many_models_asks_which(tmp_path: Path) -> None:
    with serving(Script(models=["one", "two"])) as server:
        done = batch("--ping", "vllm", "--base-url", server.base_url, folder=tmp_path)
        assert (done.returncode, "one, two" in done.stdout, server.chats) == (0, True, [])
        done = batch("--ping", "vllm", "--base-url", server.base_url, "--model", "two", folder=tmp_path)
    assert "two: “" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--ping", "opnai"), 2, "did you mean `openai`"),
        (("--ping", "deepseek"), 2, "DEEPSEEK_API_KEY"),
        (("--ping", "vllm", "--base-url", "http://127.0.0.1:1/v1"), 1, "connection refused"),
    ],
)
def test_a_ping_that_fails_is_one_line(arguments: tuple[str, ...], code: int, words: str, tmp_path: Path) -> None:
    done = batch(*arguments, folder=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_list_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from persona_batch.cli.main import main; sys.argv[1:] = ['providers', '--json']\n"
        "try: main()\n"
        "finally: print([n for n in ('openai', 'aiohttp', 'httpx2', 'numpy') if n in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stderr.strip() == "[]"


def test_a_ping_shows_nothing_of_the_key_whatever_says_it(tmp_path: Path) -> None:
    key = "zZ9-odd.key+Shape42"
    with serving(Script(models=[f"m-{key}\x1b[31m"], default=Act(reply=f"your key is {key}"))) as server:
        for form in ((), ("--json",)):
            done = batch(*PING, server.base_url, "--api-key-env", "MINE", *form, folder=tmp_path, MINE=key)
            assert done.returncode == 0, done.stderr
            assert "m-[key]" in done.stdout
            assert "your key is [key]" in done.stdout
            assert key not in done.stdout + done.stderr
            assert "\x1b" not in done.stdout
        assert server.chats[0].body["model"] == f"m-{key}\x1b[31m"
