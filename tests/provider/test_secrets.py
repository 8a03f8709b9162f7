"""Keys: where they are read, and that they come out nowhere."""

import base64
import json
import pickle
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from persona_batch.credentials import Redactor, Secret, checked_key, is_placeholder, load_env
from persona_batch.errors import UsageError

KEY = 'sk-proj-Ab"c/d+e=0123456789'


def test_dotenv_fills_what_the_process_does_not_set(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("\ufeff# keys\nA='from file'\nexport B=2\nC=\nD=$A\nE=中文\n", encoding="utf-8")
    env = load_env(tmp_path, {"A": "from process", "C": "", "F": ""})
    assert env == {"A": "from process", "B": "2", "D": "$A", "E": "中文"}
    assert load_env(tmp_path, {"A": ""})["A"] == "from file"


def test_without_dotenv_the_process_alone_counts(tmp_path: Path) -> None:
    assert load_env(tmp_path, {"A": "1"}) == {"A": "1"}


def test_a_dotenv_that_is_no_text_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff\xfe")
    with pytest.raises(UsageError, match=r"\.env: cannot be read"):
        load_env(tmp_path, {})


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret(KEY)
    assert KEY not in f"{secret} {secret!r} {secret.fingerprint}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_fingerprints_tell_keys_apart() -> None:
    assert Secret("a").fingerprint == Secret("a").fingerprint != Secret("b").fingerprint
    assert len(Secret("a").fingerprint) == 16


@pytest.mark.parametrize("bad", ["sk-a b", "sk-a\n", "sk-a\r", "\tsk", "sk-ключ", "sk-\x00"])
def test_an_impossible_key_is_refused_without_showing_it(bad: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked_key(bad, "MY_KEY")
    assert "MY_KEY" in str(caught.value)
    assert bad not in str(caught.value)


@pytest.mark.parametrize(
    "shown",
    [
        KEY,
        f"Bearer {KEY}",
        json.dumps({"key": KEY}),
        quote(KEY, safe=""),
        base64.b64encode(KEY.encode()).decode(),
        base64.b64encode(f"user:{KEY}".encode()).decode(),
        KEY[:8] + "****" + KEY[-4:],
        KEY[:12],
    ],
)
def test_a_key_is_taken_out_in_every_spelling(shown: str) -> None:
    cleaned = Redactor([KEY]).clean(f"before {shown} after")
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")
    assert "[key]" in cleaned
    assert "0123" not in cleaned
    assert KEY[8:12] not in cleaned
    assert base64.b64encode(KEY.encode()).decode()[4:-8] not in cleaned


def test_placeholders_are_no_secrets() -> None:
    assert Redactor(["none", ""]).clean("none of it") == "none of it"


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=6), st.text(), st.text())
def test_no_key_survives_in_any_text(key: str, before: str, after: str) -> None:
    assume(not is_placeholder(key))
    assert key not in Redactor([key]).clean(f"{before}{key}{after}").replace("[key]", "\0")
