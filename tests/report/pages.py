"""What the tests of all pages do in the browser."""

from __future__ import annotations

from pathlib import Path

from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

ARTIFACTS = Path(__file__).parents[1] / "artifacts"


def open_page(browser, report: Path, width: int, scheme: str, name: str, explorer: str) -> None:
    """Opens a report at a width and in a colour scheme, keeps a picture of its top, and scrolls to an explorer."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    browser.get_log("browser"), browser.get_log("performance")
    browser.get(report.as_uri())
    screenshot(browser, f"{name}-{width}-{scheme}")
    browser.execute_script(f"document.getElementById('{explorer}').scrollIntoView()")


def screenshot(browser, name: str) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    browser.save_screenshot(str(ARTIFACTS / f"{name}.png"))


def choose(browser, name: str) -> Select:
    return Select(browser.find_element(By.ID, name))


def first_curve(browser, panel: str) -> list | None:
    """Values of the first curve of a picture, once it is drawn."""
    data = f"document.getElementById('{panel}').data"
    return browser.execute_script(f"return {data} && {data}[0].y && Array.from({data}[0].y)")


def check_page(browser, width: int) -> None:
    """No message on the console, nothing from the network, nothing wider than the screen, every image there."""
    assert browser.get_log("browser") == []
    requests = [
        entry["message"]
        for entry in browser.get_log("performance")
        if '"Network.requestWillBeSent"' in entry["message"]
    ]
    assert [message for message in requests if '"url":"http' in message] == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    broken = browser.execute_script(
        """
        document.querySelectorAll('img').forEach(image => image.loading = 'eager');
        const done = [...document.images].map(image => image.decode().then(() => null, () => image.alt));
        return Promise.all(done).then(results => results.filter(result => result !== null));
        """
    )
    assert broken == []
