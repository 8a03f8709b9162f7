"""What a process that was killed left behind, brought to a known state before anything new is handed over.

Nothing of a submission that was `intended` or `uploaded` is at the endpoint but perhaps a file that nobody asks for: it
is given up, and its cells go into new files. One that was `creating` may be a batch: `creating` finds out.
"""

from persona_batch.engine.batches.creating import settle_creation
from persona_batch.engine.batches.dealings import Dealings
from persona_batch.errors import ProviderError


async def settle(dealings: Dealings) -> None:
    """Bring every submission to a step that says what is to be done with it.

    One whose fate cannot be known stays `creating`, and is told at the end of the call.

    Raises:
        StoppedEarly: the endpoint cannot be asked just now.
        StorageError: it cannot be written down.
    """
    for one in dealings.submissions:
        if one.step in ("intended", "uploaded"):
            dealings.enter(one, "abandoned", why="the process ended before the file was handed over")
        elif one.unsettled:
            try:
                await settle_creation(dealings, one)
            except ProviderError as error:
                dealings.trouble(f"a batch was refused: {error}")
    remove_leftovers(dealings)


def remove_leftovers(dealings: Dealings) -> None:
    """Remove files of requests that were never intended, or are of no use any more."""
    wanted = {one.file for one in dealings.submissions if one.open}
    for path in dealings.folder.glob("*.requests.jsonl"):
        if path.name not in wanted:
            path.unlink(missing_ok=True)
