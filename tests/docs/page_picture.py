"""Takes a picture of a report: `python tests/docs/page_picture.py OUT.png REPORT.html [STATE]`.

STATE is what stands behind the `#` of the page's address: `lang=zh&theme=dark`. Needs the group `browser` and Debian's
Chromium.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"
WIDTH, HEIGHT = 1360, 880


def photograph(out: Path, page: Path, state: str) -> None:
    """Write the picture of a page once its first cells are there."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        shown = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=1.25)
        shown.goto(f"{page.resolve().as_uri()}#{state}")
        shown.get_by_role("gridcell").first.wait_for()
        shown.evaluate("document.fonts.ready")
        shown.screenshot(path=out)
        browser.close()


if __name__ == "__main__":
    target, source, *rest = sys.argv[1:]
    photograph(Path(target), Path(source), rest[0] if rest else "")
