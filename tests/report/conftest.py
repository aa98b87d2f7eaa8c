"""Debian's chromium, headless, with the screens at which pages are looked at."""

from __future__ import annotations

import pytest
from selenium import webdriver

# Chromium has a smallest window; narrow screens are emulated.
WIDTHS = (400, 1600)


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
def screen(request) -> tuple[int, str]:
    """Width and colour scheme."""
    return request.param
