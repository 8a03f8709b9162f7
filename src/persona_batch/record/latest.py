"""`runs/latest`: a link to the newest run, for people and their scripts."""

import os
from pathlib import Path

from persona_batch.record.rundir import RunDir, list_runs

NAME = "latest"


def point_latest(out: Path) -> None:
    """Let `latest` name the newest run in a folder, atomically; without runs the link goes.

    A convenience only (`batch` itself looks for the newest run): where links cannot be made, or something else bears
    the name, nothing is done.
    """
    link = out / NAME
    if link.exists() and not link.is_symlink():
        return
    runs = list_runs(out)
    try:
        if not runs:
            link.unlink(missing_ok=True)
        elif not _names(link, runs[-1]):
            beside = out / f".{NAME}.{os.getpid()}"
            beside.unlink(missing_ok=True)
            beside.symlink_to(runs[-1].path.name, target_is_directory=True)
            beside.replace(link)
    except OSError:
        return


def _names(link: Path, run: RunDir) -> bool:
    return link.is_symlink() and link.readlink() == Path(run.path.name)
