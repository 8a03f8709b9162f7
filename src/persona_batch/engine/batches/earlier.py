"""What came of earlier submissions and lies in the run's folder: paid for, so never submitted again."""

from persona_batch.asking.result_line import ResultLine
from persona_batch.engine.batches.dealings import Dealings
from persona_batch.engine.batches.results import Results
from persona_batch.plan.key import KeySet
from persona_batch.record.runlog import RunLog


class Earlier:
    """Good results of submissions that were collected before, or given up when a part was there.

    The files are looked through only when the first of such cells comes.
    """

    def __init__(self, dealings: Dealings) -> None:
        self._folder = dealings.folder
        self._closed = [
            one
            for one in dealings.submissions
            if one.step == "collected" or (one.step == "abandoned" and (self._folder / one.output).exists())
        ]
        self._keys = KeySet()
        for one in self._closed:
            for key in one.keys:
                self._keys.add(key)
        self._results: Results | None = None

    def find(self, key: str) -> ResultLine | None:
        """Return the line of a key's completion; None: there is none."""
        if key not in self._keys:
            return None
        if self._results is None:
            self._results = Results(self._folder, RunLog())  # what is odd about them was said before
            for one in self._closed:
                self._results.take(one)
        found = self._results.find(key)
        return found[1] if found is not None and found[2] else None

    def close(self) -> None:
        """Close the files."""
        if self._results is not None:
            self._results.close()
