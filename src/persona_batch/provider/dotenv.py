"""The environment as `batch` sees it: the process's own, over `.env` in the working folder."""

import os
from collections.abc import Mapping
from pathlib import Path

from persona_batch.errors import UsageError


def load_env(folder: Path | None = None, environ: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Return the variables; an empty one counts as not set, so `.env` may fill it.

    Args:
        folder: where `.env` is looked for; the working folder by default, no parent of it.
        environ: the process's environment by default.

    Raises:
        UsageError: `.env` cannot be read.
    """
    from dotenv import dotenv_values

    process = {name: value for name, value in (os.environ if environ is None else environ).items() if value}
    path = (folder or Path()) / ".env"
    if not path.is_file():
        return process
    try:
        values = dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{path}: cannot be read: {reason}") from None
    return {**{name: value for name, value in values.items() if value}, **process}
