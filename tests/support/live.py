"""The whole program behind a real socket, for tests that drive a browser: `site` is its address over `committed_db`."""

import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.cluster import Database

if TYPE_CHECKING:
    from playwright.sync_api import Page

NOW = datetime(2026, 11, 21, 9, 41, tzinfo=UTC)
AXE_RUN = """axe.run({
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    resultTypes: ["violations"], preload: false
}).then(({ violations }) => violations.flatMap(one =>
    one.nodes.map(node => `${one.id}: ${node.target} ${node.failureSummary}`)))"""
"""Only what is wrong crosses to the test: what passed is a hundred times as much. No style sheet is fetched anew."""
AXE_READS_A_COLOUR_ONCE = """{
    const colour = axe.commons.color.Color.prototype, read = colour.parseString, known = new Map();
    colour.parseString = function (text) {
        if (!known.has(text)) {
            const { r, g, b, alpha } = read.call(this, text);
            known.set(text, { r, g, b, alpha });
        }
        return Object.assign(this, known.get(text));
    };
}; null"""
"""A page has some dozens of colours, and axe would read one anew for every element that has it."""
SHIFT = """new Promise(done => {
    let all = 0;
    new PerformanceObserver(list => list.getEntries().forEach(one => (all += one.value)))
        .observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(all), 300);
})"""
"""How far things on a page moved by themselves while it was drawn."""
PASSWORD = "a long pass phrase for tests"


@pytest.fixture
def site(committed_db: Database) -> Iterator[str]:
    """A sandbox whose clock stands at NOW, with one user who may do everything (owner@example.com)."""
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    from cashline.platform.clock.actions import make_sandbox
    from cashline.platform.people.actions import NewUser, create_users
    from cashline.platform.permissions.rules import Grant

    class Quiet(WSGIRequestHandler):
        """Says nothing of each request."""

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            pass

    make_sandbox(frozen_at=NOW)
    owner = NewUser(email="owner@example.com", name="Mira Lindqvist", grants=(Grant("owner"),), password=PASSWORD)
    create_users([owner], now=NOW, actor="system")
    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet, allow_reuse_address=False)
    server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def log_in(page: "Page", site: str, email: str = "owner@example.com") -> None:
    """Log in by the form, as a person does."""
    page.goto(f"{site}/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/login" not in url)


def violations(page: "Page") -> list[str]:
    """What axe finds against WCAG 2.2 A and AA and its best practices, one line each."""
    from axe_playwright_python.base import AXE_SCRIPT

    page.evaluate(AXE_SCRIPT + AXE_READS_A_COLOUR_ONCE)
    found: list[str] = page.evaluate(AXE_RUN)
    return found


def dress(page: "Page", site: str, theme: str, width: int) -> None:
    """Show the pages that follow in a theme and a width."""
    page.set_viewport_size({"width": width, "height": 900})
    page.context.add_cookies([{"name": "theme", "value": theme, "url": site}])


def flaws(page: "Page") -> list[str]:
    """What is wrong with the page for somebody who reads it: violations, and what stands outside the window."""
    narrow: bool = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return violations(page) + ([] if narrow else ["it is wider than the window"])


def flaws_by_address(page: "Page", site: str, addresses: Iterable[str]) -> dict[str, list[str]]:
    """The flaws of each page, of those that have some."""
    found = {}
    for address in addresses:
        page.goto(f"{site}/{address}")
        if broken := flaws(page):
            found[address] = broken
    return found
