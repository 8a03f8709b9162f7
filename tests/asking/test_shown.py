from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from persona_batch.asking.shown import ShownText
from persona_batch.credentials import Redactor

KEY = "sk-shown-0123456789abcdef"
texts = st.lists(
    st.sampled_from(["俺", "老孙", "a", "word", " ", "\n", KEY, KEY[:10], KEY[10:], "。", "😀"]), max_size=12
)


def _shown(pieces: list[str]) -> list[str]:
    shown: list[str] = []
    text = ShownText(shown.append, Redactor([KEY]).clean)
    for piece in pieces:
        text.feed(piece)
    text.finish()
    return shown


@given(texts, st.lists(st.integers(0, 200), max_size=20))
def test_a_key_is_never_shown_however_it_is_cut(words: list[str], cuts: list[int]) -> None:
    whole = "".join(words)
    places = sorted({0, len(whole), *(min(cut, len(whole)) for cut in cuts)})
    pieces = [whole[start:end] for start, end in pairwise(places)]
    shown = _shown(pieces)
    assert KEY not in "".join(shown)
    if KEY[:8] not in whole:
        assert "".join(shown) == whole


def test_text_that_can_be_no_key_is_shown_as_it_comes() -> None:
    assert _shown(["俺老", "孙来", "也！"]) == ["俺老", "孙来", "也！"]
    assert _shown(["One wo", "rd, two"]) == ["One ", "word, ", "two"]
