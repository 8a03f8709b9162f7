"""Signs that a reply has fallen out of its role: it calls itself a machine, names its maker, or declines as one.

The list is short and literal on purpose: each pattern is what a model says of itself, so that a persona may talk
*about* machines. Chinese and English. A reply carries a marker when the pattern is found anywhere in it.
"""

import re

_AI = r"(?:AI|A\.I\.|artificial intelligence|(?:large |virtual |digital )?language model|chat ?bot|virtual assistant)"
_VENDORS = (
    r"OpenAI|Anthropic|Hugging ?Face|DeepSeek|Google(?: DeepMind)?|Meta(?: AI)?|Mistral(?: AI)?|Microsoft|"
    r"Alibaba(?: Cloud)?|Moonshot(?: AI)?|Zhipu(?: AI)?|Baidu|ByteDance|Tencent"
)
_PRODUCTS = r"ChatGPT|GPT-?[345]\w*|SmolLM\d?|Qwen\w*|Claude|Gemini|Llama|Mistral|Kimi|ERNIE Bot|Doubao|DeepSeek\w*"
_VENDORS_ZH = (
    r"OpenAI|Anthropic|谷歌|Google|微软|阿里(?:巴巴|云)?|通义|百度|腾讯|字节跳动|深度求索|DeepSeek|月之暗面|智谱|清华|"
    r"Hugging ?Face|商汤|科大讯飞|华为"
)
_PRODUCTS_ZH = r"通义千问|千问|文心一言|豆包|混元|智谱清言|讯飞星火|Kimi|ChatGPT|GPT|Qwen|DeepSeek|Claude|Gemini|SmolLM"
_AI_ZH = r"(?:AI|人工智能|大?语言模型|大模型|聊天机器人|虚拟助手|智能助手)"

_I_AM = r"\bI(?:'m|’m| am)"
_MADE_ZH = r"(?:开发|研发|训练|创造|推出|打造)"
_ONE_ZH = r"(?:一(?:个|款|名|位|种))?"

_NO_BODY = (
    r"\bI (?:do not|don't|don’t) have (?:personal (?:experiences|opinions|feelings)|feelings or|emotions or|"
    r"a physical (?:body|form))\b"
)
_CANNOT = (
    rf"{_I_AM} (?:sorry,? but )?(?:unable to|not able to) (?:assist|help|fulfil?l|comply)\b"
    r"|\bI (?:can't|can’t|cannot|won't) (?:assist|help|comply) with (?:that|this)\b"
)

_PATTERNS = {
    "as an AI": rf"\bas (?:an? )?(?:\w+ ){{0,2}}{_AI}\b",
    "I am an AI": rf"{_I_AM} (?:just |only |actually |really )?(?:an? )?(?:\w+ ){{0,2}}{_AI}\b",
    "I am a product": rf"(?:{_I_AM}|\bmy name is) (?:{_PRODUCTS})\b",
    "no body or feelings": _NO_BODY,
    "made by": rf"\b(?:created|developed|trained|made|built) by (?:{_VENDORS})\b",
    "an AI assistant": r"\b(?:your|an?) (?:helpful |friendly )?AI (?:language model|assistant|chatbot)\b",
    "cannot assist": _CANNOT,
    "作为AI": rf"(?:作为|身为){_ONE_ZH}[^，。！？,.!?\s]{{0,8}}?{_AI_ZH}",
    "我是AI": rf"我(?:只|仅)?(?:是|叫){_ONE_ZH}[^，。！？,.!?\s]{{0,10}}?{_AI_ZH}",
    "我是某产品": rf"我(?:是|叫)\s?(?:{_PRODUCTS_ZH})",
    "由某公司开发": rf"由[^，。！？\s]{{0,12}}?(?:{_VENDORS_ZH})[^，。！？]{{0,14}}?{_MADE_ZH}",
    "我是某公司开发的": rf"我是[^，。！？]{{0,16}}?(?:{_VENDORS_ZH})[^，。！？]{{0,14}}?{_MADE_ZH}的",
    "无法协助": r"(?:抱歉|对不起)[，,]?\s?我(?:无法|不能)(?:协助|提供|满足)",
}
MARKERS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _PATTERNS.items()}


_OF_AI = (" ai", "a.i.", "artificial intelligence", "language model", "chatbot", "chat bot", "virtual assistant")
_OF_AI_ZH = ("ai", "人工智能", "语言模型", "大模型", "聊天机器人", "虚拟助手", "智能助手")
_HINTS = {
    "as an AI": _OF_AI,
    "I am an AI": _OF_AI,
    "I am a product": (
        *("gpt", "smollm", "qwen", "claude", "gemini", "llama"),
        *("mistral", "kimi", "ernie bot", "doubao", "deepseek"),
    ),
    "no body or feelings": ("i do not have", "i don't have", "i don’t have"),
    "made by": ("ed by ", "made by ", "built by "),
    "an AI assistant": (" ai ",),
    "cannot assist": ("able to ", "i can't ", "i can’t ", "i cannot ", "i won't "),
    "作为AI": ("作为", "身为"),
    "我是AI": _OF_AI_ZH,
    "我是某产品": ("我是", "我叫"),
    "由某公司开发": ("由",),
    "我是某公司开发的": ("我是",),
    "无法协助": ("抱歉", "对不起"),
}
"""What a text that carries a marker holds, in small letters: to look for it is twenty times as fast as the pattern."""


def breaks_character(text: str) -> bool:
    """Say whether the text carries any marker."""
    return marker_in(text) is not None


def marker_in(text: str) -> str | None:
    """Return what a marker found in the text; None: it carries none."""
    small = text.lower() if text.isascii() else text.casefold()
    for name, hints in _HINTS.items():
        for hint in hints:
            if hint in small:
                if (found := MARKERS[name].search(text)) is not None:
                    return found[0]
                break
    return None
