"""The grid is exactly the product, in an interleaved order that does not depend on how it is walked."""

from collections import Counter
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import islice, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_batch.chat import Params
from persona_batch.config.batch import Batch, Persona, Question
from persona_batch.errors import UsageError
from persona_batch.plan.cell import Endpoint
from persona_batch.plan.grid import Grid
from persona_batch.plan.key import cell_key
from plan.batches import batch, persona, questions

HERE = Endpoint("scripted", "scripted")
ASKED = questions("你好", "What do you eat?", "你对取经怎么看？")
NONE = persona("none", ASKED, None, control=True)
ASSISTANT = persona("assistant", ASKED, "You are a helpful assistant.", control=True)
WUKONG = persona("wukong", ASKED, "你是孙悟空", controls=("none", "assistant"))
PIRATE = persona("pirate", ASKED, "Talk like a pirate.", controls=("none",))


def grid(of: Batch, **options: object) -> Grid:
    return Grid(of, endpoint=HERE, models=["m"], **options)  # type: ignore[arg-type]


personas_strategy = st.lists(
    st.builds(
        lambda number, texts, placement: persona(f"p{number}", ASKED, *texts, placement=placement),
        st.integers(0, 9),
        st.lists(st.text(max_size=3) | st.none(), min_size=1, max_size=3),
        st.sampled_from(["system", "user", "developer", "none"]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda built: built.id,
)


@given(personas_strategy, st.integers(1, 3), st.integers(0, 5))
def test_cells_are_exactly_the_product_with_keys_of_their_own(personas: list[Persona], samples: int, seed: int) -> None:
    cells = list(grid(batch(personas, samples=samples, seed=seed)))
    product = Counter(
        (one.id, variant, question.id, sample)
        for one in personas
        for variant in range(len(one.variants))
        for question in ASKED
        for sample in range(samples)
    )
    assert Counter((cell.persona, cell.variant, cell.question, cell.sample) for cell in cells) == product
    assert len({cell.key for cell in cells}) == len(cells)


few_params = st.dictionaries(st.sampled_from(["temperature", "top_p"]), st.sampled_from([0, 0.5]))


@given(st.lists(few_params, min_size=2, max_size=4), st.lists(few_params, min_size=1, max_size=3), few_params)
def test_cells_that_send_the_same_by_a_questions_own_params_have_keys_of_their_own(
    of_personas: list[Params], of_questions: list[Params], of_call: Params
) -> None:
    asked = tuple(Question(id=f"q{place}", text="你好", params=params) for place, params in enumerate(of_questions))
    personas = [persona(f"p{place}", asked, "same", params=params) for place, params in enumerate(of_personas)]
    cells = list(Grid(batch(personas), endpoint=HERE, models=["m"], cli_params=of_call))
    assert len({cell.key for cell in cells}) == len(cells) == len(personas) * len(asked)


def test_a_question_of_its_own_params_changes_no_key_that_is_unique() -> None:
    asked = (Question(id="cold", text="你好", params={"temperature": 0}), Question(id="own", text="再见"))
    hot = persona("hot", asked, "same", params={"temperature": 1})
    alone = {(cell.persona, cell.question): cell.key for cell in grid(batch([hot]))}
    cold = persona("cold", asked, "same", params={"temperature": 0.5})
    both = {(cell.persona, cell.question): cell.key for cell in grid(batch([hot, cold]))}
    assert alone.items() <= both.items()


def test_a_question_that_repeats_what_a_prompt_and_a_question_make_is_asked_for_itself() -> None:
    asked = questions("What do you eat?", "You are a kitten.\n\nWhat do you eat?")
    kitten = persona("kitten", asked, "You are a kitten.", placement="user")
    cells = list(grid(batch([persona("none", asked, None, control=True), kitten])))
    assert len({cell.messages for cell in cells}) == 3
    assert len({cell.key for cell in cells}) == 4


def test_a_persona_without_text_is_asked_once_whatever_the_placements() -> None:
    silent = persona("silent", ASKED, None)
    cells = list(grid(batch([silent, WUKONG], placements=("system", "user", "none"))))
    assert Counter(cell.persona for cell in cells) == {"silent": 3, "wukong": 9}
    assert len({cell.key for cell in cells}) == len(cells)


@given(personas_strategy, st.dictionaries(st.sampled_from(["temperature", "top_p"]), st.floats(0, 1)))
def test_the_quick_key_is_the_documented_one(personas: list[Persona], params: Params) -> None:
    asked = (*ASKED, Question(id="own", text="?", params={"max_tokens": 5}))
    personas = [persona(one.id, asked, *one.variants, placement=one.placement) for one in personas]
    for cell in Grid(batch(personas), endpoint=HERE, models=["m"], cli_params=params):
        plain = cell_key(
            messages=cell.messages, model=cell.model, params=cell.params, endpoint="scripted", sample=cell.sample
        )
        twins = {
            cell_key(
                messages=cell.messages,
                model=cell.model,
                params=cell.params,
                endpoint="scripted",
                sample=cell.sample,
                twin=f"{cell.persona}/{cell.variant}/{cell.placement}|",
            )
        }
        assert cell.key == plain or cell.key in twins


def test_order_is_complete_blocks_shuffled_anew() -> None:
    cells = list(grid(batch([NONE, ASSISTANT, WUKONG, PIRATE], samples=5)))
    blocks = [cells[start : start + 4] for start in range(0, len(cells), 4)]
    assert all(len({(cell.question, cell.sample) for cell in block}) == 1 for block in blocks)
    assert all(len({cell.persona for cell in block}) == 4 for block in blocks)
    assert len({tuple(cell.persona for cell in block) for block in blocks}) > 5
    assert [cell.sample for cell in cells] == sorted(cell.sample for cell in cells)


def test_another_seed_gives_another_order_of_the_same_cells() -> None:
    one = [cell.key for cell in grid(batch([NONE, WUKONG, PIRATE], seed=1))]
    other = [cell.key for cell in grid(batch([NONE, WUKONG, PIRATE], seed=2))]
    assert one != other
    assert set(one) == set(other)


@given(st.sets(st.integers(0, 23)))
def test_remaining_is_the_grid_without_what_is_finished(done: set[int]) -> None:
    whole = grid(batch([NONE, ASSISTANT, WUKONG, PIRATE], samples=2))
    keys = list(whole.all_keys())
    finished = {keys[index] for index in done}
    made = [make() for key, make in whole.keyed() if key not in finished]
    assert [cell.key for cell in made] == [key for key in keys if key not in finished]


@settings(max_examples=30)
@given(st.integers(1, 3), st.integers(0, 2), st.booleans())
def test_a_grown_grid_keeps_every_cell_it_had(samples: int, more: int, pirate: bool) -> None:
    before = set(grid(batch([NONE, WUKONG], samples=samples)).all_keys())
    grown = [NONE, WUKONG, PIRATE] if pirate else [NONE, WUKONG]
    assert before <= set(grid(batch(grown, samples=samples + more)).all_keys())


def test_params_merge_in_the_documented_order() -> None:
    asked = (Question(id="q", text="?", params={"top_p": 0.3, "seed": 3, "stop": ["q"]}),)
    built = batch([persona("p", asked, params={"temperature": 0.2, "top_p": 0.2, "seed": 2})])
    cells = Grid(
        built,
        endpoint=HERE,
        models=["m"],
        provider_params={"max_tokens": 1, "temperature": 0.1, "top_p": 0.1, "seed": 1},
        cli_params={"seed": 4},
    )
    assert next(iter(cells)).params == {"max_tokens": 1, "temperature": 0.2, "top_p": 0.3, "seed": 4, "stop": ["q"]}


def test_placements_and_models_are_factors_and_controls_keep_their_place() -> None:
    cells = list(Grid(batch([ASSISTANT, WUKONG], placements=("system", "user")), endpoint=HERE, models=["a", "b", "a"]))
    assert Counter((cell.persona, cell.placement, cell.model) for cell in cells) == {
        ("assistant", "system", "a"): 3,
        ("assistant", "system", "b"): 3,
        ("wukong", "system", "a"): 3,
        ("wukong", "user", "a"): 3,
        ("wukong", "system", "b"): 3,
        ("wukong", "user", "b"): 3,
    }


def test_personas_with_the_same_prompt_are_both_asked() -> None:
    twin = persona("helper", ASKED, "You are a helpful assistant.")
    cells = list(grid(batch([ASSISTANT, twin])))
    assert Counter(cell.persona for cell in cells) == {"assistant": 3, "helper": 3}
    assert len({cell.key for cell in cells}) == 6


def test_questions_with_the_same_text_are_both_asked() -> None:
    asked = (Question(id="one", text="你好"), Question(id="two", text="你好"))
    assert len({cell.key for cell in grid(batch([persona("p", asked)]))}) == 2


def test_personas_with_questions_of_their_own_share_the_controls() -> None:
    own = questions("一", "二")
    other = (Question(id="x", text="三"),)
    control = persona("none", own + other, None, control=True)
    cells = list(grid(batch([control, persona("a", own), persona("b", other)])))
    assert Counter((cell.persona, cell.question) for cell in cells) == Counter(
        [("none", "q0"), ("none", "q1"), ("none", "x"), ("a", "q0"), ("a", "q1"), ("b", "x")]
    )


def test_a_chosen_persona_brings_its_controls() -> None:
    chosen = grid(batch([NONE, ASSISTANT, WUKONG, PIRATE]), personas=["pir*"])
    assert [one.id for one in chosen.personas] == ["none", "pirate"]


def test_questions_are_chosen_by_glob_and_cells_by_limit() -> None:
    chosen = grid(batch([NONE, WUKONG]), questions=["q[12]"], limit=3)
    assert len(chosen) == len(list(chosen)) == 3
    assert chosen.total == 6
    assert chosen.filtered
    assert len(grid(batch([NONE, WUKONG]), questions=["q[12]"])) == 4
    assert {cell.question for cell in chosen} <= {"q1", "q2"}


@given(
    personas_strategy,
    st.lists(st.sampled_from(["p1", "p[2-4]", "p*", "p9"]), max_size=2),
    st.lists(st.sampled_from(["q0", "q[12]", "*"]), max_size=2),
    st.none() | st.integers(0, 9),
    st.integers(1, 2),
)
def test_filters_choose_cells_of_the_whole_grid_and_make_no_other_ones(
    personas: list[Persona], globs: list[str], question_globs: list[str], limit: int | None, samples: int
) -> None:
    whole = grid(batch(personas, samples=samples))
    try:
        narrow = grid(batch(personas, samples=samples), personas=globs, questions=question_globs, limit=limit)
    except UsageError:
        return  # a glob that matches nothing
    cells = [cell for cell in whole if _matches(cell.persona, globs) and _matches(cell.question, question_globs)]
    assert list(narrow) == cells[:limit]
    assert len(narrow) == len(cells[:limit])
    assert list(narrow.all_keys(whole=True)) == list(whole.all_keys())
    assert narrow.fingerprint == whole.fingerprint
    for cell in whole:
        found = narrow.find(
            persona=cell.persona,
            variant=cell.variant,
            question=cell.question,
            placement=cell.placement,
            model=cell.model,
            sample=cell.sample,
        )
        assert found is not None
        assert found[0] == cell.key
        assert found[1]() == cell


def _matches(name: str, globs: list[str]) -> bool:
    return not globs or any(fnmatchcase(name, glob) for glob in globs)


@pytest.mark.parametrize(
    "other",
    [
        {"personas": [NONE, WUKONG, PIRATE]},
        {"personas": [NONE, persona("wukong", ASKED, "你是齐天大圣", controls=("none",))]},
        {"personas": [NONE, replace(WUKONG, attributes={"world": "西游记"})]},
        {"personas": [NONE, persona("sun", ASKED, "你是孙悟空")]},
        {"placements": ("user",)},
    ],
)
def test_a_fingerprint_tells_batches_apart(other: dict[str, Any]) -> None:
    one = grid(batch([NONE, WUKONG])).fingerprint
    assert grid(batch([NONE, WUKONG], seed=9, samples=3)).fingerprint == one
    assert grid(batch(**{"personas": [NONE, WUKONG], **other})).fingerprint != one


def test_a_glob_that_matches_nothing_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean `wukong`"):
        grid(batch([NONE, WUKONG]), personas=["wukon"])
    with pytest.raises(UsageError, match="no question matches `zzz`; expected one of q0, q1, q2"):
        grid(batch([NONE, WUKONG]), questions=["zzz"])


def test_one_id_for_two_questions_is_refused() -> None:
    one, other = (Question(id="q", text="一"),), (Question(id="q", text="二"),)
    with pytest.raises(UsageError, match="question 'q' has two texts"):
        grid(batch([persona("a", one), persona("b", other)]))


def test_the_first_cells_of_a_huge_grid_come_at_once() -> None:
    personas = [persona(f"p{number}", ASKED) for number in range(500)]
    huge = grid(batch(personas, samples=1000))
    assert len(huge) == 1_500_000
    assert len(list(islice(huge, 10))) == 10
    assert huge.counts()["p0"] == 3000


levels_strategy = st.dictionaries(
    st.sampled_from(["temperature", "top_p", "stop"]),
    st.lists(st.sampled_from([0, 0.5, 1, "a", None, ["a", "b"]]), min_size=1, max_size=3, unique_by=repr).map(tuple),
    max_size=3,
)


@given(levels_strategy, few_params)
def test_a_factor_asks_what_its_levels_ask_as_params(levels: dict[str, tuple[Any, ...]], params: Params) -> None:
    personas = [NONE, replace(WUKONG, params=params)]
    asked = {cell.key: cell for cell in grid(batch(personas, factors=levels))}
    alone = {}
    for combination in product(*levels.values()):
        said = dict(zip(levels, combination, strict=True))
        own = {name: value for name, value in params.items() if name not in said}
        sent = {name: value for name, value in said.items() if value is not None}
        for cell in grid(batch([NONE, replace(WUKONG, params=own)]), cli_params=sent):
            alone[cell.key] = cell
            assert asked[cell.key].params == cell.params
            assert asked[cell.key].factors == said
    assert asked.keys() == alone.keys()


def test_a_factor_and_a_parameter_of_one_level_are_the_same_cells() -> None:
    by_factor = {cell.key for cell in grid(batch([NONE, WUKONG], factors={"temperature": (0.2,)}))}
    by_param = {cell.key for cell in grid(batch([NONE, WUKONG]), cli_params={"temperature": 0.2})}
    assert by_factor == by_param
