"""An export: runs as they are now, in a format that other programs read."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from persona_batch.credentials.known import Redactor, load_env, secrets_in
from persona_batch.errors import UsageError
from persona_batch.exchange.exports.export import Export, ExportOptions, Progress
from persona_batch.exchange.exports.formats import Format
from persona_batch.exchange.exports.placing import export_place, placed
from persona_batch.exchange.flat import flat_table
from persona_batch.record import Record
from persona_batch.record.agreement import Agreement
from persona_batch.record.reader import read_records
from persona_batch.record.record import encode
from persona_batch.record.rundir import RunDir
from persona_batch.wording import counted


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be exported, and how.

    `output`: the file, or folder; None: in the first run's folder. `keep` says which records are wanted, at most
    `limit` of them, and `nothing` why none was.
    """

    form: Format
    output: Path | None = None
    keep: Callable[[Record], bool] = lambda _: True
    limit: int | None = None
    nothing: Callable[[], str] = lambda: "there are no records to export"
    options: ExportOptions = field(default_factory=ExportOptions)


def export_to_file(runs: Sequence[RunDir], wish: Wish, progress: Progress | None = None) -> tuple[Path, list[str]]:
    """Write an export whole, or not at all; return where it is, and what the user should know.

    Raises:
        UsageError: there is nothing to export, a file is damaged, what the format needs is not installed, or something
            else bears the file's name.
        StorageError: it cannot be written; what was there is untouched.
    """
    form = wish.form
    path = export_place(wish.output or runs[0].path / form.default_name, form)
    with flat_table(runs, _cleaned()) as table:
        export = _begun(Export(table, wish.keep, wish.limit, form.usable, wish.options, progress), wish)
        with placed(path) as made:
            if form.shape == "text":
                with made.open("wb") as file:
                    file.writelines(form.pieces(export))
            else:
                if form.shape == "folder":
                    made.mkdir()
                form.write(export, made)
        return path, _told(export)


def export_as_text(runs: Sequence[RunDir], wish: Wish, write: Callable[[bytes], object]) -> list[str]:
    """Hand an export over piece by piece; return what the user should know.

    Raises:
        UsageError: as for `export_to_file`; also half-way, where a line of the records is none.
    """
    with flat_table(runs, _cleaned()) as table:
        export = _begun(Export(table, wish.keep, wish.limit, wish.form.usable, wish.options), wish)
        for piece in wish.form.pieces(export):
            write(piece)
        return _told(export)


def _begun(export: Export, wish: Wish) -> Export:
    """Return the export once it is known to hold something, with what is known of the runs."""
    going = [run for run in export.table.runs if run.held()]
    if next(export.placed(), None) is None:
        run = export.table.runs[0]
        without = counted(export.without_reply, "record")
        raise UsageError(
            f"{run.records}: {f'{without}, none with a reply' if export.without_reply else wish.nothing()}"
        )
    export.notes += [f"{run.path}: the run is still going; exported is what it has by now" for run in going]
    return export


def _told(export: Export) -> list[str]:
    notes = list(export.notes)
    if export.without_reply:
        notes.append(f"{counted(export.without_reply, 'record')} without a reply left out")
    for run in export.table.runs:
        agreement = Agreement.of(run)
        for _ in agreement.watch(read_records(run.records)):
            pass
        notes += agreement.doubts()
    return notes


def _cleaned() -> Callable[[Record], Record] | None:
    """Return what takes known keys out of records, which hold none unless another hand wrote them; None: none is known.

    Raises:
        UsageError: `.env` cannot be read.
    """
    redactor = Redactor(secrets_in(load_env(environ=os.environ)))
    if not redactor:
        return None
    decode = msgspec.json.Decoder(Record).decode

    def cleaned(record: Record) -> Record:
        text = encode(record).decode()
        clean = redactor.clean(text)
        return record if clean == text else decode(clean)

    return cleaned
