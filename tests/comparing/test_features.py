import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.comparing.features import distances, gram_rows, grams_of, hashed
from persona_batch.comparing.measures.shift import METRICS, surface
from persona_batch.comparing.measures.words import han_segmenter, words_of
from persona_batch.comparing.text_store import TextStore

NAMES = [name for name, _ in METRICS]


def shape(text: str) -> dict[str, float]:
    return dict(zip(NAMES, surface(text).tolist(), strict=True))


def test_rows_are_those_of_scikit_learn_without_document_frequencies() -> None:
    sklearn = pytest.importorskip("sklearn.feature_extraction.text", reason="scikit-learn is in the group `gate`")
    texts = ["Ahoy, matey!", "俺老孙来也，吃桃子。", "ahoy ahoy", "a"]
    ours, _ = gram_rows(texts)
    vectorizer = sklearn.TfidfVectorizer(
        analyzer="char", ngram_range=(1, 3), lowercase=False, use_idf=False, sublinear_tf=True
    )
    theirs = vectorizer.fit_transform(texts)
    assert (ours @ ours.T).todense() == pytest.approx((theirs @ theirs.T).todense())


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_distances_are_euclidean_and_a_row_depends_on_its_text_alone(texts: list[str]) -> None:
    rows, _ = gram_rows(texts)
    dense = np.asarray(rows.todense())
    first, second = np.triu_indices(len(texts), 1)
    assert distances((rows @ rows.T).toarray()) == pytest.approx(
        np.linalg.norm(dense[first] - dense[second], axis=1), abs=2e-6
    )
    alone, _ = gram_rows(texts[:1])
    assert np.sort(alone.data) == pytest.approx(np.sort(rows[[0]].data))


def test_an_empty_text_has_an_empty_row() -> None:
    rows, _ = gram_rows(["", "ab"])
    assert rows.shape[0] == 2
    assert rows[[0]].nnz == 0


@given(st.text(max_size=40), st.text(max_size=40))
def test_texts_have_the_same_grams_only_if_they_are_made_of_the_same(one: str, other: str) -> None:
    def counted(text: str) -> list[str]:
        return sorted(text[i : i + n] for n in (1, 2, 3) for i in range(len(text) - n + 1))

    same = sorted(grams_of(one).tolist()) == sorted(grams_of(other).tolist())
    assert same == (counted(one) == counted(other))


def test_hashing_keeps_angles_roughly() -> None:
    rows, vocabulary = gram_rows(["the ship sails over the sea", "the ship sails over the lake", "月亮很圆，桃子很甜"])
    small = hashed(rows, vocabulary, 512)
    assert small @ small.T == pytest.approx(np.asarray((rows @ rows.T).todense()), abs=0.2)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", 3),
        ("俺老孙来也！吃桃。", 2),
        ("no end", 1),
        ("", 0),
        ("wait... what?!", 2),
        ("v1.2 is out", 1),
    ],
)
def test_sentences_are_counted_in_both_scripts(text: str, sentences: int) -> None:
    assert shape(text)["sentences"] == sentences


def test_lists_and_markdown_are_seen() -> None:
    assert shape("Do:\n- one\n- two")["lists"] == 1
    assert shape("1. one\n2. two")["lists"] == 1
    assert shape("3.5 metres")["lists"] == 0
    assert shape("# Title")["markdown"] == 1
    assert shape("**bold**")["markdown"] == 1
    assert shape("2 * 3 * 4")["markdown"] == 0


def test_scripts_are_shares_of_letters() -> None:
    assert shape("孙悟空 abc 123")["han"] == 0.5
    assert shape("孙悟空 abc 123")["latin"] == 0.5
    assert shape("123 !")["han"] == 0


def test_words_are_cut_in_both_scripts() -> None:
    segment, dictionary = han_segmenter()
    assert dictionary
    assert set(words_of("Don't panic: 我们喜欢桃子!", segment)) >= {"don't", "panic", "桃子"}
    assert words_of("Ahoy ahoy, a ship", segment) == ["ahoy", "a", "ship"]


@given(st.lists(st.text(), max_size=20), st.sampled_from([0, 10, 1 << 20]))
def test_texts_come_back_as_they_were_in_memory_and_from_disk(texts: list[str], spool: int) -> None:
    with TextStore(max(spool, 1)) as store:
        numbers = [store.append(text) for text in texts]
        assert store.read(reversed(numbers)) == texts[::-1]


def test_a_lone_surrogate_survives() -> None:
    with TextStore() as store:
        assert store.read([store.append("\ud800")]) == ["\ud800"]
