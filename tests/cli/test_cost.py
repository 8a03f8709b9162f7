"""What a run costs, on every screen: before, at the end, in the list of runs, on the report, and as JSON."""

import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from cli.calling import Call
from persona_batch import UsageError, run
from servers.act import Act, Script
from servers.faulty import serving

PIRATE = """\
id: pirate
system: Talk like a pirate.
questions: [What is a loop?, Is it cold today?]
"""
PRICED = PIRATE + "run: {price: {input: 10, output: 100, currency: CNY}}\n"
REPLY = Script(default=Act(reply="A" * 40))  # 7 + 10 tokens: ¥0.00107


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working folder with a batch of six cells."""
    (tmp_path / "pirate.yaml").write_text(PRICED, encoding="utf-8")
    return tmp_path


def test_the_closing_table_has_the_cost_of_each_persona(work: Path, call: Call) -> None:
    with serving(REPLY) as server:
        done = call("run", "pirate.yaml", "--base-url", server.base_url)
    lines = done.out.splitlines()
    assert [line.split()[-1] for line in lines[:-2]] == ["cost", "¥0.00214", "¥0.00214", "¥0.00214", "¥0.00642"]
    assert lines[-2] == "102 tokens (42 prompt + 60 reply); cost ¥0.00642"


@pytest.mark.parametrize(
    ("file", "script", "told"),
    [
        (PIRATE, REPLY, "cost unknown"),
        (PRICED, Script(default=Act(usage="never")), "cost unknown"),
        (PIRATE + "run: {price: free}\n", REPLY, "cost free"),
        (PRICED, Script(acts=[Act(usage="never")], default=REPLY.default), "cost at least ¥0.00535"),
        (PRICED.replace("output: 100", "output: 100, cached_input: 1"), REPLY, "cost at most ¥0.00642"),
    ],
)
def test_what_is_unknown_is_said_at_the_end(work: Path, call: Call, file: str, script: Script, told: str) -> None:
    (work / "pirate.yaml").write_text(file, encoding="utf-8")
    with serving(script) as server:
        done = call("run", "pirate.yaml", "--base-url", server.base_url, "-j", "1")
    assert done.out.splitlines()[-2].endswith(f"; {told}")
    assert not re.search("[¥$]0(?![.])|cost 0", done.out)


def test_of_the_embedded_or_a_scripted_model_nothing_is_said(work: Path, call: Call) -> None:
    (work / "pirate.yaml").write_text(PIRATE, encoding="utf-8")
    done = call("run", "pirate.yaml", "--provider", "scripted")
    assert "cost" not in done.out
    assert "cost" not in call("runs").out
    assert "cost" not in call("run", "pirate.yaml", "--provider", "scripted", "--dry-run").out
    assert json.loads(call("runs", "--json").out)[0]["cost"] is None


def test_all_json_has_the_cost_as_a_number(work: Path, call: Call) -> None:
    cost = {"amounts": {"CNY": 0.00642}, "priced": 6, "unknown": 0, "at_most": False}
    with serving(REPLY) as server:
        run = json.loads(call("run", "pirate.yaml", "--base-url", server.base_url, "--json").out)
        more = ("run", "pirate.yaml", "--base-url", server.base_url, "-m", "test-model", "-n", "10", "--dry-run")
        before = json.loads(call(*more, "--json").out)
    assert run["cost"] == cost
    assert json.loads(call("runs", "--json").out)[0]["cost"] == cost
    assert before["cost"] == {
        "ranges": [{"currency": "CNY", "amount": 0.0642, "low": 0.0642, "high": 0.0642}],
        "unpriced": [],
        "free": False,
        "at_most": False,
        "source": run["run_id"],
    }
    assert before["prices"] == {"test-model": {"input": 10, "output": 100, "currency": "CNY", "source": "the file"}}


def test_a_dry_run_says_what_it_would_cost(work: Path, call: Call) -> None:
    with serving(REPLY) as server:
        asked = ("run", "pirate.yaml", "--base-url", server.base_url, "-m", "test-model")
        first = call(*asked, "--dry-run").out
        call(*asked)
        then = call(*asked, "-n", "10", "--dry-run").out
        (work / "pirate.yaml").write_text(PIRATE, encoding="utf-8")
        unpriced = call(*asked, "--dry-run").out
    assert "cost: unknown, there is no earlier run to estimate it from\n" in first
    assert "cost: about ¥0.0642, judging by 2" in then
    assert "test-model: ¥10.00 + ¥100.00 per million tokens (prompt + reply), says the file" in then
    assert "cost of test-model: unknown, nobody knows the price at http" in unpriced


def test_the_list_of_runs_has_a_column_and_a_sum(work: Path, call: Call) -> None:
    with serving(REPLY) as server:
        call("run", "pirate.yaml", "--base-url", server.base_url)
        dollars = PRICED.replace("CNY", "USD")
        (work / "pirate.yaml").write_text(dollars, encoding="utf-8")
        call("run", "pirate.yaml", "--base-url", server.base_url)
        (work / "pirate.yaml").write_text(PIRATE, encoding="utf-8")
        call("run", "pirate.yaml", "--base-url", server.base_url)
    lines = call("runs").out.splitlines()
    assert ["¥0.00642" in lines[1], "$0.00642" in lines[2], "unknown" in lines[3]] == [True] * 3
    assert "≥ ¥0.00642 + $0.00642" in lines[4]
    assert lines[5].endswith("; cost at least ¥0.00642 + $0.00642")


def test_the_head_of_the_report_has_it_in_both_languages(work: Path, call: Call) -> None:
    with serving(REPLY) as server:
        call("run", "pirate.yaml", "--base-url", server.base_url)
    path = call("report").out.strip()
    heads = re.findall(r'<p class="about">([^<]*)</p>', Path(work, path).read_text(encoding="utf-8"))
    assert [head.rsplit(" · ", 1)[1] for head in heads] == ["cost: ¥0.00642", "费用：¥0.00642"]


def test_a_budget_stops_with_the_way_to_go_on(work: Path, call: Call) -> None:
    with serving(REPLY) as server:
        asked = ("run", "pirate.yaml", "--base-url", server.base_url, "-n", "40", "-j", "4")
        done = call(*asked, "--max-cost", "0.1")
        assert done.code == 3
        assert "stopped early: the budget of ¥0.10 (--max-cost) is used up: ¥0.09" in done.err
        folder = done.out.splitlines()[-1]
        assert f"`batch run --resume {folder} --max-cost 0.1`, with a new budget that begins anew" in done.err
        told = call("run", "--resume", folder, "--base-url", server.base_url, "--max-cost", "0.001", "--json").err
        assert f"`batch run --resume {folder} --max-cost 0.001`, with a new budget" in told
        on = call("run", "--resume", folder, "--base-url", server.base_url)
    assert on.code == 0
    assert on.out.splitlines()[-2].endswith("; cost ¥0.257")


@pytest.mark.parametrize("amount", ["0", "-1", "much", "nan", "inf", "1_0", "¥5", "٣", ""])
def test_what_is_no_amount_is_refused(work: Path, call: Call, amount: str) -> None:
    done = call("run", "pirate.yaml", "--provider", "scripted", "--max-cost", amount)
    assert done.code == 2
    assert done.err.startswith(f"batch: --max-cost {amount}: expected an amount above 0")
    assert not (work / "runs").exists()


def test_where_nobody_is_paid_a_budget_is_refused(work: Path, call: Call) -> None:
    (work / "pirate.yaml").write_text(PIRATE, encoding="utf-8")
    done = call("run", "pirate.yaml", "--provider", "scripted", "--max-cost", "1")
    assert (done.code, done.err.splitlines()[0][:54]) == (2, "batch: --max-cost: nobody charges for scripted; leave ")


LOADED = """
import sys
from persona_batch.cli.main import main
try:
    main()
