"""The console's pages of payments: recorded, put, taken back, charged, refunded; every step told on the page."""

from decimal import Decimal

import pytest

from cashline.flow.invoice.invoices.queries import InvoiceRow
from cashline.flow.invoice.taxes.actions import set_withholding
from cashline.flow.invoice.taxes.rules import NewWithholding
from cashline.flow.receive.payments.queries import PaymentFilter, PaymentRow, list_intents, list_payments, payment
from cashline.kernel.identifiers import public
from cashline.platform.clock.actions import make_sandbox
from cashline.platform.lists import Ask
from tests.support.agree import make_customer
from tests.support.book import Shop
from tests.support.cluster import Database
from tests.support.console import Console
from tests.support.receive import (
    GOOD,
    SECURE,
    assert_laws_hold,
    invoice_of,
    invoices_of,
    make_receiving_shop,
    open_of,
    pay,
)
from tests.support.world import ACTOR, NOW, TODAY


@pytest.fixture
def shop(db: Database) -> Shop:
    return make_receiving_shop()


def address(row: PaymentRow) -> str:
    return f"/payments/{public('payment', row.id)}/"


def form(row: InvoiceRow, **more: str) -> dict[str, str]:
    given = {
        "customer": public("customer", row.customer_id),
        "entity": "DE01",
        "amount": "200",
        "received_on": "2026-01-15",
        "method": "bank_transfer",
        "spread": "oldest",
    }
    return given | more


def test_a_payment_is_previewed_recorded_and_settles_the_oldest(shop: Shop) -> None:
    one, two = invoices_of(shop, ["100", "50"])
    clerk = Console("collections")
    preview = clerk.post("/payments/new/preview/", form(one), part="form-aside")
    for words in (one.number, two.number, "€119.00", "€21.50 stays on account"):
        assert words in preview.words
    page = clerk.post("/payments/new/", form(one))
    assert "recorded as PAY-DE01-2026-000001" in page.words
    for words in (one.number, two.number, "On account", "€21.50", "Nordlicht"):
        assert words in page.words
    assert (open_of(one), open_of(two)) == (Decimal(0), Decimal(0))
    listed = clerk.get("/payments/", rest="unapplied")
    assert "PAY-DE01-2026-000001" in listed.words
    assert "PAY-DE01" not in clerk.get("/payments/", q="nobody").words
    status, content, _kind = clerk.file("/payments/", format="csv")
    assert (status, b"PAY-DE01-2026-000001" in content) == (Decimal(200), True)


def test_a_wrong_form_comes_back_with_every_error(shop: Shop) -> None:
    clerk = Console("collections")
    page = clerk.post("/payments/new/", {"amount": "-5", "received_on": "soon", "entity": "DE01"})
    assert page.status == 422
    assert {"amount", "received_on", "method"} <= set(page.all("//*[@aria-invalid='true']/@name"))
    assert "Customer is needed" in page.words
    assert list_payments(Ask(), PaymentFilter()).items == []
    assert Console("seller").get("/payments/new/").status == 403


def test_money_on_account_is_put_and_taken_back(shop: Shop) -> None:
    one, two = invoices_of(shop, ["100", "50"])
    paid = pay(one, "150", put="0")
    clerk = Console("collections")
    page = clerk.get(address(paid) + "allocate/")
    name = f"amount_{public('invoice', one.id)}"
    assert page.all(f"//input[@name='{name}']/@value") == ["119.00"]
    page = clerk.post(address(paid) + "allocate/", {name: "100", f"amount_{public('invoice', two.id)}": "50"})
    assert "put to the invoices" in page.words
    assert (open_of(one), open_of(two)) == (Decimal(19), Decimal("9.5"))
    page = clerk.get(address(paid) + "take-back/")
    (first, _second) = page.all("//input[@name='allocations']/@value")
    page = clerk.post(address(paid) + "take-back/", {"allocations": first, "reason": "Wrong invoice"})
    assert "lies on account again" in page.words
    assert "Taken back" in page.words
    assert open_of(one) == 119
    page = clerk.post(address(paid) + "take-back/", {"reason": "None chosen"})
    assert page.status == 422
    assert_laws_hold()


