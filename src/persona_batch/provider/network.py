"""What the environment says of the way to an endpoint: a proxy, and whose certificates are trusted.

Read once, before anything is asked: a variable that cannot work is a wrong setting, named with its remedy.
"""

import importlib.util
import ipaddress
import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.request import getproxies, proxy_bypass

import httpx2

from persona_batch.errors import UsageError

_SCHEMES: Final = ("http", "https", "socks5", "socks5h")
_BUNDLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # of other programs: a company's machines often have these


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy; `url` may hold a password and is never shown, `place` is its host and port."""

    variable: str
    url: httpx2.URL = field(repr=False)
    place: str

    def opened(self, tls: ssl.SSLContext) -> httpx2.Proxy:
        """Return it for httpx2; `tls` checks its own certificate, where it has one."""
        return httpx2.Proxy(self.url, ssl_context=tls if self.url.scheme == "https" else None)

    def __str__(self) -> str:
        return f"the proxy {self.place} ({self.variable})"


def proxy_for(base_url: str) -> Proxy | None:
    """Return the proxy on the way to a URL, by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY or the system's settings.

    Raises:
        UsageError: what is named there is no proxy that can be used.
    """
    url = httpx2.URL(base_url)
    named = getproxies()
    scheme = next((scheme for scheme in (url.scheme, "all") if named.get(scheme)), None)
    if scheme is None or _goes_past(url, named.get("no", "")):
        return None
    written = named[scheme]
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper())
    variable = next((name for name in names if os.environ.get(name) == written), "the system's settings")
    remedy = f"correct {variable}, or unset it"
    try:
        proxy = httpx2.URL(written if "://" in written else f"http://{written}")
    except httpx2.InvalidURL:
        raise UsageError(f"{variable}: no URL of a proxy, expected one like http://host:port; {remedy}") from None
    if proxy.scheme not in _SCHEMES:
        raise UsageError(
            f"{variable}: a proxy of the scheme {proxy.scheme!r} is not supported, expected http://host:port or "
            f"socks5://host:port; {remedy}"
        )
    if (proxy.port or 0) > 65_535 or not proxy.host or not all(c.isalnum() or c in ".-_:" for c in proxy.host):
        raise UsageError(f"{variable}: it names no host and port, expected one like http://host:port; {remedy}")
    if proxy.scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
        raise UsageError(
            f"{variable}: a SOCKS proxy needs the package `socksio`; pip install socksio, or unset {variable}"
        )
    return Proxy(variable, proxy, proxy.host if proxy.port is None else f"{proxy.host}:{proxy.port}")


def trusted() -> ssl.SSLContext:
    """Return what TLS connections are checked by: SSL_CERT_FILE, SSL_CERT_DIR, REQUESTS_CA_BUNDLE, else the system's.

    Raises:
        UsageError: a variable names what holds no certificates.
    """
    given = {name: os.environ.get(name, "") for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")}
    if not any(given.values()):
        given = {name: value for name in _BUNDLES if (value := os.environ.get(name))}
        given = dict(list(given.items())[:1])
    context: ssl.SSLContext | None = None
    for variable, value in given.items():
        if not value:
            continue
        context = context or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            if all(Path(folder).is_dir() for folder in value.split(os.pathsep)):
                context.load_verify_locations(capath=value)
            else:
                context.load_verify_locations(cafile=value)
        except (OSError, ValueError) as error:
            is_there = isinstance(error, ssl.SSLError | ValueError)
            reason = "it holds no certificate" if is_there else getattr(error, "strerror", None)
            raise UsageError(f"{variable}: {value}: {reason}; name a file of PEM certificates, or unset it") from None
    return context or httpx2.create_ssl_context(trust_env=False)


def check_way(base_url: str) -> None:
    """Raise UsageError where the environment's proxy or certificates cannot work."""
    proxy = proxy_for(base_url)
    if proxy is not None or base_url.startswith("https:"):
        trusted()


def _goes_past(url: httpx2.URL, no_proxy: str) -> bool:
    """Whether NO_PROXY names a host: by name, by a domain it is in, by `*`, or by its network (10.0.0.0/8)."""
    if proxy_bypass(url.host if url.port is None else f"{url.host}:{url.port}"):
        return True
    entries = [entry.strip() for entry in no_proxy.split(",")]
    return "*" in entries or any("/" in entry and _is_in(url.host, entry) for entry in entries)


def _is_in(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:  # a name, or no network
        return False
