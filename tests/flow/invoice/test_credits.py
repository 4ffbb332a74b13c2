"""Coupons, credit of the account, wallets, deposits and tax rounding on issued invoices, down to the books."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from cashline.flow.agree.catalog.rules import TaxCategory
from cashline.flow.agree.coupons.actions import create_coupons, grant_coupons
from cashline.flow.agree.coupons.queries import coupons_for
from cashline.flow.agree.coupons.rules import NewCoupon
from cashline.flow.invoice.credit_notes.actions import issue_credit_notes, void_invoices
from cashline.flow.invoice.credit_notes.queries import credit_note, creditable
from cashline.flow.invoice.credit_notes.rules import CreditCause, CreditRequest, NotCreditable
from cashline.flow.invoice.credits.actions import expire_credits, open_wallets
from cashline.flow.invoice.credits.queries import balances_of, credits_of_documents, movements_of_invoice, wallet
from cashline.flow.invoice.credits.rules import NewWallet
from cashline.flow.invoice.invoices.actions import issue_invoices, pay_by_credit, preview_invoices
from cashline.flow.invoice.invoices.queries import e_invoice, invoice, statement_of
from cashline.flow.invoice.invoices.rules.drafts import DraftInvoice, DraftLine
from cashline.flow.invoice.invoices.rules.en16931 import einvoice_problems
from cashline.flow.invoice.invoices.rules.lifecycle import InvoiceKind
from cashline.flow.invoice.invoices.rules.one_off import NewInvoice, NewItem, draft_of
from cashline.flow.receive.payments.actions import NewPayment, record_payments, top_up_wallet
from cashline.flow.report.health.queries import verify
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import Refusal
from cashline.platform import sql
from cashline.platform.company.actions import set_tax_rounding
from tests.support.book import Shop
from tests.support.invoice import make_billing_shop
from tests.support.world import ACTOR, NOW, TODAY

D = Decimal
pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def shop() -> Shop:
    return make_billing_shop()


def one_off(shop: Shop, *amounts: str, **changes: object) -> DraftInvoice:
    """A one-off invoice of items of these amounts at the standard rate (DE, 19 %)."""
    items = [NewItem(f"Item {index}", D(amount)) for index, amount in enumerate(amounts, 1)]
    new = NewInvoice(shop.world.berlin, shop.customer, "EUR", items)
    return draft_of(replace(new, **changes), TODAY)  # type: ignore[arg-type]


def issue(*drafts: DraftInvoice) -> list[UUID]:
    return issue_invoices(drafts, now=NOW, actor=ACTOR)


def usage(line: DraftLine, meter: str, plan: str = "") -> DraftLine:
    return line._replace(component="charge", meter=meter, plan=plan)


def grant(shop: Shop, *coupons: NewCoupon) -> list[UUID]:
    ids = create_coupons(coupons, now=NOW, actor=ACTOR)
    return grant_coupons([(key, shop.customer) for key in ids], today=TODAY, now=NOW, actor=ACTOR)


def coupon(code: str, amount: str, **more: object) -> NewCoupon:
    return NewCoupon(code, code, D(amount), "EUR", **more)  # type: ignore[arg-type]


def fill(shop: Shop, amount: str, *, meters: Sequence[str] = (), expires_on: date | None = None) -> UUID:
    """A wallet with money in it."""
    (key,) = open_wallets(
        [NewWallet(shop.world.berlin, shop.customer, "EUR", meters=tuple(meters))], now=NOW, actor=ACTOR
    )
    payment = NewPayment(shop.customer, shop.world.berlin, "EUR", D(amount), "card", TODAY, new_id())
    first = top_up_wallet(payment, wallet_id=key, expires_on=expires_on, now=NOW, actor=ACTOR)
    assert top_up_wallet(payment, wallet_id=key, expires_on=expires_on, now=NOW, actor=ACTOR) == first
    return key


def sums(invoice_id: UUID) -> tuple[str, ...]:
    """Net, tax, credit and prepaid applied, open."""
    row = sql.fetch_one(
        "SELECT net_total, tax_total, credit_applied, prepaid_applied, open_amount FROM invoices WHERE id = %s",
        (invoice_id,),
    )
    return tuple(f"{value:.2f}" for value in row or ())


def sound() -> None:
    found = verify(whole=True)
    assert found.first_break is None, str(found.first_break)


def test_coupons_go_in_their_order_and_never_give_more_than_is_left(shop: Shop) -> None:
    grant(
        shop,
        coupon("ALL", "30", uses=None),
        coupon("PLAN", "20", plans=("pro",)),
        coupon("METER", "1000", meters=("calls",)),
    )
    draft = one_off(shop, "100", "50", "25")
    base, calls, extra = draft.lines
    draft = draft._replace(lines=(base._replace(component="base", plan="pro"), usage(calls, "calls", "pro"), extra))
    (prepared,) = preview_invoices([draft])
    assert [(use.coupon.code, str(use.amount)) for use in prepared.uses] == [
        ("METER", "50.00"), ("PLAN", "20.00"), ("ALL", "30.00"),
    ]  # fmt: skip
    assert [round(float(share), 4) for share in prepared.shares] == [42.8571, 50, 7.1429]
    (key,) = issue(draft)
    assert sums(key) == ("75.00", "14.25", "0.00", "0.00", "89.25")
    left = coupons_for([shop.customer])[shop.customer]
    assert [one.code for one in left] == ["ALL"]
    document = e_invoice(key)
    assert einvoice_problems(document) == []
    assert (document.line_total, document.allowance_total, document.tax_exclusive) == (D(175), D(100), D(75))
    sound()


def test_a_coupon_worth_more_than_the_invoice_leaves_nothing_and_is_used_up(shop: Shop) -> None:
    grant(shop, coupon("A", "10"), coupon("B", "110"))
    (key,) = issue(one_off(shop, "100"))
    assert sums(key) == ("0.00", "0.00", "0.00", "0.00", "0.00")
    assert coupons_for([shop.customer]) == {}
    assert einvoice_problems(e_invoice(key)) == []
    (other,) = issue(one_off(shop, "100"))
    assert sums(other)[0] == "100.00"
    sound()


def test_two_invoices_of_one_batch_use_a_single_coupon_once(shop: Shop) -> None:
    grant(shop, coupon("ONCE", "10"))
    first, second = issue(one_off(shop, "100"), one_off(shop, "100"))
    assert (sums(first)[0], sums(second)[0]) == ("90.00", "100.00")


def test_the_database_refuses_a_coupon_used_once_too_often(shop: Shop) -> None:
    (held,) = grant(shop, coupon("ONCE", "10"))
    with pytest.raises(Exception, match="coupon_grant_never_overused"):
        sql.execute("UPDATE coupon_grants SET used = 2 WHERE id = %s", (held,))


def test_a_void_invoice_gives_its_coupon_back(shop: Shop) -> None:
    grant(shop, coupon("ONCE", "10"))
    (key,) = issue(one_off(shop, "100"))
    void_invoices([key], reason="Wrong address", today=TODAY, now=NOW, actor=ACTOR)
    assert [one.uses_left for one in coupons_for([shop.customer])[shop.customer]] == [1]
    (again,) = issue(one_off(shop, "100"))
    assert sums(again)[0] == "90.00"
    sound()


def test_tax_is_rounded_as_the_entity_rounds(shop: Shop) -> None:
    found = {}
    for rounding in ("per_document", "per_rate", "per_line"):
        set_tax_rounding(entity_id=shop.world.berlin, rounding=rounding, now=NOW, actor=ACTOR)
        items = [NewItem("Standard", D("0.13"))] * 3
        reduced = [NewItem("Reduced", D("0.17"), tax_category=TaxCategory.REDUCED)] * 2
        new = NewInvoice(shop.world.berlin, shop.customer, "EUR", [*items, *reduced])
        (key,) = issue(draft_of(new, TODAY))
        document = e_invoice(key)
        assert einvoice_problems(document) == []
        assert document.tax_total == sum(tax.amount for tax in document.taxes)
        found[rounding] = str(document.tax_total)
    # 0.39 × 19 % = 0.0741 and 0.34 × 7 % = 0.0238: 0.0979 in all, 0.07 + 0.02 by rate, 3 × 0.02 + 2 × 0.01 by line
    assert found == {"per_document": "0.10", "per_rate": "0.09", "per_line": "0.08"}
    sound()


def test_prices_with_tax_sum_to_what_was_asked_for(shop: Shop) -> None:
    for rounding in ("per_document", "per_rate", "per_line"):
        set_tax_rounding(entity_id=shop.world.berlin, rounding=rounding, now=NOW, actor=ACTOR)
        (key,) = issue(one_off(shop, "9.99", "9.99", "0.50", prices_include_tax=True))
        row = invoice(key)
        assert row.gross_total == D("20.48")
        assert einvoice_problems(e_invoice(key)) == []
    sound()


def test_credit_comes_before_prepaid_and_both_before_what_is_left_to_pay(shop: Shop) -> None:
    (paid,) = issue(one_off(shop, "100"))
    whole = invoice(paid).gross_total
    record_payments(
        [NewPayment(shop.customer, shop.world.berlin, "EUR", whole, "card", TODAY, new_id(), "", None,
                    ((paid, whole, D(0)),))],
        now=NOW, actor=ACTOR,
    )  # fmt: skip
    (line_id,) = [line.id for line in creditable([paid])[paid].lines]
    (note,) = issue_credit_notes(
        [CreditRequest(paid, "Goodwill", [(line_id, D(30))], to_balance=True, refund=D("5.70"))],
        today=TODAY, now=NOW, actor=ACTOR,
    )  # fmt: skip
    assert credit_note(note).unapplied_amount == D("35.70")
    assert balances_of(shop.customer) == [("EUR", D(30), D(0))]
    wallet_id = fill(shop, "40")
    (key,) = issue(one_off(shop, "100"))
    assert sums(key) == ("100.00", "19.00", "30.00", "40.00", "49.00")
    assert [move.amount for move in movements_of_invoice(key)] == [D(-30), D(-40)]
    assert wallet(wallet_id).balance == 0
    assert credits_of_documents([note])[note].balance == 0
    document = e_invoice(key)
    assert (document.prepaid, document.payable) == (D(70), D(49))
    assert einvoice_problems(document) == []
    sound()


def test_a_wallet_for_a_meter_pays_its_lines_with_their_tax_alone(shop: Shop) -> None:
    fill(shop, "500", meters=["calls"])
    draft = one_off(shop, "100", "50")
    draft = draft._replace(lines=(draft.lines[0], usage(draft.lines[1], "calls")))
    (key,) = issue(draft)
    assert sums(key) == ("150.00", "28.50", "0.00", "59.50", "119.00")
    sound()


def test_an_invoice_below_zero_is_credit_of_the_account(shop: Shop) -> None:
    draft = one_off(shop, "100", "30")
    unused, base = draft.lines
    derivation = unused.derivation.replace('"result":"100.00"', '"result":"-100.00"').replace(
        '"unit_price":"100"', '"unit_price":"-100"'
    )
    negative = unused._replace(net_amount=-unused.net_amount, derivation=derivation, component="unused_base")
    (key,) = issue(draft._replace(lines=(negative, base)))
    assert sums(key) == ("-70.00", "-13.30", "0.00", "0.00", "0.00")
    assert balances_of(shop.customer) == [("EUR", D("83.30"), D(0))]
    assert einvoice_problems(e_invoice(key)) == []
    (later,) = issue(one_off(shop, "50"))
    assert sums(later) == ("50.00", "9.50", "59.50", "0.00", "0.00")
    sound()


def test_a_deposit_is_taken_off_once_with_the_tax_that_it_charged(shop: Shop) -> None:
    (deposit,) = issue(one_off(shop, "33.33", kind=InvoiceKind.DEPOSIT))
    assert statement_of(deposit).kind is InvoiceKind.DEPOSIT
    (final,) = issue(one_off(shop, "100", deducts=(deposit,)))
    assert sums(final) == ("66.67", "12.67", "0.00", "0.00", "79.34")
    document = e_invoice(final)
    assert einvoice_problems(document) == []
    with pytest.raises(Refusal, match="taken off before"):
        issue(one_off(shop, "100", deducts=(deposit,)))
    sound()
    void_invoices([final], reason="Wrong amount", today=TODAY, now=NOW, actor=ACTOR)
    (again,) = issue(one_off(shop, "90", deducts=(deposit,)))
    assert sums(again)[0] == "56.67"
    sound()


def test_credit_notes_take_their_share_of_the_coupon_and_the_last_one_the_rest(shop: Shop) -> None:
    set_tax_rounding(entity_id=shop.world.berlin, rounding="per_document", now=NOW, actor=ACTOR)
    grant(shop, coupon("TEN", "10"))
    (key,) = issue(one_off(shop, "33.33", "66.67"))
    before = sums(key)
    first, second = creditable([key])[key].lines
    requests = ([(first.id, D("11.11"))], [(first.id, D("22.22")), (second.id, D("20"))], None)
    totals = [D(0), D(0), D(0)]
    for lines in requests:
        (note,) = issue_credit_notes(
            [CreditRequest(key, "Damaged", lines, to_balance=True)], today=TODAY, now=NOW, actor=ACTOR
        )
        row = sql.fetch_one("SELECT discount_total, net_total, tax_total FROM credit_notes WHERE id = %s", (note,))
        assert row is not None
        totals = [total + value for total, value in zip(totals, row, strict=True)]
    assert totals == [D(10), D(before[0]), D(before[1])]
    with pytest.raises(NotCreditable):
        issue_credit_notes([CreditRequest(key, "Again", None)], today=TODAY, now=NOW, actor=ACTOR)
    sound()


def test_more_is_never_refunded_than_was_paid(shop: Shop) -> None:
    (key,) = issue(one_off(shop, "100"))
    request = CreditRequest(key, "Goodwill", None, CreditCause.CONCESSION, to_balance=True, refund=D(1))
    with pytest.raises(NotCreditable, match="can be paid out"):
        issue_credit_notes([request], today=TODAY, now=NOW, actor=ACTOR)


def test_more_is_refunded_than_was_paid_where_it_is_said(shop: Shop) -> None:
    (key,) = issue(one_off(shop, "100"))
    (line,) = creditable([key])[key].lines
    request = CreditRequest(key, "Goodwill", [(line.id, D(50))], to_balance=True, refund=D(40), beyond_paid=True)
    (note,) = issue_credit_notes([request], today=TODAY, now=NOW, actor=ACTOR)
    row = sql.fetch_one("SELECT gross_total, refunded_amount FROM credit_notes WHERE id = %s", (note,))
    assert row == (D("59.50"), D(40))
    assert sums(key)[4] == "119.00"
    too_much = replace(request, refund=D(60))
    with pytest.raises(NotCreditable, match=r"59\.50 can be paid out"):
        issue_credit_notes([too_much], today=TODAY, now=NOW, actor=ACTOR)
    sound()


def test_credit_can_pay_another_invoice(shop: Shop) -> None:
    first, second = issue(one_off(shop, "100"), one_off(shop, "100"))
    (line,) = creditable([first])[first].lines
    request = CreditRequest(first, "Goodwill", [(line.id, D(50))], to_balance=True, to_invoice=second)
    issue_credit_notes([request], today=TODAY, now=NOW, actor=ACTOR)
    assert (sums(first)[4], sums(second)[4]) == ("119.00", "59.50")
    fill(shop, "20")
    assert pay_by_credit(invoice_id=second, today=TODAY, now=NOW, actor=ACTOR) == D(20)
    sound()


def test_what_expires_is_breakage(shop: Shop) -> None:
    key = fill(shop, "40", expires_on=date(2027, 1, 1))
    assert expire_credits(today=date(2026, 12, 31), now=NOW, actor=ACTOR) == 0
    assert expire_credits(today=date(2027, 1, 1), now=NOW, actor=ACTOR) == 1
    assert expire_credits(today=date(2027, 1, 1), now=NOW, actor=ACTOR) == 0
    assert wallet(key).balance == 0
    sound()


def test_no_statement_makes_a_balance_up(shop: Shop) -> None:
    fill(shop, "40")
    with pytest.raises(Exception, match="movements alone"):
        sql.execute("UPDATE customer_credits SET balance = 400, amount = 400")
