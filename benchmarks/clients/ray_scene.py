"""The engine `ray` on a mock and a cluster of its own, beside the local engine: run inside a network namespace.

python -m benchmarks.clients.ray_scene FOLDER CELLS CONCURRENCY KILLS MODEL SLOW_MODEL

Prints one JSON object: seconds of whole runs, and what became of the run of the slow model whose actors were
killed KILLS times and whose driver was killed once.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray

from benchmarks.cells import write_files
from benchmarks.endpoint import Endpoint, build, serve

NAMESPACE = "persona-batch"
ENGINES = {
    "local": (),
    "local workers": ("--workers", "2"),
    "ray": ("--engine", "ray", "--workers", "2"),
}


def start(folder: Path, asked: tuple[str, str, str], *options: str) -> "subprocess.Popen[bytes]":
    """Start `batch run` on the cells of a folder; `asked` are a base URL, a model and how many at a time."""
    base_url, model, concurrency = asked
    command = [str(Path(sys.executable).parent / "batch"), "run", "cast.yaml", "-q", "asked.yaml", "--quiet"]
    command += ["--base-url", base_url, "-m", model, "-j", concurrency, *options]
    return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(process: "subprocess.Popen[bytes]") -> None:
    """Wait for its end, which must be a good one."""
    _, errors = process.communicate()
    if process.returncode:
        raise RuntimeError(f"batch run ended with {process.returncode}: {errors.decode()}")


def wait_for(endpoint: Endpoint, requests: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until so many requests have come."""
    while endpoint.stats()["requests"] < requests:
        if process.poll() is not None:
            raise RuntimeError(f"batch run ended too soon, with {process.returncode}")
        time.sleep(0.005)


def kill_an_actor() -> bool:
    """Kill one of the actors that are there."""
    for name in ray.util.list_named_actors(all_namespaces=True):
        try:
            ray.kill(ray.get_actor(name["name"], namespace=name["namespace"]))
        except ValueError:
            continue
        return True
    return False


@contextmanager
def cluster() -> Iterator[None]:
    """Start Ray; what is started inside the block joins it."""
    quiet = {"include_dashboard": False, "log_to_driver": False, "configure_logging": False}
    context = ray.init(address="local", namespace=NAMESPACE, num_cpus=1, object_store_memory=100 << 20, **quiet)
    os.environ["RAY_ADDRESS"] = context.address_info["gcs_address"]
    yield
    del os.environ["RAY_ADDRESS"]
    ray.shutdown()


def killed(folder: Path, endpoint: Endpoint, asked: tuple[str, str, str], cells: int, kills: int) -> dict[str, Any]:
    """Kill actors at even distances and, halfway, the driver; go on to the end, and count."""
    endpoint.reset()
    began = time.perf_counter()
    process = start(folder, asked, *ENGINES["ray"])
    for number in range(kills + 1):
        wait_for(endpoint, cells * (number + 1) // (kills + 2), process)
        if number == kills // 2:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            process = start(folder, asked, *ENGINES["ray"], "--continue")
        else:
            while not kill_an_actor():
                time.sleep(0.01)
    finish(process)
    (records,) = {path.resolve() for path in (folder / "runs").glob("*/records.jsonl")}
    keys = [json.loads(line)["key"] for line in records.read_bytes().splitlines()]
    return {
        "seconds": time.perf_counter() - began,
        "records": len(keys),
        "missing": cells - len(set(keys)),
        "doubled": len(keys) - len(set(keys)),
        "asked twice": endpoint.stats()["requests"] - cells,
    }


def timed(folder: Path, name: str, cells: int, asked: tuple[str, str, str], *options: str) -> float:
    """Run the cells in a folder of their own; return the seconds."""
    place = folder / name.replace(" ", "-")
    place.mkdir()
    write_files(place, cells // 100, 100)
    began = time.perf_counter()
    finish(start(place, asked, *options))
    return time.perf_counter() - began


def main(folder: Path, cells: int, concurrency: str, kills: int, model: str, slow: str) -> None:
    """Measure, and print the figures."""
    with serve(build(folder)) as endpoint:
        asked = (endpoint.base_url, model, concurrency)
        seconds = {name: timed(folder, name, cells, asked, *options) for name, options in ENGINES.items()}
        with cluster():
            seconds["joined"] = timed(folder, "joined", cells, asked, *ENGINES["ray"])
            place = folder / "killed"
            place.mkdir()
            write_files(place, cells // 100, 100)
            outcome = killed(place, endpoint, (endpoint.base_url, slow, concurrency), cells, kills)
    print(json.dumps({"seconds": seconds, "killed": outcome}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), *sys.argv[5:])
