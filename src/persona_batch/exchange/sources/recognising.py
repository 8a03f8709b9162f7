"""Which format a source is in: the first that says so. A folder goes to the formats of folders, else file by file."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from persona_batch.errors import UsageError
from persona_batch.exchange.reading.source import MAX_ENTRIES, Source
from persona_batch.exchange.sources.agents.lobe import LOBE, LOBE_INDEX
from persona_batch.exchange.sources.agents.masks import MASKS
from persona_batch.exchange.sources.agents.prompt_files import AGENT, PATTERNS, PLAIN
from persona_batch.exchange.sources.characters.card_files import CARD_FORMATS
from persona_batch.exchange.sources.characters.webui import WEBUI
from persona_batch.exchange.sources.found import Format, Found, ImportOptions
from persona_batch.exchange.sources.promptfoo.config import PROMPTFOO
from persona_batch.exchange.sources.prompts.by_task import BY_TASK
from persona_batch.exchange.sources.prompts.conversations import CONVERSATIONS
from persona_batch.exchange.sources.prompts.grids import GRID
from persona_batch.exchange.sources.prompts.markdown_tables import MARKDOWN
from persona_batch.exchange.sources.prompts.named_prompts import LINES, NAMED, TEXTS
from persona_batch.exchange.sources.prompts.pairs import PAIRS
from persona_batch.exchange.sources.prompts.prompt_templates import DOTPROMPT, LLM, PROMPTY
from persona_batch.exchange.sources.prompts.questionnaires import QUESTIONNAIRE
from persona_batch.exchange.sources.prompts.role_json import ROLE_JSON
from persona_batch.exchange.sources.prompts.tables import PROMPTS, QUESTIONS
from persona_batch.exchange.sources.unrecognised import flaw_of, flaw_of_folder, is_empty
from persona_batch.wording import listed, meant

FORMATS: tuple[Format, ...] = (
    *CARD_FORMATS,
    WEBUI,
    LOBE,
    LOBE_INDEX,
    MASKS,
    AGENT,
    PATTERNS,
    PROMPTFOO,
    DOTPROMPT,
    PROMPTY,
    LLM,
    ROLE_JSON,
    QUESTIONNAIRE,
    GRID,
    BY_TASK,
    CONVERSATIONS,
    PAIRS,
    PROMPTS,
    QUESTIONS,
    MARKDOWN,
    NAMED,
    TEXTS,
    LINES,
    PLAIN,
)
"""All formats, the more particular before the more general: the first that matches takes the source."""

_TOLD = 20  # files that are named one by one
_TOLD_TOGETHER = 3  # in one sentence


@dataclass(slots=True)
class Reading:
    """Reads sources; `formats` are those that were seen.

    `passed` are the files that no format recognised, each with what is wrong with it (empty: nothing that is seen).
    `begin` is told the name of each source that is read.
    """

    options: ImportOptions
    forced: Format | None = None
    begin: Callable[[str], None] = field(default=lambda _: None)
    passed: dict[str, str] = field(default_factory=dict)
    formats: dict[str, int] = field(default_factory=dict)

    def all(self, names: Sequence[str]) -> Iterator[tuple[str, Found]]:
        """Yield what files and folders hold, each with the source's name.

        Raises:
            UsageError: a name stands for nothing, or for nothing that is recognised; a source is broken.
        """
        self.passed.clear()
        self.formats.clear()
        for name in names:
            path = Path(name).expanduser()
            if "\0" in name or not name.strip():
                raise UsageError("SOURCE: an empty name; name a file or a folder")
            try:
                status = path.stat()
            except OSError as error:
                raise UsageError(f"{name}: cannot be read ({error.strerror}); name a file or a folder") from error
            if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
                raise UsageError(f"{name}: no regular file; name a file or a folder")
            yield from self._of(Source(path, name.rstrip("/") or name), named=True)
        if not self.formats:
            flaws = [f"{shown}{flaw}" for shown, flaw in self.passed.items() if flaw]
            if len(flaws) == len(self.passed):
                raise UsageError(listed(flaws, _TOLD_TOGETHER))
            unknown = [shown for shown, flaw in self.passed.items() if not flaw]
            raise UsageError(
                f"{listed(unknown)}: not recognised; `--format NAME` forces one of "
                f"{', '.join(one.name for one in FORMATS)}"
            )

    def notes(self) -> Iterator[str]:
        """Yield a sentence for each file that was passed over; of many, for the first."""
        for shown, flaw in islice(self.passed.items(), _TOLD):
            yield f"{shown}{flaw or ': not recognised'}; it was passed over"
        if len(self.passed) > _TOLD:
            yield f"and {len(self.passed) - _TOLD:,} more files were passed over"

    def _of(self, source: Source, *, named: bool = False) -> Iterator[tuple[str, Found]]:
        formats = FORMATS if self.forced is None else (self.forced,)
        wanted = [one for one in formats if one.folders or not source.is_folder]
        empty = is_empty(source)  # of no format, whatever its name says
        found = None if empty else next((one for one in wanted if self._takes(one, source, named=named)), None)
        if found is not None:
            self.formats[found.name] = self.formats.get(found.name, 0) + 1
            self.begin(source.shown)
            taken = found.read(source, self.options)
            own = f"{source.path.name}: "  # which messages begin with anyway
            taken.notes[:0] = [remark.removeprefix(own) for remark in source.remarks]
            yield source.shown, taken
        elif source.is_folder:
            entries = _entries(source)
            for path in entries:
                yield from self._of(Source(path, f"{source.shown}/{path.name}"))
            if named and not entries:
                self.passed[source.shown] = flaw_of_folder(source).words
            if len(self.passed) > MAX_ENTRIES:
                raise source.wrong(f"more than {MAX_ENTRIES:,} files; name a smaller folder")
        else:
            flaw = flaw_of(source)
            if named and flaw.broken:
                raise UsageError(f"{source.shown}{flaw.words}")
            self.passed[source.shown] = flaw.words

    def _takes(self, one: Format, source: Source, *, named: bool) -> bool:
        """Say whether a format takes a source; one that is forced takes every file that the user names."""
        return (one is self.forced and named and not source.is_folder) or one.matches(source)


def format_named(name: str) -> Format:
    """Return a format by its name.

    Raises:
        UsageError: there is none.
    """
    for one in FORMATS:
        if one.name == name:
            return one
    raise UsageError(f"there is no format `{name}`; {meant(name, [one.name for one in FORMATS])}")


def _entries(folder: Source) -> list[Path]:
    """Return the files and folders within, sorted, without hidden ones and without links, which may lead anywhere."""
    try:
        entries = sorted(os.scandir(folder.path), key=lambda entry: entry.name)
    except OSError as error:
        raise folder.wrong(f"cannot be read ({error.strerror})") from error
    if len(entries) > MAX_ENTRIES:
        raise folder.wrong(f"more than {MAX_ENTRIES:,} files; name a smaller folder")
    return [
        Path(entry.path)
        for entry in entries
        if not entry.name.startswith(".")
        and (entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False))
    ]
