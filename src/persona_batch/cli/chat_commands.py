"""What can be typed in a chat besides talk: /reset, /save, /messages, /help, /exit."""

import sys
import unicodedata
from datetime import datetime
from pathlib import Path

from persona_batch.cli.conversation import say
from persona_batch.pipeline.conversation import Conversation
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
COMMANDS = ("/reset", "/save", "/messages", "/help")
LEAVING = ("exit", "quit", "退出")


class Leave(Exception):
    """The user wants to go."""


def perform(line: str, conversation: Conversation, page: Page) -> None:
    """Do what a line that begins with a slash, or leaves, says; what is wrong with it is said on stderr.

    Raises:
        Leave: the user wants to go.
    """
    name, *argument = line.split(maxsplit=1)
    name = _typed(name)
    match name.casefold():
        case "/reset":
            conversation.reset()
            say("all turns are forgotten")
        case "/save":
            _save(conversation, "".join(argument).strip())
        case "/messages":
            sys.stdout.write(messages_block(conversation.messages, page))
            sys.stdout.flush()
        case "/help":
            sys.stderr.write(HELP)
        case word if word.removeprefix("/") in LEAVING:
            raise Leave
        case _:
            near = nearest(name, (*COMMANDS, *(f"/{word}" for word in LEAVING)))
            say(f"there is no {name}; did you mean {near}?" if near else f"there is no {name}; /help lists what is")


def is_command(line: str) -> bool:
    """Say whether a line is for the chat itself: it begins with one slash, or is one of the words that leave."""
    typed = _typed(line)
    return typed.casefold() in LEAVING or (typed.startswith("/") and not typed.startswith("//"))


def _typed(line: str) -> str:
    """Return the line as typed in half-width letters: an input method's ／ｅｘｉｔ is /exit."""
    return unicodedata.normalize("NFKC", line.strip())


def _save(conversation: Conversation, argument: str) -> None:
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
