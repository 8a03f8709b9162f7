"""What a call finds in the folder of its run: records are brought in line with the batch as it stands."""

from collections.abc import Callable

from persona_batch.pipeline.call import Call
from persona_batch.pipeline.options import what_changed
from persona_batch.plan.grid import Grid
from persona_batch.plan.key import KeySet
from persona_batch.record.agreement import described, set_errors_aside, settle_records
from persona_batch.record.aside import Settled
from persona_batch.record.manifest import Manifest, write_manifest
from persona_batch.record.reader import Scan, read_records, scan
from persona_batch.record.rundir import RunDir
from persona_batch.wording import counted, listed


def take_up(run: RunDir, earlier: Manifest, call: Call, grid: Grid, note: Callable[..., None]) -> tuple[Scan, Settled]:
    """Set aside what belongs to the batch no longer, take back what does again, and tell what was found.

    Return what is in the records now, and what was moved. `earlier` is the manifest; call it under the run's lock.
    With `--retry-errors` failed records leave too.

    Raises:
        UsageError: a line is no record.
        StorageError: it cannot be written; every record is still in one of the files.
    """
    seen, settled, again = scan(run.records), Settled(), 0
    edited = earlier.plan != grid.fingerprint
    if edited or _may_differ(run, earlier, grid, seen.keys):

        def in_between() -> None:
            # Until the new manifest stands, nobody may take the records for those of any batch.
            earlier.plan, earlier.state = None, "running"
            write_manifest(run.manifest, earlier)

        settled = settle_records(run, grid, in_between)
    if call.options.retry_errors:
        if earlier.counts.get("error"):
            # Without them the run is unfinished, also for a `--continue` after we were killed.
            earlier.state = "running"
            write_manifest(run.manifest, earlier)
        again = set_errors_aside(run)  # those that came back too
    if settled or again:
        seen = scan(run.records)
    changed = what_changed(earlier, call.batch, call.options)
    if changed or settled:
        back = f", {settled.returned:,} came back" if settled.returned else ""
        aside = f"{counted(settled.set_aside, 'record')} set aside ({run.set_aside.name})"
        what = listed(changed) or ("its plan" if edited else "what is in its folder")
        anew = counted(_anew(earlier, grid, seen.keys, settled), "cell")
        note(f"the batch is not as it was: {what} changed; {aside}{back}, {anew} asked anew", always=True)
    note(f"resuming {run.path}: {len(seen.keys):,} records on disk, {grid.count} cells to have")
    if again:
        note(f"{again:,} failed cells are asked again; their old records are in {run.errors.name}")
    return seen, settled


def _may_differ(run: RunDir, earlier: Manifest, grid: Grid, seen: KeySet) -> bool:
    """Whether a record may belong no longer, or one that was set aside may belong again, though the plan is the same.

    No edit says so of records that were copied together: the folder then holds some that the batch has no cell for.
    """
    models, samples = set(earlier.models), earlier.config.get("run", {}).get("samples")
    if samples is None or len(seen) > grid.total or not (models <= set(grid.models) and samples <= grid.samples):
        return True
    if (models != set(grid.models) or samples != grid.samples) and run.set_aside.exists():
        return True
    if earlier.state != "running" and sum(earlier.counts.values()) == len(seen):
        return False  # as many as there were when the run was sealed
    left, keys = len(seen), grid.all_keys(whole=True)
    while left and (key := next(keys, None)) is not None:
        left -= key in seen
    return left > 0


def _anew(earlier: Manifest, grid: Grid, seen: KeySet, settled: Settled) -> int:
    """Count the cells that this call asks for only because the batch is not what it was."""
    missing = KeySet()
    for key in grid.all_keys():
        if key not in seen:
            missing.add(key)
    before = described(earlier)
    if before is None:
        return min(len(missing), settled.set_aside)
    return len(missing) - sum(key in missing for key in before.all_keys(whole=True))


def foresee(run: RunDir, grid: Grid, *, retry_errors: bool) -> tuple[KeySet, Settled]:
    """Return the keys that a call need not ask, and what `take_up` would move; nothing is touched."""
    here, aside, finished, failed = scan(run.records).keys, scan(run.set_aside).keys, KeySet(), KeySet()
    for path in (run.records, run.set_aside) if retry_errors else ():
        for record in read_records(path) if path.exists() else ():
            if record.status == "error":
                failed.add(record.key)
    staying = returning = 0
    for key in grid.all_keys(whole=True) if len(here) or len(aside) else ():
        stays = key in here
        staying += stays
        returning += not stays and key in aside
        if (stays or key in aside) and key not in failed:
            finished.add(key)
    return finished, Settled(len(here) - staying, returning)
