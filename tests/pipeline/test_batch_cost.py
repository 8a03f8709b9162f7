"""What a run would cost in batch files: beside the price of streaming, and as what a budget goes by."""

from decimal import Decimal

import pytest

from persona_batch.config.load import Overrides
from persona_batch.errors import ConfigError
from persona_batch.pipeline.call import prepare_run
from persona_batch.pipeline.options import RunOptions
from persona_batch.pipeline.paying import prices_of, within_cost
from persona_batch.pipeline.preview import Preview, preview
from pipeline.workshop import Workshop

BATCH = """\
id: wukong
system: 你是孙悟空
questions: [你好, 你对取经怎么看？, 你是谁？]
"""
PRICED = BATCH + "run: {price: {input: 10, output: 100, currency: CNY}}\n"
SHARED = BATCH + "run: {price: {input: 10, output: 100, currency: CNY, batch: 0.4}}\n"


def asked(workshop: Workshop, text: str, provider: str = "dashscope", **options: object) -> RunOptions:
    overrides = Overrides(provider=provider, models=("qwen-plus",), samples=4)
    file = workshop.write("wukong.yaml", text)
    return RunOptions(files=(file,), out=workshop.out, overrides=overrides, **options)  # type: ignore[arg-type]


def foreseen(workshop: Workshop, text: str, samples: int = 1) -> Preview:
    overrides = Overrides(base_url=workshop.base_url, models=("test-model",), samples=samples)
    return preview(RunOptions(files=(workshop.write("wukong.yaml", text),), out=workshop.out, overrides=overrides))


@pytest.mark.parametrize(("text", "share"), [(PRICED, "0.5"), (SHARED, "0.4")])
def test_the_share_is_the_presets_unless_the_file_says_it(workshop: Workshop, text: str, share: str) -> None:
    call = prepare_run(asked(workshop, text), need_key=False)
    price = prices_of(call, call.grid(call.models(None)))["qwen-plus"]
    assert price is not None
    assert price.batch == Decimal(share)


@pytest.mark.parametrize(
    ("engine", "text", "output"), [("batch", PRICED, "50"), ("batch", SHARED, "40"), ("local", SHARED, "100")]
)
def test_a_budget_goes_by_the_price_of_the_way(workshop: Workshop, engine: str, text: str, output: str) -> None:
    call = prepare_run(asked(workshop, text, engine=engine, max_cost=Decimal(1)), need_key=False)
    budget = within_cost(call.limits, call, prices_of(call, call.grid(call.models(None)))).budget
    assert budget is not None
    assert budget.prices["qwen-plus"].output == Decimal(output)
    assert budget.prices["qwen-plus"].batch is None


@pytest.mark.parametrize("share", ["1.5", "-1", "half"])
def test_what_is_no_share_is_a_mistake_of_the_file(workshop: Workshop, share: str) -> None:
    with pytest.raises(ConfigError, match=r"wukong\.yaml:4:61: found"):
        prepare_run(asked(workshop, SHARED.replace("0.4", share)), need_key=False)


def test_a_dry_run_has_both_prices(workshop: Workshop) -> None:
    workshop.run([workshop.write("wukong.yaml", SHARED)])
    found = foreseen(workshop, SHARED, samples=10)
    assert found.cost is not None
    assert found.batch is not None
    assert found.batch.cost is not None
    (whole,), (part,) = found.cost.ranges, found.batch.cost.ranges
    assert part.amount == pytest.approx(Decimal("0.4") * whole.amount, rel=Decimal("0.01"))
    assert (found.batch.lines, found.batch.files, found.batch.share) == (90, 1, Decimal("0.4"))


def test_of_an_endpoint_that_nobody_knows_no_share_is_claimed(workshop: Workshop) -> None:
    workshop.run([workshop.write("wukong.yaml", PRICED)])
    assert foreseen(workshop, PRICED).batch is None


@pytest.mark.parametrize(
    ("provider", "text", "files"),
    [
        ("dashscope", BATCH, 1),
        (
            "siliconflow",
            BATCH.replace("questions: [", "questions: [" + ", ".join(f"q{n}" for n in range(900)) + ", "),
            3,
        ),
        ("modelscope", BATCH, None),
        ("dashscope", BATCH.replace("[你好", "[{id: a, turns: [你好, 你是谁]}"), None),
    ],
)
def test_a_dry_run_says_how_many_files_there_would_be(
    workshop: Workshop, provider: str, text: str, files: int | None
) -> None:
    held = preview(asked(workshop, text, provider)).batch
    assert (None if held is None else held.files) == files
    if held is not None:
        assert held.share == Decimal("0.5")
