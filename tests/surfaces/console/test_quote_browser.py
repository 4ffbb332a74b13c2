"""The quote builder in a real browser: typed, priced while it is typed, saved, sent, and readable by everyone."""

from typing import TYPE_CHECKING

import pytest

from tests.support.agree import make_catalog, make_customer
from tests.support.live import log_in, violations
from tests.support.world import make_world

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytest_plugins = ["tests.support.live"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_quote_is_built_with_its_price_beside_it(site: str, page: "Page") -> None:
    make_world()
    make_catalog()
    make_customer()
    log_in(page, site)
    page.goto(f"{site}/quotes/new/")
    page.locator("#f-customer").fill("nordl")
    page.get_by_role("option", name="Nordlicht Werke GmbH").click()
    page.locator("#f-title").fill("Hall 4")
    page.locator("#f-lines-0-sku").fill("sens")
    page.get_by_role("option", name="Vibration sensor").click()
    page.locator("#f-lines-0-quantity").fill("12")
    aside = page.locator("#form-preview")
    aside.get_by_text("€1,068.00").first.wait_for()
    page.get_by_role("button", name="Add a line").click()
    page.locator("#f-lines-1-sku").fill("plat")
    page.get_by_role("option", name="Monitoring platform Pro").click()
    aside.get_by_text("€1,656.00").first.wait_for()
    page.locator("#f-discount_percent").fill("20")
    aside.get_by_text("within your authority").wait_for()
    aside.locator("[data-chart].drawn").wait_for()
    assert violations(page) == []
    page.locator("[data-drop-line]").nth(1).click()
    aside.get_by_text("€854.40").first.wait_for()
    page.get_by_role("button", name="Save the draft").click()
    page.wait_for_url("**/quotes/quo_*/")
    assert violations(page) == []
    page.get_by_role("button", name="Send").first.click()
    page.locator("dialog[open]").get_by_role("button", name="Send").click()
    page.get_by_text("on its way to the customer").wait_for()
