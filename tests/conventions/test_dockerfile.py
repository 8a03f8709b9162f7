"""The Dockerfile, read as docker reads it: no docker is needed here, and its commands are run by hand."""

import json
import re
from fnmatch import fnmatch

from docs.pages import ROOT, blocks

TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
IGNORED = [
    line
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def instructions() -> list[tuple[str, str]]:
    """Return the instructions, folded lines as one."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"(?m)^#.*\n", "", TEXT))
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in joined.splitlines() if line.strip())]


def values(name: str) -> list[str]:
    return [rest for known, rest in instructions() if known == name]


def ignored(path: str) -> bool:
    """Whether a path stays outside of the image."""
    parents = [path, *(path.rsplit("/", count)[0] for count in range(1, path.count("/") + 1))]
    patterns = [form for pattern in IGNORED for form in (pattern, pattern.removeprefix("**/"))]
    return any(fnmatch(one, pattern) for one in parents for pattern in patterns)


def test_it_runs_the_first_command_of_the_readme() -> None:
    first = blocks(ROOT / "README.md")[0].text.strip()
    (entry,), (command,) = values("ENTRYPOINT"), values("CMD")
    assert first.endswith("uv run " + " ".join([*json.loads(entry), *json.loads(command)]))


def test_nothing_of_ours_runs_as_root_and_runs_are_a_volume() -> None:
    names = [name for name, _ in instructions()]
    assert values("USER") == ["batch"]
    assert names.index("USER") < names.index("COPY")
    assert values("VOLUME") == [f"{values('WORKDIR')[0]}/runs"]


def test_the_libraries_come_before_the_sources() -> None:
    steps = [rest for name, rest in instructions() if name in ("COPY", "RUN")]
    libraries = next(n for n, rest in enumerate(steps) if "--no-install-project" in rest)
    assert libraries < next(n for n, rest in enumerate(steps) if rest.endswith(". ."))


def test_what_it_copies_is_there_and_what_is_secret_or_large_is_not() -> None:
    for copied in values("COPY"):
        for source in [word for word in copied.split()[:-1] if not word.startswith("--")]:
            assert (ROOT / source).exists()
            assert source == "." or not ignored(source)
    for needed in ("src/persona_batch/cli/main.py", "personas/wukong.yaml", "docs/man/batch.1", "uv.lock", "LICENSE"):
        assert not ignored(needed), needed
    for kept_out in (".env", "study/.env", ".git/config", "runs/latest", ".venv/bin/python", "a/node_modules/b"):
        assert ignored(kept_out), kept_out
