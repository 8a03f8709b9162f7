"""A working folder to write input files into, and one to load them from."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from persona_batch.config.batch import Batch
from persona_batch.config.load import load_batch
from persona_batch.errors import ConfigError

Files: TypeAlias = Mapping[str, str | bytes]
Load: TypeAlias = Callable[..., Batch]
Problems: TypeAlias = Callable[..., list[str]]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Files], None]:
    """Write files below the working folder."""
    monkeypatch.chdir(tmp_path)

    def _write(files: Files) -> None:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return _write


@pytest.fixture
def load(write: Callable[[Files], None]) -> Load:
    """Write files, then load the first of them (or `names`)."""

    def _load(files: Files | str, names: list[str] | None = None, **options: Any) -> Batch:
        given = {"p.yaml": files} if isinstance(files, str) else files
        write(given)
        return load_batch(names or [next(iter(given))], **options)

    return _load


@pytest.fixture
def problems(load: Load) -> Problems:
    """Write and load files that are wrong; return the problems as text."""

    def _problems(files: Files | str, names: list[str] | None = None, **options: Any) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(files, names, **options)
        return [str(problem) for problem in caught.value.problems]

    return _problems
