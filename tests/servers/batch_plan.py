"""What a test tells the fake batch endpoint to do, and what that remembers, as plain data (also in JSON files)."""

from typing import Literal

import msgspec

Route = Literal["upload", "create", "state", "list", "cancel", "download", "chat"]
Dialect = Literal["openai", "siliconflow", "together", "zhipu"]


class Fate(msgspec.Struct, kw_only=True, frozen=True):
    """What becomes of a batch; lines are named by their number in the file, from 0.

    `phase`: how it ends (`failed` refuses the whole, for `reasons`, without results). Of its lines, `failing` have an
    answer with that HTTP status (`words` and `code` in it), `expiring` a `batch_expired` error, `missing` none at all,
    `doubled` two, the second with another text, `torn` one that is no JSON. `every`: all fail with that status.
    `strangers`: so many results of nobody's. `seed`: they come shuffled. `replies` by line, else `completion.reply_to`.
    `one_file`: failed lines stand in the output file, too. `word` is said in place of the phase while it goes on.
    """

    phase: Literal["completed", "expired", "failed", "cancelled"] = "completed"
    reasons: list[str] = []
    failing: dict[int, int] = {}
    every: int | None = None
    words: str = "the request failed"
    code: str | None = None
    expiring: list[int] = []
    missing: list[int] = []
    doubled: list[int] = []
    torn: list[int] = []
    strangers: int = 0
    seed: int | None = None
    replies: dict[int, str] = {}
    one_file: bool = False
    word: str | None = None


class Trouble(msgspec.Struct, kw_only=True, frozen=True):
    """What goes wrong with one request; the default is nothing.

    `status`: that is answered, with `headers` and `body`, and nothing done. `lost`: it is done, but the connection is
    closed in place of an answer; `unmade`: closed, and nothing done. `cut`: of a download, after so many bytes.
    """

    status: int | None = None
    headers: dict[str, str] = {}
    body: str = ""
    lost: bool = False
    unmade: bool = False
    cut: int | None = None


class Plan(msgspec.Struct, kw_only=True, frozen=True):
    """The life of the endpoint.

    `looks`: a batch ends when it was asked for so often (-1: only by `end`). `fates` are of the batches in the order
    they are made, `default` of all later ones. `troubles` by route: of its requests in turn. Without `lists` there is
    no list, without `metadata` batches bear none. `redirects`: files are fetched from another address, by a second
    request to the route `download`. `idempotent`: a second request to make a batch with the same `Idempotency-Key`
    makes none.
    """

    dialect: Dialect = "openai"
    looks: int = 1
    fates: list[Fate] = []
    default: Fate = Fate()
    troubles: dict[Route, list[Trouble]] = {}
    lists: bool = True
    metadata: bool = True
    redirects: bool = False
    idempotent: bool = False
    page: int = 100
    api_key: str | None = None
    models: list[str] = msgspec.field(default_factory=lambda: ["test-model"])


class Stored(msgspec.Struct):
    """A file that the endpoint has; its bytes are in the state's folder, under its id."""

    name: str
    purpose: str
    whole: bool = True


class Made(msgspec.Struct, kw_only=True):
    """A batch."""

    id: str
    file: str
    endpoint: str
    window: str | None
    metadata: dict[str, str]
    at: float
    number: int
    keys: list[str]
    idempotency_key: str | None = None
    looks: int = 0
    status: str = "validating"
    output: str | None = None
    errors: str | None = None
    failed: int = 0


class Asked(msgspec.Struct):
    """One request, as the log has it; `route` is empty for what is no route of ours."""

    at: float
    method: str
    path: str
    route: str
    headers: dict[str, str]
    status: int = 0


class State(msgspec.Struct):
    """All that the endpoint remembers."""

    files: dict[str, Stored] = {}
    batches: list[Made] = []
    asked: list[Asked] = []
    counts: dict[str, int] = {}  # requests by route
