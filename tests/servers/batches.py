"""A real HTTP endpoint of batch files (/files, /batches, /models, and /chat/completions) for tests: see `batch_plan`.

    with batches(Plan(looks=2)) as server:
        ... server.base_url ...     # http://127.0.0.1:PORT/v1
        server.submitted            # keys, by batch; `server.times(key)`: in how many batches a key is
        server.end()                # ends what is under way;  server.state.asked: every request

Or as a program, whose state is in a folder, so that it, too, may be killed and started anew (PYTHONPATH=tests):
`python -m servers.batches --port 0 --state FOLDER [--plan plan.json]` prints `{"base_url": …}` and serves until its
standard input is closed. Then `POST /v1/_end` ends what is under way, and `GET /v1/_state` gives the state.

Whatever stands before `/files` or `/batches` in a path is the base URL's.
"""

import argparse
import contextlib
import json
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from servers.batch_account import Account
from servers.batch_http import Http
from servers.batch_plan import Asked, Plan, Route, State


class BatchServer:
    """The endpoint. `folder` has its state, which it goes on with."""

    def __init__(self, plan: Plan | None = None, *, folder: Path, port: int = 0) -> None:
        self.account = Account(plan or Plan(), folder)
        self._server = Http(("127.0.0.1", port), self.account)

    @property
    def base_url(self) -> str:
        """What a client is given; ends in /v1."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def state(self) -> State:
        """What it remembers."""
        return self.account.state

    @property
    def submitted(self) -> dict[str, list[str]]:
        """The keys of each batch that was made, by its id."""
        return {one.id: one.keys for one in self.state.batches}

    def times(self, key: str) -> int:
        """Return in how many batches a key was handed over."""
        return Counter(key for keys in self.submitted.values() for key in keys)[key]

    def asked(self, route: Route) -> list[Asked]:
        """Return the requests to a route."""
        return [one for one in self.state.asked if one.route == route]

    def end(self) -> None:
        """End every batch that is under way."""
        self.account.end()

    def serve(self) -> None:
        """Serve until `close`."""
        self._server.serve_forever(poll_interval=0.02)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def batches(plan: Plan | None = None, *, folder: Path | None = None) -> Iterator[BatchServer]:
    """Run an endpoint in a thread."""
    with tempfile.TemporaryDirectory() as spare:
        server = BatchServer(plan, folder=folder or Path(spare))
        thread = threading.Thread(target=server.serve, name="batches", daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.close()
            thread.join(10)


def main() -> None:
    """Serve until standard input is closed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--state", type=Path, required=True)
    options.add_argument("--plan", type=Path)
    chosen = options.parse_args()
    plan = msgspec.json.decode(chosen.plan.read_bytes(), type=Plan) if chosen.plan else None
    server = BatchServer(plan, folder=chosen.state, port=chosen.port)
    threading.Thread(target=server.serve, daemon=True).start()
    print(json.dumps({"base_url": server.base_url}), flush=True)  # noqa: T201  the parent reads it
    sys.stdin.read()


if __name__ == "__main__":
    main()
