"""What only POSIX has is taken away, and the commands go on: as near as one comes to Windows without one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from servers.act import Script
from servers.faulty import serving

TAKEN = """
import asyncio, os, signal, socket, sys

for name in ("SIGHUP", "SIGKILL", "SIGSTOP", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGCHLD", "SIGTSTP"):
    delattr(signal, name)
for name in ("getuid", "geteuid", "getgid", "pread", "pwrite", "fchmod", "fchown", "mkfifo", "getpgid", "setsid",
             "killpg", "O_DIRECTORY", "O_CLOEXEC", "O_NONBLOCK", "O_NOFOLLOW", "getloadavg"):
    delattr(os, name)

def no_handler(*arguments):
    raise NotImplementedError

asyncio.SelectorEventLoop.add_signal_handler = no_handler
asyncio.SelectorEventLoop.remove_signal_handler = no_handler

def pair(family=socket.AF_INET, kind=socket.SOCK_STREAM, proto=0):
    with socket.create_server(("127.0.0.1", 0)) as door:
        ours = socket.create_connection(door.getsockname())
        return ours, door.accept()[0]

socket.socketpair = pair
del socket.AF_UNIX

really_open = os.open

def open_no_folder(path, flags, *more, **named):
    if isinstance(path, (str, os.PathLike)) and os.path.isdir(path):
        raise PermissionError(13, "Permission denied", str(path))
    return really_open(path, flags, *more, **named)

os.open = open_no_folder
for name in ("fcntl", "resource", "termios", "tty", "pty", "pwd", "grp", "readline", "syslog"):
    sys.modules[name] = None  # to import it is an ImportError
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "sitecustomize.py").write_text(TAKEN, encoding="utf-8")
    (tmp_path / "p.yaml").write_text("{id: p, system: s, controls: [none], questions: [hi, bye]}", encoding="utf-8")
    return tmp_path


def batch(place: Path, *arguments: str, said: str = "") -> str:
    """Run a command where the names are missing, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "persona_batch", *arguments],
        cwd=place,
        env={**os.environ, "HOME": str(place), "PYTHONPATH": str(place / "elsewhere")},
        input=said,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_a_run_its_resume_and_all_that_reads_it(place: Path) -> None:
    run = batch(place, "run", "p.yaml", "--provider", "scripted", "-n", "3", "--no-progress").splitlines()[-1]
    with (place / run / "records.jsonl").open("ab") as records:
        records.write(b'{"torn')
    batch(place, "run", "p.yaml", "--provider", "scripted", "-n", "4", "--no-progress", "--resume", "latest")
    assert (place / run / "records.torn").read_bytes() == b'{"torn\n'
    assert len((place / run / "records.jsonl").read_bytes().splitlines()) == 16
    for command in ("show", "compare"):
        assert batch(place, command)


def test_ask_chat_check_and_init(place: Path) -> None:
    assert "hi" in batch(place, "ask", "p.yaml", "hi", "--provider", "scripted", "--quiet")
    assert "bye" in batch(place, "chat", "p.yaml", "--provider", "scripted", said="hi\nbye\n")
    assert batch(place, "check", "p.yaml")
    batch(place, "init", "fresh")
    assert batch(place, "check", "fresh")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_endpoint_is_asked_also_by_workers(workers: str, place: Path) -> None:
    with serving(Script()) as server:
        options = ("--base-url", server.base_url, "--no-progress", "--workers", workers)
        run = batch(place, "run", "p.yaml", *options).splitlines()[-1]
    assert (place / run / "records.jsonl").read_text(encoding="utf-8").count('"status":"ok"') == 4
