"""What is taken for a key, where it may stand, and what must be left alone in either language."""

import base64
import hashlib
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.credentials import find_key, has_key, is_bare_key, is_key_name, is_placeholder, is_reference, mask

HEX = "9f86d081884c7d659a2f"
WORD = "q8Zr2LmN0pXy7Kd1"
KEYS = {
    "openai": "sk-" + "aB3dE5fG7h" * 4,
    "openai project": "sk-proj-Ab3_x-9Kz7qLmN0pQ-rStUvWxYz12",
    "letters only": "sk-" + "abcdefghijklmnopqrstuvwx" * 2,
    "openrouter": "sk-or-v1-" + "0123456789abcdef" * 4,
    "anthropic": "sk-ant-api03-AbCdEfGhIjKlMnOpQrSt_uv-wx",
    "modelscope": "ms-2f1c9d1e-5b7a-4c3d-9e8f-0a1b2c3d4e5f",
    "google": "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    "groq": "gsk_" + "aB3dE5" * 8,
    "hugging face": "hf_AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh",
    "xai": "xai-" + "aB3dE5" * 12,
    "gitlab": "glpat-xY_3zAbCdEf-12345678",
    "github": "ghp_" + "aB3dE5" * 6,
    "github, fine-grained": "github_pat_11ABCDEFG0abcdefghijkl_" + "aB3dE5" * 9,
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "zhipu": "0123456789abcdef0123456789abcdef.AbCdEfGh12345678",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcDEF123-_",
    "telegram": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1",
    "coze": "pat_" + "aB3dE5fG7h" * 4,
    "serverchan": "SCT123456TabcDEFghiJKLmnoPQRstu",
    "slack webhook": "hooks.slack.com/services/T0A1B2C3D/B0A1B2C3D/" + "aB3dE5fG" * 3,
    "feishu webhook": "open.feishu.cn/open-apis/bot/v2/hook/1f3c2a70-9b1d-4c55-a1e2-77d0c3a9be41",
    "discord webhook": "discord.com/api/webhooks/123456789012345678/" + "aB3dE5-_" * 8,
}
PLACES = (
    "api_key: {}",
    "apiKey = '{}'",
    "--api-key={}",
    "--token {}",
    "X-Api-Key: {}",
    "Ocp-Apim-Subscription-Key: {}",
    "Authorization: Bearer {}",
    "authorization: {}",
    "https://host/v1?token={}",
    "https://host/v1?a=1&key={}&b=2",
    "OPENAI_API_KEY={} batch run",
    'export HF_TOKEN="{}"',
    '{{"client_secret": "{}"}}',
    '{{\\"access_token\\": \\"{}\\"}}',
    "https://me:{}@host/v1",
    "postgresql://u:{}@db/x",
    "密码：{}。",
    "my API key: {}",
    "the api key is {}",
    "我的密钥是 {}",
    "密钥为：{}",
    "PGPASSWORD={} psql",
)
PROSE = (
    "What is a token: a piece of text?",
    "The bearer of bad news; basic mathematics, Basic programming.",
    "My password is swordfish. The secret: never give up",
    "Secret: Anderson2010, cookie: chocolate-chip-and-oatmeal",
    "密码是什么？token：词元；密钥：保密；密钥为什么要轮换",
    "The password is swordfish, the token is valid and the key is cd00112233445566.",
    "Qwen/Qwen3-Next-80B-A3B-Instruct",
    "cross-encoder/ms-marco-MiniLM-L-12-v2",
    "meta-llama/Llama-3.3-70B-Instruct-Turbo-Free",
    "sk-learn-tutorial-chapter-12 and disk-usage-report-2024",
    "task-list-of-things-to-do-in-2024, hf_hub_download_with_retries",
    "commit 3b18e512dba79e4c8300dd08aeb37f8e728b8dad",
    "sha256:" + hashlib.sha256(b"").hexdigest(),
    "key: " + hashlib.md5(b"").hexdigest(),
    "cache_key=9f86d081884c7d659a2f",
    "max_tokens: 4096, stop_token: <|endoftext|>, pad_token=abcdef1234567890",
    "https://host:8000/v1 https://example.com/@user/abc https://user:password@example.com",
    "git@github.com:me/repo.git ssh://git@github.com/x",
    "api_key: ${OPENAI_API_KEY}, OPENAI_API_KEY=$KEY, api_key: your-api-key-here, key sk-...",
    "20261122T065600Z-wukong 2f1c9d1e-5b7a-4c3d-9e8f-0a1b2c3d4e5f",
    "api_key_env: OPENAI_API_KEY",
)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("around", ["{}", "the key is {}, use it", "我的密钥是{}吗？", "x={};", '["{}"]', "a\n{}\nb"])
def test_a_key_is_known_by_its_shape_wherever_it_stands(key: str, around: str) -> None:
    text = around.format(key)
    assert has_key(text)
    assert key not in mask(text)
    assert mask(text) == around.format("[key]")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", [WORD, HEX, "0123456789abcdef0123"])
def test_a_random_word_is_a_key_where_keys_stand(place: str, value: str) -> None:
    assert value not in mask(place.format(value))
    assert mask(mask(place.format(value))) == mask(place.format(value))


