"""`batch chat`: a talk with a persona, turn by turn, with its whole history."""

import asyncio
import sys
from typing import Annotated

import typer

from persona_batch.cli import options


def chat(
    file: options.PersonaFile,
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
    thinking: options.Thinking = None,
    color: options.Color = "auto",
) -> int:
    """Talk with a persona; every turn is sent with all turns before it.

    Ctrl-C cancels a reply; Ctrl-D, or `exit`, `quit`, `退出` alone on a line, leaves. /help lists the commands
    (/reset, /save, /messages, /exit). Lines may also be piped in, one turn each.

    Examples:
        batch chat personas/wukong.yaml
        batch chat personas/wukong.yaml --param temperature=0.2
    """
    from persona_batch.cli.chat_commands import LEAVING, Leave, is_command, perform
    from persona_batch.cli.conversation import Replying, say
    from persona_batch.cli.typed import read_line
    from persona_batch.config.load import Overrides
    from persona_batch.pipeline.conversation import Cautions, Conversation, prepare
    from persona_batch.view.transcript import page_for

    overrides = Overrides(
        provider=provider,
        base_url=base_url,
        api_key_env=api_key_env,
        api_key_header=api_key_header,
        models=() if model is None else (model,),
        placements=(placement,) if placement else (),
        timeout=timeout,
        thinking=thinking,
        params=options.read_params(param),
    )
    call = prepare([file], persona, variant, overrides)
    page = page_for(sys.stdout, color)
    warn_of = Cautions(call, say).tell
    replying = Replying(color, messages=False)
    # The loop runs only while something is asked: at the prompt, Ctrl-C and Ctrl-D are the terminal's own.
    with asyncio.Runner() as runner:
        endpoint = call.open(say)
        runner.run(endpoint.__aenter__())
        try:
            conversation = runner.run(Conversation.begin(call, endpoint, say))
            whom = f"{call.persona.id} on {conversation.model} ({call.target.name})"
            say(f"{whom}; {', '.join(LEAVING)} or Ctrl-D leaves, /help lists the rest")
            warn_of("")
            perform("/messages", conversation, page)
            while True:
                try:
                    line = read_line("> ")
                    if line is None:
                        if sys.stdin.isatty():
                            typer.echo(err=True)  # Ctrl-D leaves the cursor behind the prompt
                        return 0
                    if is_command(line):
                        perform(line, conversation, page)
                    elif line.strip():
                        warn_of(line)
                        runner.run(replying.to(conversation, line.removeprefix("/")))
                except Leave:
                    return 0
                except KeyboardInterrupt:
                    if not sys.stdin.isatty():
                        raise
                    typer.echo("\n(cancelled; Ctrl-D leaves)", err=True)
        finally:
            runner.run(endpoint.__aexit__(None, None, None))
