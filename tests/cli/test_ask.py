"""`batch ask`: one question, what is sent, and the reply as it comes."""

import json
import socket
from pathlib import Path

import pytest

from cli.calling import Call
from servers.act import Act, Script, error_body
from servers.faulty import serving
from terminals.command import batch, batch_in_terminal
from terminals.session import CTRL_C, CTRL_D

WUKONG = """\
id: wukong
system: [你是孙悟空, 你是齐天大圣]
params: {temperature: 0.7}
checks: [{contains: 俺老孙}]
"""
TWO = """\
personas:
  - {id: wukong, system: 你是孙悟空}
  - {id: bajie, system: 你是猪八戒}
"""
SCRIPTED = ("--provider", "scripted")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working folder with two persona files."""
    (tmp_path / "wukong.yaml").write_text(WUKONG, encoding="utf-8")
    (tmp_path / "two.yaml").write_text(TWO, encoding="utf-8")
    return tmp_path


def test_messages_and_reply_go_to_stdout_and_what_is_said_of_them_to_stderr(work: Path, call: Call) -> None:
    with serving(Script(default=Act(reply="俺老孙来也！"))) as server:
        done = call("ask", "wukong.yaml", "你好", "--base-url", server.base_url)
    rule = "─" * 72
    assert done.code == 0
    title, rest = done.out.split("\n", 1)
    assert title.startswith("── wukong · test-model ──")
    assert rest == f" system     你是孙悟空\n user       你好\n{rule}\n俺老孙来也！\n"
    assert "7 prompt tokens" in done.err
    assert "✓ contains" in done.err
    assert not (work / "runs").exists()


def test_what_is_shown_is_what_is_sent(work: Path, call: Call) -> None:
    with serving() as server:
        options = ["--placement", "user", "--variant", "1", "--param", "temperature=0", "-m", "test-model"]
        done = call("ask", "wukong.yaml", "你好", *options, "--base-url", server.base_url)
        (chat,) = server.chats
    assert done.code == 0
    assert chat.body["messages"] == [{"role": "user", "content": "你是齐天大圣\n\n你好"}]
    assert chat.body["temperature"] == 0
    assert " user       你是齐天大圣\n\n            你好\n" in done.out
    assert "placement user" in done.out
    assert "variant 1" in done.out


def test_json_prints_the_record_and_nothing_else(work: Path, call: Call) -> None:
    done = call("ask", "wukong.yaml", "你好", "--json", *SCRIPTED)
    record = json.loads(done.out)
    assert (record["persona"], record["status"], record["messages"][1]["content"]) == ("wukong", "ok", "你好")


def test_quiet_prints_the_reply_and_nothing_else(work: Path, call: Call) -> None:
    with serving(Script(default=Act(reply="俺老孙"))) as server:
        done = call("ask", "wukong.yaml", "你好", "--quiet", "--base-url", server.base_url)
    assert (done.code, done.out, done.err) == (0, "俺老孙\n", "")


@pytest.mark.parametrize(
    "text", ["<think>A cow?</think>\n\nMoo.", "A cow?\n</think>\n\nMoo.", "  <think>A</think>Moo."]
)
def test_what_a_program_reads_is_the_reply_without_its_thought(work: Path, call: Call, text: str) -> None:
    with serving(Script(default=Act(reply=text, chunks=9))) as server:
        asked = ["ask", "wukong.yaml", "你好", "--quiet", "--base-url", server.base_url]
        assert call(*asked).out == "Moo.\n"
        assert call(*asked, "--thinking", "keep").out == text + "\n"


def test_a_thought_without_an_opening_tag_shows_itself_only_at_its_end(work: Path) -> None:
    with (
        serving(Script(default=Act(reply="A cow?\n</think>\n\nMoo.", chunks=9))) as server,
        batch_in_terminal("ask", "wukong.yaml", "hi", "--base-url", server.base_url, cwd=work) as terminal,
    ):
        terminal.expect("what came first was a thought; the reply is:\nMoo.\n")
        assert terminal.wait() == 0


def test_save_appends_a_record_that_show_reads(work: Path, call: Call) -> None:
    for question in ("一", "二"):
        assert call("ask", "wukong.yaml", question, "--save", "kept.jsonl", *SCRIPTED).code == 0
    shown = call("show", "kept.jsonl", "--jsonl").out.splitlines()
    assert [json.loads(line)["messages"][1]["content"] for line in shown] == ["一", "二"]


def test_where_nothing_can_be_saved_nothing_is_asked(work: Path, call: Call) -> None:
    with serving() as server:
        done = call("ask", "wukong.yaml", "hi", "--save", "no/such/place.jsonl", "--base-url", server.base_url)
        assert server.chats == []
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("batch: --save no/such/place.jsonl: cannot be written")
    assert len(done.err.splitlines()) == 1


def test_a_missing_question_is_read_from_the_pipe(work: Path, call: Call) -> None:
    done = call("ask", "wukong.yaml", "--json", *SCRIPTED, stdin="\ufeff第一行\n第二行\r\n")
    assert json.loads(done.out)["messages"][-1]["content"] == "第一行\n第二行"


def test_a_missing_question_is_asked_for_on_a_terminal(work: Path) -> None:
    with batch_in_terminal("ask", "wukong.yaml", *SCRIPTED, cwd=work) as terminal:
        terminal.expect("Question: ")
        terminal.type("你好\n")
        assert terminal.wait() == 0
        assert "user       你好" in terminal.text


def test_ctrl_d_at_the_question_is_wrong_usage(work: Path) -> None:
    with batch_in_terminal("ask", "wukong.yaml", *SCRIPTED, cwd=work) as terminal:
        terminal.expect("Question: ")
        terminal.type(CTRL_D)
        assert terminal.wait() == 2
        assert "the question is empty" in terminal.text


def test_the_file_is_checked_before_the_question_is_asked_for(work: Path, call: Call) -> None:
    done = call("ask", "missing.yaml")
    assert done.code == 2
    assert "missing.yaml" in done.err


def test_ctrl_c_while_the_reply_comes_exits_130(work: Path) -> None:
    with (
        serving(Script(default=Act(reply="俺老孙" * 9, chunks=9, stall_after=600))) as server,
        batch_in_terminal("ask", "wukong.yaml", "hi", "--base-url", server.base_url, cwd=work) as terminal,
    ):
        terminal.expect("俺老孙")
        terminal.type(CTRL_C)
        assert terminal.wait() == 130
        assert "Traceback" not in terminal.text


def test_a_reply_is_shown_as_it_comes(work: Path) -> None:
    with (
        serving(Script(default=Act(reply="一二三四", chunks=4, stepped=True))) as server,
        batch_in_terminal("ask", "wukong.yaml", "hi", "--base-url", server.base_url, cwd=work) as terminal,
    ):
        server.step(2)
        terminal.expect("─\n一")
        assert "二" not in terminal.text
        server.step(20)
        terminal.expect("一二三四\n")
        assert terminal.wait() == 0


def test_color_never_leaves_a_terminal_without_colours(work: Path) -> None:
    with batch_in_terminal("ask", "wukong.yaml", "hi", "--color", "never", *SCRIPTED, cwd=work) as terminal:
        assert terminal.wait() == 0
    assert "\x1b" not in terminal.output


def test_typed_text_is_utf8_whatever_the_locale(work: Path) -> None:
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "NO_COLOR": "1"}
    with batch_in_terminal("ask", "wukong.yaml", *SCRIPTED, cwd=work, env=env) as terminal:
        terminal.expect("Question: ")
        terminal.type("你好\n")
        assert terminal.wait() == 0
        assert "user       你好\n" in terminal.text


def test_a_control_sequence_in_a_reply_is_not_obeyed(work: Path) -> None:
    with (
        serving(Script(default=Act(reply="a\x1b]0;owned\x07b\x1b[2J", chunks=9))) as server,
        batch_in_terminal("ask", "wukong.yaml", "hi", "--base-url", server.base_url, cwd=work) as terminal,
    ):
        assert terminal.wait() == 0
        assert "a␛]0;owned␇b␛[2J\n" in terminal.text
        assert "\x1b]0" not in terminal.output


def test_a_reply_that_was_cut_is_asked_again_and_said_so(work: Path, call: Call) -> None:
    with serving(Script(acts=[Act(reply="half and more", cut_after=500)], default=Act(reply="whole"))) as server:
        done = call("ask", "wukong.yaml", "hi", "--base-url", server.base_url)
    assert done.code == 0
    assert done.out.endswith("\nwhole\n")
    assert "asking again in" in done.err
    assert "2 attempts" in done.err


def test_a_request_that_keeps_failing_exits_1_with_its_reason(work: Path, call: Call) -> None:
    act = Act(status=400, body=error_body("the moon is too bright"))
    with serving(Script(default=act)) as server:
        done = call("ask", "wukong.yaml", "hi", "--base-url", server.base_url)
    assert done.code == 1
    assert "error (bad_request): " in done.err
    assert "the moon is too bright" in done.err


def test_a_refused_key_exits_2_and_is_not_shown(work: Path, call: Call) -> None:
    script = Script(api_key="right", models=["test-model"])
    env = {"MY_KEY": "sk-wrong-0123456789abcdef"}
    with serving(script) as server:
        options = ["--base-url", server.base_url, "--api-key-env", "MY_KEY", "-m", "test-model"]
        done = call("ask", "wukong.yaml", "hi", *options, env=env)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert "sk-wrong" not in done.err + done.out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["two.yaml", "hi"], "two.yaml has 2 personas; choose one by -p: wukong, bajie"),
        (["two.yaml", "hi", "-p", "wukon"], "did you mean `wukong`?"),
        (["wukong.yaml", "hi", "--variant", "2"], "has variants 0 to 1"),
        (["wukong.yaml", "hi", "--provider", "opnai"], "did you mean `openai`?"),
        (["wukong.yaml", "hi", "--provider", "deepseek"], "DEEPSEEK_API_KEY"),
        (["wukong.yaml", "  ", *SCRIPTED], "the question is empty"),
        (["wukong.yaml", "hi", "--param", "temperature", *SCRIPTED], "--param"),
        (["wukong.yaml", "hi", "--placement", "sytem"], "system"),
        (["wukong.yaml", "hi", "-m", "gpt", *SCRIPTED], "has no model 'gpt'"),
        (["wukong.yaml", "hi", "-m", "", *SCRIPTED], "--model: found nothing"),
        (["wukong.yaml", "hi", "--param", "top_p=2", *SCRIPTED], "--param top_p: found `2`, expected at most 1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage_is_one_line_and_exit_2(args: list[str], said: str, work: Path, call: Call) -> None:
    done = call("ask", *args)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_an_unreachable_host_is_one_line(work: Path, call: Call) -> None:
    with socket.socket() as taken:  # bound but not listening: refused
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        done = call("ask", "wukong.yaml", "hi", "--base-url", url)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1


def test_one_of_several_personas_may_be_chosen_and_a_control_too(work: Path, call: Call) -> None:
    for persona in ("bajie", "none"):
        done = call("ask", "two.yaml", "hi", "-p", persona, "--json", *SCRIPTED)
        assert json.loads(done.out)["persona"] == persona


def test_a_question_counts_for_the_day_and_none_is_asked_beyond_it(work: Path, call: Call) -> None:
    (work / "day.yaml").write_text("id: a\nsystem: b\nrun: {limits: {per_day: 1}}\n", encoding="utf-8")
    with serving() as server:
        codes = [call("ask", "day.yaml", "hi", "--base-url", server.base_url).code for _ in range(2)]
        assert len(server.chats) == 1
    assert codes == [0, 3]


def test_of_several_personas_the_one_called_like_the_file_is_asked(work: Path, call: Call) -> None:
    (work / "bajie.yaml").write_text(TWO, encoding="utf-8")
    assert json.loads(call("ask", "bajie.yaml", "hi", "--json", *SCRIPTED).out)["persona"] == "bajie"


def test_a_question_that_is_no_utf8_is_wrong_usage(work: Path) -> None:
    done = batch("ask", "wukong.yaml", "\udcff\udcfe", *SCRIPTED, cwd=work)
    assert done.returncode == 2
    assert "not UTF-8" in done.stderr


@pytest.mark.parametrize(
    "said", ["is sk-0123456789abcdefghij good?", "我的 key 是 odd.value-77 吗？", "api_key: q8Zr2LmN0pXy7Kd1"]
)
def test_a_key_that_is_typed_in_is_not_sent(work: Path, call: Call, said: str) -> None:
    with serving() as server:
        options = ("--base-url", server.base_url, "--api-key-env", "BOX_KEY", "--save", "kept.jsonl")
        done = call("ask", "wukong.yaml", *options, stdin=said, env={"BOX_KEY": "odd.value-77"})
        assert server.chats == []
    assert (done.code, done.out) == (2, "")
    assert done.err == "batch: what looks like a key is never sent as a question; take it out\n"
    assert (work / "kept.jsonl").read_bytes() == b""


def test_a_file_that_sends_a_key_to_its_host_says_so_even_when_quiet(work: Path, call: Call) -> None:
    with serving() as server:
        block = f"run: {{provider: {{base_url: '{server.base_url}', api_key_env: BOX_KEY}}}}\n"
        (work / "box.yaml").write_text(WUKONG + block, encoding="utf-8")
        said = [call("ask", "box.yaml", "你好", "--quiet", env={"BOX_KEY": "odd.value-77"}).err for _ in range(2)]
    assert said == ["batch: box.yaml sends the key in BOX_KEY to host 127.0.0.1 (said once)\n", ""]


NONSENSE = "the embedded model speaks English only"


@pytest.mark.parametrize(
    ("args", "warned"),
    [
        (("wukong.yaml", "hi"), "the prompt of `wukong` is in Chinese"),
        (("wukong.yaml", "你好"), "the prompt of `wukong` and the question `你好` are in Chinese"),
        (("mixed.yaml", "hi", "-p", "wukong"), "the prompt of `wukong` is in Chinese"),
        (("mixed.yaml", "hi", "-p", "pirate"), None),
        (("mixed.yaml", "你叫什么", "-p", "pirate"), "the question `你叫什么` is in Chinese"),
        (("two-tongues.yaml", "hi"), None),
        (("two-tongues.yaml", "hi", "--variant", "1"), "the prompt of `two-tongues` is in Chinese"),
        (("wukong.yaml", "hi", "--quiet"), None),
        (("wukong.yaml", "hi", *SCRIPTED), None),
    ],
    ids=str,
)
def test_ask_and_chat_warn_of_what_is_asked_and_of_nothing_else(
    args: tuple[str, ...], warned: str | None, work: Path, call: Call
) -> None:
    (work / "mixed.yaml").write_text(
        "questions: [你好]\npersonas:\n- {id: wukong, system: 你是孙悟空}\n- {id: pirate, system: Be a pirate.}\n",
        encoding="utf-8",
    )
    (work / "two-tongues.yaml").write_text("system: [You are a monkey., 你是孙悟空]\n", encoding="utf-8")
    short = ("--param", "max_tokens=1")
    done = call("ask", *args, *short)
    assert done.code == 0, done.err
    assert (NONSENSE in done.err) == (warned is not None)
    assert warned is None or warned in done.err
    if "--quiet" in args:
        return
    file, said, *options = args
    talk = call("chat", file, *options, *short, stdin=f"{said}\n{said}\n")
    assert talk.code == 0, talk.err
    assert talk.err.count(NONSENSE) == (warned is not None)


@pytest.mark.parametrize(
    ("command", "stdin"), [(("ask", "cut.yaml", "你好"), ""), (("chat", "cut.yaml"), "你好\n再见\n")]
)
def test_what_the_files_writing_loses_is_said_once_as_run_says_it(
    command: tuple[str, ...], stdin: str, work: Path
) -> None:
    (work / "cut.yaml").write_text("id: cut\nsystem: 你是 #1 号选手\nquestions: [你好]\n", encoding="utf-8")
    asked = batch(*command, *SCRIPTED, cwd=work, stdin=stdin)
    run = batch("run", "cut.yaml", *SCRIPTED, cwd=work)
    (said,) = (line for line in run.stderr.splitlines() if "#1" in line)
    assert said.startswith("batch: cut.yaml:2:")
    assert asked.stderr.splitlines().count(said) == 1
