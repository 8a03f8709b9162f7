"""What a run costs, at a real endpoint that counts tokens: in the manifest, under a budget, resumed, and foreseen."""

import json
import random
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from persona_batch.chat import Usage
from persona_batch.config.load import Overrides
from persona_batch.errors import UsageError
from persona_batch.pipeline.options import RunOptions
from persona_batch.pipeline.preview import Preview, preview
from persona_batch.pricing.bill import Cost
from persona_batch.record import Record
from persona_batch.record.manifest import Manifest, read_manifest
from persona_batch.record.reader import cost_of
from pipeline.workshop import Workshop
from servers.act import Act, Script, Share

BATCH = """\
id: wukong
system: 你是孙悟空
questions: [你好, 你对取经怎么看？, 你是谁？]
"""
PRICED = BATCH + "run: {price: {input: 10, output: 100, currency: CNY}}\n"
FREE = BATCH + "run: {price: free}\n"
TALK = """\
personas:
  - id: pirate
    system: You are a pirate.
    questions: [{id: day, text: Ahoy!, with: {persona: teacher, model: other}, rounds: 3, probe: Who are you?}]
  - {id: teacher, system: You are a teacher., placement: user}
controls: []
run:
  model: test-model
  concurrency: 2
  price:
    test-model: {input: 10, output: 100, currency: CNY}
    other: {input: 7, output: 70, currency: CNY}
"""


def manifest(workshop: Workshop) -> Manifest:
    return read_manifest(workshop.runs[-1] / "run.json")


def amount_of(usage: Usage | None, price: tuple[int, int] = (10, 100)) -> Decimal:
    """Return what tokens cost, reckoned anew."""
    if usage is None:
        return Decimal()
    assert usage.prompt_tokens is not None
    assert usage.completion_tokens is not None
    return (price[0] * Decimal(usage.prompt_tokens) + price[1] * Decimal(usage.completion_tokens)) / 10**6


def paid(records: list[Record], price: tuple[int, int] = (10, 100)) -> Decimal:
    """Return what records of one request each cost."""
    return sum((amount_of(record.usage, price) for record in records), Decimal())


def test_the_cost_is_that_of_the_records_and_stands_in_the_manifest(workshop: Workshop) -> None:
    run = workshop.run([workshop.write("wukong.yaml", PRICED)])
    assert run.cost == Cost(amounts={"CNY": paid(workshop.records(run))}, priced=9)
    kept = manifest(workshop)
    assert kept.cost == run.cost
    (list_,) = kept.prices
    price = list_.prices["test-model"]
    assert price is not None
    assert (price.input, price.output, price.currency, price.source) == (Decimal(10), Decimal(100), "CNY", "the file")
    written = json.loads((workshop.runs[-1] / "run.json").read_text(encoding="utf-8"), parse_float=Decimal)
    assert Decimal(written["cost"]["amounts"]["CNY"]) == paid(workshop.records(run))  # a number, to the last digit


@pytest.mark.parametrize(
    ("file", "script", "cost"),
    [
        (BATCH, Script(), Cost(unknown=9)),
        (PRICED, Script(default=Act(usage="never")), Cost(unknown=9)),
        (FREE, Script(), Cost(priced=9)),
        (FREE, Script(default=Act(usage="never")), Cost(unknown=9)),
    ],
)
def test_what_is_unknown_is_not_0(workshop: Workshop, file: str, script: Script, cost: Cost) -> None:
    assert workshop.run([workshop.write("wukong.yaml", file)], script).cost == cost


def test_nobody_is_paid_for_what_runs_here(workshop: Workshop) -> None:
    scripted = {"base_url": None, "provider": "scripted"}
    assert workshop.run([workshop.write("wukong.yaml", BATCH)], overrides=scripted).cost is None
    assert manifest(workshop).prices == []
    priced = workshop.run([workshop.write("wukong.yaml", PRICED)], overrides=scripted)
    assert priced.cost is not None
    assert priced.cost.priced == 9


def test_attempts_that_failed_are_of_unknown_cost(workshop: Workshop) -> None:
    script = Script(acts=[Act(status=500, body="oops"), Act(status=400, body="no")])
    run = workshop.run([workshop.write("wukong.yaml", PRICED)], script)
    assert run.counts == {"ok": 8, "error": 1}
    assert run.cost == Cost(amounts={"CNY": paid(workshop.records(run))}, priced=8, unknown=2)


