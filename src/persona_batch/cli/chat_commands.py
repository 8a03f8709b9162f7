"""What can be typed in a chat besides talk: /reset, /save, /messages, /help, /exit."""

import sys
import unicodedata
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from persona_batch.cli.conversation import Conversation, say
from persona_batch.record.record import encode
from persona_batch.view.palette import Palette
from persona_batch.view.transcript import Page, messages_block, transcript
from persona_batch.wording import nearest

HELP = """\
/reset        forget all turns and begin again
/save [FILE]  save the turns: as records (.jsonl, which `batch show FILE` reads) or as text (any other name)
/messages     show every message so far
/help         show this
/exit         leave (as do exit, quit, 退出 alone on a line, and Ctrl-D)
//…           say something that begins with a slash
"""
LEAVING = ("exit", "quit", "退出")


class Leave(Exception):
    """The user wants to go."""


def perform(line: str, conversation: Conversation, page: Page) -> None:
    """Do what a line that begins with a slash says; what is wrong with it is said on stderr.

    Raises:
        Leave: it was /exit.
    """
    name, *argument = line.split(maxsplit=1)
    name = _typed(name)
    command = _COMMANDS.get(name.casefold())
    if command is None:
        near = nearest(name, _COMMANDS)
        say(f"there is no {name}; did you mean {near}?" if near else f"there is no {name}; /help lists what is")
        return
    command(conversation, page, "".join(argument).strip())


def is_command(line: str) -> bool:
    """Say whether a line is for the chat itself: it begins with one slash, or is one of the words that leave."""
    typed = _typed(line)
    return typed.casefold() in LEAVING or (typed.startswith("/") and not typed.startswith("//"))


def _typed(line: str) -> str:
    """Return the line as typed in half-width letters: an input method's ／ｅｘｉｔ is /exit."""
    return unicodedata.normalize("NFKC", line.strip())


def _reset(conversation: Conversation, page: Page, argument: str) -> None:  # noqa: ARG001 - one signature for all
    conversation.reset()
    say("all turns are forgotten")


def _save(conversation: Conversation, page: Page, argument: str) -> None:  # noqa: ARG001
    if not conversation.records:
        say("nothing was said yet")
        return
    path = Path(argument or f"chat-{conversation.records[0].persona}-{datetime.now():%Y%m%dT%H%M%S}.jsonl").expanduser()
    if path.suffix == ".jsonl":
        text = "".join(encode(record).decode() + "\n" for record in conversation.records)
    else:
        text = transcript(conversation.records[-1], Page(Palette(False), None))
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        say(f"{path} is there already; name another file")
    except OSError as error:
        say(f"{path} cannot be written: {error.strerror}")
    else:
        say(f"saved to {path}")


def _messages(conversation: Conversation, page: Page, argument: str) -> None:  # noqa: ARG001
    sys.stdout.write(messages_block(conversation.messages, page))
    sys.stdout.flush()


def _help(conversation: Conversation, page: Page, argument: str) -> None:  # noqa: ARG001
    sys.stderr.write(HELP)


def _exit(conversation: Conversation, page: Page, argument: str) -> None:  # noqa: ARG001
    raise Leave


_COMMANDS: dict[str, Callable[[Conversation, Page, str], None]] = {
    "/reset": _reset,
    "/save": _save,
    "/messages": _messages,
    "/help": _help,
    **{f"{slash}{word}": _exit for word in LEAVING for slash in ("/", "")},
}
