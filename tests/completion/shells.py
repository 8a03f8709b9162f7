"""Real shells in real terminals: what a TAB makes of a line, told by the arguments that the program then gets."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from terminals.command import bare_env, batch
from terminals.session import TerminalSession

_TOOL = """#!{python}
import json, os, sys
if sys.argv[1:2] == ["__complete"]:
    os.execv({python!r}, [{python!r}, "-m", "persona_batch", *sys.argv[1:]])
with open({told!r}, "w") as file:
    json.dump(sys.argv[1:], file)
print("g" + "ot it")
"""
_PROMPT = {
    "bash": (".bashrc", "PS1='at> '\nbind 'set enable-bracketed-paste off'\n"),
    "zsh": (".zshrc", "PROMPT='at> '\nunsetopt zle_bracketed_paste\n"),
    "fish": (
        ".config/fish/config.fish",
        "function fish_prompt; echo 'at> '; end\nset -g fish_greeting\nset -g fish_autosuggestion_enabled 0\n",
    ),
}
_START = {"bash": ["-i"], "zsh": ["-i", "-d"], "fish": ["-i"]}


class Shell:
    """A shell of this user, in which `batch` and `persona-batch` were let complete by `--install-completion`."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        home, tools = folder / "home", folder / "tools"
        home.mkdir()
        tools.mkdir()
        self._told = folder / "told.json"
        for tool in ("batch", "persona-batch"):
            (tools / tool).write_text(_TOOL.format(python=sys.executable, told=str(self._told)), encoding="utf-8")
            (tools / tool).chmod(0o755)
        settings = home / _PROMPT[name][0]
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(_PROMPT[name][1], encoding="utf-8")
        env = bare_env(home)
        done = batch("--install-completion", name, cwd=folder, env={"HOME": str(home)})
        assert done.returncode == 0, done.stderr
        program = shutil.which(name)
        assert program is not None
        self._env = {**env, "PATH": os.pathsep.join([str(tools), env["PATH"]]), "TERM": "dumb"}
        self._start = [program, *_START[name]]

    @contextmanager
    def opened(self, work: Path) -> Iterator[Callable[[str], list[str]]]:
        """Give what types a line with TABs, presses Enter, and returns the arguments that the program then gets."""
        with TerminalSession(self._start, cwd=work, env=self._env, columns=200, rows=100) as session:
            session.expect("at> ")
            lines = 0

            def typed(line: str) -> list[str]:
                nonlocal lines
                lines += 1
                session.type(line)
                session.type("\r")
                session.expect("got it", times=lines)
                told: list[str] = json.loads(self._told.read_text(encoding="utf-8"))
                return told

            yield typed
