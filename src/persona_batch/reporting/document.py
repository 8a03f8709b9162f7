"""The HTML around the data: the policy, the styles, the verdict, the script, the blocks; a line feed ends each line.

The policy is the first thing that a browser reads. It allows this very script and these very styles, by their hashes,
and no request of any kind; with Trusted Types, no text can be made into elements. What stands in the file before the
script runs is made here, and escaped.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable

from persona_batch.reporting.joining import join

ENTRY = "main.js"
FIRST_STYLE = "page.css"  # the frame and the colours, on which all others stand
_POLICY = (
    "default-src 'none'; script-src {script}; style-src {styles}; img-src data:; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def page_folder() -> Traversable:
    """Return the folder that holds the modules and styles of the page."""
    return files("persona_batch.reporting") / "page"


def document(*, title: str, lang: str, verdict: str, blocks: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the pieces of the page.

    Args:
        title: of the window, as plain text.
        lang: the language in which the page opens.
        verdict: HTML.
        blocks: the id and the text of each block; taken as they are written.
    """
    folder = page_folder()
    script = "\n" + join(ENTRY, lambda name: (folder / name).read_text(encoding="utf-8")) + "\n"
    named = sorted((one.name for one in folder.iterdir() if one.name.endswith(".css")), key=_style_order)
    styles = ["\n" + (folder / name).read_text(encoding="utf-8").replace("\r\n", "\n") for name in named]
    policy = _POLICY.format(script=_hashed(script), styles=" ".join(map(_hashed, styles)))
    yield "<!DOCTYPE html>\n"
    yield f'<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield '<meta name="referrer" content="no-referrer">\n'
    yield f"<title>{escape(title)}</title>\n"
    yield from (f"<style>{style}</style>\n" for style in styles)
    yield "</head>\n<body>\n"
    yield verdict
    yield '<div id="page"></div>\n'
    yield f'<script type="module" async>{script}</script>\n'
    for name, text in blocks:
        yield f'<script type="text/plain" id="{name}">{text}</script>\n'
    yield "</body>\n</html>\n"


def _style_order(name: str) -> tuple[bool, str]:
    return name != FIRST_STYLE, name


def _hashed(text: str) -> str:
    """Return the source expression that allows an inline element with this text."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
