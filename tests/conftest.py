"""What all tests share: a log that no test before them has configured, one browser, and how hard properties
are tried: a short look in every build, a long one with `make campaign`. However slow the machine is."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

_TIMELESS: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("quick", max_examples=60, derandomize=True, database=None, **_TIMELESS)
settings.register_profile("campaign", max_examples=3000, **_TIMELESS)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser for pictures of letters; skips when there is none, unless MAILBOT_REQUIRE names it."""
    where = shutil.which("chromium")
    if where is None:
        if "chromium" in os.environ.get("MAILBOT_REQUIRE", "").replace(",", " ").split():
            pytest.fail("MAILBOT_REQUIRE names chromium, and it is not installed")
        pytest.skip("no chromium on this machine: letters were not looked at in a browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=where,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                "--force-color-profile=srgb",
                "--font-render-hinting=none",
            ],
        )
        yield browser
        browser.close()
