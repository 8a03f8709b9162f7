"""A target in another process: what it asks is pickled, the keys are named, and read anew where it arrives."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from persona_batch.config.batch import RunSettings
from persona_batch.credentials import load_env
from persona_batch.errors import UsageError
from persona_batch.provider.connect import resolve
from persona_batch.provider.contract import Timeouts
from persona_batch.provider.target import Target
from servers.act import Script
from servers.faulty import FaultyServer, serving

KEY, GATE = "my-very-own-key-1", "second-very-own-key-2"
ENV = {"MINE": KEY, "GATE": GATE}
OTHER_PROCESS = """
import asyncio, pickle, sys
from persona_batch.chat import Message
from persona_batch.errors import UsageError
from persona_batch.provider.connect import open_provider
from persona_batch.provider.contract import Request, StreamInfo

async def main():
    target, timeouts = pickle.load(sys.stdin.buffer)
    async with open_provider(target, concurrency=1, timeouts=timeouts) as provider:
        async for burst in provider.stream(Request("test-model", (Message("user", "你好"),)), StreamInfo()):
            print("".join(chunk.content for chunk in burst.chunks), end="")

try:
    asyncio.run(main())
except UsageError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def pickled(server: FaultyServer) -> bytes:
    """Return a target as it travels, with all that it may have."""
    settings = RunSettings(
        base_url=server.base_url,
        api_key_env="MINE",
        extra_body={"enable_thinking": False},
        extra_headers={"X-Gate": "Basic ${GATE}", "X-Team": "a"},
    )
    return pickle.dumps((resolve(settings, ENV), Timeouts(total=7.0)))


def asked_elsewhere(target: bytes, folder: Path, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Unpickle and ask in another process, with these variables."""
    clean = {name: value for name, value in os.environ.items() if name not in ENV}
    return subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS], input=target, capture_output=True, cwd=folder, env=clean | variables
    )


def test_a_target_asks_in_another_process_that_has_its_keys(tmp_path: Path) -> None:
    with serving(Script(api_key=KEY)) as server:
        target = pickled(server)
        assert not [key for key in (KEY, GATE) if key.encode() in target]
        done = asked_elsewhere(target, tmp_path, **ENV)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout
        (asked,) = server.chats
        assert (asked.headers["authorization"], asked.headers["x-gate"]) == (f"Bearer {KEY}", f"Basic {GATE}")
        assert asked.headers["x-team"] == "a"
        assert asked.body["enable_thinking"] is False


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        ({"GATE": GATE}, "--api-key-env: MINE is not set; export it or put MINE=… into .env"),
        ({"MINE": KEY}, "extra_headers: X-Gate wants GATE, which is not set; export it or put GATE=… into .env"),
        ({"MINE": "a b", "GATE": GATE}, "the key in MINE has a space"),
    ],
)
def test_a_key_that_is_not_there_is_missed_in_the_same_words(
    there: dict[str, str], missing: str, tmp_path: Path
) -> None:
    with serving() as server:
        done = asked_elsewhere(pickled(server), tmp_path, **there)
        assert done.returncode == 1
        assert done.stderr.decode().startswith(f"UsageError: {missing}")
        assert not server.requests


def test_keys_are_read_anew_from_the_dotenv_they_came_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir()
    elsewhere.mkdir()
    (here / ".env").write_text(f"MINE={KEY}\nGATE={GATE}\n", encoding="utf-8")
    monkeypatch.chdir(here)
    assert load_env()["MINE"] == KEY
    with serving(Script(api_key=KEY)) as server:
        done = asked_elsewhere(pickled(server), elsewhere)
        assert (done.returncode, done.stderr) == (0, b"")
        assert len(server.chats) == 1


@pytest.mark.parametrize("provider", ["openai", "modelscope", "ollama", "local"])
def test_presets_travel_whole(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    env = {"OPENAI_API_KEY": KEY, "MODELSCOPE_SDK_TOKEN": KEY, "OPENAI_ORG_ID": "org"}
    target = resolve(RunSettings(provider=provider), env)
    written = pickle.dumps(target)
    for name in (*env, "MODELSCOPE_API_KEY", "OLLAMA_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    if target.keys:
        with pytest.raises(UsageError) as caught:
            pickle.loads(written)
        with pytest.raises(UsageError) as expected:
            resolve(RunSettings(provider=provider), {})
        assert str(caught.value) == str(expected.value)
    for name in target.keys:
        monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("OLLAMA_API_KEY", "one that was not sent")
    arrived = pickle.loads(written)
    assert isinstance(arrived, Target)
    for part in ("preset", "base_url", "identity", "key_variable", "ambient", "key_fingerprint", "model_path"):
        assert getattr(arrived, part) == getattr(target, part)
    assert arrived.keys.keys() == target.keys.keys()
