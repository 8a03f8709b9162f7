"""What a job does when its time has come: lock, log, run, state, and word to somebody when it failed.

`batch run` is a process of its own, so that this one lives to tell the tale when the other is killed by the system.
Its stdout comes back, its stderr goes to the log, SIGTERM is handed on to it. On Linux it dies with its parent, so that
`kill -9` of a job leaves nothing behind that holds the run. Word to somebody is the user's command, which is given the
summary of a failed job as JSON on its stdin.
"""

import ctypes
import hashlib
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO

import msgspec
from filelock import FileLock, Timeout

from persona_batch.credentials import Redactor, load_env, mask, read_dotenv, secrets_in
from persona_batch.errors import BatchError, RunLocked, UsageError
from persona_batch.record.rundir import birth
from persona_batch.schedule.job import BATCH, Job
from persona_batch.schedule.state import JobState, StateFolder, now, open_log

# a used-up quota (3) goes on next time, an overlap (4) is nobody's fault
NO_FAILURE = frozenset({0, 3, 4})
SECONDS = 60  # for the user's command
MOST_SAID = 1_000_000  # bytes of its output that are kept
_PR_SET_PDEATHSIG = 1


class _Summary(msgspec.Struct):
    path: str | None = None
    submitted: int = 0


def fingerprint(arguments: Sequence[str], hashes: Mapping[str, str]) -> str:
    """Return a hash of what is asked: the arguments, and every input file's SHA-256 by its path."""
    said = msgspec.json.encode([list(arguments), sorted(hashes.items())])
    return hashlib.blake2b(said, digest_size=16).hexdigest()


def perform(job: Job, folder: StateFolder, *, env: Mapping[str, str], inputs: Callable[[], str] | None = None) -> int:
    """Run the job and return the exit code of `batch run` (negative: the signal that killed it).

    Args:
        job: what to run.
        folder: where states, logs and locks are.
        env: the environment that cron gave us.
        inputs: returns the fingerprint of the inputs, or raises a `BatchError`; the job rests while it is that of
            the last complete run.

    Raises:
        RunLocked: this job, or another on the same files, is at work.
        StorageError: the state folder cannot be written.
    """
    with _only_one(job, folder), open_log(folder.log(job.id)) as log:
        last = folder.read(job.id)
        state = _begun(job, last)
        asked, output = None, b""
        try:
            child_env = _environment(job, env)
            asked = inputs() if inputs is not None else None
            if last and last.run and asked is not None and last.fingerprint == asked and Path(last.run).is_dir():
                _note(log, f"job {job.id}: nothing has changed since {last.run}")
                folder.write(msgspec.structs.replace(last, skipped_at=now()))
                return 0
            folder.write(state)
            _note(log, f"job {job.id}: batch {shlex.join(job.run_words())}")
            state.exit_code, output = _run_child(job.run_words(), job.directory, child_env, log)
        except BatchError as error:
            child_env = dict(env)
            state.exit_code = error.exit_code
            _note(log, str(error))
        state.ended = now()
        summary = _summary(output)
        state.said, state.submitted = summary.path is not None, summary.submitted
        state.run = str(job.directory / summary.path) if summary.path else state.run
        state.fingerprint = asked if state.exit_code == 0 else None
        folder.write(state)
        _note(log, f"job {job.id} ended: {state.meaning} ({state.exit_code})")
        if job.on_failure is not None and state.exit_code not in NO_FAILURE:
            notice = notice_of(state, folder.log(job.id), output)
            keys = _all_keys(job, child_env, log)
            kept = [value for name, value in keys.items() if name not in env]
            problem = notify(job.on_failure, notice, log, keys, job.directory, kept=kept)
            if problem is not None:
                _note(log, f"--on-failure: {problem}")
        return state.exit_code


def _begun(job: Job, last: JobState | None) -> JobState:
    return JobState(
        job=job.id,
        pid=os.getpid(),
        born=birth(os.getpid()),
        started=now(),
        every=job.mode == "every",
        out=str(job.out),
        run=last.run if last else None,
    )


