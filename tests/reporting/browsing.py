"""A page in a real browser, and everything it does that a report may not do."""

import base64
import gzip
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlencode

import pytest

from persona_batch.cli.main import run_command

if TYPE_CHECKING:  # a test may need no tool of the gate's to be collected
    from playwright.sync_api import Dialog, Page, Request

CHROMIUM = "/usr/bin/chromium"
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip
"""For a machine without a screen and without a network, as root."""

PageOf: TypeAlias = Callable[..., "Page"]
"""What the fixture `page_of` gives."""

PHONE, DESKTOP = 412, 1400
State: TypeAlias = Mapping[str, str] | str
"""What stands in a page's address behind the `#`: names and values, or as it is written."""

VIEWS: Mapping[str, tuple[Mapping[str, str], str]] = {
    "matrix": ({}, "[role=gridcell] .reply"),
    "search": ({"find": "the"}, ".found:not(:empty)"),
    "panel": ({"q": "who", "c": "wukong", "s": "1", "diff": "pirate"}, "aside.panel ins"),
    "conversation": ({"q": "talk", "c": "pirate", "s": "0"}, "aside.panel .panel-body > *"),
    "plots": ({"view": "plots"}, "main svg a"),
    "rating": ({"view": "rate"}, ".rating-setup"),
    "print": ({"view": "print"}, ".printed"),
}
"""What can be looked at in the report of `example_run`: where it is, and what is there once it is drawn."""

_POLICY = re.compile(r"<meta\b[^>]*Content-Security-Policy[^>]*>", re.IGNORECASE)


def report_of(run: Path, out: Path, *args: str) -> Path:
    """Write the report of a run with `batch report` and return its path."""
    assert run_command(("report", str(run), "--output", str(out), *args)) == 0
    return out


def without_policy(html: Path) -> Path:
    """Write a copy of a report without its policy, beside it: all that is left to protect it is how it is made."""
    text, found = _POLICY.subn("", html.read_text(encoding="utf-8"))
    assert found == 1
    copy = html.with_name(f"{html.stem}.without-policy.html")
    copy.write_text(text, encoding="utf-8", newline="\n")
    return copy


def held_in(html: Path, block: str = "meta") -> Any:
    """Return what a block of a report holds."""
    found = re.search(f'<script type="text/plain" id="{block}">([^<]*)<', html.read_text(encoding="utf-8"))
    assert found is not None, block
    return json.loads(gzip.decompress(base64.b64decode(found[1])))


def address_of(html: Path, state: State = "") -> str:
    """Return the `file://` address of a page in a state."""
    fragment = state if isinstance(state, str) else urlencode(state)
    return f"{html.resolve().as_uri()}#{fragment}" if fragment else html.resolve().as_uri()


def go(page: "Page", view: str, **more: str) -> None:
    """Go to a view of `VIEWS` in the page that is open, and wait until it is drawn."""
    state, sign = VIEWS[view]
    page.evaluate("(state) => { location.hash = new URLSearchParams(state) }", {**state, **more})
    page.locator(sign).first.wait_for()


class Watch:
    """What an open page did that a report does not do; `allowed` is the one address that it may ask for."""

    def __init__(self, page: "Page", allowed: str) -> None:
        self.allowed = allowed
        self.misdeeds: list[str] = []
        page.on("console", lambda message: self._note("console", f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        page.on("dialog", self._asked)
        page.on("popup", lambda popup: self._note("window", popup.url))
        page.on("request", self._requested)

    def _note(self, kind: str, text: str) -> None:
        self.misdeeds.append(f"{kind}: {text[:500]}")

    def _asked(self, dialog: "Dialog") -> None:
        self._note("dialog", dialog.message)
        dialog.dismiss()

    def _requested(self, request: "Request") -> None:
        # Also what the policy refuses comes by here. A download of what the page made itself is no request.
        address = request.url.partition("#")[0]
        if address != self.allowed and not address.startswith(("blob:", "data:image/")):
            self._note("request", request.url)


def node_module(name: str) -> Path:
    """Return the folder of a package of npm's, in NODE_PATH or beside the tests of the page's modules; else skip."""
    beside = str(Path(__file__).parent / "page" / "node_modules")
    for folder in (*os.environ.get("NODE_PATH", "").split(os.pathsep), beside):
        if folder and Path(folder, name).is_dir():
            return Path(folder, name)
    pytest.skip(f"needs {name}: `npm ci --prefix tests/reporting/page`")


def axe_source() -> str:
    """Return the script of axe-core; skip where it is not installed."""
    return (node_module("axe-core") / "axe.min.js").read_text(encoding="utf-8")
