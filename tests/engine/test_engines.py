import pytest

from engine.cells import TimedProvider, make_cells
from engine.virtual_time import run_virtually
from persona_batch.engine.engines import ENGINES, Job, engine_named
from persona_batch.engine.progress import Progress
from persona_batch.errors import UsageError


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_that_can_be_named_runs_a_job(name: str) -> None:
    async def main() -> int:
        job = Job(provider=TimedProvider(), run_id="run", progress=Progress(total=9))
        return len(
            [record async for record in engine_named(name)(job).run([make_cells(4), make_cells(0), make_cells(5)])]
        )

    assert run_virtually(main()) == 9


def test_an_unknown_engine_is_wrong_usage_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r"^--engine loc: did you mean `local`\?$"):
        engine_named("loc")
