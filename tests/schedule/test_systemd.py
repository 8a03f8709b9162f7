"""Systemd units, checked by systemd itself where it is there."""

import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from persona_batch.schedule.job import Job
from persona_batch.schedule.systemd import render_units
from persona_batch.schedule.when import parse_when

analyze = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(analyze is None, reason="systemd-analyze is not installed")


def job(at: str = "0 3 * * *", job_id: str = "wukong") -> Job:
    return Job(
        id=job_id,
        at=at,
        directory=Path("/home/孙 悟空/50%"),
        arguments=('/home/孙 悟空/50%/it\'s $HOME "x".yaml',),
        environment={"PATH": "/opt/my tools:/usr/bin"},
    )


def test_percent_dollar_and_quotes_are_escaped_for_systemd() -> None:
    service, timer = render_units(job())
    assert service.name == "persona-batch-wukong.service"
    assert '"/home/孙 悟空/50%%/it\'s $$HOME \\"x\\".yaml"' in service.text
    assert 'Environment="PATH=/opt/my tools:/usr/bin"' in service.text
    assert "SuccessExitStatus=3 4" in service.text
    assert "OnCalendar=*-*-* 03:00:00" in timer.text


def test_a_name_in_another_script_is_escaped_in_the_units_name() -> None:
    assert render_units(job(job_id="悟"))[0].name == "persona-batch-\\xe6\\x82\\x9f.service"


def test_a_job_at_reboot_becomes_a_boot_timer() -> None:
    assert "OnBootSec=" in render_units(job("@reboot"))[1].text


@needs_systemd
@pytest.mark.parametrize(
    "at", ["0 3 * * *", "*/15 9-17 * * 1-5", "0 0 1,15 * *", "0 3 13 * fri", "5 4 * 2,6 *", "@weekly"]
)
def test_systemd_comes_to_the_same_next_start_as_cron(at: str) -> None:
    start = datetime(2026, 11, 22, 20, 30)
    times = re.findall(r"^OnCalendar=(.*)$", render_units(job(at))[1].text, re.MULTILINE)
    assert analyze is not None
    elapses = []
    for time in times:
        done = subprocess.run(
            [analyze, "calendar", f"--base-time={start:%Y-%m-%d %H:%M:%S}", time],
            capture_output=True,
            text=True,
            check=True,
            env={"TZ": "UTC", "LC_ALL": "C"},
        )
        found = re.search(r"Next elapse: \w+ (\S+ \S+)", done.stdout)
        assert found is not None
        elapses.append(datetime.fromisoformat(found[1]))
    assert min(elapses) == parse_when(at).next_after(start)


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    files = []
    for unit in render_units(job()):
        files.append(str(tmp_path / unit.name))
        Path(files[-1]).write_text(unit.text, encoding="utf-8")
    assert analyze is not None
    done = subprocess.run([analyze, "verify", "--man=no", *files], capture_output=True, text=True)
    # on a machine without a running systemd other complaints are possible; none may be about these files
    assert not [line for line in done.stderr.splitlines() if str(tmp_path) in line], done.stderr
