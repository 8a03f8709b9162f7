"""Errors of the library name its arguments, not the options of the command line."""

import inspect
import re
from collections.abc import Callable

import pytest

from persona_batch import UsageError, ask, compare, report, run
from persona_batch.api.words import in_python
from persona_batch.cli.commands import Entry
from persona_batch.cli.parser import load

NAMES = {
    function.__name__: frozenset(inspect.signature(function).parameters) for function in (run, ask, compare, report)
}
SAID = {
    "Any other endpoint: --base-url URL": "Any other endpoint: base_url=URL",
    "choose one by -p: a, b": "choose one by persona: a, b",
    "--param temperature: found text": "params['temperature']: found text",
    "`--factor format=…` chooses": "`factors['format']=…` chooses",
    "--engine lokal: did you mean": "engine='lokal': did you mean",
    "--fail-under: nothing; or leave --fail-under away": "fail_under: nothing; or leave fail_under= away",
    "name the models or `-m` several times": "name the models or `model=` as a list",
    "`--custom-check c` lets one run": "`custom_check='c'` lets one run",
    "by `-q`: `batch run P.yaml -q x`": "by `questions=`: `batch run P.yaml -q x`",
    "`batch run --resume runs/1` goes on, --resume RUN names": "`run(resume='runs/1')` goes on, resume=RUN names",
    "`batch show r`, `batch runs --out x`": "`batch show r`, `batch runs --out x`",
    "the file '--out' and \"--out\", a--out, x/--out": "the file '--out' and \"--out\", a--out, x/--out",
    "ask with `--placement user` (no)": "ask with `placement='user'` (no)",
    "resume it with --thinking keep, or without --resume": "resume it with thinking='keep', or without resume=",
    "go on by --resume with fewer --workers": "go on by resume= with fewer workers=",
    "by --continue or --retry-errors": "by continue_=True or retry_errors=True",
    "the budget of 1 requests (--max-requests) is used up": "the budget of 1 requests (max_requests=) is used up",
    "-n (2, now 3)": "samples (2, now 3)",
    "--force and --rubric are not here": "--force and --rubric are not here",
    "2 - 1, a-b, -x": "2 - 1, a-b, -x",
}


@pytest.mark.parametrize("said", SAID)
def test_an_option_is_said_as_the_argument_it_stands_for(said: str) -> None:
    assert in_python(said, NAMES["run"]) == SAID[said]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("--control my own: no such persona", "control='my own': no such persona"),
        ("--margin length: 0 is no margin", "margin['length']: 0 is no margin"),
        ("use --permutations 999 (--copies once)", "use permutations=999 (copies='once')"),
    ],
)
def test_an_option_of_compare_too(said: str, expected: str) -> None:
    assert in_python(said, NAMES["compare"]) == expected


def test_a_file_of_the_report() -> None:
    assert (
        in_python("name the file, as in -o /tmp/a.html", NAMES["report"]) == "name the file, as in output='/tmp/a.html'"
    )


def test_every_option_of_the_run_that_is_an_argument_is_known_by_all_its_names() -> None:
    taken = NAMES["run"] - {"persona"}
    for option in load(Entry("run", "persona_batch.cli.run:run", "")).params:
        long = max(option.opts, key=len).removeprefix("--").replace("-", "_")
        if option.param_type_name == "option" and long in taken:
            assert all(not re.search(r"(^| )-", in_python(f"give {name} too", NAMES["run"])) for name in option.opts)


PIRATE = {"pirate": "Talk like a pirate."}
WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "endpoint": (lambda: run(PIRATE, ["Hi"], provider="nope"), "Any other endpoint: base_url=URL"),
    "persona": (
        lambda: ask([PIRATE, {"cook": "You cook."}], "Hi", provider="scripted"),
        "have 2 personas; choose one by p",
    ),
    "parameter": (lambda: run(PIRATE, ["Hi"], params={"temperature": "hot"}), r"^params\['temperature'\]: found text"),
    "variant": (lambda: ask(PIRATE, "Hi", provider="scripted", variant=3), "^variant=3: persona pirate"),
    "folder": (lambda: compare("latest", out="nowhere"), "out= names another folder"),
}


@pytest.mark.parametrize("case", WRONG)
def test_errors_name_arguments(case: str) -> None:
    call, message = WRONG[case]
    with pytest.raises(UsageError, match=message):
        call()