@pytest.mark.parametrize(
    "details",
    [{"prompt_tokens_details": {"cached_tokens": 4}}, {"prompt_cache_hit_tokens": 4}, {"cached_tokens": 4}],
)
@pytest.mark.parametrize("odd", [False, True])
def test_cached_tokens_are_read_and_cheaper(workshop: Workshop, details: dict[str, object], odd: bool) -> None:
    usage = {"prompt_tokens": "10" if odd else 10, "completion_tokens": 1, "total_tokens": 11, **details}
    events = [
        f"data: {json.dumps({'choices': [{'index': 0, 'delta': {'content': '好'}, 'finish_reason': 'stop'}]})}\n\n",
        f"data: {json.dumps({'choices': [], 'usage': usage})}\n\n",
        "data: [DONE]\n\n",
    ]
    cheaper = PRICED.replace("input: 10,", "input: 10, cached_input: 1,")
    run = workshop.run([workshop.write("wukong.yaml", cheaper)], Script(default=Act(events=events)))
    assert run.cost == Cost(amounts={"CNY": 9 * Decimal("0.000164")}, priced=9)
    assert {record.usage and record.usage.cached for record in workshop.records(run)} == {4}
    line = (workshop.runs[-1] / "records.jsonl").read_text(encoding="utf-8").splitlines()[0]
    assert json.loads(line)["usage"] == {
        "prompt_tokens": 10,
        "completion_tokens": 1,
        "total_tokens": 11,
        "cached_tokens": 4,
    }


def test_records_say_nothing_of_a_cache_that_the_endpoint_says_nothing_of(workshop: Workshop) -> None:
    cheaper = PRICED.replace("input: 10,", "input: 10, cached_input: 1,")
    run = workshop.run([workshop.write("wukong.yaml", cheaper)])
    assert "cached_tokens" not in (workshop.runs[-1] / "records.jsonl").read_text(encoding="utf-8")
    assert run.cost is not None
    assert (run.cost.at_most, run.cost.amounts["CNY"]) == (True, paid(workshop.records(run)))


def test_a_conversation_costs_all_its_requests_each_at_its_model(workshop: Workshop) -> None:
    run = workshop.run([workshop.write("talk.yaml", TALK)], Script(models=["test-model", "other"]))
    (record,) = workshop.records(run)
    assert record.turns is not None
    assert record.probes is not None
    own = [amount_of(turn.usage) for turn in record.turns] + [amount_of(probe.usage) for probe in record.probes]
    others = [amount_of(turn.partner.usage, (7, 70)) for turn in record.turns if turn.partner is not None]
    assert len(own) + len(others) == len(workshop.asked) == 8
    assert run.cost == Cost(amounts={"CNY": sum(own + others, Decimal())}, priced=8)


