"""The embedded model's server: the program that `local.LocalProvider` starts as a child.

    python -m persona_batch.provider.local_server MODEL.gguf ALIAS SLOTS CONTEXT

It prints one JSON line (`{"base_url": …}` or `{"error": …}`), then signs of life. It serves llama.cpp's OpenAI API on
loopback under the key in PERSONA_BATCH_LOCAL_KEY, and leaves as soon as its standard input is closed, which happens
however its parent ends. Only then: Ctrl-C on the terminal is the parent's business.
"""

import json
import os
import signal
import sys

from persona_batch.provider.process import give_signs_of_life

KEY_VARIABLE = "PERSONA_BATCH_LOCAL_KEY"


def main(arguments: list[str]) -> None:
    """Serve until standard input is closed; ends the process without the destructors, which can hang."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    path, alias, slots, context = arguments
    key = os.environ.pop(KEY_VARIABLE)
    try:
        import xllamacpp
    except ImportError as error:
        _say(error=str(error))
        os._exit(1)
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.model_alias = [alias]
    params.api_keys = [key]
    params.n_parallel = int(slots)
    params.n_ctx = int(context)
    # More threads than free cores fall far behind as soon as another process is busy.
    params.cpuparams.n_threads = max(1, min(4, (os.cpu_count() or 2) // 2))
    params.verbosity = 0
    params.port = 0
    params.ui = False
    params.endpoint_slots = False
    try:
        server = xllamacpp.Server(params)
    except (RuntimeError, ValueError, OSError) as error:
        _say(error=str(error))
        os._exit(1)
    _say(base_url=f"{server.listening_address}/v1")
    give_signs_of_life()
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)


def _say(**line: str) -> None:
    # The descriptor itself: nothing buffered may be lost by os._exit.
    os.write(sys.stdout.fileno(), json.dumps(line).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
