"""The examples of the page run as a script, in a running loop and in a notebook."""

import ast
import asyncio
import inspect
import json
import os
import shutil
from pathlib import Path

import pytest

from docs.pages import ROOT, blocks

PAGE = ROOT / "docs/library.md"
EXAMPLES = [block.text for block in blocks(PAGE) if block.language == "python"]


@pytest.fixture
def workplace(folder: Path) -> Path:
    """A folder with the files that the page names."""
    for name in ("personas", "prompts"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def test_the_first_example_runs_in_a_running_loop(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        exec(compile(EXAMPLES[0], str(PAGE), "exec"), {"__name__": "__main__"})

    asyncio.run(main())
    out, err = capsys.readouterr()
    assert "report.html" in out
    assert err == ""


def test_the_page_runs_in_a_jupyter_kernel(workplace: Path) -> None:
    reason = "nbclient or ipykernel is not installed: `uv sync --group notebook`"
    nbclient = pytest.importorskip("nbclient", reason=reason)
    nbformat = pytest.importorskip("nbformat", reason=reason)
    for needed in ("ipykernel", "pandas", "polars"):
        pytest.importorskip(needed, reason=reason)
    awaited = [text.replace("asyncio.run(main())", "await main()") for text in EXAMPLES]
    assert awaited != EXAMPLES
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in awaited])
    settings = {name: str(workplace / "jupyter") for name in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "JUPYTER_DATA_DIR")}
    client = nbclient.NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(workplace)}}
    )
    client.execute(env={**os.environ, **settings})
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert len(list((workplace / "runs").glob("2*/report.html"))) == 1


def test_a_typed_program_runs(folder: Path) -> None:
    (folder / "personas.yaml").write_text("id: e\nsystem: You are E.\nquestions: [Hi?]\n", encoding="utf-8")
    (folder / "questions.yaml").write_text("questions: [Where?]\n", encoding="utf-8")
    from library import typed_use

    typed_use.main()


def test_the_page_names_all_public_functions() -> None:
    import persona_batch

    text = PAGE.read_text(encoding="utf-8")
    functions = [name for name in persona_batch.__all__ if inspect.isfunction(getattr(persona_batch, name))]
    assert not [name for name in functions if f"{name}(" not in text]
    assert all(ast.parse(example) for example in EXAMPLES)
    assert json.dumps(functions)
