"""Taking keys that are known out of texts, whatever they look like."""

import base64
import json
import os
import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, quote_plus, unquote

from persona_batch.credentials.shapes import MARK, is_key_name, is_placeholder, keys_in, mask

_HEAD: Final = 8  # characters of a key that an endpoint may show before it puts asterisks


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
