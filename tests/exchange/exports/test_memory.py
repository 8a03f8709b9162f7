"""However many records there are, an export takes no more memory."""

import subprocess
import sys
from pathlib import Path

import pytest

from comparing.made import record
from persona_batch.record.record import encode
from reporting.runs import keyed
from terminals.command import bare_env

_MORE = 20  # MB; the records of the large run are 30

_PROGRAM = """
import resource, sys
from pathlib import Path
from persona_batch.exchange.exports.formats import format_named
from persona_batch.pipeline.export import Wish, export_to_file
from persona_batch.record.rundir import RunDir
records, form = Path(sys.argv[1]), sys.argv[2]
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
for part in ("small", "large"):
    export_to_file([RunDir(records, records / f"{part}.jsonl")], Wish(format_named(form), records / f"{part}.{form}"))
    print(peak())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no resource module there")
@pytest.mark.parametrize("form", ["csv", "sqlite"])
def test_memory_does_not_grow_with_the_records(form: str, tmp_path: Path) -> None:
    for part, count in (("small", 20), ("large", 1500)):
        made = keyed([record("a", f"q{number // 10}", "", sample=number % 10) for number in range(count)])
        with (tmp_path / f"{part}.jsonl").open("wb") as file:
            for number, one in enumerate(made):
                line = encode(one).replace(b'"reply":""', b'"reply":"%b"' % (b"word %d " % number * 2000))
                file.write(line + b"\n")
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(tmp_path), form],
        env=bare_env(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    small, large = map(float, done.stdout.split())
    assert large - small < _MORE
