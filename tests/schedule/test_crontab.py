"""The crontab: our lines come and go, nobody else's byte moves."""

from hypothesis import given
from hypothesis import strategies as st

from persona_batch.schedule.crontab import Crontab, Line

FOREIGN = (
    b"# edited by hand\n"
    b"PATH=/usr/bin:/bin\n"
    b"  0 4 * * *   backup   --all \t\n"
    b"\n"
    b"@daily echo '# persona-batch is not this' \xff\xfe\n"
    b"this line is nothing that cron knows\n"
    b"# * * * * * old # persona-batch:old\n"
)
OURS = Line("wukong", "0 3 * * * env LANG=C.UTF-8 python -m persona_batch schedule run-job wukong")


def test_a_job_that_is_added_and_removed_leaves_every_byte_as_it_was() -> None:
    with_job = Crontab(FOREIGN).with_job(OURS)
    assert with_job.content.startswith(FOREIGN)
    assert list(with_job.jobs()) == [OURS]
    assert with_job.without_job("wukong").content == FOREIGN


def test_only_the_named_job_is_removed() -> None:
    other = Line("wukong-2", "0 4 * * * other")
    tab = Crontab(FOREIGN).with_job(OURS).with_job(other)
    assert list(tab.without_job("wukong").jobs()) == [other]


def test_a_job_that_somebody_commented_out_is_no_job_but_can_be_removed() -> None:
    assert list(Crontab(FOREIGN).jobs()) == []
    assert b"old" not in Crontab(FOREIGN).without_job("old").content


def test_a_last_line_without_its_end_gets_one() -> None:
    assert Crontab(b"0 4 * * * backup").with_job(OURS).content.startswith(b"0 4 * * * backup\n0 3 ")


@given(lines=st.lists(st.binary(max_size=60).filter(lambda raw: b"\n" not in raw), max_size=8))
def test_any_bytes_of_others_survive(lines: list[bytes]) -> None:
    content = b"".join(raw + b"\n" for raw in lines)
    tab = Crontab(content)
    known = {line.id for line in tab.jobs()}
    assert "wukong" in known or tab.with_job(OURS).without_job("wukong").content == content
