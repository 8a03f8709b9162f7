"""The `run:` blocks of all files, and the command line over them."""

from decimal import Decimal

import pytest

from config.conftest import Load, Problems
from persona_batch.config.batch import Limits, RunSettings
from persona_batch.config.settings import Overrides
from persona_batch.pricing.price import Price

PERSONA = "system: x\nquestions: [Hello]\n"
ENDPOINT = """\
run:
  provider:
    name: vllm
    base_url: http://box:8000/v1
    api_key_env: BOX_KEY
    extra_body: {enable_thinking: false}
    extra_headers: {X-Team: a}
  model: qwen
"""


def test_a_run_block_is_read_whole(load: Load) -> None:
    batch = load(
        PERSONA + "run: {provider: openai, model: [a, b], samples: 3, placement: [system, user], concurrency: 8, "
        "limits: {rpm: 60, tpm: 1000, per_day: 2000}, timeout: 1.5, retries: 0, seed: 7, thinking: keep}\n"
    )
    assert batch.run == RunSettings(
        provider="openai",
        models=("a", "b"),
        samples=3,
        placements=("system", "user"),
        concurrency=8,
        limits=Limits(60, 1000, 2000),
        timeout=1.5,
        retries=0,
        seed=7,
        thinking="keep",
    )


def test_an_endpoint_of_ones_own_is_read_whole(load: Load) -> None:
    assert load(PERSONA + ENDPOINT).run == RunSettings(
        provider="vllm",
        base_url="http://box:8000/v1",
        api_key_env="BOX_KEY",
        models=("qwen",),
        extra_body={"enable_thinking": False},
        extra_headers={"X-Team": "a"},
    )


def test_without_a_run_block_everything_is_left_open(load: Load) -> None:
    assert load(PERSONA).run == RunSettings()


def test_the_command_line_wins(load: Load) -> None:
    overrides = Overrides(
        models=("z",), samples=2, placements=("none",), rpm=5, timeout=9, seed=0, retries=0, thinking="separate"
    )
    block = (
        "run: {model: a, samples: 1, placement: user, limits: {rpm: 60, tpm: 7}, timeout: 1, seed: 3, retries: 5, "
        "thinking: keep}\n"
    )
    run = load(PERSONA + block, overrides=overrides).run
    assert (run.models, run.samples, run.placements) == (("z",), 2, ("none",))
    assert (run.limits, run.timeout, run.seed, run.retries, run.thinking) == (Limits(5, 7), 9, 0, 0, "separate")


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (Overrides(provider="openai"), RunSettings(provider="openai")),
        (Overrides(base_url="http://other/v1"), RunSettings(base_url="http://other/v1", models=("qwen",))),
        (
            Overrides(provider="openai", base_url="http://other/v1", api_key_env="K", models=("m",)),
            RunSettings(provider="openai", base_url="http://other/v1", api_key_env="K", models=("m",)),
        ),
    ],
)
def test_an_endpoint_of_the_command_line_sets_aside_that_of_the_file(
    overrides: Overrides, expected: RunSettings, load: Load
) -> None:
    run = load(PERSONA + ENDPOINT, overrides=overrides).run
    assert (run.provider, run.base_url, run.api_key_env, run.models) == (
        expected.provider,
        expected.base_url,
        expected.api_key_env,
        expected.models,
    )


POOL = """\
run:
  provider:
    name: vllm
    id: 我的-qwen
    base_urls: [http://a:8000/v1, 'http://b:8000/v1?x=1']
    api_key_env: BOX_KEY
  model: qwen
"""


def test_a_pool_is_read_whole(load: Load) -> None:
    run = load(PERSONA + POOL).run
    assert run == RunSettings(
        provider="vllm",
        endpoint_id="我的-qwen",
        base_urls=("http://a:8000/v1", "http://b:8000/v1?x=1"),
        api_key_env="BOX_KEY",
        models=("qwen",),
    )
    assert run.sources == {
        "provider": "p.yaml",
        "base_urls": "p.yaml",
        "api_key_env": "p.yaml",
        "endpoint_id": "p.yaml:6:9",
    }


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (Overrides(base_url="http://a:8000/v1"), RunSettings(base_url="http://a:8000/v1", models=("qwen",))),
        (Overrides(provider="openai"), RunSettings(provider="openai")),
        (
            Overrides(provider="vllm", base_url="http://a:8000/v1"),
            RunSettings(provider="vllm", base_url="http://a:8000/v1", api_key_env="BOX_KEY", models=("qwen",)),
        ),
    ],
)
def test_the_command_line_sets_a_pool_aside(load: Load, overrides: Overrides, expected: RunSettings) -> None:
    assert load(PERSONA + POOL, overrides=overrides).run == expected


def test_the_price_of_a_pool_is_not_that_of_another_endpoint(load: Load) -> None:
    priced = POOL.replace("    api_key_env", "    price: {input: 1, output: 2, currency: CNY}\n    api_key_env")
    assert load(PERSONA + priced).run.prices
    assert not load(PERSONA + priced, overrides=Overrides(base_url="http://a:8000/v1")).run.prices


def test_two_files_may_not_name_one_url_and_several(problems: Problems) -> None:
    one = "run: {provider: {id: mine, base_url: 'http://a/v1'}}\n"
    several = "run: {provider: {id: mine, base_urls: ['http://a/v1', 'http://b/v1']}}\n"
    other = "run: {provider: {id: yours, base_url: 'http://a/v1'}}\n"
    names = ["a.yaml", "b.yaml"]
    assert problems({"a.yaml": PERSONA + one, "b.yaml": PERSONA + several}, names) == [
        "b.yaml:3:39: `base_url` is set too, in a.yaml:3:38; keep `base_urls`, and write all of them there"
    ]
    assert problems({"a.yaml": PERSONA + one, "b.yaml": PERSONA + other}, names) == [
        "b.yaml:3:22: `id` is set to something else in a.yaml:3:22; one run has one value, keep one of them"
    ]


