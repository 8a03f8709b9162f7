"""A `crontab` program that keeps its crontab in $CRONTAB_FILE, for tests that must not touch a real one."""

import stat
import sys
from pathlib import Path

PROGRAM = """\
#!/bin/sh
case "$1" in
  -l) [ -f "$CRONTAB_FILE" ] || { echo "no crontab for me" >&2; exit 1; }; cat "$CRONTAB_FILE" ;;
  -r) rm "$CRONTAB_FILE" ;;
  -) cat > "$CRONTAB_FILE.new"
     if grep -q refuse-me "$CRONTAB_FILE.new"; then echo "errors in crontab file" >&2; exit 1; fi
     mv "$CRONTAB_FILE.new" "$CRONTAB_FILE" ;;
esac
"""


def provide(folder: Path) -> dict[str, str]:
    """Put the program into a folder; return the variables that make it the one that is found."""
    folder.mkdir()
    program = folder / "crontab"
    program.write_text(PROGRAM, encoding="ascii")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    path = f"{folder}:{Path(sys.executable).parent}:/usr/bin:/bin"
    return {"PATH": path, "CRONTAB_FILE": str(folder / "tab")}
