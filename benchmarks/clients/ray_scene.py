"""The engine `ray` on a mock and a cluster of its own, beside the local engine: run inside a network namespace.

python -m benchmarks.clients.ray_scene FOLDER CELLS MODEL KILLS

Prints one JSON object: seconds of whole runs (`local`, `local workers`, `ray`, `ray killed`), and what became of the run
whose actors were killed KILLS times and whose driver was killed once.
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
CONCURRENCY = 64


def start(folder: Path, endpoint: Endpoint, model: str, *options: str) -> "subprocess.Popen[bytes]":
    """Start `batch run` on the cells of a folder."""
    command = [str(Path(sys.executable).parent / "batch"), "run", "cast.yaml", "-q", "asked.yaml", "--quiet"]
    command += ["--base-url", endpoint.base_url, "-m", model, "-j", str(CONCURRENCY), *options]
    return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(process: "subprocess.Popen[bytes]") -> None:
    """Wait for its end, which must be a good one."""
    _, errors = process.communicate()
    if process.returncode:
        raise RuntimeError(f"batch run ended with {process.returncode}: {errors.decode()}")


def wait_for(endpoint: Endpoint, requests: int, process: "subprocess.Popen[bytes]") -> int:
    """Wait until so many requests have come; return how many are under way."""
    while process.poll() is None:
        stats = endpoint.stats()
        if stats["requests"] >= requests:
            return int(stats["in_flight"])
        time.sleep(0.005)
    raise RuntimeError(f"batch run ended too soon, with {process.returncode}")


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


def killed(folder: Path, endpoint: Endpoint, model: str, cells: int, kills: int) -> dict[str, Any]:
    """Kill actors at even distances and, halfway, the driver; go on to the end, and count."""
    endpoint.reset()
    began = time.perf_counter()
    driver_dies_after = kills // 2
    process = start(folder, endpoint, model, *ENGINES["ray"])
    under_way = 0
    for number in range(kills + 1):
        wanted = cells * (number + 1) // (kills + 2)
        under_way += wait_for(endpoint, wanted, process)
        if number == driver_dies_after:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            process = start(folder, endpoint, model, *ENGINES["ray"], "--continue")
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
        "under way": under_way,
    }


def main(folder: Path, cells: int, model: str, kills: int) -> None:
    """Measure, and print the figures."""
    seconds = {}
    with serve(build(folder)) as endpoint:
        for name, options in ENGINES.items():
            place = folder / name.replace(" ", "-")
            place.mkdir()
            write_files(place, cells // 100, 100)
            began = time.perf_counter()
            finish(start(place, endpoint, model, *options))
            seconds[name] = time.perf_counter() - began
        with cluster():
            for name in ("joined", "killed"):
                place = folder / name
                place.mkdir()
                write_files(place, cells // 100, 100)
                if name == "joined":
                    began = time.perf_counter()
                    finish(start(place, endpoint, model, *ENGINES["ray"]))
                    seconds[name] = time.perf_counter() - began
                else:
                    outcome = killed(place, endpoint, model, cells, kills)
    print(json.dumps({"seconds": seconds, "killed": outcome}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
