"""The report of a sweep one half of which fails, in Debian's chromium, headless."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.report.pages import check_page, choose, first_curve, open_page, screenshot
from tests.workflow.tiny import TINY

pytestmark = [pytest.mark.browser, pytest.mark.workflow]

PANEL = "sweep-panel"


def half_failing_sweep() -> dict:
    config = copy.deepcopy(TINY) | {"name": "sweep", "rows_per_job": 8}
    path = {"path_members": 4, "path_length": 60.0, "path_interval": 0.5}
    config["defaults"]["langevin"].update(path)
    (block,) = config["experiments"]
    block.update(figure="sweep", title="Two wells", mobility={"method": "identity"})
    block["simulation"].update(path, dt=[0.01, 0.5])  # the second is too long a step
    block["estimator"].update(sigma=[0.2, 0.4], min_probability=[0.05, 0.1])
    return config


@pytest.fixture(scope="module")
def report(new_project, chromium) -> Path:
    project = new_project()
    result = project.snakemake("--configfile", project.write_config("sweep.yaml", half_failing_sweep()))
    path = project.root / "results/sweep/report.html"
    assert path.exists(), result.stdout[-4000:] + result.stderr[-4000:]
    return path


@pytest.fixture
def page(screen, browser, report):
    width, scheme = screen
    open_page(browser, report, width, scheme, "sweep", "sweep-explorer")
    WebDriverWait(browser, 20).until(lambda _: first_curve(browser, PANEL))
    screenshot(browser, f"sweep-explorer-{width}-{scheme}")
    return browser, width, scheme


def traces(browser, what: str) -> list:
    return browser.execute_script(f"return document.getElementById('{PANEL}').data.map(trace => trace.{what})")


def note(browser) -> str:
    return browser.find_element(By.ID, "sweep-note").text


def test_a_page_of_its_own(page):
    browser, width, _ = page
    check_page(browser, width)
    # The page of the data, and the figure of the sweep.
    assert browser.execute_script("return document.images.length") == 2


def test_the_first_screen_names_the_best_settings(page):
    browser, *_ = page
    summary = browser.find_element(By.ID, "summary")
    assert "8 settings, 4 with failures" in summary.text
    rows = [row.text for row in summary.find_elements(By.CSS_SELECTOR, "tbody tr")]
    assert len(rows) == 3 and all("dt = 0.01" in row for row in rows)
    assert "relative entropy" in rows[0] and "of 4" in rows[0]


def test_settings_that_failed_are_marked_with_their_reason(page):
    browser, *_ = page
    section = browser.find_element(By.ID, "double_well")
    marked = [row.text for row in section.find_elements(By.CSS_SELECTOR, "tr.bad")]
    assert len(marked) == 4 and all(text.startswith("0.5") and text.endswith("failed") for text in marked)
    (reason,) = section.find_elements(By.CSS_SELECTOR, "li")
    assert "dt = 0.5 left member" in reason.text and reason.text.count("dt = 0.5, σ = 0.2") == 2


def test_lines_follow_the_choices(page):
    browser, *_ = page
    choose(browser, "sweep-across").select_by_visible_text("σ")
    choose(browser, "sweep-by").select_by_visible_text("p_min")
    assert traces(browser, "name") == ["p_min = 0.05", "p_min = 0.1"]
    errors = traces(browser, "y")
    assert all(value is not None for line in errors for value in line)
    choose(browser, "sweep-statistic").select_by_visible_text("relative entropy")
    assert traces(browser, "name") == ["p_min = 0.05", "p_min = 0.1", "noise floor"]
    assert traces(browser, "y")[:2] != errors
    (said, *_) = traces(browser, "text")
    assert "noise floor" in said[0] and "1 replicate" in said[0]
    choose(browser, "sweep-by").select_by_visible_text("none")
    assert len(traces(browser, "y[0]")) == 2
    # The axes that are not drawn keep a value of their own.
    names = [field.text.split()[0] for field in browser.find_elements(By.CSS_SELECTOR, "#sweep-rest label")]
    assert names == ["dt", "p_min"]


def test_failures_are_crosses_and_a_choice_of_nothing_else_says_so(page):
    browser, *_ = page
    choose(browser, "sweep-across").select_by_visible_text("dt")
    assert traces(browser, "name")[-1] == "failed" and len(traces(browser, "x")[-1]) == 2
    assert "With failures: 2 of 4 settings" in note(browser)
    choose(browser, "sweep-across").select_by_visible_text("σ")
    choose(browser, "sweep-by").select_by_visible_text("p_min")
    assert "failed" not in note(browser)
    steps = browser.find_element(By.CSS_SELECTOR, "#sweep-rest select")
    steps.send_keys(Keys.ARROW_DOWN)
    WebDriverWait(browser, 10).until(lambda _: note(browser) == "Every setting of this choice failed.")


def test_a_map_of_two_axes(page):
    browser, width, scheme = page
    choose(browser, "sweep-shape").select_by_visible_text("heat map")
    choose(browser, "sweep-across").select_by_visible_text("σ")
    choose(browser, "sweep-by").select_by_visible_text("p_min")
    (values, *_) = traces(browser, "z")
    assert traces(browser, "type")[0] == "heatmap" and [len(row) for row in values] == [2, 2]
    choose(browser, "sweep-by").select_by_visible_text("dt")
    assert traces(browser, "z")[0][1] == [None, None] and traces(browser, "text")[1] == ["failed", "failed"]
    screenshot(browser, f"sweep-map-{width}-{scheme}")
    check_page(browser, width)


def test_by_keyboard(page):
    browser, *_ = page
    box = browser.find_element(By.ID, "sweep-logarithmic")
    kind = f"return document.getElementById('{PANEL}')._fullLayout.yaxis.type"
    before = browser.execute_script(kind)
    box.send_keys(Keys.SPACE)
    WebDriverWait(browser, 10).until(lambda _: browser.execute_script(kind) != before)
    length = f"const [a, b] = document.getElementById('{PANEL}')._fullLayout.xaxis.range; return b - a"
    before = browser.execute_script(length)
    browser.find_element(By.ID, PANEL).send_keys("+")
    WebDriverWait(browser, 10).until(lambda _: browser.execute_script(length) < 0.9 * before)
