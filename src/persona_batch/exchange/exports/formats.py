"""The formats of `batch export` as data; a format's module is loaded when it is asked for."""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Literal, NamedTuple, cast

from persona_batch.errors import UsageError
from persona_batch.exchange.exports.export import Export
from persona_batch.wording import meant

_DUCK = b"DUCK"  # from the ninth byte on

Shape = Literal["text", "file", "folder"]


class Format(NamedTuple):
    """One format.

    `shape`: pieces of text that may go anywhere, or a file, or a folder that is made as a whole. `heads` are what its
    files begin with, by which one is known that may be replaced; of a folder, its README.md. `usable`: it takes only
    records with a reply. `extra` brings the libraries that it needs.
    """

    name: str
    words: str
    shape: Shape
    suffix: str
    module: str
    heads: tuple[bytes, ...]
    synonyms: tuple[str, ...] = ()
    usable: bool = False
    extra: str | None = None

    @property
    def default_name(self) -> str:
        """What its file is called in the folder of a run."""
        return f"export{self.suffix}" if self.shape != "folder" else "dataset"

    def knows(self, head: bytes) -> bool:
        """Whether a file that begins so, or a folder whose README.md does, is of this format."""
        return head[8:12] == _DUCK if self.name == "duckdb" else head.startswith(self.heads)

    def pieces(self, export: Export) -> Iterator[bytes]:
        """Yield the text, UTF-8; only of the shape `text`."""
        make = cast("Callable[[Export], Iterator[bytes]]", self._function("pieces"))
        return make(export)

    def write(self, export: Export, path: Path) -> None:
        """Make the file, or fill the folder, which is there; not of the shape `text`.

        Raises:
            UsageError: what the format needs is not installed.
            OSError: it cannot be written.
        """
        make = cast("Callable[[Export, Path], None]", self._function("write"))
        try:
            make(export, path)
        except ImportError as error:
            if self.extra is None:
                raise
            raise UsageError(
                f"--format {self.name} needs {error.name or 'a library'}; `pip install 'persona-batch[{self.extra}]'` "
                "brings it"
            ) from error

    def _function(self, name: str) -> object:
        return getattr(import_module(f"{__package__}.{self.module}"), name)


_CSV = (b"run_id,key,", b"\xef\xbb\xbfrun_id,key,")
_TSV = (b"run_id\tkey\t", b"\xef\xbb\xbfrun_id\tkey\t")

FORMATS: tuple[Format, ...] = (
    Format("csv", "a table for spreadsheets", "text", ".csv", "separated", _CSV, ("excel", "spreadsheet")),
    Format("tsv", "the same between tabs", "text", ".tsv", "tabbed", _TSV, ("tab",)),
    Format("jsonl", "the rows as JSON Lines", "text", ".jsonl", "json_lines", (b'{"run_id":',), ("ndjson", "json")),
    Format("parquet", "the rows, typed", "file", ".parquet", "parquet_file", (b"PAR1",), ("pq",), extra="parquet"),
    Format("sqlite", "a database, for Datasette too", "file", ".db", "sqlite_file", (b"SQLite format 3\0",),
           ("sqlite3", "db", "datasette")),
    Format("duckdb", "a database for analysis", "file", ".duckdb", "duckdb_file", (), ("duck",), extra="duckdb"),
    Format("markdown", "a document to read, question by question", "text", ".md", "markdown", (b"<!-- batch export",),
           ("md",)),
    Format("openai-messages", "chats for fine-tuning", "text", ".jsonl", "chat_messages", (b'{"messages":',),
           ("openai", "messages", "finetune", "fine-tune", "fine-tuning", "chatml", "sft"), usable=True),
    Format("sharegpt", "chats as ShareGPT has them", "text", ".json", "sharegpt", (b"[\n{\"id\":", b"[\n]"),
           ("share-gpt",), usable=True),
    Format("openai-batch", "requests for a provider's batch file", "text", ".jsonl", "batch_requests",
           (b'{"custom_id":',), ("batch", "batch-input", "requests")),
    Format("llm-comparator", "two personas side by side, for LLM Comparator", "text", ".json", "llm_comparator",
           (b'{"metadata":',), ("comparator", "llmcomparator"), usable=True),
    Format("datasets", "a folder for Hugging Face datasets, with its card", "folder", "", "datasets_folder",
           (b"---\nconfigs:",), ("hf", "huggingface", "hugging-face", "dataset"), extra="parquet"),
)  # fmt: skip


_SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")
_ENDINGS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".db": "sqlite",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
    ".duckdb": "duckdb",
    ".ddb": "duckdb",
    ".md": "markdown",
    ".markdown": "markdown",
}


def format_named(name: str) -> Format:
    """Return a format by its name or a synonym.

    Raises:
        UsageError: there is none.
    """
    said = name.casefold().replace("_", "-")
    for one in FORMATS:
        if said == one.name or said in one.synonyms:
            return one
    raise UsageError(f"--format {name}: {meant(name, [one.name for one in FORMATS])}")


def format_of(path: str) -> Format | None:
    """Return the format that the ending of a file's name stands for; None: there is no ending.

    Raises:
        UsageError: it stands for none.
    """
    ending = Path(path).suffix.lower()
    if ending and ending not in _ENDINGS:
        raise UsageError(
            f"-o {path}: no format has the ending {ending}: {', '.join(_ENDINGS)}; or say it by --format: "
            f"{', '.join(one.name for one in FORMATS)}"
        )
    return format_named(_ENDINGS[ending]) if ending else None


def odd_ending(path: str, form: Format) -> bool:
    """Whether a file's name ends as if it were of another format."""
    ending = Path(path).suffix.lower()
    return (_ENDINGS.get(ending, form.name) != form.name and ending != form.suffix) or ending in _SPREADSHEETS