def _environment(job: Job, env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of `batch run`: cron's, over the job's file of keys (`.env` it reads itself)."""
    if not job.directory.is_dir():
        raise UsageError(f"the working folder {job.directory} is gone; add the job again where the files are")
    return {**read_dotenv(job.env_file, "--env-file "), **env} if job.env_file is not None else dict(env)


def _all_keys(job: Job, env: Mapping[str, str], log: BinaryIO) -> Mapping[str, str]:
    """Return the environment of `--on-failure`, the keys of `.env` among it: none can stand in the command."""
    try:
        return load_env(job.directory, env)
    except UsageError as error:
        _note(log, f"--on-failure: {error}")
        return env


@contextmanager
def _only_one(job: Job, folder: StateFolder) -> Generator[None]:
    """Hold the lock of the job's files; the kernel frees it however this process ends."""
    # files stand first; two jobs that ask the same files differently would still resume one another's runs
    files = takewhile(lambda word: not word.startswith("-"), job.arguments)
    name = msgspec.json.encode([str(job.directory), *sorted(files)])
    folder.prepare()
    lock = FileLock(folder.lock(hashlib.blake2b(name, digest_size=8).hexdigest()))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        _note_overlap(job, folder)
        raise RunLocked(f"job {job.id}: the one before is still at work") from None
    with lock:
        yield


def _note_overlap(job: Job, folder: StateFolder) -> None:
    """Say in the state and the log that the job did not run; but it may be itself that is at work."""
    last = folder.read(job.id)
    if last is not None and last.running:
        return
    state = _begun(job, last)
    state.ended, state.exit_code = state.started, RunLocked.exit_code
    state.fingerprint = last.fingerprint if last else None
    folder.write(state)
    with folder.log(job.id).open("ab") as log:
        _note(log, f"job {job.id}: another job on the same files is at work; not started (4)")


def _summary(output: bytes) -> _Summary:
    try:
        return msgspec.json.decode(output, type=_Summary)
    except msgspec.DecodeError:
        return _Summary()


def _note(log: BinaryIO, sentence: str) -> None:
    log.write(f"{now()} {mask(sentence)}\n".encode())


def _run_child(words: Sequence[str], directory: Path, env: Mapping[str, str], log: BinaryIO) -> tuple[int, bytes]:
    """Run `batch` with these arguments and return its exit code (negative: a signal's) and its stdout.

    It is given SIGTERM and SIGINT, and stops in good order; we wait for it.
    """
    with subprocess.Popen(  # noqa: S603 - our own command line
        [*BATCH, *words],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        env=dict(env),
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - we have one thread
    ) as child:
        signals = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, lambda number, _: child.send_signal(number)) for number in signals}
        try:
            output, _ = child.communicate()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    return child.returncode, output


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def notice_of(state: JobState, log: Path, output: bytes) -> dict[str, object]:
    """Return what the command gets of a job that ended; `output` is what `batch run --json` printed.

    `summary` is that, null where there is none. Times are UTC, ISO 8601; a negative `exit_code` is the signal that
    killed the run.
    """
    try:
        summary = msgspec.json.decode(output, type=msgspec.Raw)
    except msgspec.DecodeError:
        summary = msgspec.Raw(b"null")
    told = {name: getattr(state, name) for name in ("job", "exit_code", "meaning", "started", "ended", "run")}
    return {**told, "log": str(log), "summary": summary}


def notify(
    command: str,
    notice: Mapping[str, object],
    log: BinaryIO,
    env: Mapping[str, str],
    directory: Path,
    *,
    kept: Iterable[str] = (),
    seconds: float = SECONDS,
) -> str | None:
    """Run the command in a folder (if it is gone: where we are); its output, without keys, goes to the log.

    `kept` are the values that stand in files of keys: words with a digit among them are keys, whatever their names.

    Returns:
        What went wrong with it, if anything.
    """
    # in a session of its own, so that a command that hangs can be ended with all that it started
    with tempfile.TemporaryFile() as said:  # no pipe: what it leaves running in the background may hold that open
        with subprocess.Popen(  # noqa: S602 - a shell command by the user's wish
            command,
            shell=True,
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            cwd=directory if directory.is_dir() else None,
            env=dict(env),
            start_new_session=True,
        ) as child:
            try:
                child.communicate(msgspec.json.encode(notice) + b"\n", timeout=seconds)
                late = None
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                late = f"still busy after {seconds:g} s, ended"
        said.seek(0)
        text = said.read(MOST_SAID).decode("utf-8", "replace")
        words = [value for value in kept if re.fullmatch(r"(?=.*\d)[!-.0-~]{8,}", value)]  # no path, no address
        log.write(Redactor([*secrets_in(env), *words]).clean_all(text).encode())
    if late is not None:
        return late
    return f"exit {child.returncode}" if child.returncode else None
