"""What was really sent, and what came back.

The messages stand between two rules, each on its own background colour, its label (role, and name if it has one)
before it; the reply follows as plain text, so that it can be copied.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

from rich.cells import cell_len

from persona_batch.chat import Message
from persona_batch.plan.cell import Cell
from persona_batch.plan.forms import TOLD
from persona_batch.record import CheckResult, Record
from persona_batch.record.record import ProbeRecord
from persona_batch.record.spending import IN_BATCHES
from persona_batch.view.palette import Palette, When, palette_for
from persona_batch.view.terminal import fit, joined, one_line, prose, settled, terminal_width, visible, wrap
from persona_batch.wording import said_level

PLAIN_RULE = 72  # cells of a rule where there is no terminal to fill
EXPECTED = 40  # cells of a failed check's name and argument
EDGE = 24  # cells before the end of a line in which a streamed word is held back
LABEL = 9  # cells of "assistant", the longest role


@dataclass(frozen=True, slots=True)
class Page:
    """How to lay out text; `width` in cells, None where there is no terminal: then lines are as long as they are."""

    palette: Palette
    width: int | None


def page_for(stream: TextIO, when: When = "auto") -> Page:
    """Return the page for `stream`: as wide as its terminal; also in a pipe, if colours are asked for there."""
    palette = palette_for(stream, when)
    return Page(palette, terminal_width(stream) if palette.color or stream.isatty() else None)


def messages_block(messages: Sequence[Message], page: Page, title: str = "") -> str:
    """Return the messages between two rules; `title` stands in the upper one. It ends with a line feed."""
    labels = [one_line(f"{message.role} {message.name or ''}") for message in messages]
    indent = max([LABEL, *map(cell_len, labels)])
    if page.width is not None:
        indent = min(indent, page.width // 3)
    lines = [_rule(page, title)]
    for number, (message, label) in enumerate(zip(messages, labels, strict=True)):
        text = visible(message.content)
        rows = text.split("\n") if page.width is None else wrap(text, page.width - indent - 4)
        for place, row in enumerate(rows):
            line = f" {fit(label if place == 0 else '', indent)}  {row}"
            if page.palette.color and page.width is not None:
                line = page.palette.message(number, fit(line, page.width))
            lines.append(line if page.palette.color else line.rstrip())
    lines.append(_rule(page))
    return "\n".join(lines) + "\n"


def transcript(record: Record, page: Page, *, reasoning: bool = False, known: bool = True) -> str:
    """Return messages, reply and a closing line of one record, which ends with a line feed; `known`: as `title_of`."""
    parts = [messages_block(record.messages, page, title_of(record, known=known))]
    if reasoning and record.reasoning:
        parts.append(page.palette.dim(_folded(visible(record.reasoning).strip(), page)) + "\n\n")
    if record.reply:
        parts.append(_folded(visible(record.reply).rstrip("\n"), page) + "\n")
    parts.append(closing_line(record, page.palette, page.width) + "\n")
    parts.extend(_probe(probe, page) for probe in record.probes or ())
    return "".join(parts)


def _probe(probe: ProbeRecord, page: Page) -> str:
    """Return a probe and its answer, apart from the conversation that they are no part of."""
    asked = page.palette.dim(_folded(f"probe after turn {probe.after}: {one_line(probe.text)}", page))
    said = _folded(visible(probe.reply).rstrip("\n"), page) + "\n" if probe.reply else ""
    return f"\n{asked}\n{said}{closing_line(probe, page.palette, page.width)}\n"


def conversation_lines(cell: Cell, page: Page) -> Iterator[str]:
    """Yield what a conversation goes on with after its first messages, a line each."""
    sentences = [f"turn {number}: {one_line(turn.content)}" for number, (turn, _) in enumerate(cell.turns, start=2)]
    if cell.partner is not None:
        model = f" ({cell.partner.model})" if cell.partner.model != cell.model else ""
        sentences.append(
            f"goes on with {cell.partner.persona}{model} as the user: {cell.partner.rounds:,} replies in all"
        )
    for probe in cell.probes:
        after = f"after turn {', '.join(map(str, probe.after))}" if probe.after else "after each turn"
        sentences.append(f"probe {after}: {one_line(probe.text)}")
    for sentence in sentences:
        yield page.palette.dim(_folded(f" {sentence}", page)) + "\n"


def title_of(record: Record | Cell, *, question: bool = True, known: bool = True) -> str:
    """Return the place in the grid: what differs from the default is named, what tells cells apart first.

    `known`: whether what stood before the question is; of imported results it may not be.
    """
    parts = [record.persona, record.question] if question else [record.persona]
    if record.speaker is not None:
        told = record.factors.get(TOLD)
        parts.append(f"speaker {record.speaker}" + (f" (told by {told})" if told else ""))
    for name, level in record.factors.items():
        if name != TOLD:
            parts.append(f"{name} {said_level(level)}")
    parts.append(record.model)
    if record.placement != "system":
        parts.insert(1, f"placement {record.placement}" if known else "prompt not known")
    if record.variant:
        parts.append(f"variant {record.variant}")
    if record.sample:
        parts.append(f"sample {record.sample}")
    return " · ".join(one_line(part) for part in parts)


def closing_line(record: Record | ProbeRecord, palette: Palette, width: int | None = None) -> str:
    """Return the status, what failed, times, tokens and checks of a record, faint.

    It is one line, or as many as fit into `width` cells, broken between two of its parts.
    """
    parts = []
    if record.timing is not None:
        if record.timing.ttft_ms is not None:
            parts.append(f"first token {_duration(record.timing.ttft_ms)}")
        if record.timing.latency_ms is not None:
            parts.append(f"whole reply {_duration(record.timing.latency_ms)}")
    if record.usage is not None:
        parts.extend(
            f"{count:,} {what} tokens"
            for count, what in ((record.usage.prompt_tokens, "prompt"), (record.usage.completion_tokens, "reply"))
            if count is not None
        )
    if isinstance(record, Record) and record.engine == IN_BATCHES:
        parts.append("in a batch file")
    if record.attempts > 1:
        parts.append(f"{record.attempts:,} attempts")
    parts.extend(_check(result) for result in record.checks)
    if record.status == "ok":
        return palette.dim("\n".join(joined(parts, width)))
    error = record.error
    trouble = record.status if error is None else f"{record.status} ({error.kind}): {one_line(error.message)}"
    head = "\n".join(prose(trouble, width))
    return palette.bad(head) + palette.dim("\n".join(joined([trouble, *parts], width)).removeprefix(head))


def _folded(text: str, page: Page) -> str:
    return text if page.width is None else "\n".join(wrap(text, page.width))


class StreamedReply:
    """Writes a reply to a stream as it comes, harmless even where a sequence is split between two pieces.

    With `width` (cells) its lines are folded as `wrap` does. Near the end of a line a word is held back until it is
    known to stay there; one so long that it began far from the end, and moves all the same, is taken back. Without
    `width`, lines are as long as they are.
    """

    def __init__(self, stream: TextIO, width: int | None = None) -> None:
        self._stream = stream
        self._width = width
        self._held = ""  # a carriage return whose line feed may still come
        self._line = self._shown = ""  # the last line, and what of it is written
        self._last = "\n"

    def feed(self, delta: str) -> None:
        """Write the next piece of the reply."""
        text = self._held + delta
        self._held = "\r" if text.endswith("\r") else ""
        self._take(visible(text.removesuffix("\r")))

    def close(self) -> None:
        """Write what was held back, and end the line, if the reply did not."""
        self._take(visible(self._held))
        self._held = ""
        self._write(self._line.removeprefix(self._shown).rstrip(" "))
        self._line = self._shown = ""
        if self._last != "\n":
            self._write("\n")

    def _take(self, text: str) -> None:
        if self._width is None:
            self._write(text)
            return
        *ended, last = (self._line + text).split("\n")
        done, stays, moves = settled(last, self._width)
        written = []
        for line in [*(folded for whole in ended for folded in wrap(whole, self._width)), *done]:
            written.append(self._rest_of(line) + "\n")
            self._shown = ""
        self._line = stays + moves
        roomy = cell_len(self._line) <= self._width - min(EDGE, self._width // 2)
        shown = (self._line if roomy else max(stays, self._shown, key=len)).rstrip(" ")
        written.append(self._rest_of(shown))
        self._shown = shown
        self._write("".join(written))

    def _rest_of(self, line: str) -> str:
        """Return what turns the part that is written into the line: more of it, or less where a word has moved."""
        if line.startswith(self._shown):
            return line[len(self._shown) :]
        return "\b \b" * (cell_len(self._shown) - cell_len(line))

    def _write(self, text: str) -> None:
        if text:
            self._stream.write(text)
            self._stream.flush()
            self._last = text[-1]


def _rule(page: Page, title: str = "") -> str:
    width = PLAIN_RULE if page.width is None else page.width
    if not title:
        return page.palette.dim("─" * width)
    text = f"── {title} " if cell_len(title) + 4 <= width else f"── {fit(title, max(width - 5, 1))} "
    return page.palette.dim("── ") + page.palette.bold(text[3:]) + page.palette.dim("─" * (width - cell_len(text)))


def _check(result: CheckResult) -> str:
    if result.passed:
        return f"✓ {one_line(result.check)}"
    label = one_line(result.label)
    if cell_len(label) > EXPECTED:
        label = fit(label, EXPECTED).rstrip()
    return f"✗ {label}: {one_line(result.reason)}" if result.reason else f"✗ {label}"


def _duration(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds < 999.5 else f"{milliseconds / 1000:,.1f} s"
