"""Templates: what goes in comes out, what is missing is an error, and nothing gets out of the sandbox."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.templating import LONGEST, Template, TemplateFlaw, article, article_by_letter

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(TEXT, TEXT, TEXT)
def test_a_value_comes_out_as_it_is_and_is_never_a_template(before: str, value: str, after: str) -> None:
    words = [part.replace("{", "(").replace("\r", "") for part in (before, after)]
    written = f"{words[0]}{{{{ x }}}}{words[1]}"
    assert Template.parse(written).render({"x": value}) == f"{words[0]}{value}{words[1]}"
    assert Template.parse(f"{{% if true %}}{written}{{% endif %}}").render({"x": value}) == words[0] + value + words[1]


@pytest.mark.parametrize(
    ("text", "values", "said"),
    [
        ("You are {{ role | a }}.", {"role": "hour"}, "You are an hour."),
        ("You are {{ role | a }}.", {"role": "university"}, "You are a university."),
        ("{{ role | a_by_letter }}", {"role": "university"}, "an university"),
        ("{{ text | first_upper }}", {"text": "eine Katze"}, "Eine Katze"),
        ("{{ [a, b] | lettered }}", {"a": "x", "b": 2}, "A. x\nB. 2"),
        ("{{ [a, b] | numbered(')') }}", {"a": "x", "b": "y"}, "1) x\n2) y"),
        ("{{ a | default('') }}!", {"a": None}, "!"),
        ("{% for one in list %}{{ one }};{% endfor %}", {"list": [1, 2]}, "1;2;"),
        ("plain\n", {}, "plain\n"),
        ("{{ n }}", {"n": 0}, "0"),
    ],
)
def test_what_a_prompt_writer_needs(text: str, values: dict[str, object], said: str) -> None:
    assert Template.parse(text).render(values) == said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ rol }}", "`rol` is not defined, did you mean `role`"),
        ("{% if rol %}x{% endif %}", "`rol` is not defined, did you mean `role`"),
        ("{{ nothing }}", r"`nothing` is empty \(null\) here"),
        ("{{ role | upperr }}", "there is no filter `upperr`, did you mean `upper`"),
        ("{{ role ", "the template cannot be read"),
        ("{{ " + "(" * 10_000, "brackets are nested too deeply"),
        ("{{ role.__class__ }}", "access to attribute|unsafe|not defined"),
        ("{{ ''.__class__.__mro__ }}", "access to attribute|unsafe|is unsafe|undefined"),
        ("{% for i in range(10000000) %}x{% endfor %}", "the longest is 1,000"),
        ("{{ 'x' * 100000000 }}", "the template makes more than"),
        ("{{ 9 ** 99999 }}", "is too large"),
        ("{% include 'x' %}", "."),
    ],
)
def test_what_is_wrong_is_told(text: str, told: str) -> None:
    with pytest.raises(TemplateFlaw, match=told):
        Template.parse(text).render({"role": "cat", "nothing": None})


def test_names_are_known_before_it_is_filled_in() -> None:
    template = Template.parse("{{ a }} {% if b %}{{ c | upper }}{% endif %}")
    assert template.names == {"a", "b", "c"}
    assert not template.is_constant
    assert Template.parse("no name").is_constant


def test_a_template_makes_no_text_that_is_too_long() -> None:
    with pytest.raises(TemplateFlaw, match="more than"):
        Template.parse("{{ x }}").render({"x": "x" * (LONGEST + 1)})


def test_articles_by_sound_and_by_letter() -> None:
    assert [article(noun) for noun in ("apple", "European", "MRI scan", "one-eyed man")] == [
        "an apple",
        "a European",
        "an MRI scan",
        "a one-eyed man",
    ]
    assert [article_by_letter(noun) for noun in ("hour", "uncle", "cat")] == ["a hour", "an uncle", "a cat"]
