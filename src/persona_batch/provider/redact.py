"""Takes keys out of any text before it is written or shown."""

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MARK = "[key]"
_SHORTEST = 6  # characters; what is shorter is a placeholder such as "none" that would blot out plain words
_HEAD = 8  # characters of a key that an endpoint may show before it puts asterisks


class Redactor:
    """Knows some secrets and cleans texts of them.

    Covered: the key as it is, JSON-escaped, URL-encoded and in Base64, and a key cut short or masked that still
    shows its first eight characters (`sk-abcde***wxyz`).
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        patterns: set[str] = set()
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                patterns.update(map(re.escape, _spellings(secret)))
            if len(secret) >= 2 * _HEAD:
                patterns.add(re.escape(secret[:_HEAD]) + r"[\w.*•…-]*")
        longest_first = sorted(patterns, key=len, reverse=True)
        self._pattern = re.compile("|".join(longest_first)) if longest_first else None

    def __bool__(self) -> bool:
        """Whether there is a secret to take out at all."""
        return self._pattern is not None

    def clean(self, text: str) -> str:
        """Return `text` with every known secret replaced by `[key]`."""
        return text if self._pattern is None else self._pattern.sub(MARK, text)


def _spellings(secret: str) -> set[str]:
    raw = secret.encode()
    coded = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    # Behind a user name (`user:key`, as in Basic authentication) the key starts at another of three offsets.
    for offset in (1, 2):
        shifted = base64.b64encode(b"\0" * offset + raw).decode()
        coded.add(shifted[4:-4])
    return {
        secret,
        json.dumps(secret)[1:-1],
        quote(secret, safe=""),
        quote_plus(secret),
        *(code.rstrip("=") for code in coded if len(code) >= 2 * _HEAD),
    }
