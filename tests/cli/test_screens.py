"""Every screen at the widths that terminals have: no line too wide, no word broken, names to copy whole."""

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from terminals.command import batch, batch_in_terminal

PRICE = "run: {price: {input: 2, output: 8, cached_input: 0.5, currency: CNY}}\n"
CREW = """\
questions: [你对取经怎么看？, Who are you, where do you come from and what are you looking for on this long road?]
checks: [{contains: 俺老孙}]
personas:
  - {id: wukong, system: “你是孙悟空”。你说话直率，爱开玩笑；从不自称“助手”！每句话都要提到金箍棒、花果山或者筋斗云。}
  - {id: the-harbour-pilot-of-marseille, system: You are a harbour pilot. You know extraordinarily many ships by name.}
"""
RUN = re.compile(r"\d{8}T\d{6}Z-crew(?:-2)?")
CLOSING = tuple("，。！？；：、”）")
SCREENS = [
    ("run", "crew.yaml", "--provider", "scripted", "--max-requests", "3"),
    ("run", "crew.yaml", "--provider", "scripted", "--watch"),
    ("run", "crew.yaml", "--provider", "scripted", "--dry-run", "-n", "1200"),
    ("compare", "previous", "latest", "--permutations", "99"),
    ("compare", "--details", "--permutations", "99"),
    ("compare", "--explain", "change", "--permutations", "99"),
    ("show", "previous"),
    ("runs",),
    ("history", "crew.yaml"),
    ("providers",),
    ("check", "crew.yaml"),
    ("ask", "crew.yaml", "你好，你叫什么名字？", "-p", "wukong", "--provider", "scripted"),
    ("show", "nothing-of-that-name-is-anywhere-in-this-folder"),
    ("run", "crew.yaml", "--temperature", "0.5"),
    ("help", "run"),
]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with two runs."""
    folder = tmp_path_factory.mktemp("screens")
    (folder / "crew.yaml").write_text(CREW + PRICE, encoding="utf-8")
    for _ in range(2):
        assert batch("run", "crew.yaml", "-n", "2", "--provider", "scripted", cwd=folder).returncode == 0
    return folder


@pytest.mark.parametrize("columns", [60, 80, 100])
@pytest.mark.parametrize("args", SCREENS, ids=" ".join)
def test_a_screen_fits_and_breaks_no_word(args: tuple[str, ...], columns: int, work: Path) -> None:
    with batch_in_terminal(*args, cwd=work, columns=columns, env={"TERM": "dumb"}) as terminal:
        terminal.wait(60)
    lines = terminal.text.split("\n")
    # a command to copy is whole, also where it is wider than the terminal
    wide = [line for line in lines if cell_len(line) > columns]
    assert [line for line in wide if line.count("`") != 2 and not line.startswith("      batch ")] == []
    assert [line for line in lines if line.lstrip(" │").startswith(CLOSING)] == []
    for name in ("extraordinarily", "SILICONFLOW_API_KEY"):
        for size in range(4, len(name)):
            assert f"{name[:size]}\n" not in terminal.text
    for name in RUN.findall(terminal.text):
        assert (work / "runs" / name).is_dir()


def test_a_dumb_terminal_and_one_without_colours_get_plain_text(work: Path) -> None:
    for env in ({"TERM": "dumb"}, {"TERM": "unknown"}, {"NO_COLOR": "1"}):
        for args in (("show", "latest"), ("compare", "--permutations", "99"), ("runs",)):
            with batch_in_terminal(*args, cwd=work, env=env) as terminal:
                assert terminal.wait(60) == 0
            assert "\x1b" not in terminal.output


def test_a_heading_says_what_the_screen_is_about(work: Path) -> None:
    latest, previous = sorted((path.name for path in (work / "runs").glob("2*")), reverse=True)[:2]
    whole = re.compile(rf"{previous} · batch crew · scripted · scripted · \d{{4}}-\d\d-\d\d \d\d:\d\d\n")
    assert whole.match(batch("show", "previous", cwd=work).stdout)
    assert whole.match(batch("compare", "previous", "--permutations", "99", cwd=work, env={"COLUMNS": "120"}).stdout)
    both = batch("compare", previous, latest, "--permutations", "99", cwd=work).stdout
    assert both.startswith(f"before: {previous} · ")
    assert f"\nafter: {latest} · " in both


@pytest.mark.parametrize(
    "args", [("show", "--json"), ("show", "--jsonl"), ("compare", "--format", "csv"), ("compare", "--format", "json")]
)
def test_what_programs_read_has_no_heading(args: tuple[str, ...], work: Path) -> None:
    assert " · " not in batch(*args, cwd=work).stdout.splitlines()[0]


def test_tokens_are_the_same_numbers_on_every_screen(work: Path) -> None:
    (work / "plain.yaml").write_text(CREW, encoding="utf-8")
    done = batch("run", "plain.yaml", "--provider", "scripted", "-n", "40", "-o", "more", cwd=work)
    *_, total, tokens, _ = done.stdout.splitlines()
    listed = batch("runs", "-o", "more", cwd=work).stdout.splitlines()
    pair = total.split()[-1]
    assert re.fullmatch(r"[\d,]+\+[\d,]+", pair)
    assert listed[-1] == tokens
    assert pair in listed[1].split()
    preview = batch("run", "plain.yaml", "--provider", "scripted", "-n", "40", "-o", "more", "--dry-run", cwd=work)
    assert f"about {tokens}, judging by" in preview.stdout
    assert not re.search(r"\d{4,}(?![\dT-])", done.stdout.rsplit("\n", 2)[0])