KEYS = """\
run:
  provider:
    base_url: https://gate/openai/x?api-version=2024-06-01
    api_key_env: BOX_KEY
    api_key_header: api-key
    extra_headers: {X-Team: a, Authorization: "Bearer ${SECOND}", X-Gate: "${THIRD}"}
"""


def test_a_key_may_stand_in_any_header_and_a_base_url_has_a_query(load: Load) -> None:
    run = load(PERSONA + KEYS).run
    assert (run.base_url, run.api_key_header) == ("https://gate/openai/x?api-version=2024-06-01", "api-key")
    assert run.extra_headers["Authorization"] == "Bearer ${SECOND}"


def test_the_keys_of_a_file_are_never_joined_to_a_url_of_the_command_line(load: Load) -> None:
    run = load(PERSONA + KEYS, overrides=Overrides(base_url="http://other/v1")).run
    assert (run.api_key_env, run.api_key_header, run.extra_headers) == (None, None, {"X-Team": "a"})
    run = load(PERSONA + KEYS, overrides=Overrides(provider="openai")).run
    assert (run.api_key_env, run.api_key_header, run.extra_headers) == (None, None, {})
    run = load(PERSONA + KEYS, overrides=Overrides(api_key_header="x-api-key")).run
    assert (run.api_key_env, run.api_key_header) == ("BOX_KEY", "x-api-key")


def test_a_model_without_a_provider_stays_when_a_provider_is_chosen(load: Load) -> None:
    assert load(f"{PERSONA}run: {{model: a}}\n", overrides=Overrides(provider="openai")).run.models == ("a",)


def test_several_files_may_say_the_same_or_complete_each_other(load: Load) -> None:
    files = {
        "a.yaml": f"{PERSONA}run: {{provider: openai, samples: 3}}\n",
        "b.yaml": f"{PERSONA}run: {{provider: openai, model: m}}\n",
    }
    run = load(files, ["a.yaml", "b.yaml"]).run
    assert (run.provider, run.samples, run.models) == ("openai", 3, ("m",))


def test_several_files_may_not_contradict_each_other(problems: Problems) -> None:
    files = {
        "a.yaml": f"{PERSONA}run: {{provider: openai, samples: 3}}\n",
        "b.yaml": f"{PERSONA}run: {{provider: local, samples: 3, limits: {{rpm: 1}}}}\n",
        "c.yaml": f"{PERSONA}run: {{limits: {{rpm: 2}}}}\n",
    }
    assert problems(files, ["a.yaml", "b.yaml", "c.yaml"]) == [
        "b.yaml:3:17: `provider` is set to something else in a.yaml:3:17; one run has one value, keep one of them",
        "c.yaml:3:21: `rpm` is set to something else in b.yaml:3:50; one run has one value, keep one of them",
    ]


YUAN = "{input: 2, output: 8.1, cached_input: 0.5, currency: CNY}"
PRICE = Price(input=Decimal(2), output=Decimal("8.1"), cached_input=Decimal("0.5"), currency="CNY", source="the file")


@pytest.mark.parametrize(
    ("written", "prices"),
    [
        (YUAN, {"": PRICE}),
        ("free", {"": Price(input=Decimal(0), output=Decimal(0), source="the file")}),
        (f"{{Qwen/Qwen3-8B: {YUAN}}}", {"Qwen/Qwen3-8B": PRICE}),
        (f"{{a: {YUAN}, b: free}}", {"a": PRICE, "b": Price(input=Decimal(0), output=Decimal(0), source="the file")}),
    ],
)
@pytest.mark.parametrize("where", ["run: {{price: {}}}", "run: {{provider: {{base_url: http://box/v1, price: {}}}}}"])
def test_a_price_is_for_all_models_or_by_model(load: Load, written: str, prices: dict[str, Price], where: str) -> None:
    assert load(PERSONA + where.format(written) + "\n").run.prices == prices


@pytest.mark.parametrize(
    ("block", "overrides", "stays"),
    [
        ("{price: free}", Overrides(provider="openai"), True),
        ("{price: free}", Overrides(base_url="http://other/v1"), True),
        ("{provider: {base_url: http://box/v1, price: free}}", Overrides(), True),
        ("{provider: {base_url: http://box/v1, price: free}}", Overrides(base_url="http://box/v1"), True),
        ("{provider: {base_url: http://box/v1, price: free}}", Overrides(base_url="http://other/v1"), False),
        ("{provider: {base_url: http://box/v1, price: free}}", Overrides(provider="openai"), False),
        ("{provider: {name: openai, price: free}}", Overrides(provider="openai"), True),
        ("{provider: openai, price: free}", Overrides(provider="deepseek"), False),
        ("{provider: openai, price: free}", Overrides(base_url="http://other/v1"), False),
        ("{provider: openai, price: free}", Overrides(models=("x",)), True),
        ("{provider: openai, price: free}", Overrides(provider="openai", base_url="http://other/v1"), False),
    ],
)
def test_a_price_belongs_to_the_endpoint_of_its_file(load: Load, block: str, overrides: Overrides, stays: bool) -> None:
    assert bool(load(PERSONA + f"run: {block}\n", overrides=overrides).run.prices) == stays
