import pytest

from persona_batch.errors import UsageError
from persona_batch.provider.connect import checked_base_url
from persona_batch.provider.openai import route


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://host/v1", "http://host/v1"),
        (" https://Host:443/v1/ ", "https://host/v1"),
        ("HTTP://host:80", "http://host"),
        ("http://host:8000/v1/chat/completions", "http://host:8000/v1"),
        ("http://host/v1/models/", "http://host/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("https://host/a/b/v4", "https://host/a/b/v4"),
        (
            "https://host/openai/deployments/x?api-version=2024-06-01",
            "https://host/openai/deployments/x?api-version=2024-06-01",
        ),
        ("https://host/v1/chat/completions?api-version=1", "https://host/v1?api-version=1"),
        ("https://host/v1/?max_tokens=1&author=me", "https://host/v1?max_tokens=1&author=me"),
        ("https://host/v1?", "https://host/v1"),
    ],
)
def test_a_base_url_has_one_form(given: str, kept: str) -> None:
    assert checked_base_url(given, "--base-url") == kept


@pytest.mark.parametrize(
    "given",
    [
        "host/v1",
        "ftp://host/v1",
        "http://",
        "http://ho st/v1",
        "http://host:port/v1",
        "http://host/v1?key=hush",
        "http://host/v1?api-version=1&api_key=hush",
        "http://host/v1?Subscription-Key=hush",
        "http://host/v1?sv=2024&sig=hush",
        "http://host/v1?access%5Ftoken=hush",
        "http://host/v1?x=sk-hush0123456789abcdef",
        "http://host/v1?hush0123456789abcdef",
        "http://host/v1?code=hush",
        "host/v1?key=hush",
        "http://user:hush@host/v1",
        "http://host/v1#hush",
        "",
    ],
)
def test_what_is_no_base_url_is_refused_without_showing_secrets(given: str) -> None:
    with pytest.raises(UsageError, match="--base-url") as caught:
        checked_base_url(given, "--base-url")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("base_url", "whole"),
    [
        ("https://host/v1", "https://host/v1/models"),
        ("https://host", "https://host/models"),
        ("https://host/x?api-version=1", "https://host/x/models?api-version=1"),
    ],
)
def test_a_route_stands_before_the_query(base_url: str, whole: str) -> None:
    assert route(base_url, "/models") == whole
