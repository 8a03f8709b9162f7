"""Prices that genai-prices knows: at their own endpoints alone, and without a network."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from genai_prices.data_snapshot import get_snapshot

from persona_batch.pricing.known import known_price, may_know
from persona_batch.pricing.price import Price

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
OPENAI = "https://api.openai.com/v1"


def test_a_price_is_that_of_the_endpoint() -> None:
    price = known_price(OPENAI, "gpt-5-mini", NOW)
    assert price is not None
    assert (price.input, price.output, price.cached_input) == (Decimal("0.25"), Decimal(2), Decimal("0.025"))
    assert (price.currency, price.at_most, price.up_to) == ("USD", False, None)
    assert price.source.startswith("genai-prices ")


@pytest.mark.parametrize(
    ("base_url", "model"),
    [
        (OPENAI, "qwen3-8b"),
        (OPENAI, "claude-sonnet-4-0"),  # another vendor's
        ("https://api.openai.com.example.com/v1", "gpt-5-mini"),  # the host only begins so
        ("https://gateway.example.com/api.openai.com/v1", "gpt-5-mini"),
        ("http://api.openai.com/v1", "gpt-5-mini"),
        ("http://127.0.0.1:8000/v1", "gpt-5-mini"),
        ("https://192.168.1.20/v1", "gpt-5-mini"),
        ("https://my.openai.azure.com/openai", "text-embedding-ada-001"),
        ("https://api.moonshot.cn/v1", "kimi-k3"),  # billed in yuan, and known in dollars
        ("https://open.bigmodel.cn/api/paas/v4", "glm-5"),
        ("https://api.minimaxi.com/v1", "MiniMax-M2"),
        ("https://dashscope.aliyuncs.com/compatible-mode/v1", "qwen-max"),
        ("https://api.perplexity.ai", "sonar"),  # charges by request, too
        ("", "gpt-5-mini"),
    ],
)
def test_what_is_not_known_there_has_no_price(base_url: str, model: str) -> None:
    assert known_price(base_url, model, NOW) is None


def test_the_same_company_elsewhere_is_known() -> None:
    assert known_price("https://api.moonshot.ai/v1", "kimi-k3", NOW) is not None
    assert known_price("https://api.z.ai/api/paas/v4", "glm-5", NOW) is not None


def test_a_price_of_some_hours_is_the_highest_and_says_so() -> None:
    moments = [datetime(2026, 11, 27, hour, tzinfo=UTC) for hour in (0, 2, 8, 12, 20)]
    prices = {known_price("https://api.deepseek.com/v1", "deepseek-chat", moment) for moment in moments}
    (price,) = prices
    assert price is not None
    assert price.at_most
    assert price.output == Decimal("1.1")


def test_a_price_that_began_later_holds_since_then() -> None:
    days = [datetime(2025, 12, 1, 23, tzinfo=UTC), datetime(2025, 12, 2, tzinfo=UTC)]
    prices = [known_price("https://api.mistral.ai/v1", "ministral-8b-latest", day) for day in days]
    assert [price and price.output for price in prices] == [Decimal("0.1"), Decimal("0.15")]
    assert [price and price.at_most for price in prices] == [False, False]


def test_a_price_by_length_has_its_steps() -> None:
    price = known_price("https://generativelanguage.googleapis.com/v1beta/openai", "gemini-2.5-pro", NOW)
    assert price is not None
    longer = price.at(200_001)
    assert longer is not None
    assert (price.up_to, price.at(200_000), longer.input) == (200_000, price, Decimal("2.5"))


def test_every_price_of_the_data_is_whole() -> None:
    found = []
    for provider in get_snapshot().providers:
        base = provider.api_pattern.replace("\\", "").removesuffix("(?:/|$)").removesuffix("(/|$)")
        if re.fullmatch(r"https://[a-z.-]+", base) and may_know(base):
            found += [known_price(base, model.id, NOW) for model in provider.models]
    known = [price for price in found if price is not None]
    assert len(known) > 500
    for price in known:
        step: Price | None = price
        while step is not None:
            assert step.input >= 0
            assert step.output >= 0
            assert step.currency == "USD"
            step = step.longer


ALONE = """
import socket, sys, threading
def none(*_, **__):
    raise AssertionError("the network")
socket.socket.connect = socket.socket.connect_ex = socket.socket.sendto = none
socket.getaddrinfo = socket.create_connection = none
before = threading.active_count()
from persona_batch.pricing.known import known_price
assert known_price("http://127.0.0.1:8000/v1", "gpt-5-mini") is None
assert known_price("https://api.siliconflow.cn/v1", "Qwen/Qwen3-8B") is None
assert "genai_prices" not in sys.modules
assert known_price("https://api.openai.com/v1", "gpt-5-mini") is not None
from genai_prices import data_snapshot, update_prices
assert data_snapshot._custom_snapshot is None
assert update_prices._shared_updater.ref_count == 0
assert threading.active_count() == before
print("alone")
"""


def test_nothing_goes_to_the_network_and_nothing_is_loaded_in_vain() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("alone\n", "")
