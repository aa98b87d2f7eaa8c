"""The report of the quick run in Debian's chromium, headless."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains
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
    # Two at the head; two blocks, each with the figure of its scores, the page of its data, and the losses of its fits.
    assert browser.execute_script("return document.images.length") == 8


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


def test_the_first_key_leads_past_the_sections(page):
    browser, *_ = page
    browser.execute_script("scrollTo(0, 0); document.activeElement.blur()")
    ActionChains(browser).send_keys(Keys.TAB).perform()
    skip = browser.switch_to.active_element
    assert skip.text == "Skip to the summary" and skip.rect["x"] >= 0
    skip.send_keys(Keys.ENTER)
    ActionChains(browser).send_keys(Keys.TAB).perform()
    assert browser.execute_script("return document.activeElement.closest('main') !== null")


def test_a_logarithmic_density(page):
    browser, *_ = page
    box = browser.find_element(By.ID, "explorer-logarithmic")
    kind = "return document.getElementById('explorer-density')._fullLayout.yaxis.type"
    assert browser.execute_script(kind) == "linear"
    box.send_keys(Keys.SPACE)
    WebDriverWait(browser, 10).until(lambda _: browser.execute_script(kind) == "log")


def test_tables_fit_on_a_wide_screen_with_all_that_is_folded_open(page):
    browser, width, _ = page
    browser.execute_script("document.querySelectorAll('details').forEach(part => part.open = true)")
    excess = browser.execute_script(
        "return [...document.querySelectorAll('main .scroll')].map(place => place.scrollWidth - place.clientWidth)"
    )
    assert len(excess) > 8 and (max(excess) <= 1 or width < 1000)
    empty = browser.execute_script(
        """
        const texts = (table, k) => [...table.tBodies[0].rows].map(row => row.cells[k].textContent.trim());
        return [...document.querySelectorAll('main table.fit')].flatMap(
          table => [...table.tHead.rows[0].cells].map((_, k) => texts(table, k)))
          .filter(column => column.every(text => text === '–')).length;
        """
    )
    assert empty == 0  # a column of dashes says nothing


def test_the_first_screen_says_what_was_done_and_whether_it_holds(browser, with_claims):
    open_page(browser, with_claims, 1600, "light", "claims", "summary")
    state = browser.find_element(By.CSS_SELECTOR, "#summary .state")
    assert "2 of 3 claims hold" in state.text and "none failed" in state.text
    assert state.rect["y"] < browser.find_element(By.CSS_SELECTOR, "#summary figure").rect["y"]
    plan = (with_claims.parent / "plan.csv").read_text().count("\n") - 1
    assert f"{plan} experiments" in state.text


def test_the_colours_can_change_before_the_explorer_is_seen(browser, report):
    screen = {"width": 1600, "height": 100, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get(report.as_uri())
    browser.get_log("browser")
    for scheme in ("dark", "light"):
        colours = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", colours)
    assert browser.execute_script("return document.getElementById('explorer-density').data === undefined")
    assert browser.get_log("browser") == []


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
    assert link == [False, "figures-overview.webp", "data:image/webp;base64,", True]


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


CLAIM = {"where": {"block": "double_well", "method": "kgmm", "statistic": "score_error"}, "at_most": 1.0}
CLAIMS = {
    "name": "claims",
    "claims": [
        {
            **CLAIM,
            "claim": "double well: the error of the score against the exact one, worst of two amplitudes",
            "group": "Score",
        },
        {**CLAIM, "claim": "out of reach", "at_most": 0.001, "group": "Score", "counts": False},
        {
            **CLAIM,
            "claim": "asymmetric potential",
            "where": {"block": "asymmetric_potential", "statistic": "score_error"},
        },
    ],
}


@pytest.fixture(scope="module")
def with_claims(quick_run) -> Path:
    claims = quick_run.write_config("claims.yaml", CLAIMS)
    done = quick_run.snakemake("--configfile", "config/quick.yaml", claims)
    assert done.returncode == 0, done.stderr
    return quick_run.root / "results/claims/report.html"


@pytest.mark.parametrize("width", [400, 1600])
def test_claims_are_whole_at_every_width(browser, with_claims, width):
    open_page(browser, with_claims, width, "light", "claims", "claims")
    screenshot(browser, f"claims-{width}")
    cells = browser.find_elements(By.CSS_SELECTOR, ".claims .verdict-of")
    assert [cell.text for cell in cells] == ["holds", "fails ◷", "holds"]
    assert all(cell.rect["x"] > 0 and cell.rect["x"] + cell.rect["width"] <= width for cell in cells)
    groups = [cell.text for cell in browser.find_elements(By.CSS_SELECTOR, ".claims .group")]
    assert groups == ["Score 1 of 2 hold", "Claims 1 of 1 hold"]
    # The line of a claim that holds ends before its tick, that of one that fails behind it; brackets show the ranges.
    ends = browser.execute_script(
        """
        return [...document.querySelectorAll('.gauge')].map(gauge => {
          const right = part => gauge.querySelector(part).getBoundingClientRect().right;
          return [right('.fill') <= right('.tick'), gauge.querySelectorAll('.range').length];
        });
        """
    )
    assert ends == [[True, 1], [False, 1], [True, 1]]


def test_the_address_keeps_what_is_chosen(page, report):
    browser, *_ = page
    titles = [option.text for option in choose(browser, "explorer-title").options]
    choose(browser, "explorer-title").select_by_visible_text(titles[1])
    choose(browser, "explorer-variable").select_by_index(1)
    browser.find_element(By.ID, "explorer-logarithmic").send_keys(Keys.SPACE)
    shown, address = plotted(browser, "density"), browser.current_url
    assert "#explorer?" in address
    browser.get("about:blank")
    browser.get(address)
    WebDriverWait(browser, 20).until(lambda _: plotted(browser, "density") == shown)
    assert choose(browser, "explorer-title").first_selected_option.text == titles[1]
    assert browser.find_element(By.ID, "explorer-logarithmic").is_selected()


def test_the_sections_are_beside_the_page_or_in_one_place_above_it(page):
    browser, width, _ = page
    links = browser.find_elements(By.CSS_SELECTOR, "body > nav a")
    targets = [link.get_attribute("href").split("#")[1] for link in links]
    assert {"summary", "explorer", "double_well", "asymmetric_potential", "costs"} <= set(targets)
    assert browser.execute_script("return arguments[0].every(id => document.getElementById(id))", targets)
    shown = [link.is_displayed() for link in links]
    assert all(shown) if width > 1000 else not any(shown)
    if width < 1000:
        browser.find_element(By.CSS_SELECTOR, "body > nav summary").send_keys(Keys.ENTER)
        WebDriverWait(browser, 5).until(lambda _: links[0].is_displayed())
    else:
        # It stays where it is while the page moves.
        browser.execute_script("document.getElementById('costs').scrollIntoView()")
        assert browser.execute_script("return document.querySelector('body > nav').getBoundingClientRect().top") == 0


def test_tables_are_folded_and_the_conclusion_is_not(page):
    browser, *_ = page
    section = browser.find_element(By.ID, "asymmetric_potential")
    text = section.text
    assert (
        "Relative error of the score, KGMM network" in text and "Model: relative entropy of the worst marginal" in text
    )
    assert not any(table.is_displayed() for table in section.find_elements(By.TAG_NAME, "table"))
    browser.execute_script("arguments[0].querySelectorAll('details').forEach(part => part.open = true)", section)
    assert all(table.is_displayed() for table in section.find_elements(By.TAG_NAME, "table"))
