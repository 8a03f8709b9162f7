"""Base URLs in one spelling, and those of a pool: several under one identity."""

from collections.abc import Container, Mapping
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from persona_batch.config.nodes import Node, Scalar, Sequence
from persona_batch.config.problems import Place, Problems, quote
from persona_batch.config.section import base_url

_ROUTES: Final = ("/chat/completions", "/completions", "/models")
_PORTS: Final = {"http": 80, "https": 443}


def normal_url(text: str) -> str:
    """Return a base URL as scheme://host[:port]/path[?query], without a closing slash of the path.

    A route behind it (`/chat/completions`) is taken off; host and scheme are brought to lower case; a default port is
    dropped. A query (`?api-version=…`) stays: it is part of what the endpoint is.

    Raises:
        ValueError: it is no URL that can be asked, or it carries credentials (which are not shown).
    """
    parts = urlsplit(base_url(text.strip()))
    assert parts.hostname is not None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if parts.port is not None and parts.port != _PORTS[parts.scheme]:
        host = f"{host}:{parts.port}"
    path = parts.path.rstrip("/")
    for route in _ROUTES:
        path = path.removesuffix(route).rstrip("/")
    return urlunsplit((parts.scheme, host, path, parts.query, ""))


def refuse_doubles(urls: Node, problems: Problems) -> None:
    """Note each URL of a pool that is another one of it in another spelling."""
    seen: dict[str, Scalar] = {}
    for item in urls.items if isinstance(urls, Sequence) else ():
        if not isinstance(item, Scalar):
            continue
        first = seen.setdefault(normal_url(item.written), item)
        if first is not item:
            problems.add(
                item.place, f"{quote(item.written)} is in the list already, as {quote(first.written)}; delete one"
            )


def check_pool(places: Mapping[str, Place], keys: Container[str], problems: Problems) -> None:
    """Note what of an endpoint's URLs and id contradicts, or is not there.

    Args:
        places: of the settings.
        keys: that are written, also where something is wrong with their values.
        problems: noted here.
    """
    one, several, identity = places.get("base_url"), places.get("base_urls"), places.get("endpoint_id")
    if one is not None and several is not None:
        problems.add(several, f"`base_url` is set too, in {one}; keep `base_urls`, and write all of them there")
    elif several is not None and "id" not in keys:
        problems.add(
            several,
            "`base_urls` needs an `id` beside it, by which keys and records know them all; add e.g. `id: my-model`",
        )
    if identity is not None and "base_url" not in keys and "base_urls" not in keys:
        problems.add(identity, "`id` names base URLs of your own, and there are none; add `base_urls`, or delete it")
