"""The shards of any grid are a partition of it, and their shares of any limit are the limit."""

from decimal import Decimal
from itertools import chain, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.config.batch import Question, Turn
from persona_batch.errors import UsageError
from persona_batch.plan.cell import Endpoint
from persona_batch.plan.grid import Grid
from persona_batch.plan.key import KeySet
from persona_batch.plan.shard import Shard
from plan.batches import batch, persona, questions

OF = st.integers(1, 9)


def grid(
    names: int, asked: int, samples: int, shard: Shard | None, limit: int | None = None, only: tuple[str, ...] = ()
) -> Grid:
    texts = questions(*(f"question {number}" for number in range(asked)))
    personas = [persona(f"p{number}", texts, controls=("none",)) for number in range(names)]
    control = persona("none", texts, None, placement="none", control=True)
    return Grid(
        batch([control, *personas], samples=samples),
        endpoint=Endpoint("test", "http://x/v1"),
        models=["m"],
        shard=shard,
        limit=limit,
        personas=only,
    )


@given(
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(1, 3),
    OF,
    st.none() | st.integers(1, 30),
    st.sampled_from([(), ("p0",)]),
)
def test_the_shards_of_a_grid_are_a_partition_of_it(
    names: int, asked: int, samples: int, of: int, limit: int | None, only: tuple[str, ...]
) -> None:
    whole = grid(names, asked, samples, None, limit, only)
    parts = [grid(names, asked, samples, Shard(number, of), limit, only) for number in range(1, of + 1)]
    keys = list(whole.all_keys())
    of_parts = [list(part.all_keys()) for part in parts]
    assert sorted(chain.from_iterable(of_parts)) == sorted(keys)
    for part, its_own in zip(parts, of_parts, strict=True):
        assert its_own == [key for key in keys if key in set(its_own)], "in the order of the whole"
        assert len(part) == len(its_own) == part.requests() == len(list(part))
        assert sum(part.counts().values()) == len(part)
        assert list(part.all_keys(whole=True)) == list(whole.all_keys(whole=True))
        assert (part.total, part.fingerprint) == (whole.total, whole.fingerprint)


@given(st.integers(1, 3), OF)
def test_a_cell_keeps_its_shard_when_the_batch_grows(names: int, of: int) -> None:
    for number in range(1, of + 1):
        before = set(grid(names, 2, 1, Shard(number, of)).all_keys())
        assert before <= set(grid(names + 1, 3, 2, Shard(number, of)).all_keys())


def test_conversations_count_as_their_requests_and_finished_cells_do_not() -> None:
    turns = (Turn("你是谁？"), Turn("你爱吃什么？"))
    texts = (Question(id="q", text="你好"), Question(id="fade", text="你是谁？", turns=turns))
    of_two = [
        Grid(
            batch([persona(f"p{number}", texts) for number in range(20)]),
            endpoint=Endpoint("test", "http://x/v1"),
            models=["m"],
            shard=Shard(number, 2),
        )
        for number in (1, 2)
    ]
    assert sum(len(part) for part in of_two) == 40
    assert sum(part.requests() for part in of_two) == 60
    done = KeySet()
    first = next(iter(of_two[0]))
    done.add(first.key)
    assert of_two[0].requests(done) == of_two[0].requests() - (len(first.turns) or 1)
    assert of_two[1].requests(done) == of_two[1].requests()


def test_a_large_grid_is_counted_while_it_is_asked() -> None:
    large = grid(30, 10, 100, Shard(2, 3))
    assert large.count.known is None
    assert abs(large.count.about - large.total / 3) < 1
    assert str(large.count).startswith("about ")
    assert len(list(islice(large, 5))) == 5
    steps = sum(1 for _ in islice(large.count.slices(), 20))
    assert steps == 20
    assert str(large.count).startswith("about ")
    assert len(large) == sum(1 for _ in large.all_keys())
    assert str(large.count) == f"{len(large):,}"


@given(st.integers(1, 10**9), OF)
def test_the_shares_of_a_limit_are_the_limit(whole: int, of: int) -> None:
    shards = [Shard(number, of) for number in range(1, of + 1)]
    if whole < of:
        with pytest.raises(UsageError, match=f"--rpm {whole}: limits are divided among the shards"):
            shards[-1].share(whole, "--rpm")
        return
    shares = [shard.share(whole, "--rpm") for shard in shards]
    assert sum(shares) == whole
    assert shares == sorted(shares, reverse=True)
    assert shares[0] - shares[-1] <= 1


@given(st.decimals("0.01", 10_000, places=2), OF)
def test_the_shares_of_money_are_the_money(whole: Decimal, of: int) -> None:
    shares = [Shard(number, of).share_of_money(whole, "--max-cost") for number in range(1, of + 1)]
    assert sum(shares) == whole
    assert max(shares) - min(shares) <= Decimal("0.000001")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0/4", "the shards of 4 are 1/4 to 4/4"),
        ("5/4", "the shards of 4 are 1/4 to 4/4"),
        ("1/0", "there is no shard of none"),
        ("2-4", "a shard is given as I/N, as 2/4"),
        ("x", "a shard is given as I/N, as 2/4"),
        ("٢/٤", "a shard is given as I/N, as 2/4"),
        ("", "a shard is given as I/N, as 2/4"),
        ("1/2/3", "a shard is given as I/N, as 2/4"),
    ],
)
def test_what_is_no_shard_is_told(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Shard.read(text)


def test_a_shard_is_read_as_it_is_written() -> None:
    assert Shard.read("02/4") == Shard(2, 4)
    assert str(Shard(2, 4)) == "2/4"
    assert Shard(2, 4).in_names == "shard-2-of-4"
