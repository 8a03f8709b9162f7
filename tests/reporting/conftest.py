"""Reports in headless Chromium, and a run to make them of."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reporting.browsing import CHROMIUM, DESKTOP, QUIET, PageOf, State, Watch, address_of, report_of
from terminals.command import batch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CREW = """\
controls: [none, assistant]
checks: [{contains: sun}, {max_chars: 4000}]
params: {max_tokens: 96}
run: {samples: 2}
questions:
  - {id: who, text: "你是谁？"}
  - {id: sum, text: What is one and one?}
  - {id: trail, text: "Tell me of the trail, and <b>boldly</b>.", cluster: travel}
  - {id: cold, text: Is it cold today?, cluster: travel}
  - id: talk
    turns: [Hello!, How was your day?, Good night!]
    probe: {text: Who are you?, after: [1, 3]}
personas:
  - {id: wukong, system: 你是孙悟空。你说话直率，爱开玩笑。, attributes: {world: 西游记}}
  - {id: pirate, system: Talk like a pirate., attributes: {world: sea}}
  - {id: pilot, system: You are a harbour pilot and know all ships by name., attributes: {world: sea}}
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    """A headless Chromium, once a module.

    Not longer: while Playwright is open, its event loop counts as the running one of the thread, and `asyncio.run`, and
    with it `batch run` in the test's own process, refuses to start.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright: `uv sync --group browser`")
    if not Path(CHROMIUM).exists():
        pytest.skip(f"needs Debian's package chromium ({CHROMIUM})")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def page_of(chromium: "Browser", tmp_path: Path) -> Iterator[PageOf]:
    """Open reports, each in a browser without a past; any number in a test.

    `page_of(source, state, width=…, height=…, dark=…, lang=…)`: `source` is a report, or a run folder, whose report is
    made in `lang`, which is the browser's language, too; `state` stands behind the `#` of the address. The test fails
    in the end if a page wrote to the console, had an error, asked for anything but itself, or opened a window.
    """
    opened: list[tuple[Watch, Page]] = []

    def open_page(
        source: Path,
        state: State = "",
        *,
        width: int = DESKTOP,
        height: int = 900,
        dark: bool = False,
        lang: str | None = None,
    ) -> "Page":
        args = () if lang is None else ("--lang", lang)
        html = report_of(source, tmp_path / f"report-{len(opened)}.html", *args) if source.is_dir() else source
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale="zh-CN" if lang == "zh" else "en-GB",
            reduced_motion="reduce",
            accept_downloads=True,
        )
        context.set_default_timeout(20_000)
        page = context.new_page()
        opened.append((Watch(page, address_of(html)), page))
        page.goto(address_of(html, state))
        return page

    yield open_page
    for _, page in opened:
        page.context.close()
    assert [misdeed for watch, _ in opened for misdeed in watch.misdeeds] == []


@pytest.fixture(scope="session")
def example_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run: five conditions, two samples, five questions, one a conversation with probes.

    Read it; who writes into it (ratings, a report) copies it first.
    """
    folder = tmp_path_factory.mktemp("example")
    (folder / "crew.yaml").write_text(CREW, encoding="utf-8")
    done = batch("run", "crew.yaml", "--provider", "scripted", "--quiet", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.split()[-1]


@pytest.fixture(scope="session")
def example_report(example_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of `example_run`."""
    return report_of(example_run, tmp_path_factory.mktemp("report") / "report.html")
