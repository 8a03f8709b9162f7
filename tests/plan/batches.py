"""Small batches, built from the resolved models directly."""

from collections.abc import Mapping, Sequence

from persona_batch.chat import JsonValue, Params, Placement
from persona_batch.config.batch import Batch, Persona, Question, RunSettings


def questions(*texts: str) -> tuple[Question, ...]:
    return tuple(Question(id=f"q{number}", text=text) for number, text in enumerate(texts))


def batch(
    personas: Sequence[Persona],
    *,
    samples: int = 1,
    placements: tuple[Placement, ...] = (),
    seed: int = 0,
    factors: Mapping[str, tuple[JsonValue, ...]] | None = None,
) -> Batch:
    run = RunSettings(samples=samples, placements=placements, seed=seed, factors=factors or {})
    return Batch(id="test", personas=tuple(personas), run=run, files=())


def persona(
    name: str,
    asked: tuple[Question, ...],
    *texts: str | None,
    placement: Placement = "system",
    control: bool = False,
    params: Params | None = None,
    controls: tuple[str, ...] = (),
) -> Persona:
    return Persona(
        id=name,
        variants=texts or (f"You are {name}.",),
        questions=asked,
        placement=placement,
        control=control,
        params=params or {},
        controls=controls,
    )
