"""Debian's cron itself: a job for every minute, from being added to being removed.

Needs root, as only root can start cron; the crontab of the user who runs the tests is put back as it was.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from schedule.workshop import Workshop, endpoint, eventually
from servers.act import Script
from servers.faulty import serving

KEY = "sk-from-the-env-file"
FOREIGN = b"# somebody else's\n  5 4 1 1 *   /bin/true   # stays  \n"


@pytest.fixture
def cron() -> Iterator[None]:
    """Let cron run, with a crontab of somebody else's lines; stop it if it is ours, and put the crontab back."""
    if shutil.which("cron") is None or shutil.which("crontab") is None:
        pytest.skip("cron is not installed")
    if os.geteuid() != 0:
        pytest.skip("only root can start cron")
    with FileLock(Path(tempfile.gettempdir()) / "persona-batch-tests-cron.lock", timeout=250):
        yield from _running()


def _running() -> Iterator[None]:
    before = subprocess.run(["crontab", "-l"], capture_output=True)
    subprocess.run(["crontab", "-"], input=FOREIGN, check=True)
    installed = int(time.time())
    # cron knows a new crontab by its time in whole seconds: what is added in the same second, it never reads
    eventually(lambda: int(time.time()) > installed, "the next second")
    # where cron runs already, ours gives way at once, and that one does the work
    daemon = subprocess.Popen(["cron", "-f"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        daemon.terminate()
        daemon.wait()
        if before.returncode == 0:
            subprocess.run(["crontab", "-"], input=before.stdout, check=True)
        else:
            subprocess.run(["crontab", "-r"], check=False)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("cron")
def test_cron_runs_a_job_that_was_added_and_no_more_after_it_was_removed(workshop: Workshop) -> None:
    keys = workshop.folder / ".env"
    keys.write_text(f"MY_KEY={KEY}\n", encoding="utf-8")
    keys.chmod(0o600)
    with serving(Script(api_key=KEY)) as server:
        words = ("pirate.yaml", *endpoint(server.base_url), "--api-key-env", "MY_KEY", "--if-changed")
        path = {"PATH": os.environ["PATH"]}
        added = workshop.batch("schedule", "add", *words, "--at", "* * * * *", **path)
        assert added.returncode == 0, added.stderr
        installed = subprocess.run(["crontab", "-l"], capture_output=True, check=True).stdout
        assert installed.startswith(FOREIGN)
        assert KEY.encode() not in installed
        try:
            eventually(lambda: ended(workshop), "the end of a job started by cron", seconds=150)
        finally:
            removed = workshop.batch("schedule", "remove", "pirate", **path)
        assert removed.returncode == 0, removed.stderr
        assert subprocess.run(["crontab", "-l"], capture_output=True, check=True).stdout == FOREIGN
        assert "ended: complete (0)" in workshop.log(), workshop.log()
        assert {request.headers["authorization"] for request in server.chats} == {f"Bearer {KEY}"}
    (run,) = workshop.runs()
    assert len(workshop.records(run)) == 6
    assert all(record["status"] == "ok" for record in workshop.records(run))


def ended(workshop: Workshop) -> bool:
    path = Path(workshop.state.log("pirate"))
    return path.exists() and "ended:" in path.read_text(encoding="utf-8")
