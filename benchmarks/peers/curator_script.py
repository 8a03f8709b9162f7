"""The cells through Bespoke Curator; run with its own environment's Python.

python curator_script.py BASE_URL MODEL CONCURRENCY CELLS
"""

import json
import sys
from pathlib import Path

from bespokelabs import curator  # type: ignore[import-not-found]


class Asker(curator.LLM):  # type: ignore[misc]
    """One chat completion per row."""

    def prompt(self, row: dict[str, str]) -> list[dict[str, str]]:
        """Return the messages of a row."""
        return [{"role": "system", "content": row["system"]}, {"role": "user", "content": row["user"]}]

    def parse(self, row: dict[str, str], response: str) -> dict[str, str]:
        """Return the row that is kept."""
        return {**row, "reply": response}


if __name__ == "__main__":
    base_url, model, concurrency, cells = sys.argv[1:]
    asker = Asker(
        model_name=model,
        backend="openai",
        backend_params={
            "base_url": base_url,
            "api_key": "none",
            "max_concurrent_requests": int(concurrency),
            "max_requests_per_minute": 1_000_000,
            "max_tokens_per_minute": 1_000_000_000,
            "max_retries": 0,
        },
    )
    answered = asker(json.loads(Path(cells).read_text("utf-8")))
    print(len(answered.dataset))
