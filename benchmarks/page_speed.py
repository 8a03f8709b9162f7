"""What a report's page takes in headless Chromium: the first cells, scrolling, searching everything, memory.

python -m benchmarks.page_speed REPORT.html…     a row of figures each, as JSON
"""

import json
import os
import sys
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
WIDTH, HEIGHT = 1400, 900
FRAMES, STEP = 400, 60  # frames that are scrolled, pixels a frame
WORD = "wukong"  # what is searched for: in the made-up replies it comes up every few hundred words

_WATCH = """
const seen = () => document.querySelector('[role=gridcell] .text')?.textContent;
const look = () => seen() ? (window.firstCells = performance.now()) : requestAnimationFrame(look);
requestAnimationFrame(look);
"""
_SCROLL = """async ([frames, step]) => {
  const grid = document.querySelector('.matrix');
  const times = [];
  let gaps = 0;
  for (let frame = 0; frame < frames; frame++) {
    grid.scrollTop += step;
    const time = await new Promise(requestAnimationFrame);
    times.push(time);
    if (frame % 8) continue; // to look makes the browser lay out the page once more
    const { left, top, width, height } = grid.getBoundingClientRect();
    const shown = document.elementFromPoint(left + width * 0.6, top + height * 0.6);
    gaps += !shown?.closest('[role=gridcell]')?.textContent;
  }
  return { times, gaps, reached: grid.scrollTop };
}"""
_SEARCH = """async (word) => {
  const from = performance.now(), number = () => parseInt(document.querySelector('output.found')?.textContent ?? '');
  location.hash += `&find=${word}`;
  let first = null;
  for (;;) {
    await new Promise(requestAnimationFrame);
    const said = document.querySelector('output.found')?.textContent ?? '';
    if (first === null && number() > 0) first = performance.now() - from;
    if (said.endsWith('found')) return { first, all: performance.now() - from, found: said };
  }
}"""


@dataclass(frozen=True)
class Speed:
    """What was measured, in milliseconds.

    `gaps` counts frames, of those looked at, in whose midst no cell stood; memory is that of the page's process, in MB.
    """

    first_cells: float
    frame_p95: float
    gaps: int
    first_hit: float
    search: float
    found: str
    scrolled_mb: float
    searched_mb: float


def speed_of(browser: Browser, report: Path) -> Speed:
    """Open a report in a window of its own and measure it."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.add_init_script(_WATCH)
    page.goto(f"{report.resolve().as_uri()}#view=matrix&cols=*")  # of many conditions the plots would come first
    page.wait_for_function("() => window.firstCells")
    first = float(page.evaluate("window.firstCells"))
    scrolled = page.evaluate(_SCROLL, [FRAMES, STEP])
    times = scrolled["times"]
    frames = [later - earlier for earlier, later in pairwise(times)]
    scrolled_mb = _renderer_mb(page)
    searched: dict[str, Any] = page.evaluate(_SEARCH, WORD)
    searched_mb = _renderer_mb(page)
    page.close()
    return Speed(
        first,
        quantiles(frames, n=20)[-1],
        scrolled["gaps"],
        float(searched["first"]),
        float(searched["all"]),
        searched["found"],
        scrolled_mb,
        searched_mb,
    )


def _renderer_mb(page: Page) -> float:
    """Return the resident memory of the largest process that draws pages, the browser having this one open."""
    sizes = []
    for entry in Path("/proc").iterdir():
        try:
            if b"--type=renderer" in (entry / "cmdline").read_bytes() and _is_ours(int(entry.name)):
                resident = int((entry / "statm").read_text().split()[1])
                sizes.append(resident * os.sysconf("SC_PAGE_SIZE") / 2**20)
        except (OSError, ValueError):  # it ended, or is no process
            continue
    assert not page.is_closed()
    return max(sizes)


def _is_ours(process: int) -> bool:
    """Whether a process descends from this one."""
    while process > 1:
        if process == os.getpid():
            return True
        status = Path(f"/proc/{process}/stat").read_text()
        process = int(status.rpartition(")")[2].split()[1])
    return False


def main() -> None:
    """Print the figures of each report."""
    with sync_playwright() as driver:
        for name in sys.argv[1:]:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
            print(json.dumps(asdict(speed_of(browser, Path(name)))), flush=True)
            browser.close()


if __name__ == "__main__":
    main()
