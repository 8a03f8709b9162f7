import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from persona_batch.errors import StorageError, UsageError
from persona_batch.record.manifest import (
    FileHash,
    Manifest,
    Session,
    TokenSums,
    git_commit,
    read_manifest,
    versions,
    write_manifest,
)


def _manifest() -> Manifest:
    return Manifest(
        run_id="20261122T065600Z-wukong",
        batch_id="wukong",
        started_at="2026-11-22T06:56:00.000Z",
        provider="modelscope",
        endpoint="modelscope",
        models=["Qwen/Qwen3"],
        config={"samples": 2, "params": {"temperature": 0.7}},
        files=[FileHash("personas/孙悟空.yaml", "00" * 32)],
        counts={"ok": 3},
        tokens=TokenSums(prompt=66, completion=540, total=606),
        sessions=[Session("2026-11-22T06:56:00.000Z", done=3)],
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_manifest(tmp_path / "run.json", _manifest())
    assert read_manifest(tmp_path / "run.json") == _manifest()
    assert "孙悟空" in (tmp_path / "run.json").read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_it_is_replaced_and_never_written_in_place(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_manifest(path, _manifest())
    with path.open("rb") as reader:  # someone who opened the old one keeps the old one
        changed = _manifest()
        changed.state = "complete"
        write_manifest(path, changed)
        assert b'"running"' in reader.read()
    assert read_manifest(path).state == "complete"


def test_a_removed_folder_is_a_storage_error(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.rmtree(folder)
    with pytest.raises(StorageError, match=r"run\.json"):
        write_manifest(folder / "run.json", _manifest())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"run_id": 1}'])
def test_what_is_no_manifest_is_a_usage_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="not a manifest"):
        read_manifest(path)


def test_a_missing_manifest_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_manifest(tmp_path / "run.json")


def test_versions_name_the_tool_the_sdk_and_python() -> None:
    found = versions()
    assert set(found) == {"persona-batch", "openai", "python"}
    assert found["python"] == platform.python_version()


def test_a_folder_outside_git_has_no_commit(tmp_path: Path) -> None:
    assert git_commit(tmp_path) is None


def test_the_commit_says_whether_files_were_changed_since(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        who = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        done = subprocess.run(
            ["git", "-C", str(tmp_path), *who, *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    git("init", "-q")
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-q", "-m", "one", "--no-verify")
    commit = git("rev-parse", "HEAD")
    assert git_commit(tmp_path) == commit
    (tmp_path / "file").write_text("two")
    assert git_commit(tmp_path) == f"{commit}-dirty"
