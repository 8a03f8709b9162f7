"""A user's base URL, checked and brought into one form."""

from urllib.parse import urlsplit, urlunsplit

from persona_batch.errors import UsageError

_ROUTES = ("/chat/completions", "/completions", "/models")


def checked_base_url(text: str, source: str) -> str:
    """Return `text` as scheme://host[:port]/path without a closing slash.

    `source` says where it came from (`--base-url`). A route behind it (`/chat/completions`) is taken off; host
    and scheme are brought to lower case; a default port is dropped.

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
    if parts.query or parts.fragment:
        raise UsageError(f"{source}: a base URL has no query and no fragment; expected one like https://host/v1")
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{source}: {text!r} is not an http or https URL; expected one like https://host/v1")
    if any(c.isspace() or not c.isprintable() for c in text):
        raise UsageError(f"{source}: the URL has a space or a control character in it")
    scheme = parts.scheme.lower()
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if port is not None and port != {"http": 80, "https": 443}[scheme]:
        host = f"{host}:{port}"
    path = parts.path.rstrip("/")
    for route in _ROUTES:
        path = path.removesuffix(route).rstrip("/")
    return urlunsplit((scheme, host, path, "", ""))
