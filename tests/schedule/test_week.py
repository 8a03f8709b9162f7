"""A week on a free quota: a grid that no day could hold, and an endpoint that fails now and then."""

import sqlite3
from contextlib import closing

import pytest

from schedule.workshop import Workshop, endpoint
from servers.act import Act, Script, Share
from servers.faulty import serving

PER_DAY = 2_000
CELLS = 10_000  # 2 arms, 250 questions, 20 samples
FAILING = Share(0.02, Act(status=500, body='{"error": {"message": "try again"}}'))


def let_a_day_pass(workshop: Workshop) -> None:
    """Move the ledger back by a day, which is what a day does to it."""
    with closing(sqlite3.connect(workshop.state.root / "ledger.sqlite")) as base, base:
        base.execute("UPDATE asked SET day = date(day, '-1 day')")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_seven_nights_finish_a_grid_that_no_day_could_and_never_exceed_the_quota(workshop: Workshop) -> None:
    questions = "".join(f"  - Question number {number}?\n" for number in range(250))
    workshop.file.write_text(
        f"id: pirate\nsystem: You are a pirate.\ncontrols: [none]\nquestions:\n{questions}", encoding="utf-8"
    )
    codes, asked = [], []
    with serving(Script(shares=[FAILING], default=Act(chunks=1))) as server:
        options = endpoint(server.base_url, "--samples", "20", "--per-day", str(PER_DAY), "--concurrency", "32")
        job = workshop.job(*options, mode="if-changed")
        for _ in range(7):
            before = len(server.chats)
            codes.append(workshop.perform(job))
            asked.append(len(server.chats) - before)
            let_a_day_pass(workshop)
    assert codes == [3, 3, 3, 3, 3, 0, 0], workshop.log()
    assert asked[:5] == [PER_DAY] * 5
    assert 0 < asked[5] <= PER_DAY
    assert asked[6] == 0
    (run,) = workshop.runs()
    records = workshop.records(run)
    assert len(records) == len({str(record["key"]) for record in records}) == CELLS
    assert {record["status"] for record in records} == {"ok"}
