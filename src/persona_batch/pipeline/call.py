"""A call, prepared once for a run, its rehearsal and a talk: what is asked, where, and within which bounds.

The network is not touched here.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from math import ceil

from persona_batch.asking.ledger import Ledger, Part
from persona_batch.asking.limits import RetryPolicy, RunLimits
from persona_batch.checks.custom import enable
from persona_batch.config.batch import Batch
from persona_batch.config.load import load_batch
from persona_batch.credentials import load_env
from persona_batch.engine.engines import BATCH, RAY
from persona_batch.errors import StoppedEarly, UsageError
from persona_batch.pipeline.key_care import refuse_key_in_input, tell_first_use
from persona_batch.pipeline.options import RunOptions, recalled
from persona_batch.pipeline.speaker_names import heed_names
from persona_batch.plan.grid import Grid
from persona_batch.plan.selection import select
from persona_batch.plan.shard import Shard
from persona_batch.provider.connect import open_provider, resolve
from persona_batch.provider.contract import Provider, Timeouts
from persona_batch.provider.presets import CUSTOM
from persona_batch.provider.target import Target
from persona_batch.record.manifest import Manifest
from persona_batch.wording import seconds_of

REMOTE_CONCURRENCY = 8
LOCAL_CONCURRENCY = 2  # the embedded model's slots
_OTHER_FILES = 32  # that a run has open beside its connections, with some to spare


@dataclass(frozen=True, slots=True)
class Call:
    """What the files, the endpoint and the command line amount to."""

    options: RunOptions
    batch: Batch
    target: Target

    @property
    def shard(self) -> Shard | None:
        """The part of the batch that is asked; None: all of it."""
        return None if self.options.shard is None else Shard.read(self.options.shard)

    @property
    def per_day(self) -> int | None:
        """How many requests a day may have; a preset's free daily quota holds unless the user says otherwise.

        It is none for batch files.
        """
        given = self.batch.run.limits.per_day
        return given or (None if self.options.engine == BATCH else self.target.preset.per_day)

    @property
    def limits(self) -> RunLimits:
        """The ceilings that are wanted; a shard has its share of those that are not a process's own.

        Raises:
            UsageError: the shares of a limit would come to nothing.
        """
        given, options = self.batch.run.limits, self.options
        usual = LOCAL_CONCURRENCY if self.target.name == "local" else REMOTE_CONCURRENCY
        return RunLimits(
            concurrency=self.batch.run.concurrency or usual,
            rpm=self._share(given.rpm, "--rpm"),
            tpm=self._share(given.tpm, "--tpm"),
            per_day=self._share(self.per_day, "--per-day"),
            max_requests=self._share(options.max_requests, "--max-requests"),
            max_tokens_total=self._share(options.max_tokens_total, "--max-tokens-total"),
            shard=None if self.shard is None else str(self.shard),
            time_limit=options.time_limit,
            adaptive=self.target.name not in ("local", "scripted"),
        )

    @property
    def policy(self) -> RetryPolicy:
        """How often a failed request is asked again."""
        retries = self.batch.run.retries
        return RetryPolicy() if retries is None else RetryPolicy(retries=retries)

    @property
    def timeouts(self) -> Timeouts:
        """The time-outs; the user's one is for the whole reply, and may be all spent on the first token."""
        total = self.batch.run.timeout
        if total is None:
            return Timeouts(first_token=120.0)
        return Timeouts(connect=min(10.0, total), first_token=total, gap=min(60.0, total), total=total)

    def models(self, earlier: Manifest | None) -> tuple[str, ...]:
        """Return the models that are named, or else those of the run that goes on; none: the endpoint is to say."""
        return self.batch.run.models or tuple(earlier.models if earlier else ())

    def grid(self, models: Sequence[str]) -> Grid:
        """Return the cells of the call.

        Raises:
            UsageError: a glob that matches nothing, one question id with two texts, or a conversation that no budget
                of the call lets through.
        """
        # `extra_body` changes what the model does (Qwen's enable_thinking), so it is part of what was asked.
        extra, preset = self.batch.run.extra_body, self.target.preset
        grid = Grid(
            self.batch,
            endpoint=self.target.endpoint,
            models=models,
            provider_params={**preset.params, **({"extra_body": dict(extra)} if extra else {})},
            cli_params=self.options.overrides.params,
            personas=self.options.persona_globs,
            questions=self.options.question_globs,
            limit=self.options.limit,
            shard=self.shard,
            developer_role="developer" if preset.developer_role else "system",
        )
        for limit, option in ((self.limits.max_requests, "--max-requests"), (self.limits.per_day, "--per-day")):
            if limit is not None and grid.converses and (longest := grid.longest()) > max(1, limit):
                of_shard = "" if self.shard is None else f" for shard {self.shard}"
                needed = longest * (1 if self.shard is None else self.shard.of)
                raise UsageError(
                    f"{option} {limit:,}{of_shard}: a conversation here is up to {longest:,} requests, and is only "
                    f"begun if all of them may be sent; raise it to {needed:,} at least"
                )
        return grid

    def _share(self, whole: int | None, option: str) -> int | None:
        return whole if whole is None or self.shard is None else self.shard.share(whole, option)

    def connect(self, tell: Callable[[str], None], *, concurrency: int = 1, live: bool = False) -> Provider:
        """Return the provider, to be entered.

        Args:
            tell: told of a file that sends a key to a host for the first time, and of replicas that are not there.
            concurrency: the most connections at a time.
            live: hand on text as it comes, also from other processes.

        Raises:
            UsageError: the embedded model is not installed; the environment's proxy or certificates cannot work.
        """
        tell_first_use(self.batch.run, self.target, tell)
        # those engines' own processes open the endpoint for themselves
        workers = 1 if self.options.engine in (BATCH, RAY) else self.options.workers
        return open_provider(
            self.target, concurrency=concurrency, timeouts=self.timeouts, workers=workers, live=live, tell=tell
        )

    @property
    def asks_nobody(self) -> bool:
        """Whether no server is contacted: the requests are files for a program that the user runs."""
        facts = self.target.preset.batch
        return self.options.engine == BATCH and facts is not None and facts.offline

    def ledger(self) -> AbstractContextManager[Ledger | None]:
        """Return the ledger of the endpoint's day, where there is a daily limit to keep."""
        whole, target, shard = self.per_day, self.target, self.shard
        if whole is None:
            return nullcontext()
        part = None if shard is None else Part(str(shard), whole)
        return Ledger(endpoint=target.identity, key=target.key_fingerprint, zone=target.preset.day_zone, part=part)

    def count(self) -> None:
        """Count one request of the endpoint's day, where there is a daily limit to keep.

        Raises:
            StoppedEarly: today's are used up.
        """
        limit = self.limits.per_day
        with self.ledger() as ledger:
            if ledger is not None and limit is not None and not ledger.reserve(limit):
                raise StoppedEarly(
                    f"today's {limit:,} requests to {self.target.identity} are used up; "
                    f"come back after {ledger.resets_at():%Y-%m-%d %H:%M %Z}"
                )


