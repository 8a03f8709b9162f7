"""A user's base URL, checked and brought into one form; and the routes below it."""

from urllib.parse import urlsplit, urlunsplit

from persona_batch.config.section import HEADER_REMEDY
from persona_batch.credentials import secret_in_query
from persona_batch.errors import UsageError

_ROUTES = ("/chat/completions", "/completions", "/models")


def checked_base_url(text: str, source: str) -> str:
    """Return `text` as scheme://host[:port]/path[?query], without a closing slash of the path.

    `source` says where it came from (`--base-url`). A route behind it (`/chat/completions`) is taken off; host
    and scheme are brought to lower case; a default port is dropped. A query (`?api-version=…`) stays: it is part of
    what the endpoint is.

    Raises:
        UsageError: it is no URL that can be asked, or it carries credentials (which are not shown).
    """
    text = text.strip()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise UsageError(f"{source}: not a URL; expected one like https://host/v1") from None
    if "@" in parts.netloc:
        raise UsageError(
            f"{source}: a URL with credentials in it is not accepted; "
            "put the key into a variable or .env and name it by --api-key-env"
        )
    if (name := secret_in_query(parts.query)) is not None:
        raise UsageError(f"{source}: the query value {name!r} looks like a key, which no URL holds; {HEADER_REMEDY}")
    if parts.fragment:
        raise UsageError(f"{source}: a base URL ends before `#`; expected one like https://host/v1")
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        shown = text.partition("?")[0]
        raise UsageError(f"{source}: {shown!r} is not an http or https URL; expected one like https://host/v1")
    if any(c.isspace() or not c.isprintable() for c in text):
        raise UsageError(f"{source}: the URL has a space or a control character in it")
    scheme = parts.scheme.lower()
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if port is not None and port != {"http": 80, "https": 443}[scheme]:
        host = f"{host}:{port}"
    path = parts.path.rstrip("/")
    for route in _ROUTES:
        path = path.removesuffix(route).rstrip("/")
    return urlunsplit((scheme, host, path, parts.query, ""))


def route(base_url: str, path: str) -> str:
    """Return the URL of a route (`/chat/completions`), which stands before the query of a base URL."""
    parts = urlsplit(base_url)
    return urlunsplit(parts._replace(path=parts.path + path))
