"""The report of the quick run in Debian's chromium, headless."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium import webdriver

pytestmark = [pytest.mark.browser, pytest.mark.workflow]

ARTIFACTS = Path(__file__).parents[1] / "artifacts"
# Chromium has a smallest window; narrow screens are emulated.
WIDTHS = (400, 1600)


@pytest.fixture(scope="module")
def report(quick_run) -> Path:
    return quick_run.root / "results/quick/report.html"


@pytest.fixture(scope="module")
def browser(chromium, tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    flags = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars "
        "--disable-background-networking --disable-component-update --disable-sync"
    )
    for flag in flags.split():
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    yield driver
    driver.quit()


@pytest.fixture(params=[(width, scheme) for width in WIDTHS for scheme in ("light", "dark")], ids=str)
def page(request, browser, report):
    width, scheme = request.param
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    browser.get_log("browser"), browser.get_log("performance")
    browser.get(report.as_uri())
    ARTIFACTS.mkdir(exist_ok=True)
    browser.save_screenshot(str(ARTIFACTS / f"report-{width}-{scheme}.png"))
    return browser, width, scheme


def test_no_console_messages_and_no_network(page):
    browser, *_ = page
    assert browser.get_log("browser") == []
    requests = [
        entry["message"]
        for entry in browser.get_log("performance")
        if '"Network.requestWillBeSent"' in entry["message"]
    ]
    outside = [message for message in requests if '"url":"http' in message]
    assert outside == []


def test_nothing_overflows_the_page(page):
    browser, width, _ = page
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_all_images_decode(page):
    browser, *_ = page
    broken = browser.execute_script(
        """
        document.querySelectorAll('img').forEach(image => image.loading = 'eager');
        const done = [...document.images].map(image => image.decode().then(() => null, () => image.alt));
        return Promise.all(done).then(results => results.filter(result => result !== null));
        """
    )
    assert broken == []
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
