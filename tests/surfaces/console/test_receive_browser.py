"""The stage receive in a real browser: a statement is dropped, lines are decided by keys, all pages are readable."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cashline.kernel.identifiers import public
from tests.support.bank_files import Entry, camt
from tests.support.live import log_in, violations
from tests.support.receive import GOOD, assert_laws_hold, invoices_of, make_receiving_shop, open_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytest_plugins = ["tests.support.live"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_money_comes_in_by_statement_by_card_and_by_hand(site: str, page: "Page", tmp_path: Path) -> None:
    one, two, three, four = invoices_of(make_receiving_shop(), ["100", "200", "300", "400"])
    file = tmp_path / "january.xml"
    file.write_bytes(
        camt(
            Entry("119.00", one.number),
            Entry("238.00", "Danke", name="Unbekannt KG"),
            Entry("357.00", "Gruss", name="Fremd AG"),
        )
    )
    log_in(page, site)
    page.goto(f"{site}/bank/")
    page.keyboard.press("n")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Import and match").click()
    page.get_by_text("New lines: 3. 1 applied, 2 to decide.").wait_for()
    assert violations(page) == []
    page.goto(f"{site}/bank/lines/")
    assert violations(page) == []
    page.get_by_role("link", name="Unbekannt KG").first.click()
    page.get_by_text(two.number).first.wait_for()
    assert violations(page) == []
    page.keyboard.press("1")
    page.get_by_text("The line is PAY-DE01-2026-000002").wait_for()
    page.get_by_text(three.number).first.wait_for()
    page.keyboard.press("1")
    page.get_by_text("The line is PAY-DE01-2026-000003").wait_for()
    page.goto(f"{site}/invoices/{public('invoice', four.id)}/charge/")
    page.get_by_label("Test card").select_option(GOOD)
    assert violations(page) == []
    page.get_by_role("button", name="Charge").click()
    page.get_by_text("The card is charged.").wait_for()
    assert violations(page) == []
    page.goto(f"{site}/payments/new/")
    page.locator("#f-customer").fill("nordl")
    page.get_by_role("option", name="Nordlicht Werke GmbH").click()
    page.locator("#f-amount").fill("50")
    page.locator("#form-preview").get_by_text("€50.00 stays on account").wait_for()
    assert violations(page) == []
    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_text("is recorded as PAY-DE01-2026-000005").wait_for()
    assert [open_of(row) for row in (one, two, three, four)] == [0, 0, 0, 0]
    assert_laws_hold()
