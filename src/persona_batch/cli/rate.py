"""`batch rate`: what people give the replies of a run."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from persona_batch.cli.options import RUN_HELP
from persona_batch.errors import StorageError, UsageError
from persona_batch.view.terminal import tell


def rate(
    run: Annotated[str, typer.Argument(metavar="RUN", help=RUN_HELP)] = "latest",
    ratings: Annotated[
        list[str] | None,
        typer.Argument(metavar="RATINGS…", help="Ratings, of one rater or several: CSV, TSV, JSON, JSONL or Parquet."),
    ] = None,
    sample: Annotated[
        int | None, typer.Option("--sample", min=1, metavar="N", help="Write a sheet of N replies to rate instead.")
    ] = None,
    out: Annotated[str | None, typer.Option("--out", "-o", metavar="FILE", help="Where the sheet goes.")] = None,
    rater: Annotated[
        str | None, typer.Option("--rater", metavar="NAME", help="Who rated, for rows without a name.")
    ] = None,
    rubric: Annotated[
        str, typer.Option("--rubric", metavar="ID", help="The rubric they rated by, for rows that name none.")
    ] = "",
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Seed of the sheet's draw.")] = 0,
    runs: Annotated[str, typer.Option("--runs", metavar="DIR", help="Folder that holds the runs.")] = "runs",
) -> None:
    """Draw replies for people to rate, or take over their ratings into the run.

    A report's blind rating exports `ratings.json`, which this takes as it is. A sheet is blind and in random order,
    with replies of all personas to as many questions as it has room for: fill in `rater` and `score` (by the scale of
    your rubric) and hand it back; a second rater takes a copy. `batch compare` then says what people prefer and whether
    that may be luck, how well they agree, and corrects what a judge says.

    Examples:
        batch rate latest ratings.json
        batch rate latest mei.json li.json
        batch rate latest --sample 60 -o sheet.csv
        batch rate latest sheet.csv --rater mei --rubric role
    """
    from persona_batch.pipeline.rating import rate as take_over
    from persona_batch.pipeline.rating import sheet, told
    from persona_batch.record.finding import find_run

    if (sample is None) == (not ratings):
        raise UsageError("name a file of ratings, or write a sheet by `--sample N -o FILE`")
    found = find_run(run, Path(runs))
    if sample is not None:
        text, drawn = sheet(found, sample, seed)
        if out is None:
            sys.stdout.write(text)
            return
        try:
            with Path(out).open("x", encoding="utf-8-sig", newline="") as file:
                file.write(text)
        except FileExistsError:
            raise UsageError(f"{out} is there already, and may hold ratings; name another file by -o") from None
        except OSError as error:
            raise StorageError(f"{out}: cannot be written: {error.strerror}") from error
        tell(f"{drawn:,} replies to rate in {out}: fill in `rater` and `score`, then `batch rate RUN {out}`")
        return
    done = take_over(found, *map(Path, ratings or ()), rater=rater, rubric=rubric)
    for sentence in told(done, found):
        tell(sentence)