def test_a_run_stops_at_its_budget_and_a_resume_goes_on(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", PRICED)
    samples = {"samples": 40}
    first = workshop.run([file], overrides=samples, max_cost=Decimal("0.1"))
    assert (first.exit_code, first.state) == (3, "stopped")
    assert first.message is not None
    assert first.message.startswith("the budget of ¥0.10 (--max-cost) is used up: ¥0.0")
    assert first.cost is not None
    assert Decimal("0.05") < first.cost.amounts["CNY"] <= Decimal("0.1")
    second = workshop.run([file], overrides=samples, resume="latest", max_cost=Decimal("0.1"))
    assert second.exit_code == 3
    assert second.asked > 0
    assert second.cost is not None
    assert first.cost.amounts["CNY"] < second.cost.amounts["CNY"] <= Decimal("0.2")
    whole = workshop.run([file], overrides=samples, resume="latest")
    assert (whole.exit_code, whole.left) == (0, 0)
    assert whole.cost == Cost(amounts={"CNY": paid(workshop.records(whole))}, priced=360)


def test_a_budget_begins_no_conversation_that_it_cannot_end(workshop: Workshop) -> None:
    file = workshop.write("talk.yaml", TALK)
    script = Script(models=["test-model", "other"], default=Act(reply="好" * 2000))
    run = workshop.run([file], script, overrides={"samples": 12}, max_cost=Decimal("1.5"))
    assert run.exit_code == 3
    assert run.message is not None
    assert "the next conversation may need" in run.message
    records = workshop.records(run)
    assert records
    assert len(workshop.asked) == 8 * len(records)  # nothing was asked for a conversation that was not kept
    assert run.cost is not None
    assert run.cost.amounts["CNY"] <= Decimal("1.5")


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (BATCH, "nobody knows what test-model costs at http"),
        (BATCH + "run: {price: {test-mode: free}}\n", "nobody knows what test-model costs"),
    ],
)
def test_a_budget_needs_a_price(workshop: Workshop, file: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        workshop.run([workshop.write("wukong.yaml", file)], max_cost=Decimal(1))
    assert workshop.runs == []
    assert workshop.asked == []


def test_a_price_of_no_asked_model_is_said(workshop: Workshop) -> None:
    workshop.run([workshop.write("wukong.yaml", BATCH + "run: {price: {test-mode: free}}\n")])
    assert any("no model test-mode is asked; did you mean `test-model`?" in note for note in workshop.seen.notes)


def test_a_run_keeps_the_prices_that_held(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", PRICED)
    first = workshop.run([file], max_requests=4)
    workshop.write("wukong.yaml", PRICED.replace("input: 10, output: 100", "input: 20, output: 200"))
    whole = workshop.run([file], resume="latest")
    records = workshop.records(whole)
    assert whole.cost == Cost(amounts={"CNY": paid(records[:4]) + paid(records[4:], (20, 200))}, priced=9)
    assert len(manifest(workshop).prices) == 2
    assert workshop.run([file], resume="latest").cost == whole.cost  # nothing is asked, and nothing changes
    assert len(manifest(workshop).prices) == 2
    assert first.cost is not None


def test_the_price_of_a_run_of_before_is_unknown(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", PRICED)
    workshop.run([file], max_requests=4)
    path = workshop.runs[-1] / "run.json"
    old = json.loads(path.read_text(encoding="utf-8"))
    del old["prices"], old["cost"]
    path.write_text(json.dumps(old), encoding="utf-8")
    whole = workshop.run([file], resume="latest")
    assert whole.cost == Cost(amounts={"CNY": paid(workshop.records(whole)[4:])}, priced=5, unknown=4)


def foreseen(workshop: Workshop, file: str, samples: int) -> Preview:
    overrides = Overrides(base_url=workshop.base_url, models=("test-model",), samples=samples)
    return preview(RunOptions(files=(file,), out=workshop.out, overrides=overrides))


def test_the_range_of_a_dry_run_holds_the_cost(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", PRICED)
    chance = random.Random(5)
    script = Script(acts=[Act(reply="好" * chance.randrange(4, 900)) for _ in range(400)])
    workshop.run([file], script, overrides={"samples": 4})
    estimate = foreseen(workshop, file, 20).cost
    assert estimate is not None
    (range_,) = estimate.ranges
    whole = workshop.run([file], Script(acts=script.acts[36:]), overrides={"samples": 20})
    assert whole.cost is not None
    assert range_.low is not None
    assert range_.high is not None
    assert range_.low < range_.amount < range_.high
    assert range_.low <= whole.cost.amounts["CNY"] <= range_.high
    assert range_.high < 2 * range_.low
    assert (range_.currency, estimate.unpriced, estimate.free) == ("CNY", [], False)


def test_a_dry_run_says_what_it_does_not_know(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", PRICED)
    workshop.run([workshop.write("other.yaml", PRICED)])
    estimate = foreseen(workshop, file, 1).cost
    assert estimate is not None
    assert (estimate.ranges, estimate.unpriced, estimate.free, estimate.source) == ([], [], False, None)
    workshop.write("wukong.yaml", BATCH)
    unpriced = foreseen(workshop, file, 1).cost
    assert unpriced is not None
    assert (unpriced.ranges, unpriced.unpriced) == ([], ["test-model"])
    workshop.write("wukong.yaml", FREE)
    free = foreseen(workshop, file, 1).cost
    assert free is not None
    assert free.free
    asked = RunOptions(files=(file,), out=workshop.out, overrides=Overrides(provider="scripted"))
    workshop.write("wukong.yaml", BATCH)
    assert preview(asked).cost is None
    with pytest.raises(UsageError, match="nobody charges for scripted"):
        preview(replace(asked, overrides=Overrides(provider="scripted", models=("a",)), max_cost=Decimal(1)))


def test_a_single_reply_gives_no_range(workshop: Workshop) -> None:
    file = workshop.write("one.yaml", PRICED)
    workshop.run([file], max_requests=1)
    estimate = foreseen(workshop, file, 1).cost
    assert estimate is not None
    assert [(one.low, one.high) for one in estimate.ranges] == [(None, None)]


def test_the_cost_is_the_same_however_the_run_was_made(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", PRICED)
    costs = [workshop.run([file], overrides={"concurrency": number}).cost for number in (1, 3, 16)]
    assert costs[0] == costs[1] == costs[2]


def test_a_killed_run_is_counted_by_its_records(workshop: Workshop) -> None:
    run = workshop.run([workshop.write("wukong.yaml", PRICED)])
    sealed = manifest(workshop)
    sealed.state, sealed.cost = "running", None
    records = Path(run.path) / "records.jsonl"
    assert cost_of(records, sealed) == run.cost
    assert run.cost is not None
    lines = records.read_bytes()
    records.write_bytes(lines + lines)  # whoever copied them together: nothing fails, and all that was paid counts
    twice = cost_of(records, sealed)
    assert twice is not None
    assert twice.amounts["CNY"] == 2 * run.cost.amounts["CNY"]


MIXED = """\
id: cat
system: You are a cat. Meow.
controls: [none]
run: {concurrency: 12, samples: 6, price: {input: 10, output: 100, currency: CNY}}
questions:
  - Hello?
  - {id: fade, turns: [Who are you?, What do you eat?, Good night!], probe: Your name?}
  - {id: more, text: And you?, probe: Your age?}
"""


@pytest.mark.parametrize(
    ("amount", "faulty"), [("0.06", False), ("0.4", False), ("0.7", False), ("2", False), ("0.7", True)]
)
def test_conversations_and_single_questions_share_a_budget(workshop: Workshop, amount: str, faulty: bool) -> None:
    shares = [Share(0.05, Act(status=503, body="later", headers={"retry-after": "0"}))] if faulty else []
    script = Script(default=Act(reply="好" * 400), shares=shares, seed=3)
    run = workshop.run([workshop.write("cat.yaml", MIXED)], script, max_cost=Decimal(amount))
    assert run.cost is not None
    assert run.exit_code in (0, 3)
    if run.exit_code == 3:
        assert "(--max-cost) is used up" in str(run.message)
    assert sum(run.cost.amounts.values()) <= Decimal(amount)
    kept = run.cost.priced + run.cost.unknown
    assert kept == len(workshop.asked) or (faulty and kept <= len(workshop.asked))


@pytest.mark.parametrize("failed", [1, 3])
def test_requests_that_are_in_no_record_are_of_unknown_cost(workshop: Workshop, failed: int) -> None:
    """A budget ends a run while a failed request waits to be sent again: its attempts are in no record."""
    file = workshop.write("wukong.yaml", PRICED)
    script = Script(acts=[Act(status=500, body="oops")] * failed, default=Act(reply="好" * 100))
    run = workshop.run([file], script, overrides={"samples": 40, "concurrency": 2}, max_cost=Decimal("0.16"))
    assert run.exit_code == 3
    assert run.cost is not None
    assert run.cost.priced + run.cost.unknown == len(workshop.asked)
    assert 1 <= run.cost.unknown <= failed
    kept = manifest(workshop)
    assert kept.cost == run.cost
    again = workshop.run([file], script, overrides={"samples": 40}, resume="latest", max_requests=1)
    assert again.cost is not None
    assert again.cost.unknown >= run.cost.unknown  # what was lost then stays unknown


def test_of_an_endpoint_that_is_not_there_nothing_is_lost(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", PRICED)
    run = workshop.run([file], max_requests=3)
    down = workshop.run_away([file], resume="latest")
    assert down.exit_code == 3
    assert down.cost == run.cost


def test_a_dry_run_of_a_resume_judges_by_the_runs_own_records(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", PRICED.replace("output: 100", "output: 100, cached_input: 1"))
    workshop.run([file], Script(default=Act(reply="好" * 900)), max_requests=4)
    stopped = workshop.runs[-1].name
    workshop.run([file])
    overrides = Overrides(base_url=workshop.base_url, models=("test-model",))
    cost = preview(RunOptions(files=(file,), out=workshop.out, overrides=overrides, resume=stopped)).cost
    assert cost is not None
    assert (cost.source, cost.at_most) == (stopped, True)
    assert cost.ranges[0].amount > Decimal("0.1")


def test_a_resumed_budget_expects_what_the_records_say(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", PRICED)
    workshop.run([file], overrides={"samples": 40}, max_requests=20)
    before = len(workshop.asked)
    run = workshop.run([file], overrides={"samples": 40}, resume="latest", max_cost=Decimal("0.03"))
    assert len(workshop.asked) > before  # without them the first request may need ¥0.05
    assert run.message is not None
    assert "by estimate" not in run.message


def test_a_cache_that_is_dearer_than_none_is_said(workshop: Workshop) -> None:
    workshop.run([workshop.write("wukong.yaml", PRICED.replace("output: 100", "output: 100, cached_input: 11"))])
    assert any("`cached_input` is dearer than `input`" in note for note in workshop.seen.notes)