def test_a_payment_is_refunded_by_hand_and_another_reversed(shop: Shop) -> None:
    row = invoice_of(shop)
    paid = pay(row, "119")
    clerk = Console("collections")
    page = clerk.post(address(paid) + "refund/", {"amount": "19", "reason": "Overpaid"})
    assert "waits to be paid out" in page.words
    (confirm,) = page.all("//form[contains(@action, '/confirm/')]/@action")
    page = clerk.post(confirm, {"refunded_on": "2026-01-16"})
    assert "The refund is booked" in page.words
    assert open_of(row) == 19
    assert "cannot be refunded" in clerk.post(address(paid) + "refund/", {"amount": "500", "reason": "?"}).words
    other = pay(invoice_of(shop), "119")
    page = clerk.post(address(other) + "reverse/", {"reason": "Not ours"})
    assert "Reversed" in page.words
    assert payment(other.id).status == "reversed"
    auditor = Console("auditor")
    assert "Reverse" not in [button.text_content().strip() for button in auditor.get(address(paid)).all("//button")]
    assert auditor.post(address(paid) + "refund/", {"amount": "1", "reason": "x"}).status == 403


def test_cards_are_charged_from_the_invoice_and_each_charge_has_its_page(committed_db: Database) -> None:
    make_sandbox(frozen_at=NOW)
    row = invoice_of(make_receiving_shop())
    clerk = Console("collections")
    charge = f"/invoices/{public('invoice', row.id)}/charge/"
    assert clerk.get(charge).all("//select[@name='method_token']/option/@value")[0] == GOOD
    given = {"gateway": "sandbox", "amount": "100", "idempotency_key": "charge-1"}
    page = clerk.post(charge, given | {"method_token": "4000000000009995"})
    assert "insufficient funds" in page.words
    second = {"gateway": "sandbox", "amount": "100", "method_token": GOOD, "idempotency_key": "charge-2"}
    page = clerk.post(charge, second)
    assert "The card is charged" in page.words
    assert clerk.post(charge, second).url == page.url
    assert open_of(row) == 19
    page = clerk.post(
        charge, {"gateway": "sandbox", "amount": "19", "method_token": SECURE, "idempotency_key": "charge-3"}
    )
    assert "Waits for the payer" in page.words
    waiting = list_intents(Ask()).items[0]
    bank = f"/sandbox/cards/{waiting.gateway_reference}/"
    assert "your bank asks who you are" in clerk.get(bank).words
    clerk.post(bank, {"answer": "pass"})
    assert open_of(row) == 0
    listed = clerk.get("/card-charges/")
    for words in ("Charged", "Declined"):
        assert words in listed.words
    charged = list_intents(Ask()).items[0].payment_id
    assert charged is not None
    page = clerk.post(f"/payments/{public('payment', charged)}/refund/", {"amount": "19", "reason": "Sorry"})
    assert "on its way back" in page.words
    assert_laws_hold()


def test_a_charge_that_waits_can_be_given_up(committed_db: Database) -> None:
    """Of 119.00 with 10.00 to be withheld 59.00 are left to charge while 50.00 are under way; nothing is no charge."""
    make_sandbox(frozen_at=NOW)
    shop = make_receiving_shop()
    terms = NewWithholding(shop.customer, shop.world.berlin, "", Decimal(10), "Section 50a", TODAY)
    set_withholding([terms], now=NOW, actor=ACTOR)
    row = invoice_of(shop)
    clerk = Console("collections")
    charge = f"/invoices/{public('invoice', row.id)}/charge/"
    nothing = clerk.post(charge, {"gateway": "sandbox", "amount": "0", "method_token": GOOD})
    assert (nothing.status, list_intents(Ask()).items) == (422, [])
    page = clerk.post(charge, {"gateway": "sandbox", "amount": "50", "method_token": SECURE})
    assert clerk.get(charge).all("//input[@name='amount']/@value") == ["59.00"]
    page = clerk.post(page.url + "give-up/", {"reason": "Pays by transfer"})
    assert "The charge is given up" in page.words
    assert list_intents(Ask()).items[0].status == "failed"


def test_the_sandboxs_bank_is_in_no_live_company(shop: Shop) -> None:
    make_customer("USD")
    assert Console("owner").get("/sandbox/cards/sbx_1/").status == 404
