"""Keys that are known are taken out whatever they look like; ordinary words stay."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.credentials import Redactor, secrets_in

KEY = "sk-proj-Ab3x9Kz7qLmN0pQrStUv"


@pytest.mark.parametrize(
    ("placeholder", "reply"),
    [
        ("ollama", "ollama runs llamas"),
        ("EMPTY", "The cup is EMPTY."),
        ("token-abc123", "say token-abc123"),
        ("sk-no-key-required", "sk-no-key-required is what servers want"),
        ("lm-studio", "I like lm-studio"),
    ],
)
def test_a_placeholder_rewrites_nothing(placeholder: str, reply: str) -> None:
    redactor = Redactor([placeholder])
    assert not redactor
    assert redactor.clean(reply) == reply


def test_the_issuer_s_part_of_a_key_is_an_ordinary_word() -> None:
    said = "OpenAI's keys begin with sk-proj- as in sk-proj-… or sk-, and ms- is another's."
    assert Redactor([KEY, "ms-2f1c9d1e-5b7a-4c3d"]).clean(said) == said.replace("sk-proj-…", "[key]")


@pytest.mark.parametrize("shown", [KEY[:14], f"{KEY[:8]}****{KEY[-4:]}", f"{KEY[:12]}...", f"{KEY[:16]}…"])
def test_a_key_cut_short_or_masked_is_taken_out(shown: str) -> None:
    cleaned = Redactor([KEY]).clean(f"Incorrect API key provided: {shown} (see the page)")
    assert "Ab3x" not in cleaned
    assert cleaned.endswith(" (see the page)")


@given(st.lists(st.sampled_from(["answer", "sk-", "Bearer", "key", "俺老孙", "sk-proj-", "none"]), max_size=8))
def test_no_ordinary_word_is_changed(words: list[str]) -> None:
    text = " ".join(words)
    assert Redactor([KEY, "answer", "none", "Bearer"]).clean(text) == text


def test_an_environment_s_keys_are_found_by_name_by_shape_and_in_addresses() -> None:
    env = {
        "DEEPSEEK_API_KEY": "odd.value-77",
        "OLLAMA_API_KEY": "ollama",
        "HTTPS_PROXY": "http://me:hunter%2B22@proxy:3128",
        "NOTE": f"remember {KEY}",
        "PWD": "/home/me/work",
        "GOOGLE_APPLICATION_CREDENTIALS": __file__,
        "LANG": "zh_CN.UTF-8",
    }
    assert secrets_in(env) == ["odd.value-77", "me:hunter%2B22", "hunter+22", KEY]


def test_a_key_of_bytes_that_are_no_utf_8_is_one_too() -> None:
    secret = os.fsdecode(b"odd\xff\xfe1234567890")
    assert Redactor(secrets_in({"MY_TOKEN": secret})).clean(f"it is {secret}") == "it is [key]"
