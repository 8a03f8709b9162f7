"""A scratch copy of the working folder in which the commands of a page are run as a reader would type them.

Nothing is changed in the text of a command. But `batch` is a script in front of the real one, which names a local
server in place of the endpoint that the command would ask: pages may so ask endpoints that want a key, and the
embedded model's place is taken by something quicker. `crontab` keeps its lines in a file of the scratch folder.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docs.pages import ROOT
from exchange.results.kept import results_of_others
from servers.act import Script
from servers.faulty import serving

BATCH = """#!/bin/sh
case "$1" in
  run|ask|chat)
    case "$*" in
      *--base-url*|*"--provider scripted"*|*--help*) ;;
      *--provider*) set -- "$@" --base-url {named} ;;
      *) set -- "$@" --base-url {only} ;;
    esac ;;
esac
exec {python} -m persona_batch "$@"
"""

CRONTAB = """#!/bin/sh
table={table}
for last; do :; done
case "$last" in
  -l) [ -f "$table" ] || {{ echo "no crontab for you" >&2; exit 1; }}; cat "$table" ;;
  -r) rm -f "$table" ;;
  -) cat > "$table" ;;
  *) cat "$last" > "$table" ;;
esac
"""


class Workplace:
    """`folder` is where commands run, `home` the user's home."""

    def __init__(self, folder: Path, home: Path, tools: Path) -> None:
        self.folder = folder
        self.home = home
        kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
        self.environment = {
            **kept,
            "PATH": os.pathsep.join([str(tools), str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
            "HOME": str(home),
            "LANG": "C.UTF-8",
        }

    def run(self, script: str, *, shell: str = "bash", check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a script; a command in it that fails ends it."""
        done = subprocess.run(
            [shell, "-eu", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=100,
        )
        if check:
            assert done.returncode == 0, f"exit code {done.returncode}:\n{script}\n{done.stdout}"
        return done


@contextmanager
def workplace(scratch: Path, *, results: bool = False) -> Iterator[Workplace]:
    """Set up the folder, the tools and the servers; `results`: other tools' results lie there, too."""
    home, tools = scratch / "home", scratch / "tools"
    folder = home / "persona-batch"
    for name in ("personas", "prompts", "docs/designs"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "runs").mkdir()
    tools.mkdir()
    if results:
        results_of_others(folder)
    with serving() as only, serving(Script(models=None)) as named:
        _tool(tools / "batch", BATCH.format(only=only.base_url, named=named.base_url, python=sys.executable))
        _tool(tools / "crontab", CRONTAB.format(table=scratch / "crontab"))
        beside = folder / ".venv" / "bin"
        beside.mkdir(parents=True)
        (beside / "batch").symlink_to(tools / "batch")
        yield Workplace(folder, home, tools)


def _tool(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
