"""Why no format takes a file or a folder, in words that follow its name."""

from itertools import islice
from typing import NamedTuple

from persona_batch.errors import UsageError
from persona_batch.exchange.reading.rows import rows_of
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.agents.prompt_files import is_without_prompt

_LOOKED_AT = 1000  # rows of a table
_ROWS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
_MARK = b"\xef\xbb\xbf"


class Flaw(NamedTuple):
    """What is wrong with a source, as it follows its name; empty: nothing that is seen. `broken`: it cannot be read."""

    words: str = ""
    broken: bool = False


def is_empty(source: Source) -> bool:
    """Say whether a file holds nothing but white space."""
    head = source.head
    return source.path.is_file() and source.size <= len(head) and not head.removeprefix(_MARK).strip()


def flaw_of(source: Source) -> Flaw:
    """Return why nobody takes a file."""
    try:
        return Flaw(_nothing_in(source))
    except UsageError as error:
        return Flaw(str(error).removeprefix(source.shown), broken=True)


def flaw_of_folder(folder: Source) -> Flaw:
    """Return why a folder holds nothing to look at."""
    if not any(folder.path.iterdir()):
        return Flaw(": an empty folder")
    return Flaw(": nothing in this folder but what is hidden or a link; name a file to have it read")


def _nothing_in(source: Source) -> str:
    """Return what makes a file that can be read one of nobody's.

    Raises:
        UsageError: it cannot be read.
    """
    head = source.head
    if not source.path.is_file():
        _ = source.data
    if is_empty(source):
        return ": it is empty"
    if head.startswith(_PICTURES) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP"):
        return ": a picture, and no character card is in it"
    if source.suffix in _ROWS:
        return "" if sum(1 for _ in islice(rows_of(source), _LOOKED_AT)) else ": a table without rows"
    if source.suffix == ".json":
        return "" if source.json else ": nothing is in it"
    if source.suffix in (".yaml", ".yml"):
        return _of_yaml(source)
    if source.suffix in (".txt", ".md", ".prompt", ".prompty"):
        _ = source.text
        if is_without_prompt(source):
            return ": front matter with no prompt below it; write the prompt there"
    return ""


def _of_yaml(source: Source) -> str:
    document = source.yaml
    if not document:
        return ": nothing is in it"
    if isinstance(document, dict) and document.keys() & {"system", "personas"}:
        return f": it looks like a persona file of ours; `batch check {source.shown}` looks at it"
    if isinstance(document, dict) and "questions" in document:
        return f": it looks like a question file of ours; `batch run PERSONA -q {source.shown}` asks it"
    return ""
