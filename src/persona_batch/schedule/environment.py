"""The environment that cron lacks: what a job's line may carry of it, and what must never stand in a crontab."""

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from persona_batch.credentials import has_key, is_placeholder, secrets_in
from persona_batch.errors import UsageError

# besides PATH: where programs and our own folders are, how the network is reached, nothing that is a key
CARRIED = (
    "PYTHONPATH",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "XDG_DATA_HOME",
    "PERSONA_BATCH_STATE",
    "PERSONA_BATCH_MODEL",
    "OPENAI_BASE_URL",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
)


def carried(env: Mapping[str, str]) -> dict[str, str]:
    """Return what a job takes along: PATH (folders that exist, once each), UTF-8, and `CARRIED`.

    HOME goes along where it is not the one that cron sets (as under `sudo`), or states and models would be looked
    for elsewhere. A proxy with a login in its address stays behind: a crontab is no place for it (`.env` is).
    """
    taken = {"PATH": _path(env.get("PATH", os.defpath)), "LANG": "C.UTF-8", "PYTHONUTF8": "1"}
    home = env.get("HOME")
    if home and home != _home():
        taken["HOME"] = home
    for name in CARRIED:
        value = env.get(name)
        if value and not has_key(value, strict=True):
            taken[name] = value
    return taken


def refuse_secrets(words: Iterable[str], env: Mapping[str, str], sent: Iterable[str] = ()) -> None:
    """Raise UsageError where one of the words, which are about to be written, holds a key.

    `env` is the process environment over the `.env` files: keys that it holds are known whatever they look like;
    `sent` are the variables in it that are sent as keys, whatever they are called.
    """
    known = {secret: name for name, value in env.items() for secret in secrets_in({name: value})}
    known |= {env[name]: name for name in sent if name in env and not is_placeholder(env[name])}
    for word in words:
        name = next((name for secret, name in known.items() if secret in word), None)
        if name is not None:
            raise UsageError(f"the value of {name} would stand in the job's line; {_REMEDY}")
        if has_key(word, strict=True):
            raise UsageError(f"what looks like a key or a password would stand in the job's line; {_REMEDY}")


_REMEDY = (
    "keep keys in `.env` in the working folder (or name a file: --env-file), where the job reads them; a command "
    "of --on-failure finds them there as variables"
)


def open_to_others(path: Path) -> str | None:
    """Return a warning where other users may read a file of keys; None where it is fine or absent."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        return f"{path} is readable by other users of this machine: chmod 600 it"
    return None


def _path(text: str) -> str:
    folders = dict.fromkeys(part for part in text.split(os.pathsep) if Path(part).is_absolute())
    return os.pathsep.join(part for part in folders if Path(part).is_dir())


def bare(env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that cron gives a job (crontab(5)); `env` says who the user is."""
    home = _home()
    user = env.get("LOGNAME") or env.get("USER") or Path(home).name
    return {"HOME": home, "LOGNAME": user, "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}


def _home() -> str:
    """Return the home folder by the user database, as cron does, whatever HOME says."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a container's user without an entry
        return str(Path.home())
