"""The quick look for markers finds what the patterns find."""

from hypothesis import given
from hypothesis import strategies as st

from persona_batch.checks.markers import MARKERS, breaks_character

PIECES = [
    *("As an AI", "as a large language model", "I'm just an AI", "I am ChatGPT", "my name is Qwen2", "said again"),
    *("I don't have feelings or", "I do not have a physical body", "created by OpenAI", "made by Mistral AI", "I am"),
    *("your friendly AI assistant", "I'm unable to assist", "I cannot help with that", "I won't comply with this"),
    *(
        "作为一个人工智能",
        "身为AI",
        "我是一个大语言模型",
        "我叫豆包",
        "我是通义千问",
        "由阿里云开发",
        "我是深度求索公司研发的",
    ),
    *(
        "抱歉，我无法协助",
        "对不起 我不能提供",
        "the captain",
        "吃桃子",
        "as A.I.",
        "an AI chatbot",
        "I’m not able to help",
        " ",
    ),
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=6), st.sampled_from(["", " ", ", ", "。"]))
def test_the_hints_lose_nothing(pieces: list[str], between: str) -> None:
    text = between.join(pieces)
    for said in (text, text.upper(), text.lower()):
        assert breaks_character(said) == any(pattern.search(said) for pattern in MARKERS.values())
