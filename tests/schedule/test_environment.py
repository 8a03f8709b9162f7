"""What a job takes along from the shell, and what must never stand in its line."""

from pathlib import Path

import pytest

from persona_batch.errors import UsageError
from persona_batch.schedule.environment import bare, carried, open_to_others, refuse_secrets


def test_path_holds_each_existing_folder_once(tmp_path: Path) -> None:
    taken = carried({"PATH": f"{tmp_path}:/no/such/folder::relative:{tmp_path}:/usr"})
    assert taken["PATH"] == f"{tmp_path}:/usr"
    assert taken["PYTHONUTF8"] == "1"


def test_keys_and_logins_stay_behind() -> None:
    taken = carried(
        {
            "PATH": "/usr",
            "OPENAI_API_KEY": "not-for-crontabs",
            "HTTPS_PROXY": "http://me:secret@proxy:3128",
            "NO_PROXY": "localhost",
        }
    )
    assert "OPENAI_API_KEY" not in taken
    assert "HTTPS_PROXY" not in taken
    assert taken["NO_PROXY"] == "localhost"


def test_a_home_that_cron_would_not_set_goes_along(tmp_path: Path) -> None:
    ours = bare({})["HOME"]
    assert "HOME" not in carried({"PATH": "/usr", "HOME": ours})
    assert carried({"PATH": "/usr", "HOME": str(tmp_path)})["HOME"] == str(tmp_path)
    assert bare({"HOME": str(tmp_path)})["HOME"] == ours


@pytest.mark.parametrize(
    "text",
    [
        "batch run x.yaml --param api_key=my-very-secret-value",
        "curl -H 'Authorization: Bearer abcdefghijklmnop1234'",
        "batch run --api-key sk-abcdefghijklmnopqrstuv",
        "batch run --base-url https://me:pass@host/v1",
    ],
)
def test_a_key_in_the_line_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(UsageError, match=r"keep keys in `\.env`") as caught:
        refuse_secrets([text], {"MY_API_KEY": "my-very-secret-value"})
    assert "secret-value" not in str(caught.value)
    assert "abcdefgh" not in str(caught.value)


def test_an_ordinary_line_is_not_refused() -> None:
    refuse_secrets(["/home/me/task-list.yaml", "--base-url", "http://host:8000/v1"], {"SHORT_KEY": "run"})


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, True), (0o604, True), (0o400, False)])
def test_a_file_of_keys_that_others_may_read_is_warned_about(tmp_path: Path, mode: int, warned: bool) -> None:
    file = tmp_path / ".env"
    file.write_text("KEY=x", encoding="utf-8")
    file.chmod(mode)
    warning = open_to_others(file)
    assert (warning is not None) is warned
    assert warning is None or "chmod 600" in warning


def test_no_file_of_keys_is_no_reason_to_warn(tmp_path: Path) -> None:
    assert open_to_others(tmp_path / ".env") is None


def test_the_bare_environment_is_cron_s() -> None:
    assert set(bare({"LOGNAME": "me", "LANG": "zh_CN.UTF-8"})) == {"HOME", "LOGNAME", "SHELL", "PATH"}


@pytest.mark.parametrize(
    "word",
    [
        "OPENAI_API_KEY=q8Zr2LmN0pXy7Kd1 notify",
        "HOOK_TOKEN=hunt3r curl https://example.com",
        "curl -u me:geheim https://example.com",
        "curl -H 'X-Api-Key: 0123456789abcdef0123' -d @- https://example.com",
        "curl https://example.com/hook?access_token=q8Zr2LmN0pXy7Kd1",
        "HTTPS_PROXY=http://me:pw@proxy:3128",
        "wukong-ms-2f1c9d1e-5b7a-4c3d-9e8f-0a1b2c3d4e5f",
        "notify xoxb-123456789012-abcdefABCDEF1234",
    ],
)
def test_whatever_carries_a_key_into_a_line_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="looks like a key or a password"):
        refuse_secrets(["wukong.yaml", word], {})


@pytest.mark.parametrize(
    "word",
    [
        'curl -H "Authorization: Bearer $HOOK_TOKEN" -d @- https://example.com',
        "TOKEN=$(cat /run/secrets/hook) notify",
        "mail -s 'the token job failed' me@example.com",
        "/home/me/sk-learn-notes/chapter-12-keys.yaml",
        "Qwen/Qwen3-Next-80B-A3B-Instruct",
    ],
)
def test_what_names_a_key_and_holds_none_is_not_refused(word: str) -> None:
    refuse_secrets(["wukong.yaml", word], {"OLLAMA_API_KEY": "ollama"})
