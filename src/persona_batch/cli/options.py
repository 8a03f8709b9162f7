"""Options that several commands share: their names, types and help texts, once."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias, get_args

import typer

from persona_batch.chat import JsonValue, Params, Placement
from persona_batch.chat import Thinking as ThinkingWord
from persona_batch.errors import UsageError
from persona_batch.wording import meant, seconds_of

if TYPE_CHECKING:
    from decimal import Decimal


PersonaFile: TypeAlias = Annotated[str, typer.Argument(metavar="FILE", help="Persona file.")]
RUN_HELP = "A run folder, a records file, a run id, `latest` or `previous` (the one before)."
RunRef: TypeAlias = Annotated[str, typer.Argument(metavar="RUN", help=RUN_HELP, show_default=False)]

Questions: TypeAlias = Annotated[
    list[str] | None, typer.Option("--questions", "-q", metavar="FILE", help="Question file (repeatable).")
]
Provider: TypeAlias = Annotated[
    str | None, typer.Option(metavar="NAME", help="Endpoint preset, see `batch providers` (default: local).")
]
BaseUrl: TypeAlias = Annotated[
    str | None, typer.Option(metavar="URL", help="Any other OpenAI-compatible endpoint, as http://host:port/v1.")
]
ApiKeyEnv: TypeAlias = Annotated[
    str | None, typer.Option("--api-key-env", metavar="VARIABLE", help="Environment variable that holds the key.")
]
ApiKeyHeader: TypeAlias = Annotated[
    str | None,
    typer.Option("--api-key-header", metavar="NAME", help="Header that carries the key (default: Authorization)."),
]
Models: TypeAlias = Annotated[
    list[str] | None, typer.Option("--model", "-m", metavar="MODEL", help="Model (repeatable: a factor).")
]
Model: TypeAlias = Annotated[str | None, typer.Option("--model", "-m", metavar="MODEL", help="Model to ask.")]
Samples: TypeAlias = Annotated[
    int | None, typer.Option("--samples", "-n", min=1, metavar="N", help="How often each cell is asked (default: 1).")
]
Placements: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--placement",
        metavar="PLACE",
        help="Where the persona's text stands: system, developer, user or none (repeatable: a factor).",
    ),
]
OnePlacement: TypeAlias = Annotated[
    Placement | None, typer.Option("--placement", help="Where the persona's text stands.")
]
Param: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="NAME=VALUE", help="Request parameter, as temperature=0.7 (repeatable)."),
]
Factor: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--factor",
        metavar="NAME=V1,V2",
        help="Request parameter as a factor, as temperature=0.2,1.0 (repeatable); format=A,B chooses formats.",
    ),
]
Concurrency: TypeAlias = Annotated[
    int | None, typer.Option("--concurrency", "-j", min=1, metavar="N", help="Requests at the same time.")
]
Rpm: TypeAlias = Annotated[int | None, typer.Option("--rpm", min=1, metavar="N", help="Requests per minute.")]
Tpm: TypeAlias = Annotated[int | None, typer.Option("--tpm", min=1, metavar="N", help="Tokens per minute.")]
PerDay: TypeAlias = Annotated[
    int | None, typer.Option("--per-day", min=1, metavar="N", help="Requests per day, counted over all runs.")
]
MaxRequests: TypeAlias = Annotated[
    int | None, typer.Option("--max-requests", min=0, metavar="N", help="Stop after N requests (exit 3).")
]
MaxTokensTotal: TypeAlias = Annotated[
    int | None, typer.Option("--max-tokens-total", min=1, metavar="N", help="Stop after N tokens (exit 3).")
]
MaxCost: TypeAlias = Annotated[
    str | None,
    typer.Option("--max-cost", metavar="AMOUNT", help="Stop when this is spent, in the price's currency (exit 3)."),
]
TimeLimit: TypeAlias = Annotated[
    str | None, typer.Option("--time-limit", metavar="TIME", help="Stop after this time, as 90s, 30m, 2h (exit 3).")
]
Wait: TypeAlias = Annotated[
    str | None,
    typer.Option("--wait", metavar="TIME", help="With --engine batch: keep looking for results this long, as 2h."),
]
Window: TypeAlias = Annotated[
    str | None,
    typer.Option("--window", metavar="TIME", help="With --engine batch: within which results are wanted, as 24h, 7d."),
]
Timeout: TypeAlias = Annotated[
    float | None, typer.Option("--timeout", min=0.001, metavar="SECONDS", help="Time for one whole reply.")
]
Retries: TypeAlias = Annotated[
    int | None, typer.Option("--retries", min=0, metavar="N", help="Further attempts after a passing failure.")
]
Seed: TypeAlias = Annotated[
    int | None, typer.Option("--seed", metavar="N", help="Seed of the order in which cells are asked.")
]
Thinking: TypeAlias = Annotated[
    ThinkingWord | None,
    typer.Option(
        "--thinking", metavar="WHERE", help="A thought in the reply's text: separate (the default), or keep it there."
    ),
]
PersonaGlobs: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--persona", "-p", metavar="GLOB", help="Only personas whose id matches (repeatable)."),
]
OnePersona: TypeAlias = Annotated[
    str | None, typer.Option("--persona", "-p", metavar="ID", help="Which of the file's personas.")
]
QuestionGlobs: TypeAlias = Annotated[
    list[str] | None, typer.Option("--question", metavar="GLOB", help="Only questions whose id matches (repeatable).")
]
Limit: TypeAlias = Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="At most N cells.")]
Out: TypeAlias = Annotated[str, typer.Option("--out", "-o", metavar="DIR", help="Folder that holds the runs.")]
Resume: TypeAlias = Annotated[
    str | None,
    typer.Option("--resume", metavar="[RUN]", help="Finish this run, or the latest: ask only what is missing."),
]
Continue: TypeAlias = Annotated[
    bool, typer.Option("--continue", help="Resume the newest unfinished run of this batch, else start one.")
]
RetryErrors: TypeAlias = Annotated[bool, typer.Option("--retry-errors", help="When resuming, ask failed cells again.")]
DryRun: TypeAlias = Annotated[
    bool, typer.Option("--dry-run", help="Show how much would be asked, and the first messages; send nothing.")
]
FailUnder: TypeAlias = Annotated[
    float | None,
    typer.Option("--fail-under", min=0.0, max=1.0, metavar="SHARE", help="Exit 100 when fewer checks pass."),
]
CustomChecks: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--custom-check", metavar="NAME", help="Let this check of an installed package run (repeatable)."),
]
Engine: TypeAlias = Annotated[
    str,
    typer.Option(
        "--engine", metavar="NAME", help="What runs the cells; batch: the endpoint's batch files, at half the price."
    ),
]
Shard: TypeAlias = Annotated[
    str | None,
    typer.Option("--shard", metavar="I/N", help="Ask the I-th of N parts of the batch; `batch merge` joins them."),
]
Workers: TypeAlias = Annotated[
    int, typer.Option("--workers", min=1, metavar="N", help="Processes that ask, when one core is the limit.")
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", help="Only errors on stderr.")]
Verbose: TypeAlias = Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.")]
NoProgress: TypeAlias = Annotated[bool, typer.Option("--no-progress", help="No bar and no progress lines.")]
Watch: TypeAlias = Annotated[bool, typer.Option("--watch", help="Stream the replies to the terminal.")]
Color: TypeAlias = Annotated[
    Literal["auto", "always", "never"], typer.Option("--color", help="auto: on a terminal, unless NO_COLOR is set.")
]
Lang: TypeAlias = Annotated[
    Literal["en", "zh"] | None, typer.Option("--lang", help="Of the sentences (default: that of the locale).")
]


def require_known(option: str, name: str, known: Sequence[str]) -> None:
    """Check that `name` is one of `known`.

    Raises:
        UsageError: it is not.
    """
    if name not in known:
        raise UsageError(f"{option} {name}: {meant(name, known)}")


def read_params(pairs: list[str] | None) -> Params:
    """Return `NAME=VALUE` pairs as request parameters; a value that is no JSON is text.

    Raises:
        UsageError: a pair without `=` or without a name, or a number that JSON cannot say.
    """
    params: Params = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"--param {pair}: expected NAME=VALUE, as in --param temperature=0.7")
        try:
            params[name] = json.loads(value, parse_constant=_no_constant)
        except json.JSONDecodeError:
            params[name] = value
    return params


def read_factors(pairs: list[str] | None) -> dict[str, tuple[JsonValue, ...]]:
    """Return `NAME=V1,V2` as levels of factors; a level that is no JSON is text, `null` sends nothing.

    Raises:
        UsageError: a pair without `=`, without a name or without levels, or a name that is given twice.
    """
    factors: dict[str, tuple[JsonValue, ...]] = {}
    for pair in pairs or ():
        name, _, said = pair.partition("=")
        if not name or not said.strip():
            raise UsageError(f"--factor {pair}: expected NAME=V1,V2, as in --factor temperature=0.2,1.0")
        if name in factors:
            raise UsageError(f"--factor {name} is given twice: give all its levels at once, as {name}=V1,V2")
        factors[name] = tuple(_levels(said))
        if any(level == "" for level in factors[name]):
            raise UsageError(f"--factor {pair}: a level is empty; `null` stands for a parameter that is not sent")
    return factors


def _levels(said: str) -> Iterator[JsonValue]:
    """Yield the levels: JSON values between commas, or else texts between commas."""
    try:
        yield from json.loads(f"[{said}]", parse_constant=_no_constant_level)
    except json.JSONDecodeError:
        for level in said.split(","):
            try:
                yield json.loads(level, parse_constant=_no_constant_level)
            except json.JSONDecodeError:
                yield level.strip()


def _no_constant(name: str) -> None:
    raise UsageError(f"--param: {name} is no number that can be sent")


def _no_constant_level(name: str) -> None:
    raise UsageError(f"--factor: {name} is no number that can be sent")


def read_seconds(text: str | None, option: str = "--time-limit") -> float | None:
    """Return the value of an option, `90`, `90s`, `30m`, `2h` or `1d`, in seconds; None for None.

    Raises:
        UsageError: anything else, and times that are not above 0.
    """
    if text is None:
        return None
    if (seconds := seconds_of(text)) is None:
        raise UsageError(f"{option} {text}: expected a time above 0, as 90s, 30m, 2h")
    return seconds


def read_cost(text: str | None) -> "Decimal | None":
    """Return an amount of money; None for None.

    Raises:
        UsageError: it is none, or not above 0.
    """
    if text is None:
        return None
    from persona_batch.pricing.price import read_amount

    try:
        return read_amount(text)
    except ValueError:
        raise UsageError(f"--max-cost {text}: expected an amount above 0 in the price's currency, as 2.50") from None


def read_placements(names: list[str] | None) -> tuple[Placement, ...]:
    """Return the values of `--placement`.

    Raises:
        UsageError: an unknown one.
    """
    known: tuple[Placement, ...] = get_args(Placement)
    for name in names or ():
        require_known("--placement", name, known)
    return tuple(known[known.index(name)] for name in names or ())
