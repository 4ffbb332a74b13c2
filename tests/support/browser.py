"""Debian's Chromium, driven by Playwright, and axe-core to judge its pages."""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""What programs it may be called; the first has no window to draw, and costs half as much."""
REQUIRED = "CASHLINE_BROWSER"
"""Set to `required` by `./run test --browser`: then a missing Chromium is a failure, and no reason to skip."""
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
]


def chromium_path() -> str | None:
    """Where the machine keeps a Chromium; None where it has none."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    return None


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """One browser for the whole run; skips, with a sentence, where there is none."""
    path = chromium_path()
    if path is None:
        sentence = "Chromium is missing: `./run test --browser` installs it, or apt-get install chromium."
        if os.environ.get(REQUIRED) == "required":
            pytest.fail(sentence)
        pytest.skip(sentence)
    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop in this thread: Django would take every later query of the run for an async one.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    arguments = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else QUIET
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: "Browser") -> "Iterator[Page]":
    """A page of a fresh profile; an uncaught error in its scripts, or a breach of its CSP, fails the test."""
    errors: list[str] = []
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", timezone_id="UTC")
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console", lambda message: errors.append(message.text) if "Content Security Policy" in message.text else None
    )
    yield page
    context.close()
    assert not errors, "\n".join(errors)
