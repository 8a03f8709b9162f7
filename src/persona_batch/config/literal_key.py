"""Recognising an API key that was written into a file, so that it is refused and never printed."""

import re

KEY_NAMES = frozenset(
    {
        "apikey", "xapikey", "token", "apitoken", "accesstoken", "authtoken", "bearertoken", "authorization",
        "proxyauthorization", "secret", "secretkey", "apisecret", "accesskey", "clientsecret", "password",
        "credentials", "cookie",
    }
)  # fmt: skip

REMEDY = "write it into the environment or a `.env` file and name the variable by `api_key_env`"

_VALUE = re.compile(
    r"""
      \b(?:sk|rk|pk|ak|ms|hf|gsk|xai|nvapi|tvly|glpat|ghp|AIza)[-_]?(?=[\w-]*\d)[\w-]{16,}(?:\.[\w-]+)*
    | \bBearer\s+(?=\S*\d)[^\s"']{12,}
    | \b[0-9a-f]{32}\.[A-Za-z0-9]{16}\b
    | \beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{6,}
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


def is_key_name(name: str) -> bool:
    """Say whether a mapping key or header of this name holds a credential."""
    return re.sub(r"[\W_]", "", name).casefold() in KEY_NAMES


def has_key(text: str) -> bool:
    """Say whether the text holds something of a key's shape (`sk-…`, `ms-…`, `Bearer …`, a JWT)."""
    return find_key(text) is not None


def find_key(text: str) -> int | None:
    """Return where the first thing of a key's shape begins."""
    match = _VALUE.search(text)
    return match.start() if match else None


def mask(text: str) -> str:
    """Return the text with everything of a key's shape replaced by `…`."""
    return _VALUE.sub("…", text)