@pytest.mark.parametrize("text", PROSE)
def test_prose_ids_hashes_and_names_of_models_are_no_keys(text: str) -> None:
    assert find_key(text) is None
    assert mask(text) == text


def test_a_login_is_one_only_if_it_is_encoded_as_one() -> None:
    login = base64.b64encode(b"me:hunter2").decode()
    assert login not in mask(f"Authorization: Basic {login}")
    assert not has_key("Basic education and Basic skills")


@pytest.mark.parametrize(
    "line",
    [
        *("curl -u me:geheim https://h/", "MY_TOKEN=a1b2c3 notify", "wget --password=hunt3r", "https://me:pw@h/"),
        *("SMTP_PASS=hunt3r x", "PGPASSWORD=hunt3r psql", "sshpass -p hunt3r ssh h", "mysql -u me -phunt3r -e x"),
    ],
)
def test_a_command_line_is_no_prose_so_that_short_passwords_count(line: str) -> None:
    assert has_key(line, strict=True)


@pytest.mark.parametrize(
    "line",
    [
        *("MY_TOKEN=$(cat f) x", "curl -H 'X-Api-Key: $K' u", "mail -s token me", "--api-key-env K"),
        *('sshpass -p "$P" ssh h', 'mysql -p"$P" x', "mysql -p -u me", "mysql -P 3306"),
    ],
)
def test_the_name_of_a_variable_is_no_key(line: str) -> None:
    assert not has_key(line, strict=True)


@given(st.lists(st.sampled_from(PROSE), max_size=4), st.sampled_from([*KEYS.values()]), st.sampled_from(PLACES))
def test_no_key_survives_among_prose_and_no_prose_is_changed(prose: list[str], key: str, place: str) -> None:
    text = " \n".join([*prose, place.format(key), *prose])
    cleaned = mask(text)
    assert key not in cleaned
    assert cleaned.startswith("".join(f"{sentence} \n" for sentence in prose))
    assert cleaned.endswith("".join(f" \n{sentence}" for sentence in prose))


@given(st.binary(max_size=40), st.uuids())
def test_digests_and_uuids_are_no_keys(data: bytes, number: uuid.UUID) -> None:
    for text in (hashlib.sha256(data).hexdigest(), hashlib.sha1(data).hexdigest(), str(number), number.hex):
        assert not has_key(f"see {text}")


@given(st.text(max_size=60), st.booleans())
def test_any_text_can_be_cleaned_and_stays_clean(text: str, strict: bool) -> None:
    cleaned = mask(text, strict=strict)
    assert (cleaned == text) is (find_key(text, strict=strict) is None)


@pytest.mark.parametrize(
    "name",
    [
        *("api_key", "apiKey", "X-Api-Key", "OPENAI_API_KEY", "HF_TOKEN", "Proxy-Authorization", "client_secret"),
        *("password", "access_token", "Ocp-Apim-Subscription-Key", "AZ_KEY", "DB_PASSWORD", "Set-Cookie", "apikeys"),
        *("secretKey", "AWS_SECRET_ACCESS_KEY", "X-Auth-Token", "密钥", "PGPASSWORD", "SMTP_PASS"),
    ],
)
def test_names_that_carry_a_key(name: str) -> None:
    assert is_key_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("key", "max_tokens", "eos_token", "api_key_env", "api_key_header", "cache_key", "monkey", "MONKEY", "PWD"),
        *("author", "keyboard", "world", "token_count", "stop", "description", "PATH", "secretary", ""),
        *("first_pass", "PASS", "bypass"),
    ],
)
def test_names_that_carry_none(name: str) -> None:
    assert not is_key_name(name)


@pytest.mark.parametrize(
    "value",
    [
        *("EMPTY", "ollama", "none", "NA", "", "sk-no-key-required", "token-abc123", "answer", "lm-studio", "dummy"),
        *("not-needed", "sk-1234", "llama3", "sk-xxx", "your-api-key", "<your-key>", "12345678", "Bearer", "OLLAMA"),
        *("hello-world", "sk-litellm", "my-secret-key", "changeme123", "sk-" + "0" * 45, "sk-111111111"),
    ],
)
def test_placeholders_are_no_secrets(value: str) -> None:
    assert is_placeholder(value)


@pytest.mark.parametrize(
    "value", ["hush-hush-hush", WORD, HEX, "s3cr3t-k3y", "Zx9!kQ2p", "$ecret9!x", "correct-horse-battery-staple"]
)
def test_what_is_no_plain_word_is_a_secret(value: str) -> None:
    assert not is_placeholder(value)


@pytest.mark.parametrize(
    ("text", "is_one"), [("${K}", True), ("Bearer $K", True), ("$K x", False), (f"${{K}}{HEX}", False)]
)
def test_a_reference_holds_nothing_itself(text: str, is_one: bool) -> None:
    assert is_reference(text) is is_one


@pytest.mark.parametrize(
    ("name", "is_key"),
    [("a1b2c3d4e5f60718293a4b5c6d7e8f90", True), (WORD, True), ("OPENAI_API_KEY", False), ("QWENTEAMKEY2025X1", False)],
)
def test_a_key_in_the_place_of_a_variable_s_name(name: str, is_key: bool) -> None:
    assert is_bare_key(name) is is_key
