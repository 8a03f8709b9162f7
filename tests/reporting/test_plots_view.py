"""The plots in the browser: drawn when seen, in both languages and colours; points open cells, names pick columns."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reporting.browsing import DESKTOP, PHONE, PageOf, held_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

PLOTS = {"view": "plots", "verdict": "folded"}


def hash_of(page: "Page") -> str:
    found: str = page.evaluate("location.hash")
    return found


def picked(page: "Page") -> list[str]:
    found: list[str] = page.evaluate("new URLSearchParams(location.hash.slice(1)).getAll('cols')")
    return found


@pytest.mark.parametrize(
    ("dark", "lang", "width"), [(False, "en", DESKTOP), (True, "zh", PHONE)], ids=["light en desktop", "dark zh phone"]
)
def test_every_plot_is_drawn_when_it_is_seen(
    dark: bool, lang: str, width: int, example_report: Path, page_of: PageOf
) -> None:
    page = page_of(example_report, {**PLOTS, "lang": lang}, dark=dark, width=width)
    names = held_in(example_report)["plots"]
    assert {"effects", "heat", "map", "drift", "latency"} <= set(names)
    for name in names:
        plot = page.locator(f'[data-plot="{name}"]')
        plot.scroll_into_view_if_needed()
        plot.locator("svg").wait_for()
        told = held_in(example_report, f"plot-{name}")
        assert plot.locator("h2").inner_text() == told["title"][lang]
        assert plot.locator(".reading").inner_text() == told["reading"][lang]
        assert plot.locator(".limits li").all_inner_texts() == [limit[lang] for limit in told["limits"]]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ink = page.locator("[data-plot=effects] .drawn .name").first.evaluate("(name) => getComputedStyle(name).fill")
    assert ink == ("rgb(228, 230, 233)" if dark else "rgb(28, 30, 33)")


def test_the_language_changes_at_once_and_the_drawing_stays(example_report: Path, page_of: PageOf) -> None:
    page = page_of(example_report, {**PLOTS, "lang": "en"})
    effects = page.locator("[data-plot=effects]")
    effects.locator("svg").evaluate("(svg) => { svg.kept = true }")
    effects.locator("summary").click()
    page.locator("[data-tool=language]").click()
    assert effects.locator("h2").inner_text() == "效果"
    assert "分得出，100 次中" in effects.locator("svg").text_content()  # type: ignore[operator]
    assert "told apart, of 100" not in effects.locator("svg").text_content()  # type: ignore[operator]
    assert effects.locator("svg").evaluate("(svg) => svg.kept")
    assert "分得出" in effects.locator("thead").inner_text()


def test_a_point_opens_its_cell_beside_the_plots_and_back_closes_it(example_report: Path, page_of: PageOf) -> None:
    page = page_of(example_report, PLOTS)
    page.evaluate("window.stayed = true")
    point = page.locator("[data-plot=heat] a:not(.pick)").first
    to = point.get_attribute("href") or ""
    question, condition = (re.search(rf"[&]{name}=([^&]+)", to)[1] for name in ("q", "c"))  # type: ignore[index]
    point.locator("rect").click()
    panel = page.locator(".panel")
    panel.get_by_text(f"{condition} · {question}").wait_for()
    assert "view=plots" in hash_of(page)
    assert page.evaluate("window.stayed")
    page.go_back()
    panel.wait_for(state="hidden")
    assert page.locator("[data-plot=heat] svg").is_visible()


def test_points_are_reached_by_keys(example_report: Path, page_of: PageOf) -> None:
    page = page_of(example_report, PLOTS)
    page.locator("[data-plot=latency]").scroll_into_view_if_needed()
    box = page.locator("[data-plot=latency] .drawing")
    box.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    to = page.evaluate("document.activeElement.getAttribute('href')")
    assert to == box.locator("a").last.get_attribute("href")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.className") == "drawing"
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.locator(".panel").wait_for()
    assert re.search(r"[&]q=[^&]+", to)[0] in hash_of(page)  # type: ignore[index]


def test_names_pick_columns_by_click_and_by_stroke(example_report: Path, page_of: PageOf) -> None:
    page = page_of(example_report, PLOTS)
    names = page.locator("[data-plot=effects] a.pick")
    first, second, third = (names.nth(place) for place in range(3))
    first.click()
    order = [name.locator("title").text_content() for name in (first, second, third)]
    assert picked(page) == ["none", order[0]]  # with what it is compared with
    first.click()
    assert picked(page) == ["none"]
    second.locator("text").hover()
    page.mouse.down()
    third.locator("text").hover()
    page.mouse.up()
    assert picked(page) == ["none", order[1], order[2]]
    assert page.locator("[data-plot=effects] a.pick.picked").count() == 2
    page.get_by_role("button", name="Show their replies").click()
    page.locator(".heads").wait_for()
    assert page.locator(".plots-view").is_hidden()
    assert page.locator(".heads .name").all_inner_texts() == ["none", *order[1:]]


def test_the_numbers_are_a_table_and_a_file(example_report: Path, page_of: PageOf) -> None:
    page = page_of(example_report, {**PLOTS, "lang": "en"})
    effects = page.locator("[data-plot=effects]")
    effects.locator("summary").click()
    told = held_in(example_report, "plot-effects")["table"]
    assert effects.locator("thead th").all_inner_texts() == [column["en"] for column in told["columns"]]
    assert effects.locator("tbody th").all_inner_texts() == [row[0] for row in told["rows"]]
    with page.expect_download() as downloading:
        effects.get_by_role("button", name="Save as CSV").click()
    assert downloading.value.suggested_filename == "effects.csv"
    held = Path(downloading.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert len(held) == 1 + len(told["rows"])
    assert float(held[1].split(",")[2]) == told["rows"][0][2]


def test_an_address_goes_to_a_plot_and_stays_there_while_those_above_are_drawn(
    example_report: Path, page_of: PageOf
) -> None:
    page = page_of(example_report, {**PLOTS, "plot": "map"}, height=700)
    page.locator("[data-plot=heat] svg").wait_for()
    page.locator("[data-plot=map] svg").wait_for()
    page.wait_for_function(
        """() => Math.abs(document.querySelector('[data-plot=map]').getBoundingClientRect().top -
          document.querySelector('.plots-view').getBoundingClientRect().top) < 4"""
    )
