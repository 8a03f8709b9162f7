"""Keys that are known: read from the environment, held so that they do not show, taken out of texts."""

import base64
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, final
from urllib.parse import quote, quote_plus, unquote

from persona_batch.credentials.shapes import MARK, is_key_name, is_placeholder, keys_in, mask
from persona_batch.errors import UsageError

_HEAD: Final = 8  # characters of a key that an endpoint may show before it puts asterisks


def load_env(folder: Path | None = None, environ: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Return the environment as `batch` sees it: the process's own variables, over those of a folder's `.env`.

    An empty variable counts as not set, so `.env` may fill it.

    Args:
        folder: where `.env` is looked for; the working folder by default, no parent of it.
        environ: the process's environment by default.

    Raises:
        UsageError: `.env` cannot be read.
    """
    path = (folder or Path()) / ".env"
    process = {name: value for name, value in (os.environ if environ is None else environ).items() if value}
    return {**read_dotenv(path), **process} if path.is_file() else process


def read_dotenv(path: Path, source: str = "") -> dict[str, str]:
    """Return the variables of a file in the form of `.env`; empty ones are not set.

    Raises:
        UsageError: it is missing, or cannot be read; the message begins with `source`.
    """
    from dotenv import dotenv_values

    if not path.is_file():
        raise UsageError(f"{source}{path}: there is no such file")
    try:
        values = dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{source}{path}: cannot be read: {reason}") from None
    return {name: value for name, value in values.items() if value}


@final
class Secret:
    """Holds a key; its text appears only by `reveal()`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the key itself: for the request's header, nothing else."""
        return self._value

    @property
    def fingerprint(self) -> str:
        """Return 16 hex digits that tell keys apart without giving them away (BLAKE2b)."""
        return hashlib.blake2b(self._value.encode(), digest_size=8, person=b"batch-key").hexdigest()

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a key is not written anywhere")


def checked_key(value: str, variable: str) -> Secret:
    """Return the key that `variable` held.

    Raises:
        UsageError: it cannot be a key; the message does not show it.
    """
    if not value.isascii() or not value.isprintable() or " " in value:
        raise UsageError(
            f"the key in {variable} has a space, a line break or a character outside ASCII in it; "
            "copy it again (in .env: one line, no quotes needed)"
        )
    return Secret(value)


def secrets_in(env: Mapping[str, str]) -> list[str]:
    """Return the keys that an environment holds: by the names of variables, by shape, as passwords in addresses.

    The path of a file of keys is none.
    """
    secrets: list[str] = []
    for name, value in env.items():
        if is_key_name(name):
            secrets += [] if os.path.exists(value) else [value]  # noqa: PTH110  # says no to any odd name
            continue
        for found in keys_in(value):
            secrets += [found, *(unquote(password) for password in found.split(":", 1)[1:])]
    return [secret for secret in dict.fromkeys(secrets) if not is_placeholder(secret)]


class Redactor:
    """Knows some secrets and cleans texts of them; placeholders among them are passed over.

    Covered: the key as it is, JSON-escaped, URL-encoded and in Base64, and a key cut short or masked that still
    shows its beginning (`sk-abcde***wxyz`).
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        patterns: set[str] = set()
        for secret in secrets:
            if is_placeholder(secret):
                continue
            patterns.update(map(re.escape, _spellings(secret)))
            if len(secret) >= _HEAD + 4:
                issuer = re.match(r"(?:[a-z]{2,6}\d{0,2}[-_]){0,3}", secret)  # `sk-proj-`: anybody may write that
                shown = max(_HEAD, (issuer.end() if issuer else 0) + 4)
                patterns.add(re.escape(secret[:_HEAD]) + r"[\w.-]*[*•…][\w.*•…-]*")
                if shown < len(secret):
                    patterns.add(re.escape(secret[:shown]) + r"[\w.*•…-]*")
        longest_first = sorted(patterns, key=len, reverse=True)
        self._pattern = re.compile("|".join(longest_first)) if longest_first else None

    def __bool__(self) -> bool:
        """Whether there is a secret to take out at all."""
        return self._pattern is not None

    def clean(self, text: str) -> str:
        """Return `text` with every known secret replaced by `[key]`."""
        return text if self._pattern is None else self._pattern.sub(MARK, text)

    def clean_all(self, text: str) -> str:
        """Return `text` without known secrets and without whatever else is a key: for all that is no reply."""
        return mask(self.clean(text))


def _spellings(secret: str) -> set[str]:
    raw = os.fsencode(secret)  # a variable may hold bytes that are no UTF-8
    coded = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    # Behind a user name (`user:key`, as in Basic authentication) the key starts at another of three offsets.
    for offset in (1, 2):
        shifted = base64.b64encode(b"\0" * offset + raw).decode()
        coded.add(shifted[4:-4])
    return {
        secret,
        json.dumps(secret)[1:-1],
        quote(raw, safe=""),
        quote_plus(raw),
        *(code.rstrip("=") for code in coded if len(code) >= 2 * _HEAD),
    }
