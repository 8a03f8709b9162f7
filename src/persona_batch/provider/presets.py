"""The endpoints that are known by name: where they live and what is peculiar to each, as data.

Facts are from the endpoints' own documentation; where it is silent, the cautious choice stands (a `developer`
message goes out as `system`; no daily quota). `stream_options` that turns out to be refused is left out anyway.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, Self
from urllib.parse import urlsplit

from persona_batch.chat import Params


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One endpoint.

    `key_env`: variables that may hold the key, first one first; `params`: lowest in the merge of parameters;
    `per_day`: requests a day that an account has for free, counted in the time zone `day_zone`;
    `developer_role`: False sends such messages as `system`; `max_tokens_name`: how the endpoint calls that;
    `lists_all`: a model that it does not list is not there (others take aliases, or any name at all).
    """

    name: str
    base_url: str = ""
    key_env: tuple[str, ...] = ()
    key: Literal["required", "optional", "none"] = "required"
    stream_options: bool = True
    developer_role: bool = False
    lists_all: bool = False
    max_tokens_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    per_day: int | None = None
    day_zone: str = "UTC"
    params: Params = field(default_factory=dict)
    note: str = ""

    def at(self, base_url: str) -> Self:
        """Return the preset as it holds at a base URL: what is peculiar to an endpoint is not so at another host.

        `lists_all` stays: it is a habit of a program, which may run anywhere.
        """
        if urlsplit(base_url).netloc == urlsplit(self.base_url).netloc:
            return self
        return replace(
            self, stream_options=True, developer_role=False, max_tokens_name="max_tokens", per_day=None, day_zone="UTC"
        )


CUSTOM = Preset(name="custom", key="none", note="any endpoint, by --base-url")

_ALL = (
    Preset(
        name="local",
        key="none",
        lists_all=True,  # and it would answer to any name
        params={"max_tokens": 96, "temperature": 0.7, "top_p": 0.9},
        note="the embedded model: small, English only, no key, no network",
    ),
    Preset(
        name="openai",
        base_url="https://api.openai.com/v1",
        key_env=("OPENAI_API_KEY",),
        developer_role=True,
        max_tokens_name="max_completion_tokens",
    ),
    Preset(
        name="modelscope",
        base_url="https://api-inference.modelscope.cn/v1",
        key_env=("MODELSCOPE_API_KEY", "MODELSCOPE_SDK_TOKEN", "MODELSCOPE_API_TOKEN"),
        per_day=2000,
        day_zone="Asia/Shanghai",
        note="2,000 free requests a day, fewer for some models",
    ),
    Preset(
        name="dashscope",
        base_url="https://dashscope.aliyuncs.com/compatible-mode/v1",
        key_env=("DASHSCOPE_API_KEY",),
        day_zone="Asia/Shanghai",
        note="free tokens for new accounts",
    ),
    Preset(
        name="deepseek",
        base_url="https://api.deepseek.com/v1",
        key_env=("DEEPSEEK_API_KEY",),
        day_zone="Asia/Shanghai",
    ),
    Preset(
        name="siliconflow",
        base_url="https://api.siliconflow.cn/v1",
        key_env=("SILICONFLOW_API_KEY",),
        day_zone="Asia/Shanghai",
        note="some models are free",
    ),
    Preset(
        name="zhipu",
        base_url="https://open.bigmodel.cn/api/paas/v4",
        key_env=("ZHIPUAI_API_KEY", "ZHIPU_API_KEY", "ZAI_API_KEY"),
        stream_options=False,  # it reports usage in the last chunk unasked
        day_zone="Asia/Shanghai",
        note="the flash models are free",
    ),
    Preset(
        name="moonshot",
        base_url="https://api.moonshot.cn/v1",
        key_env=("MOONSHOT_API_KEY",),
        day_zone="Asia/Shanghai",
    ),
    Preset(
        name="openrouter",
        base_url="https://openrouter.ai/api/v1",
        key_env=("OPENROUTER_API_KEY",),
        note="models named …:free have a daily quota: set --per-day",
    ),
    Preset(
        name="ollama",
        base_url="http://localhost:11434/v1",
        key_env=("OLLAMA_API_KEY",),
        key="optional",
        lists_all=True,
        note="your own Ollama",
    ),
    Preset(
        name="vllm",
        base_url="http://localhost:8000/v1",
        key_env=("VLLM_API_KEY",),
        key="optional",
        lists_all=True,
        note="your own vLLM",
    ),
    Preset(
        name="lmstudio",
        base_url="http://localhost:1234/v1",
        key_env=("LM_API_TOKEN",),
        key="optional",
        lists_all=True,
        note="your own LM Studio",
    ),
)

PRESETS: Mapping[str, Preset] = MappingProxyType({preset.name: preset for preset in _ALL})
