"""The dry run tells exactly what the run then does, and sends nothing."""

from dataclasses import replace

import pytest

from persona_batch.config.load import Overrides
from persona_batch.pipeline.options import RunOptions
from persona_batch.pipeline.preview import EXAMPLES, preview
from pipeline.workshop import WUKONG, Workshop
from servers.act import Act, Script, error_body


def options(workshop: Workshop, file: str, **rest: object) -> RunOptions:
    plain = RunOptions(files=(file,), out=workshop.out, overrides=Overrides(provider="scripted", samples=3))
    return replace(plain, **rest)  # type: ignore[arg-type]


def test_it_counts_the_requests_that_the_run_makes(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    before = preview(options(workshop, file))
    assert (before.cells, before.requests, before.personas) == (18, 18, {"none": 6, "assistant": 6, "wukong": 6})
    assert before.estimate is None
    assert workshop.runs == []
    run = workshop.run([file], overrides={"base_url": None, "provider": "scripted", "samples": 3}, max_requests=5)
    after = preview(options(workshop, file, resume=run.run_id))
    assert (after.requests, after.resumes) == (13, run.run_id)
    assert {cell.key for cell in after.first}.isdisjoint(record.key for record in workshop.records(run))


def test_it_tells_what_an_edit_would_move(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    run = workshop.run([file], overrides={"base_url": None, "provider": "scripted", "samples": 3})
    fewer = options(workshop, file, resume="latest", overrides=Overrides(provider="scripted", samples=1))
    found = preview(fewer)
    assert (found.requests, found.set_aside, found.returned, found.changed) == (0, 12, 0, ["-n (3, now 1)"])
    workshop.run([file], overrides={"base_url": None, "provider": "scripted", "samples": 1}, resume="latest")
    found = preview(options(workshop, file, resume=run.run_id))
    assert (found.requests, found.set_aside, found.returned) == (0, 0, 12)


def test_it_counts_the_failed_cells_that_are_asked_again(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    refusal = Act(status=400, body=error_body("no"))
    workshop.run([file], Script(acts=[Act(), refusal, refusal]))
    asked = options(
        workshop, file, resume="latest", overrides=Overrides(base_url=workshop.base_url, models=("test-model",))
    )
    assert preview(asked).requests == 0
    assert preview(replace(asked, retry_errors=True)).requests == 2


def test_it_estimates_tokens_from_an_earlier_run(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    run = workshop.run([file], overrides={"base_url": None, "provider": "scripted", "samples": 3})
    estimate = preview(options(workshop, file)).estimate
    assert estimate is not None
    assert estimate.source == run.run_id
    assert (estimate.prompt_tokens, estimate.completion_tokens) == (run.tokens.prompt, run.tokens.completion)


@pytest.mark.parametrize("limit", [0, 1, 7, 100])
def test_it_keeps_the_limit(workshop: Workshop, limit: int) -> None:
    found = preview(options(workshop, workshop.write("wukong.yaml", WUKONG), limit=limit))
    assert found.requests == min(limit, 18)


def test_it_shows_the_first_messages_of_each_persona_once(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    asked = options(workshop, file, overrides=Overrides(provider="scripted", samples=9, placements=("system", "user")))
    assert [cell.persona for cell in preview(asked).first] == ["none", "assistant", "wukong"]


def test_it_shows_a_persona_that_is_asked_other_questions(workshop: Workshop) -> None:
    others = "".join(f"  - {{id: p{n}, system: You are {n}., questions: [q{n}, r{n}]}}\n" for n in range(4))
    file = workshop.write("four.yaml", f"controls: []\npersonas:\n{others}")
    assert [cell.persona for cell in preview(options(workshop, file)).first] == ["p0", "p1", "p2", "p3"]


def test_of_many_personas_it_shows_twelve(workshop: Workshop) -> None:
    many = "".join(f"  - {{id: p{n}, system: You are {n}.}}\n" for n in range(40))
    file = workshop.write("many.yaml", f"questions: [hi]\npersonas:\n{many}")
    shown = [cell.persona for cell in preview(options(workshop, file)).first]
    assert len(shown) == len(set(shown)) == EXAMPLES


def test_a_resumed_run_shows_only_who_is_still_to_be_asked(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    scripted = {"base_url": None, "provider": "scripted", "samples": 3}
    run = workshop.run([file], overrides=scripted, persona_globs=("assistant",))
    found = preview(options(workshop, file, resume=run.run_id))
    assert [cell.persona for cell in found.first] == ["none", "wukong"]


def test_a_missing_key_is_no_obstacle_and_the_quota_gives_days(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    asked = RunOptions(
        files=(file,), overrides=Overrides(provider="modelscope", models=("Qwen/Qwen3-8B",), samples=800)
    )
    found = preview(asked)
    assert (found.requests, found.per_day, found.days) == (4800, 2000, 3)
