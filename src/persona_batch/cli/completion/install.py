"""`--show-completion` and `--install-completion`: the shells' scripts, and where each shell looks for them."""

import os
import shlex
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

from persona_batch.errors import UsageError
from persona_batch.wording import meant

SHELLS: Final = ("bash", "zsh", "fish")
_MARK: Final = "# completion of batch"


def show(args: Sequence[str]) -> str:
    """Return the script of the named shell, or of the user's ($SHELL).

    Raises:
        UsageError: no such shell, or none found.
    """
    return _script(_shell("--show-completion", args))


def install(args: Sequence[str], env: Mapping[str, str] = os.environ) -> str:
    """Put the script of a shell where that shell finds it; return what was done. Doing it twice changes nothing.

    bash and zsh read it by a line in `~/.bashrc` or `~/.zshrc`, fish from its folder of completions.

    Raises:
        UsageError: no such shell, none found, or a file cannot be written.
    """
    shell = _shell("--install-completion", args)
    home = Path(env.get("HOME") or Path.home())
    written: list[Path]
    try:
        if shell == "fish":
            folder = Path(env.get("XDG_CONFIG_HOME") or home / ".config") / "fish" / "completions"
            written = [folder / "batch.fish", folder / "persona-batch.fish"]  # fish looks for it by the command's name
            _write(written[0], _script(shell))
            _write(written[1], f"source {shlex.quote(str(written[0]))}\n")
        else:
            script = Path(env.get("XDG_DATA_HOME") or home / ".local" / "share") / "persona-batch" / f"batch.{shell}"
            _write(script, _script(shell))
            settings = home / ".bashrc" if shell == "bash" else Path(env.get("ZDOTDIR") or home) / ".zshrc"
            _add_line(settings, f". {shlex.quote(str(script))}  {_MARK}\n")
            written = [script, settings]
    except OSError as error:
        raise UsageError(
            f"{error.filename}: cannot be written ({error.strerror}); `--show-completion {shell}` prints the script"
        ) from error
    return f"{shell} completes `batch` from its next start: {' and '.join(map(str, written))}\n"


def _shell(option: str, args: Sequence[str]) -> str:
    if len(args) > 1:
        raise UsageError(f"{option} takes one shell: {', '.join(SHELLS)}")
    name = args[0] if args else Path(os.environ.get("SHELL", "")).name
    if not args and name not in SHELLS:
        raise UsageError(f"{option}: name the shell, {', '.join(SHELLS[:-1])} or {SHELLS[-1]}")
    if name not in SHELLS:
        raise UsageError(f"{option} {name}: {meant(name, SHELLS)}")
    return name


def _script(shell: str) -> str:
    return files(__package__).joinpath("shells", f"batch.{shell}").read_text(encoding="utf-8")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _add_line(settings: Path, line: str) -> None:
    """Add a line to a file of settings, in the place of an earlier one of ours."""
    said = settings.read_bytes().decode("utf-8", "surrogateescape") if settings.exists() else ""
    kept = [one for one in said.splitlines(keepends=True) if not one.rstrip().endswith(_MARK)]
    if kept and not kept[-1].endswith("\n"):
        kept[-1] += "\n"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_bytes("".join([*kept, line]).encode("utf-8", "surrogateescape"))
