"""Why a bill is what it is: what changed since the last, the credits that paid it, the usage behind a line."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from uuid import UUID

import pytest
from pypdf import PdfReader

from cashline.flow.agree.plans.actions import NewPlan, publish_plans
from cashline.flow.agree.plans.rules import FeeTiming, PlanTerms, UsageCharge, UsageTiming
from cashline.flow.agree.pricing.rules.charge_models import Charge, ChargeModel
from cashline.flow.deliver.subscriptions.actions import NewSubscription
from cashline.flow.deliver.subscriptions.actions import subscribe as start_subscriptions
from cashline.flow.invoice.credit_notes.actions import issue_credit_notes, void_invoices
from cashline.flow.invoice.credit_notes.rules import CreditRequest
from cashline.flow.invoice.invoices.actions import DocumentForm, invoice_document
from cashline.flow.invoice.invoices.queries import statement_of, with_previous
from cashline.flow.invoice.invoices.rules.changing import compare
from cashline.kernel.anchors import Anchor, AnchorKind
from cashline.kernel.identifiers import public
from cashline.kernel.periods import IntervalUnit
from cashline.platform import sql
from tests.support.api import Api
from tests.support.book import book, line, ship
from tests.support.console import Console
from tests.support.invoice import at, bill, billed, make_billing_shop, ship_and_bill
from tests.support.usage import make_meter, record, used
from tests.support.world import ACTOR, NOW, TODAY

pytestmark = pytest.mark.usefixtures("db")
D = Decimal
FEBRUARY = date(2026, 2, 15)


def test_the_second_bill_says_what_changed_on_every_door() -> None:
    shop, api = make_billing_shop(), Api()
    ship(book(shop, line("PLAT-PRO", 10, interval_months=1, term_months=12), line("SENSOR-1", 2)))
    (first,) = billed(bill())
    assert compare(with_previous(statement_of(first.id))) is None
    (second,) = billed(bill(FEBRUARY))
    shown = api.get(f"/invoices/{public('invoice', second.id)}/explain").body["since_last"]
    assert (shown["number"], shown["before"], shown["after"]) == (first.number, "794.92", "583.10")
    assert [(item["words"], item["difference"]) for item in shown["changes"]] == [
        ("Vibration sensor is not billed this time; it came to €178.00.", "-178.00"),
        ("Tax comes to €93.10 instead of €126.92 (−€33.82).", "-33.82"),
    ]
    assert api.get(f"/invoices/{public('invoice', first.id)}/explain").body["since_last"] is None
    page = Console("billing").get(f"/invoices/{public('invoice', second.id)}/")
    assert f"What changed since invoice {first.number}" in page.words
    assert "Vibration sensor is not billed this time" in page.words
    text = pdf(second.id)
    assert f"Was sich seit der Rechnung {first.number} geändert hat" in text
    assert "Vibration sensor wird diesmal nicht berechnet; es waren 178,00 €." in text


def pdf(invoice_id: UUID) -> str:
    content = invoice_document(invoice_id, DocumentForm.PDF, now=NOW).content
    return (
        " ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)
        .replace("\n", " ")
        .replace("\xa0", " ")
    )


def test_an_invoice_that_was_void_before_is_not_what_the_next_is_compared_with() -> None:
    shop = make_billing_shop()
    book(shop, line("PLAT-PRO", 10, interval_months=1, term_months=12))
    (first,) = billed(bill())
    void_invoices([first.id], reason="Wrong address", today=TODAY, now=NOW, actor=ACTOR)
    (again,) = billed(bill())
    assert with_previous(statement_of(again.id)).previous is None


def test_what_credit_paid_is_part_of_why_an_amount_is_open() -> None:
    shop = make_billing_shop()
    first = ship_and_bill(shop, line("SENSOR-1", 2))
    request = CreditRequest(first.id, "Damaged", None, to_balance=True)
    issue_credit_notes([request], today=TODAY, now=NOW, actor=ACTOR)
    second = ship_and_bill(shop, line("SENSOR-1", 3))
    assert (second.gross_total, second.open_amount) == (D("317.73"), D("105.91"))
    biller = Console("billing")
    path = f"/invoices/{public('invoice', second.id)}/"
    assert "Credit of the customer" in biller.get(path).words
    page = biller.get(f"{path}why/open/")
    assert page.status == 200
    assert "211.82" in page.words
    assert "does not" not in page.words


def test_a_line_of_usage_leads_to_the_events_that_recompute_it() -> None:
    shop, api = make_billing_shop(), Api()
    make_meter("calls")
    usage = UsageCharge("calls", "sum", Charge(ChargeModel.UNIT, price=D(2)), UsageTiming.ARREARS)
    terms = PlanTerms(
        interval=IntervalUnit.MONTH, anchor=Anchor(AnchorKind.ANNIVERSARY), timing=FeeTiming.ADVANCE,
        base_fee=D(31), charges=(usage,),
    )  # fmt: skip
    (plan,) = publish_plans([NewPlan("metered", "Metered", "EUR", terms)], now=NOW, actor=ACTOR)
    new = NewSubscription(shop.customer, shop.world.berlin, plan, at=NOW, timezone="UTC")
    (subscription,) = start_subscriptions([new], now=NOW, actor=ACTOR)
    [(number,)] = sql.fetch("SELECT number FROM subscriptions WHERE id = %s", (subscription,))
    record([used(number, "calls", "e1", at(date(2026, 1, 20)), quantity="50")], now=at(date(2026, 1, 21)))
    (row,) = billed(bill(date(2026, 2, 16)))
    found = {item["meter"]: item for item in api.get(f"/invoices/{public('invoice', row.id)}").body["lines"]}
    assert found["calls"]["subscription_id"] == public("subscription", subscription)
    why = api.get(f"/invoices/{public('invoice', row.id)}/explain").body["amounts"]
    assert "Usage of 50 at €2.00 each: €100.00." in [item["words"] for item in why]
    page = Console("billing").get(f"/invoices/{public('invoice', row.id)}/")
    (url,) = page.all("//a[contains(@href, 'usage-export')]/@href")
    assert url == (
        f"/v1/subscriptions/{public('subscription', subscription)}/usage-export"
        "?meter=calls&start=2026-01-15&end=2026-02-15&form=csv"
    )
    assert b"e1" in Console("owner").client.get(url).content
