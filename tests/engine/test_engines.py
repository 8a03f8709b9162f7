import pytest

from engine.cells import TimedProvider, make_cells
from engine.virtual_time import run_virtually
from persona_batch.engine.engines import ENGINES, Job, engine_named
from persona_batch.engine.progress import Progress
from persona_batch.errors import UsageError


def test_the_local_engine_runs_a_job() -> None:
    async def main() -> int:
        job = Job(provider=TimedProvider(), run_id="run", progress=Progress(total=9))
        blocks = [make_cells(4), make_cells(0), make_cells(5)]
        return len([record async for record in engine_named("local")(job).run(blocks)])

    assert run_virtually(main()) == 9


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_that_can_be_named_is_there(name: str) -> None:
    assert callable(engine_named(name))


def test_an_unknown_engine_is_wrong_usage_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r"^--engine loc: did you mean `local`\?$"):
        engine_named("loc")
