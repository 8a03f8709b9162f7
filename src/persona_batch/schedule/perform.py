"""What a job does when its time has come: lock, log, run, state, and word to somebody when it failed.

`batch run` is a process of its own (see `child`), so that this one lives to tell the tale when the other is
killed by the system.
"""

import hashlib
import os
import shlex
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO

import msgspec
from filelock import FileLock, Timeout

from persona_batch.credentials import load_env, mask, read_dotenv
from persona_batch.errors import BatchError, RunLocked, UsageError
from persona_batch.record.rundir import birth
from persona_batch.schedule.child import run_child
from persona_batch.schedule.job import Job
from persona_batch.schedule.logs import open_log
from persona_batch.schedule.notify import notice_of, notify
from persona_batch.schedule.state import JobState, StateFolder, now

# a used-up quota (3) goes on next time, an overlap (4) is nobody's fault
NO_FAILURE = frozenset({0, 3, 4})


class _Path(msgspec.Struct):
    path: str | None = None


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
            if last is not None and asked is not None and _complete(last, asked):
                _note(log, f"job {job.id}: nothing has changed since {last.run}")
                folder.write(msgspec.structs.replace(last, skipped_at=now()))
                return 0
            folder.write(state)
            words = run_words(job)
            _note(log, f"job {job.id}: batch {shlex.join(words)}")
            state.exit_code, output = run_child(words, job.directory, child_env, log)
        except BatchError as error:
            child_env = dict(env)
            state.exit_code = error.exit_code
            _note(log, str(error))
        state.ended = now()
        state.said = _path(output, job.directory) is not None
        state.run = _path(output, job.directory) or state.run
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


def run_words(job: Job) -> list[str]:
    """Return the arguments of `batch` that the job calls."""
    again = () if job.mode == "every" else ("--continue",)
    return ["run", *again, "--json", "--no-progress", *job.arguments]


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


def _complete(last: JobState, inputs: str) -> bool:
    """Whether the last run is complete, of these inputs, and still there."""
    return last.fingerprint == inputs and last.run is not None and Path(last.run).is_dir()


def _path(output: bytes, directory: Path) -> str | None:
    try:
        path = msgspec.json.decode(output, type=_Path).path
    except msgspec.DecodeError:
        return None
    return str(directory / path) if path else None


def _note(log: BinaryIO, sentence: str) -> None:
    log.write(f"{now()} {mask(sentence)}\n".encode())
