"""The report of the quick run in Debian's chromium, headless."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.report.pages import check_page, choose, first_curve, open_page, screenshot

pytestmark = [pytest.mark.browser, pytest.mark.workflow]


@pytest.fixture(scope="module")
def report(quick_run) -> Path:
    return quick_run.root / "results/quick/report.html"


@pytest.fixture
def page(screen, browser, report):
    width, scheme = screen
    open_page(browser, report, width, scheme, "report", "explorer")
    WebDriverWait(browser, 20).until(lambda _: plotted(browser, "density"))
    screenshot(browser, f"explorer-{width}-{scheme}")
    return browser, width, scheme


def plotted(browser, panel: str) -> list | None:
    """First curve of a panel of the explorer."""
    return first_curve(browser, f"explorer-{panel}")


def test_a_page_of_its_own(page):
    browser, width, _ = page
    check_page(browser, width)
    # Two blocks, each with the page of its data, the figure of its scores, and the losses of its fits.
    assert browser.execute_script("return document.images.length") == 6


def test_text_stands_out_from_its_background(page):
    browser, _, scheme = page
    luminances = browser.execute_script(
        """
        const luminance = colour => {
          const [r, g, b] = colour.match(/[0-9.]+/g).map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const style = getComputedStyle(document.body);
        return [luminance(style.color), luminance(style.backgroundColor)];
        """
    )
    bright, dim = max(luminances), min(luminances)
    assert (bright + 0.05) / (dim + 0.05) > 7  # WCAG AAA
    assert (luminances[1] < 0.1) == (scheme == "dark")


def test_the_explorer_shows_what_is_chosen(page):
    browser, *_ = page
    titles = [option.text for option in choose(browser, "explorer-title").options]
    assert len(titles) == 2
    first = {panel: plotted(browser, panel) for panel in ("density", "autocorrelation", "score")}
    assert all(first.values())
    lines = browser.find_element(By.ID, "explorer-numbers").text
    assert "relative entropy" in lines and "noise floor" in lines
    # Another noise amplitude has another model and another score; another experiment has other data as well.
    choose(browser, "explorer-setting").select_by_index(1)
    names = browser.execute_script("return document.getElementById('explorer-score').data.map(trace => trace.name)")
    assert "KGMM network" in names and "exact" in names
    assert browser.find_element(By.ID, "explorer-numbers").text != lines
    choose(browser, "explorer-title").select_by_visible_text(titles[1])
    before = plotted(browser, "density")
    assert before != first["density"]
    choose(browser, "explorer-variable").select_by_index(1)
    assert plotted(browser, "density") != before


def test_the_explorer_by_keyboard(page):
    browser, *_ = page
    panel = browser.find_element(By.ID, "explorer-density")
    width = "const [a, b] = document.getElementById('explorer-density')._fullLayout.xaxis.range; return b - a"
    before = browser.execute_script(width)
    browser.execute_script("arguments[0].focus()", panel)
    panel.send_keys("+")
    WebDriverWait(browser, 10).until(lambda _: browser.execute_script(width) < 0.9 * before)
    panel.send_keys("0")
    WebDriverWait(browser, 10).until(lambda _: abs(browser.execute_script(width) / before - 1) < 0.01)


def test_a_logarithmic_density(page):
    browser, *_ = page
    box = browser.find_element(By.ID, "explorer-logarithmic")
    kind = "return document.getElementById('explorer-density')._fullLayout.yaxis.type"
    assert browser.execute_script(kind) == "linear"
    box.send_keys(Keys.SPACE)
    WebDriverWait(browser, 10).until(lambda _: browser.execute_script(kind) == "log")


def test_tables_sort_by_their_numbers(page):
    browser, *_ = page
    browser.execute_script("document.querySelectorAll('details').forEach(part => part.open = true)")
    table = browser.find_element(By.CSS_SELECTOR, "#costs table")
    column = [cell.text for cell in table.find_elements(By.CSS_SELECTOR, "thead th")].index("computing, s")

    def values():
        rows = table.find_elements(By.CSS_SELECTOR, "tbody tr:not(.total)")
        return [float(row.find_elements(By.CSS_SELECTOR, "th, td")[column].text) for row in rows]

    before = values()
    assert len(before) > 5 and before != sorted(before)
    button = table.find_elements(By.CSS_SELECTOR, "thead button")[column]
    button.send_keys(Keys.ENTER)
    assert values() == sorted(before)
    button.send_keys(Keys.ENTER)
    assert values() == sorted(before, reverse=True)
    last = table.find_elements(By.CSS_SELECTOR, "tbody tr")[-1]
    assert "total" in last.get_attribute("class")


def test_a_picture_can_be_saved(page):
    browser, *_ = page
    link = browser.execute_script(
        """
        const link = document.querySelector('main figure a.save');
        link.addEventListener('click', event => event.preventDefault());
        link.click();
        const image = link.closest('figure').querySelector('img');
        return [link.hidden, link.download, link.href.slice(0, 23), link.href === image.src];
        """
    )
    assert link == [False, "trajectories-double_well.webp", "data:image/webp;base64,", True]


def test_the_report_is_small_enough_to_send(report):
    assert report.stat().st_size < 15e6


@pytest.mark.parametrize("width", [400, 1600])
def test_no_picture_lies_over_another_whatever_is_chosen(browser, report, tmp_path, width):
    """Also where one system has a picture more than the next, as those of one variable have a score."""
    page = report.read_text()
    data = re.search(r'<script type="application/json" id="explorer-data">(.*?)</script>', page, re.DOTALL)
    entries = json.loads(data.group(1))
    first = entries[0]["title"]
    fewer = [{k: v for k, v in e.items() if k not in ("profile", "field") or e["title"] != first} for e in entries]
    assert any("profile" in e or "field" in e for e in fewer) and fewer != entries
    changed = tmp_path / "report.html"
    changed.write_text(page.replace(data.group(1), json.dumps(fewer).replace("<", "\\u003c")))
    open_page(browser, changed, width, "light", "changed", "explorer")
    WebDriverWait(browser, 20).until(lambda _: plotted(browser, "density"))
    titles = [option.text for option in choose(browser, "explorer-title").options]
    for title in [*titles, titles[0], titles[-1]]:
        choose(browser, "explorer-title").select_by_visible_text(title)
        for setting in range(len(choose(browser, "explorer-setting").options)):
            choose(browser, "explorer-setting").select_by_index(setting)
            WebDriverWait(browser, 10).until(lambda _: boxes_fit(browser), f"{title}, setting {setting}")


def boxes_fit(browser) -> bool:
    """Whether every picture of the explorer is as wide as its panel, and no two panels overlap."""
    return browser.execute_script(
        """
        const panels = [...document.querySelectorAll('.panels > div')].filter(panel => !panel.hidden);
        const boxes = panels.map(panel => panel.getBoundingClientRect());
        const plots = panels.map(panel => panel.querySelector('.main-svg').getBoundingClientRect());
        const before = (a, b) => a.right <= b.left + 1 || a.bottom <= b.top + 1;
        const apart = (a, b) => before(a, b) || before(b, a);
        return panels.length > 1
          && boxes.every((box, k) => Math.abs(box.width - plots[k].width) < 2)
          && plots.every((a, i) => plots.every((b, j) => i === j || apart(a, b)));
        """
    )


def test_the_verdicts_of_claims_are_on_a_narrow_screen(browser, report, tmp_path):
    claims = (
        '<div class="scroll"><table><thead><tr><th scope="col">claim</th><th scope="col">measured</th>'
        '<th scope="col">bar</th><th scope="col">verdict</th></tr></thead><tbody><tr><th scope="row">double well at '
        "σ = 0.05: the error of the score against the smoothed one, median of three</th><td>0.00123</td><td>≤ 0.01</td>"
        '<td id="verdict">holds</td></tr></tbody></table></div>'
    )
    changed = tmp_path / "report.html"
    changed.write_text(report.read_text().replace("<h2>Summary</h2>", f"<h2>Summary</h2>{claims}"))
    open_page(browser, changed, 400, "light", "claims", "summary")
    box = browser.execute_script("return document.getElementById('verdict').getBoundingClientRect().right")
    assert 0 < box <= 400