def prepare_run(options: RunOptions, *, need_key: bool = True) -> Call:
    """Read all that `batch run` is given, and find its endpoint.

    Raises:
        UsageError: something is wrong with the files, the options or the endpoint's settings.
    """
    options = recalled(options)
    _require_batch_engine(options)
    batch = load_batch(
        options.files,
        questions=options.questions,
        overrides=options.overrides,
        custom_checks=options.custom_checks,
    )
    enable(options.custom_checks)
    return prepare(options, batch, need_key=need_key)


def prepare(options: RunOptions, batch: Batch, *, need_key: bool = True) -> Call:
    """Find the endpoint of a batch; `need_key`: False where nothing will be sent.

    Raises:
        UsageError: something is wrong with the options or the endpoint's settings, or the input holds the key.
    """
    if options.fail_under is not None:
        _require_checks(batch, options)
    target = resolve(batch.run, load_env(), need_key=need_key)
    _check_window(options.window, target)
    refuse_key_in_input(batch, target, options)
    warnings = (*batch.warnings, *heed_names(batch, target.preset))
    return Call(options, replace(batch, warnings=warnings), target)


def _require_checks(batch: Batch, options: RunOptions) -> None:
    """Refuse `--fail-under` where nothing that is chosen has a check: it would pass whatever the replies are."""
    personas = select(batch.personas, options.persona_globs)
    lists = {id(persona.questions): persona.questions for persona in personas}.values()
    globs = options.question_globs or ("*",)
    asked = [one for questions in lists for one in questions if any(fnmatchcase(one.id, glob) for glob in globs)]
    if asked and not (any(one.checked for one in personas) or any(one.checked for one in asked)):
        raise UsageError(
            "--fail-under: nothing that is asked has a check; add `checks: […]` to a persona or a question, "
            "or leave --fail-under away"
        )


def _require_batch_engine(options: RunOptions) -> None:
    for option, value in (("--wait", options.wait), ("--window", options.window)):
        if value is not None and options.engine != "batch":
            raise UsageError(f"{option} is for results of batch files: add --engine batch, or leave {option} away")


def _check_window(window: str | None, target: Target) -> None:
    """Refuse a window in which the endpoint is known to make no batch; what nobody knows, the endpoint says itself."""
    facts = target.preset.batch
    if window is None or facts is None:
        return
    if (seconds := seconds_of(window)) is None or window[-1:] not in "hd":
        raise UsageError(f"--window {window}: expected hours or days, as 24h or 7d")
    if not facts.windows:
        raise UsageError(f"--window {window}: {target.identity} takes none; leave it away")
    if target.preset.name == CUSTOM.name:
        return
    known = {seconds_of(each) or 0.0: each for each in facts.windows}
    least, most = min(known), max(known)
    if not least <= seconds <= most:
        expected = known[least] if least == most else f"{known[least]} to {known[most]}"
        raise UsageError(f"--window {window}: {target.identity} takes {expected}")


@contextmanager
def open_files(limits: RunLimits, workers: int, replicas: int = 1) -> Iterator[RunLimits]:
    """Yield the limits with as many connections as the system lets a process have, after asking it for all of them.

    The system's limit is that of open files per process (`ulimit -n`). It is raised, as far as a process may do so
    itself, only where that is needed, and is afterwards as it was. Each of an endpoint's `replicas` may have to
    take all requests.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        yield limits
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    others = _OTHER_FILES + (2 * workers if workers > 1 else 0)
    needed = ceil(limits.concurrency * replicas / workers) + others
    if soft == resource.RLIM_INFINITY or soft >= needed:
        yield limits
        return
    raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
    except (OSError, ValueError):  # some systems have a ceiling below the one they tell
        raised = soft
    try:
        yield replace(limits, concurrency=max(1, min(limits.concurrency, (raised - others) * workers // replicas)))
    finally:
        if resource.getrlimit(resource.RLIMIT_NOFILE) == (raised, hard):  # nobody else has changed it meanwhile
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
