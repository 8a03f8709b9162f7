import base64
from pathlib import Path

import pytest

from faults.grids import KEY, Ended, Grid
from servers.act import Act, Script, error_body
from servers.faulty import serving

ECHO = f"You sent Authorization: Bearer {KEY} ({KEY})"


def _assert_nowhere(folder: Path, *ends: Ended) -> None:
    spellings = [KEY, base64.b64encode(KEY.encode()).decode().rstrip("=")]
    for ended in ends:
        for spelling in spellings:
            assert spelling not in ended.out + ended.err
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        for spelling in spellings:
            assert spelling.encode() not in path.read_bytes(), path


def test_a_key_that_the_endpoint_echoes_is_written_nowhere(tmp_path: Path) -> None:
    echoes = [
        Act(status=400, body=error_body(ECHO)),
        Act(status=500, body=f"<html><body>{ECHO}</body></html>", headers={"X-Echo": KEY}),
        Act(status=429, body=error_body(ECHO), headers={"X-Request-Id": KEY}),
        Act(body=f"<html>{ECHO}</html>", headers={"Content-Type": "text/html"}),
        Act(events=[f"data: {error_body(ECHO)}\n\n"]),
        Act(reply=ECHO, chunks=40),
        Act(raw=f"HTTP/1.1 200 {KEY}\r\nContent-Length: nonsense {KEY}\r\n\r\n"),
        Act(raw=f"{KEY}\r\n\r\n"),
    ]
    with serving(Script(acts=[Act(), *echoes, *echoes])) as server:
        grid = Grid.make(tmp_path, 12, server.base_url)
        first = grid.run("--verbose", "--retries", "0", "-j", "1")
        second = grid.run("--resume", "--retry-errors", "--verbose", "--retries", "0", "-j", "1")
        assert server.chats[0].headers["authorization"] == f"Bearer {KEY}"
        assert len(server.chats) > 12
        assert first.code == 1
    _assert_nowhere(tmp_path, first, second)


@pytest.mark.parametrize("answered", [0, 3])
def test_a_refused_key_is_not_in_the_reason_for_stopping(tmp_path: Path, answered: int) -> None:
    refusal = Act(status=401, body=error_body(ECHO, code="invalid_api_key"), headers={"X-Request-Id": KEY})
    with serving(Script(acts=[Act()] * answered, default=refusal)) as server:
        ended = Grid.make(tmp_path, 12, server.base_url).run("--verbose", "-j", "1")
        assert len(server.chats) == answered + 1
    assert ended.code == (3 if answered else 2)
    assert "check the key" in ended.err
    _assert_nowhere(tmp_path, ended)
