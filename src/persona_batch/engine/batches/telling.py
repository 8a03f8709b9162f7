"""How a call of the engine ends in words, while cells are left: what is under way, and what is to be done when."""

import shlex
from datetime import UTC, datetime
from pathlib import Path

from persona_batch.engine.batches.dealings import Dealings
from persona_batch.engine.batches.looking import lines_of
from persona_batch.record.submissions import Submission
from persona_batch.wording import counted, listed, local_time

_LATER = 3600.0  # seconds after which it is worth looking again
_SOON = 60.0


def told(dealings: Dealings, why_not: str | None) -> str:
    """Return the sentences of a call that leaves cells; `why_not`: why not all of them were handed over."""
    sentences = [*dealings.troubles, *dealings.silences]
    going = [one for one in dealings.submissions if one.step in ("created", "cancelling")]
    unsettled = [one for one in dealings.submissions if one.unsettled]
    if why_not is not None:
        sentences.append(why_not)
    if unsettled:
        sentences.append(_unsettled(dealings, unsettled))
    if any(one.offline for one in going):
        sentences += [_offline(dealings, one) for one in going if one.offline]
    elif going:
        sentences.append(_going(dealings, going))
    if not sentences:
        sentences.append(f"some cells have no result; {_next(dealings)} submits them anew")
    return "; ".join(sentences)


def _going(dealings: Dealings, going: list[Submission]) -> str:
    cells = counted(sum(len(one.keys) for one in going), "cell")
    files = counted(len(going), "batch file")
    ends = [one.expires_at for one in going if one.expires_at is not None]
    left = max(ends) - datetime.now(UTC).timestamp() if ends else None
    again = local_time(_LATER if left is None or left <= 0 else max(_SOON, min(_LATER, left)))
    until = "" if left is None else f", which has until {local_time(left)}"
    return f"{cells} in {files} at {dealings.site.target.identity}{until}: look again after {again}"


def _unsettled(dealings: Dealings, ones: list[Submission]) -> str:
    submissions = f"batch submissions {_quoted(dealings)}"
    which = listed([one.id for one in ones])
    return (
        f"nobody knows whether {dealings.site.target.identity} made a batch of {which}, and it does not list its "
        f"batches: if its console shows one, `{submissions} --adopt ID`, and if not, `{submissions} --resubmit`"
    )


def offline_command(folder: Path, one: Submission) -> str:
    """Return what the user is to type for a file that no server takes; `folder` is that of the run's batch files."""
    files = ["-i", str(folder / one.file), "-o", str(folder / one.output)]
    return shlex.join(["vllm", "run-batch", *files, "--model", one.model])


def _offline(dealings: Dealings, one: Submission) -> str:
    folder, lines = dealings.folder, lines_of(dealings, one)
    command = offline_command(folder, one)
    if lines:
        return (
            f"{folder / one.output} has {lines:,} of {counted(len(one.keys), 'result')}: run `{command}` to its end, "
            f"then {_next(dealings)}; or `batch submissions {_quoted(dealings)} --resubmit` gives it up"
        )
    return f"{counted(len(one.keys), 'request')} for you to run: `{command}`, then {_next(dealings)}"


def _next(dealings: Dealings) -> str:
    return f"`batch run --resume {_quoted(dealings)}`"


def _quoted(dealings: Dealings) -> str:
    return shlex.quote(str(dealings.site.run.path))
