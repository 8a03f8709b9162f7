"""Every sentence exists in every language, with the same values in it."""

import gettext
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.comparing import sentences
from persona_batch.verdict import catalogue
from persona_batch.verdict.translation import ENGLISH, language_of

ZH = language_of("zh", {})
CATALOGUE = Path(catalogue.LOCALE) / "zh" / "LC_MESSAGES" / "persona_batch.po"
SOURCES = Path(catalogue.LOCALE).parent


def messages() -> list[tuple[tuple[str, ...], str]]:
    pofile = pytest.importorskip("babel.messages.pofile", reason="babel is in the group `gate`")
    with CATALOGUE.open("rb") as file:
        found = pofile.read_po(file)
    texts: list[tuple[tuple[str, ...], str]] = []
    for message in found:
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, (list, tuple)) else (message.id,)
        told = message.string if isinstance(message.string, (list, tuple)) else (message.string,)
        texts.extend((tuple(ids), text) for text in told)
    return texts


def values(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


def test_the_compiled_catalogue_is_that_of_the_text() -> None:
    pytest.importorskip("babel", reason="babel is in the group `gate`")
    compiled = CATALOGUE.with_suffix(".mo").read_bytes()
    assert compiled == catalogue.compiled(CATALOGUE), "run `python -m persona_batch.verdict.catalogue`"


def test_translations_are_there_and_have_the_values_of_the_original() -> None:
    for ids, text in messages():
        assert text, ids
        assert values(text) <= values(ids[-1]), ids
        assert values(ids[-1]) - values(text) <= {"n"}, ids


def test_no_translation_is_of_a_sentence_that_nobody_says() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py"))
    said = re.sub(r'"\n\s+"', "", source)
    measured = {"inhomogeneity", "all checks", "broken character", "no reply", "share of replies", "share of cells"}
    for ids, _ in messages():
        assert all(text in said or text in measured or text in sentences.ALL for text in ids), ids


def test_every_template_of_a_result_is_translated_and_found_again() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        strict = gettext.GNUTranslations(file)
    for template in sentences.ALL:
        assert strict.gettext(template) != template, template
        told = template.format(**{name: f"«{name}»" for name in values(template)})
        again = ZH.again(told)
        assert again != told, template
        assert all(f"«{name}»" in again for name in values(strict.gettext(template))), template


def test_values_that_are_sentences_are_translated_too() -> None:
    told = sentences.TOO_FEW.format(units=sentences.units(5, "question"), least=6)
    assert ZH.again(told) == "只有 5 个问题；符号翻转检验至少要 6"
    assert ENGLISH.again(told) == told
    few = sentences.FEW_UNITS.format(arm="cat", units=sentences.units(12, "question"), least=20)
    thin = sentences.FEW_SAMPLES.format(arm="cat", samples=sentences.units(2, "sample"), least=5)
    both = ZH.again(sentences.ONLY_LARGE.format(lacking=sentences.BOTH_FEW.format(one=few, other=thin)))
    assert "cat 只有 12 个问题（最好有 20 个）；cat 在样本最少的问题上每边只有 2 个样本（最好有 5 个）" in both
    assert ZH.again("what nobody has a template for") == "what nobody has a template for"


@given(st.text(max_size=20), st.integers(0, 10**7))
def test_values_stay_as_they_are(name: str, number: int) -> None:
    for language in (ENGLISH, ZH):
        told = language.say("{arm} against {other}", arm=name, other=number)
        assert name in told
        assert f"{number:,}" in told


@pytest.mark.parametrize(
    ("env", "name"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LC_MESSAGES": "zh_TW", "LANG": "en_US"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
    ],
)
def test_the_locale_decides_where_nothing_is_said(env: dict[str, str], name: str) -> None:
    assert language_of(None, env).name == name
    assert language_of("en", env).name == "en"


def test_a_space_stands_between_chinese_and_latin_and_nowhere_else() -> None:
    assert ZH.say("{arm}: not tested, {reason}.", arm="wukong", reason="x").startswith("wukong：")
    told = ZH.say("{arm} could not be told from {control}: {told}.", arm="wukong", control="none", told="y")
    assert told.startswith("wukong 与 none 分不开")
    told = ZH.say("{arm} could not be told from {control}: {told}.", arm="悟空", control="八戒", told="y")
    assert told.startswith("悟空与八戒分不开")


def test_a_list_of_arms_with_counts_is_told_piece_by_piece() -> None:
    arms = ", ".join(sentences.OF_ARM.format(arm=arm, counts="10") for arm in ("control", "pirate", "placebo"))
    told = language_of("zh", {}).again(sentences.UNPAIRED.format(arms=arms))
    assert told.endswith("control（10）、pirate（10）、placebo（10）。")
