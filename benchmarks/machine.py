"""What the figures were measured on and with."""

import compileall
import importlib.metadata
import os
import platform
import sysconfig
from datetime import UTC, datetime
from pathlib import Path

PACKAGES = ("persona-batch", "openai", "httpx2", "httptools", "msgspec", "pydantic", "typer")


def compile_everything() -> None:
    """Write bytecode for all installed packages and for the sources, as installing by pip does."""
    for folder in (sysconfig.get_paths()["purelib"], Path(__file__).parent.parent / "src"):
        compileall.compile_dir(folder, quiet=2)


def describe() -> list[str]:
    """Return lines on the processor, the interpreter and the packages; no names of hosts or users."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    return [
        f"{datetime.now(UTC):%Y-%m-%d}, {processor()}, {os.cpu_count()} cores, {memory_gb()} GB, {system}",
        f"{platform.python_implementation()} {platform.python_version()}, {versions}",
    ]


def processor() -> str:
    """Return the processor's name."""
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def memory_gb() -> int:
    """Return the machine's memory."""
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