finally:
    print("genai_prices" in sys.modules)
"""


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
@pytest.mark.parametrize("file", [PRICED, PIRATE])
def test_a_run_with_a_price_or_at_a_local_endpoint_loads_no_table(work: Path, file: str, more: tuple[str, ...]) -> None:
    (work / "pirate.yaml").write_text(file, encoding="utf-8")
    with serving(REPLY) as server:
        command = [sys.executable, "-c", LOADED, "run", "pirate.yaml", "--base-url", server.base_url, *more]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "False", done.stderr


@pytest.mark.parametrize("amount", [0.1, "0.1", Decimal("0.1")])
def test_the_library_takes_the_same_budget(work: Path, amount: float | str | Decimal) -> None:
    with serving(REPLY) as server:
        made = run(work / "pirate.yaml", base_url=server.base_url, samples=40, max_cost=amount, out=work / "runs")
    assert made.exit_code == 3
    assert made.cost is not None
    assert Decimal("0.05") < made.cost.amounts["CNY"] <= Decimal("0.1")


@pytest.mark.parametrize("amount", [0, -1, True, float("nan"), "much", [1]])
def test_the_library_refuses_what_is_no_amount(amount: float) -> None:
    with pytest.raises(UsageError, match=r"max_cost=.*: expected an amount of money above 0"):
        run({"pirate": "Arr."}, ["Who?"], provider="scripted", max_cost=amount)


@pytest.mark.parametrize(
    ("provider", "model", "known"),
    [
        ("openai", "gpt-5-mini", True),
        ("openrouter", "qwen/qwen3-8b", True),
        ("deepseek", "deepseek-chat", True),
        ("deepseek", "gpt-5-mini", False),
        ("siliconflow", "deepseek-ai/DeepSeek-V3", False),
        ("modelscope", "Qwen/Qwen3-8B", False),
        ("zhipu", "glm-5", False),
        ("moonshot", "kimi-k3", False),
    ],
)
def test_a_preset_has_the_prices_that_are_known_there(
    work: Path, call: Call, provider: str, model: str, known: bool
) -> None:
    (work / "pirate.yaml").write_text(PIRATE, encoding="utf-8")
    asked = ("run", "pirate.yaml", "--provider", provider, "-m", model, "--dry-run")
    found = json.loads(call(*asked, "--json").out)
    price = found["prices"][model]
    assert (price is not None) == known
    assert found["cost"]["unpriced"] == ([] if known else [model])
    if known:
        assert (price["currency"], price["source"].split()[0]) == ("USD", "genai-prices")
    done = call(*asked, "--max-cost", "1")
    assert done.code == (0 if known else 2)
    assert known or f"nobody knows what {model} costs at {provider}; say the price" in done.err


@pytest.mark.parametrize("provider", ["local", "ollama", "vllm", "lmstudio"])
def test_on_ones_own_machine_nobody_is_paid_unless_the_file_says_so(work: Path, call: Call, provider: str) -> None:
    asked = ("run", "pirate.yaml", "--provider", provider, "-m", "m", "--dry-run", "--json")
    assert json.loads(call(*asked).out)["prices"]["m"]["currency"] == "CNY"
    (work / "pirate.yaml").write_text(PIRATE, encoding="utf-8")
    found = json.loads(call(*asked).out)
    assert (found["prices"], found["cost"]) == ({}, None)
