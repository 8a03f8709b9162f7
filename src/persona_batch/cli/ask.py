"""`batch ask`: one question to one persona; what is sent, and the reply as it comes."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from persona_batch.cli import options
from persona_batch.errors import StorageError, UsageError

if TYPE_CHECKING:
    from persona_batch.record.journal import Sink


def ask(
    file: options.PersonaFile,
    question: Annotated[
        str | None, typer.Argument(metavar="QUESTION", help="Asked for, or read from stdin, when missing.")
    ] = None,
    persona: options.OnePersona = None,
    variant: Annotated[int, typer.Option("--variant", min=0, metavar="N", help="Which paraphrase.")] = 0,
    provider: options.Provider = None,
    base_url: options.BaseUrl = None,
    api_key_env: options.ApiKeyEnv = None,
    api_key_header: options.ApiKeyHeader = None,
    model: options.Model = None,
    placement: options.OnePlacement = None,
    param: options.Param = None,
    timeout: options.Timeout = None,
    retries: options.Retries = None,
    thinking: options.Thinking = None,
    save: Annotated[
        str | None, typer.Option("--save", metavar="FILE", help="Append the record to this JSON Lines file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the record instead.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only the reply.")] = False,
    color: options.Color = "auto",
) -> int:
    """Ask one question; show the messages that are sent, then the reply as it comes.

    Examples:
        batch ask personas/wukong.yaml 你对取经怎么看？
        batch ask personas/kitten.yaml "What do you like?" --placement user
        echo "Who are you?" | batch ask personas/pirate.yaml --quiet
        batch ask personas/wukong.yaml 你好 --provider deepseek -m deepseek-chat
    """
    import asyncio

    from persona_batch.cli.conversation import Replying, say
    from persona_batch.cli.typed import checked_text, read_all, read_line
    from persona_batch.config.load import Overrides
    from persona_batch.pipeline.conversation import Cautions, Conversation, prepare
    from persona_batch.record.record import encode

    overrides = Overrides(
        provider=provider,
        base_url=base_url,
        api_key_env=api_key_env,
        api_key_header=api_key_header,
        models=() if model is None else (model,),
        placements=(placement,) if placement else (),
        timeout=timeout,
        retries=retries,
        thinking=thinking,
        params=options.read_params(param),
    )
    call = prepare([file], persona, variant, overrides)
    if question is None:
        question = read_line("Question: ") if sys.stdin.isatty() else read_all()
    said = checked_text(question or "", "the question")
    if not quiet:
        Cautions(call, say).tell(said)
    replying = Replying(color, messages=not quiet, streams=not as_json, closing=not quiet)

    async def once() -> int:
        with ExitStack() as stack:
            kept = stack.enter_context(_opened(save)) if save is not None else None
            async with call.open(say) as endpoint:
                conversation = await Conversation.begin(call, endpoint, say)
                record = await replying.to(conversation, said)
            if as_json:
                sys.stdout.write(encode(record).decode() + "\n")
            if kept is not None:
                kept.append(record)
        return 1 if record.status == "error" else 0

    return asyncio.run(once())


def _opened(save: str) -> "Sink":
    """Return the file for the record, before anything is asked: a reply that cannot be kept is lost."""
    from persona_batch.record.journal import Sink

    try:
        return Sink(Path(save))
    except StorageError as error:
        raise UsageError(f"--save {error}") from error
