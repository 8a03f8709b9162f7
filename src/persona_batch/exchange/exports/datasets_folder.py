"""A folder that Hugging Face `datasets` loads as it stands: `data/*.parquet`, and README.md as its card."""

from pathlib import Path
from typing import Any

import yaml

from persona_batch.exchange.columns import Column
from persona_batch.exchange.exports.export import Export
from persona_batch.exchange.exports.parquet_file import write as write_parquet
from persona_batch.exchange.exports.prose import plain
from persona_batch.wording import counted

_FILE = "data/train-00000-of-00001.parquet"
_TYPES = {
    "text": "string",
    "json": "string",
    "integer": "int64",
    "real": "float64",
    "boolean": "bool",
    "time": "timestamp[ms, tz=UTC]",
}
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def write(export: Export, folder: Path) -> None:
    """Fill the folder.

    Raises:
        ImportError: pyarrow is not there.
        OSError: it cannot be written.
    """
    from pyarrow.parquet import read_metadata

    data = folder / _FILE
    data.parent.mkdir()
    write_parquet(export, data)
    held = read_metadata(data)
    plain_size = sum(held.row_group(number).total_byte_size for number in range(held.num_row_groups))
    card = _card(export, held.num_rows, data.stat().st_size, plain_size)
    (folder / "README.md").write_text(card, encoding="utf-8", newline="\n")


def _card(export: Export, rows: int, size: int, plain_size: int) -> str:
    runs = [run.name for run in export.table.runs]
    head = {
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "data/*.parquet"}]}],
        "dataset_info": {
            "features": [_feature(column) for column in export.columns],
            "splits": [{"name": "train", "num_bytes": plain_size, "num_examples": rows}],
            "download_size": size,
            "dataset_size": plain_size,
        },
        "pretty_name": ", ".join(runs),
        "size_categories": [next((name for most, name in _SIZES if rows < most), "n>1M")],
        "tags": ["system-prompt", "persona", "llm-evaluation"],
    }
    front = yaml.safe_dump(head, allow_unicode=True, sort_keys=False, width=1000)
    columns = "".join(
        f"| {plain(column.name)} | {column.kind} | {plain(column.about)} |\n" for column in export.columns
    )
    return (
        f"---\n{front}---\n\n# {plain(', '.join(runs))}\n\n"
        f"{counted(rows, 'reply').replace('replys', 'replies')} of language models to questions under system prompts, "
        "one a row, exported by `batch export --format datasets` of persona-batch.\n\n"
        "```python\nfrom datasets import load_dataset\n\n"
        'rows = load_dataset("PATH/OF/THIS/FOLDER", split="train")\n```\n\n'
        f"| column | kind | |\n|---|---|---|\n{columns}"
    )


def _feature(column: Column) -> dict[str, Any]:
    if column.name == "messages":
        parts = [{"name": name, "dtype": "string"} for name in ("role", "content", "name")]
        return {"name": "messages", "list": parts}
    return {"name": column.name, "dtype": _TYPES[column.kind]}
