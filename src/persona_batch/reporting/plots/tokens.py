"""Tokens: how long the replies are, and what the prompts cost, as the endpoint counted them."""

from persona_batch.reporting.data import Plot, Told
from persona_batch.reporting.distributions import Measured, distributions
from persona_batch.reporting.facts import Facts


def plot_of(facts: Facts) -> Plot | None:
    """Return the counts by condition; None: the endpoint told none."""
    return distributions(
        facts,
        "tokens",
        Told("Tokens", "Token 用量"),
        [
            Measured("completion_tokens", Told("tokens of the reply", "回答的 token")),
            Measured("prompt_tokens", Told("tokens of the request", "请求的 token")),
        ],
        Told(
            "A wall of replies at the greatest count was cut by the limit (max_tokens). A conversation counts all "
            "of its requests.",
            "许多回答停在最大值，说明被上限（max_tokens）截断。对话按全部请求合计。",
        ),
    )
