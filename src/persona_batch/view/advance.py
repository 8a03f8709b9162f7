"""A line that says how far a computation is, on a terminal only, and that leaves nothing behind."""

import time
from types import TracebackType
from typing import Self, TextIO

from persona_batch.view.palette import is_dumb

PATIENCE = 1.0  # seconds before there is a line at all


class Advance:
    """Use as a context manager; call it with how many steps of how many are done."""

    def __init__(self, stream: TextIO, label: str, env: "dict[str, str]") -> None:
        self._stream, self._label = stream, label
        self._shows = stream.isatty() and not is_dumb(env)
        self._began, self._shown = time.monotonic(), ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._show("")

    def __call__(self, done: int, total: int) -> None:
        """Say so, when the share in per cent is another one."""
        if self._shows and time.monotonic() - self._began > PATIENCE:
            self._show(f"{self._label} {100 * done // max(1, total)} %")

    def _show(self, text: str) -> None:
        if text != self._shown:
            self._stream.write("\r" + " " * len(self._shown) + "\r" + text)
            self._stream.flush()
            self._shown = text
