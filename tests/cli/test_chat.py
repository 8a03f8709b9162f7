"""`batch chat`: a talk with its whole history."""

import json
from contextlib import suppress
from pathlib import Path

import pytest

from cli.calling import Call
from servers.act import Act, Script
from servers.faulty import serving
from terminals.command import batch_in_terminal
from terminals.session import CTRL_C, CTRL_D

SCRIPTED = ("--provider", "scripted")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working folder with a persona file."""
    (tmp_path / "wukong.yaml").write_text("id: wukong\nsystem: 你是孙悟空\n", encoding="utf-8")
    return tmp_path


def test_every_turn_is_sent_with_all_before_it(work: Path, call: Call) -> None:
    script = Script(acts=[Act(reply="甲"), Act(reply="乙")])
    with serving(script) as server:
        done = call("chat", "wukong.yaml", "--base-url", server.base_url, stdin="一\n\n二\n")
        first, second = (chat.body["messages"] for chat in server.chats)
    assert done.code == 0
    assert [message["content"] for message in first] == ["你是孙悟空", "一"]
    assert [message["content"] for message in second] == ["你是孙悟空", "一", "甲", "二"]
    assert done.out.endswith("─\n甲\n乙\n")


def test_a_persona_in_the_user_message_is_sent_once(work: Path, call: Call) -> None:
    with serving(Script(default=Act(reply="喵"))) as server:
        options = ["--placement", "user", "--base-url", server.base_url]
        call("chat", "wukong.yaml", *options, stdin="一\n二\n")
        second = server.chats[1].body["messages"]
    assert [message["content"] for message in second] == ["你是孙悟空\n\n一", "喵", "二"]


def test_a_talk_has_one_placement_whatever_the_file_offers(work: Path, call: Call) -> None:
    (work / "both.yaml").write_text("system: 你是孙悟空\nrun: {placement: [system, user]}\n", encoding="utf-8")
    call("chat", "both.yaml", *SCRIPTED, stdin="一\n二\n三\n四\n五\n六\n/save talk.jsonl\n")
    records = [json.loads(line) for line in (work / "talk.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(records) == 6
    assert len({record["placement"] for record in records}) == 1


def test_reset_forgets_the_turns(work: Path, call: Call) -> None:
    with serving() as server:
        call("chat", "wukong.yaml", "--base-url", server.base_url, stdin="一\n/reset\n二\n")
        second = server.chats[1].body["messages"]
    assert [message["content"] for message in second] == ["你是孙悟空", "二"]


def test_saved_turns_are_records_that_show_reads(work: Path, call: Call) -> None:
    done = call("chat", "wukong.yaml", *SCRIPTED, stdin="一\n二\n/save talk.jsonl\n")
    assert "saved to talk.jsonl" in done.err
    records = [json.loads(line) for line in (work / "talk.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [record["question"] for record in records] == ["turn-1", "turn-2"]
    assert len({record["key"] for record in records}) == 2
    assert "user       二" in call("show", "talk.jsonl").out


def test_a_talk_can_be_saved_as_text(work: Path, call: Call) -> None:
    call("chat", "wukong.yaml", *SCRIPTED, stdin="一\n二\n/save talk.txt\n")
    text = (work / "talk.txt").read_text(encoding="utf-8")
    assert " system     你是孙悟空\n user       一\n assistant " in text
    assert "\n user       二\n" in text


def test_a_file_that_is_there_is_not_written_over(work: Path, call: Call) -> None:
    (work / "talk.jsonl").write_text("mine", encoding="utf-8")
    done = call("chat", "wukong.yaml", *SCRIPTED, stdin="一\n/save talk.jsonl\n/save no/such/folder\n")
    assert done.code == 0
    assert "talk.jsonl is there already" in done.err
    assert "no/such/folder cannot be written" in done.err
    assert (work / "talk.jsonl").read_text(encoding="utf-8") == "mine"


def test_without_a_name_the_saved_talk_names_itself(work: Path, call: Call) -> None:
    call("chat", "wukong.yaml", *SCRIPTED, stdin="一\n/save\n")
    assert len(list(work.glob("chat-wukong-*.jsonl"))) == 1


def test_nothing_said_is_nothing_to_save(work: Path, call: Call) -> None:
    assert "nothing was said yet" in call("chat", "wukong.yaml", *SCRIPTED, stdin="/save\n").err


def test_commands_help_and_correct(work: Path, call: Call) -> None:
    done = call("chat", "wukong.yaml", *SCRIPTED, stdin="/help\n/mesages\n/zzz\n")
    assert "/reset        forget all turns" in done.err
    assert "there is no /mesages; did you mean /messages?" in done.err
    assert "there is no /zzz; /help lists" in done.err


def test_two_slashes_say_one(work: Path, call: Call) -> None:
    with serving() as server:
        call("chat", "wukong.yaml", "--base-url", server.base_url, stdin="//exit\n/exit\nnever\n")
        (chat,) = server.chats
    assert chat.body["messages"][-1]["content"] == "/exit"


@pytest.mark.parametrize("thought", ["<think>A cow?</think>\n", "A cow?\n</think>\n\n", "<think>\n</think>"])
def test_the_history_has_no_thoughts(work: Path, call: Call, thought: str) -> None:
    script = Script(acts=[Act(reply=thought + "Moo", chunks=9)], default=Act(reply="yes"))
    with serving(script) as server:
        done = call("chat", "wukong.yaml", "--base-url", server.base_url, stdin="一\n二\n")
        second = server.chats[1].body["messages"]
    assert [message["content"] for message in second] == ["你是孙悟空", "一", "Moo", "二"]
    assert "cow" not in done.out


def test_a_failed_turn_is_no_part_of_the_talk(work: Path, call: Call) -> None:
    script = Script(acts=[Act(status=400, body="{}")], default=Act(reply="yes"))
    with serving(script) as server:
        done = call("chat", "wukong.yaml", "--base-url", server.base_url, stdin="一\n二\n")
        second = server.chats[1].body["messages"]
    assert "error (bad_request)" in done.err
    assert [message["content"] for message in second] == ["你是孙悟空", "二"]


def test_ctrl_c_cancels_a_reply_and_the_talk_goes_on(work: Path) -> None:
    script = Script(acts=[Act(reply="slow and long", chunks=9, stall_after=600)], default=Act(reply="quick"))
    with (
        serving(script) as server,
        batch_in_terminal("chat", "wukong.yaml", "--base-url", server.base_url, cwd=work) as terminal,
    ):
        terminal.expect("> ")
        terminal.type("一\n")
        terminal.expect("\nsl")
        terminal.type(CTRL_C)
        terminal.expect("(cancelled; Ctrl-D leaves)")
        terminal.expect("> ", times=2)
        terminal.type("二\n")
        terminal.expect("\nquick\n")
        terminal.expect("> ", times=3)
        terminal.type(CTRL_C)
        with suppress(AssertionError):  # readline holds back one that comes just before it listens, until the next
            terminal.expect("(cancelled; Ctrl-D leaves)", times=2, seconds=3.0)
        if terminal.text.count("(cancelled") < 2:
            terminal.type(CTRL_C)
        terminal.expect("(cancelled; Ctrl-D leaves)", times=2)
        terminal.expect("> ", times=4)
        terminal.type(CTRL_D)
        assert terminal.wait() == 0
        assert terminal.text.endswith("> \n")
        second = server.chats[1].body["messages"]
    assert [message["content"] for message in second] == ["你是孙悟空", "二"]


def test_a_wide_character_can_be_rubbed_out(work: Path) -> None:
    with (
        serving() as server,
        batch_in_terminal("chat", "wukong.yaml", "--base-url", server.base_url, cwd=work) as terminal,
    ):
        terminal.expect("> ")
        terminal.type("你好吗\x7f\n")
        terminal.expect("> ", times=2)
        terminal.type(CTRL_D)
        assert terminal.wait() == 0
        assert server.chats[0].body["messages"][-1]["content"] == "你好"


def test_the_talk_begins_with_who_answers_and_how_to_leave(work: Path, call: Call) -> None:
    with serving() as server:
        done = call("chat", "wukong.yaml", "--base-url", server.base_url)
    first = done.err.splitlines()[0]
    assert first.startswith("batch: wukong on test-model (")
    assert "exit, quit, 退出 or Ctrl-D leaves" in first


@pytest.mark.parametrize("word", ["exit", "QUIT", " Exit\t", "退出", "/Quit", "/EXIT", "/退出", "ｅｘｉｔ", "／quit"])
def test_a_word_that_leaves_is_not_said(word: str, work: Path, call: Call) -> None:
    with serving() as server:
        done = call("chat", "wukong.yaml", "--base-url", server.base_url, stdin=f"一\n{word}\n二\n")
        assert [chat.body["messages"][-1]["content"] for chat in server.chats] == ["一"]
    assert done.code == 0


@pytest.mark.parametrize("said", ["exit now", "how do I quit?", "退出游戏", "exits", "//exit"])
def test_a_sentence_with_such_a_word_is_said(said: str, work: Path, call: Call) -> None:
    with serving() as server:
        call("chat", "wukong.yaml", "--base-url", server.base_url, stdin=f"{said}\nquit\n")
        (chat,) = server.chats
    assert chat.body["messages"][-1]["content"] == said.removeprefix("/")
