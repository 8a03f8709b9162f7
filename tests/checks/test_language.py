"""Which language a reply counts as written in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.checks.language import LANGUAGES, is_written_in

SENTENCES = {
    "en": "The monkey king is a proud fellow, and he will not bow to you.",
    "fr": "Le roi des singes est un fier compagnon, et il ne se plie pas devant vous.",
    "de": "Der König der Affen ist ein stolzer Geselle und er beugt sich nicht vor dir.",
    "es": "El rey de los monos es un tipo orgulloso y no se inclina ante el cielo.",
    "it": "Il re delle scimmie è un tipo orgoglioso e non si piega davanti alla corte.",
    "pt": "O rei dos macacos é um sujeito orgulhoso e não se curva diante do céu.",
    "nl": "De koning van de apen is een trotse kerel en hij buigt niet voor het hof.",
    "zh": "俺老孙乃齐天大圣，哪里会向你低头！",
    "ja": "俺は斉天大聖、誰にも頭を下げたりはしないのだ。",
    "ko": "나는 손오공이다. 누구에게도 고개를 숙이지 않는다.",
    "ru": "Я царь обезьян и ни перед кем не склоняю головы.",
    "ar": "أنا ملك القرود ولا أنحني لأحد.",
    "th": "ข้าคือราชาวานร ไม่เคยก้มหัวให้ใคร",
    "hi": "मैं वानरों का राजा हूँ और किसी के आगे नहीं झुकता।",
    "el": "Είμαι ο βασιλιάς των πιθήκων και δεν σκύβω σε κανέναν.",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_is_written_in_its_own_language_alone(language: str) -> None:
    assert [code for code in LANGUAGES if is_written_in(SENTENCES[language], code)] == [language]


@pytest.mark.parametrize(
    ("reply", "code", "expected"),
    [
        ("我用 Python 和 JavaScript 写代码", "zh", True),
        ("The word 孫悟空 means monkey king in Chinese.", "zh", False),
        ("The word 孫悟空 means monkey king in Chinese.", "en", True),
        ("日本語の「の」", "ja", True),
        ("他说「の」就是日语里“的”的意思，你记住了吗？", "zh", True),
        ("齊天大聖", "zh", True),
        ("42!", "en", False),
        ("", "zh", False),
        ("🙂🙂", "zh", False),
        ("Bonjour!", "fr", True),
        ("Bonjour!", "en", True),
    ],
)
def test_mixed_and_short_replies(reply: str, code: str, expected: bool) -> None:
    assert is_written_in(reply, code) is expected


@given(text=st.text(), code=st.sampled_from(LANGUAGES))
def test_any_text_is_in_a_language_or_not(text: str, code: str) -> None:
    assert is_written_in(text, code) in {True, False}
