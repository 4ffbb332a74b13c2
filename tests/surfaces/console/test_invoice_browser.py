"""Billing and invoices in a real browser: a watched run, reasons in the drawer, a credit note; axe finds nothing."""

import re
from typing import TYPE_CHECKING

import pytest

from cashline.flow.invoice.billing.jobs import advance_runs
from tests.support.book import book, line, ship
from tests.support.invoice import make_billing_shop
from tests.support.live import NOW, log_in, violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytest_plugins = ["tests.support.live"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_from_a_preview_to_a_credit_note(page: "Page", site: str) -> None:
    from playwright.sync_api import expect

    shop = make_billing_shop()
    ship(book(shop, line("SENSOR-1", 3), line("SENSOR-1", 2)), book(shop, line("SENSOR-1", 1)))
    log_in(page, site)

    page.goto(f"{site}/bill-runs/new/")
    preview = page.locator("aside#form-preview")
    expect(preview).to_contain_text("€635.46")
    assert violations(page) == []
    page.get_by_label("Bill everything due by").fill("2025-12-31")
    expect(preview).to_contain_text("Nothing is due")
    page.get_by_label("Bill everything due by").fill("2026-11-21")
    expect(preview).to_contain_text("€635.46")
    page.get_by_role("button", name="Begin the run").click()
    expect(page.get_by_role("heading", name=re.compile("RUN-"))).to_be_visible()
    assert violations(page) == []
    advance_runs(now=NOW, actor="system:test")
    expect(page.get_by_text("Completed").first).to_be_visible(timeout=10_000)

    page.goto(f"{site}/invoices/")
    expect(page.locator("tbody tr")).to_have_count(2)
    assert violations(page) == []
    page.get_by_role("link", name=re.compile("000001")).first.click()
    expect(page.get_by_role("heading", name=re.compile("INV-DE01"))).to_be_visible()
    assert violations(page) == []
    page.get_by_role("link", name="€267.00").first.click()
    drawer = page.locator("#drawer-body")
    expect(drawer).to_contain_text("3 × €89.00 was delivered: €267.00.")
    assert violations(page) == []
    page.keyboard.press("Escape")

    page.locator("#document").get_by_role("link", name="Credit", exact=True).click()
    page.get_by_label("Reason").fill("One was broken")
    page.get_by_label("Amounts by line").check()
    page.get_by_label(re.compile("^1\\. ")).fill("89")
    expect(page.locator("aside#form-preview")).to_contain_text("€105.91")
    assert violations(page) == []
    page.get_by_role("button", name="Issue the credit note").click()
    expect(page.get_by_role("heading", name=re.compile("CN-DE01"))).to_be_visible()
    assert violations(page) == []
    page.goto(f"{site}/credit-notes/")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert violations(page) == []
