"""The portal in a real browser: a buyer accepts, signs and pays; every page reads well in both themes."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from cashline.kernel.identifiers import public
from cashline.platform import sql
from cashline.platform.people.actions import NewUser, create_users
from tests.support.live import SHIFT, dress, flaws_by_address, violations
from tests.support.portal import PASSWORD, Dealings, deal, speak_english
from tests.support.receive import SECURE, make_receiving_shop
from tests.support.world import NOW

if TYPE_CHECKING:
    from playwright.sync_api import Page

EMAIL = "bea@nordlicht.example"


def make_dealings() -> Dealings:
    """The documents of a customer; sealing a contract wants a thread without Playwright's event loop."""
    sql.execute("UPDATE clock SET frozen_at = %s", (NOW,))
    shop = make_receiving_shop()
    speak_english(shop.customer)
    found = deal(shop, shop.customer, EMAIL)
    create_users([NewUser(EMAIL, "Bea Buyer", PASSWORD, customer_id=shop.customer)], now=NOW, actor="system")
    sql.execute("UPDATE legal_entities SET brand_color = '#0f766e' WHERE code = 'DE01'")
    return found


@pytest.fixture
def here(site: str) -> Dealings:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(make_dealings).result()


def enter(page: "Page", site: str) -> None:
    page.goto(f"{site}/login/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/portal/")


def places(here: Dealings) -> tuple[str, ...]:
    quote, invoice = public("quote", here.quote), public("invoice", here.invoice)
    return (
        "portal/",
        "portal/account/",
        "portal/quotes/",
        f"portal/quotes/{quote}/",
        f"portal/quotes/{quote}/accept/",
        f"portal/contracts/{public('agreement', here.signed_contract)}/",
        f"portal/orders/{public('order', here.order)}/",
        f"portal/installations/{public('installation', here.installation)}/",
        "portal/subscriptions/",
        f"portal/subscriptions/{public('subscription', here.subscription)}/",
        "portal/invoices/",
        f"portal/invoices/{invoice}/",
        f"portal/invoices/{invoice}/why/line-1/",
        f"portal/invoices/{invoice}/pay/",
        f"portal/charges/{public('payment_intent', here.charge)}/",
        f"portal/payments/{public('payment', here.payment)}/",
        "portal/quotes/quo_nothing/",
        f"sign/{here.token}/",
        "sign/nothing/",
    )


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_every_page_is_accessible(page: "Page", site: str, here: Dealings, theme: str, width: int) -> None:
    dress(page, site, theme, width)
    enter(page, site)
    assert flaws_by_address(page, site, places(here)) == {}


def test_a_buyer_accepts_and_signs(page: "Page", site: str, here: Dealings) -> None:
    enter(page, site)
    page.get_by_role("link", name="Quote QUO").click()
    page.locator(".summary").wait_for()
    page.locator("a.explain").last.click()
    page.locator("#drawer .derivation").first.wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Accept").click()
    page.get_by_role("button", name="Accept the offer").click()
    page.wait_for_url("**/sign/**")
    page.get_by_label("Type your name to sign").fill("Bea Buyer")
    page.get_by_role("button", name="Sign the contract").click()
    page.get_by_text("There is one thing to mend").wait_for()
    page.get_by_label("Type your name to sign").fill("Bea Buyer")
    page.locator("#f-consent").check()
    page.get_by_role("button", name="Sign the contract").click()
    page.get_by_text("All have signed: the contract is in force.").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="The signed contract").click()
    assert download.value.path().read_bytes()[:4] == b"%PDF"
    page.get_by_role("link", name="To the portal").click()
    page.get_by_text("In force").wait_for()
    page.get_by_role("link", name="ORD-").first.click()
    page.locator(".steps").wait_for()
    assert page.evaluate(SHIFT) == 0


def test_a_buyer_pays_with_a_card_that_wants_confirmation(page: "Page", site: str, here: Dealings) -> None:
    sql.execute("UPDATE payment_intents SET status = 'failed'")
    enter(page, site)
    page.get_by_role("link", name="Invoice INV").first.click()
    page.get_by_role("link", name="Pay", exact=True).click()
    page.get_by_label("Card number").fill(SECURE)
    page.get_by_role("button", name="Pay now").click()
    page.wait_for_url("**/sandbox/cards/**")
    assert violations(page) == []
    page.get_by_role("button", name="Answer").click()
    page.wait_for_url("**/portal/charges/**")
    page.get_by_text("Thank you: the payment has arrived.").wait_for()
    page.get_by_role("link", name="To the invoice").click()
    page.get_by_text("What paid it").wait_for()
    assert "Card" in page.locator("main").inner_text()
