"""Bill runs on real orders: what was delivered is billed once, what changed is credited, a preview is the run."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from psycopg.errors import CheckViolation, InsufficientPrivilege, RestrictViolation, UniqueViolation

from cashline.flow.book.credit.queries import accounts
from cashline.flow.book.orders.queries import order as order_row
from cashline.flow.invoice.billing import queries
from cashline.flow.invoice.billing.actions import (
    advance_bill_run,
    resume_bill_run,
    run_bills,
    start_bill_run,
    stop_bill_run,
)
from cashline.flow.invoice.billing.rules.agreements import TooFarAhead
from cashline.flow.invoice.credit_notes.actions import void_invoices
from cashline.flow.invoice.credit_notes.queries import credit_notes_of
from cashline.flow.invoice.invoices.queries import invoice, lines_of, taxes_of
from cashline.kernel.derivations import Derivation
from cashline.kernel.lifecycle import IllegalTransition
from cashline.platform import sql
from cashline.platform.events.queries import timeline
from tests.support.agree import german, make_customers
from tests.support.book import book, line, ship, stock_up
from tests.support.invoice import (
    accept_installations,
    at,
    bill,
    billed,
    end_subscriptions,
    make_billing_shop,
    ship_and_bill,
)
from tests.support.world import ACTOR, NOW, TODAY

pytestmark = pytest.mark.usefixtures("db")
D = Decimal


def exposure(customer: Any) -> Decimal:
    return accounts([customer])[customer].exposure


def test_shipped_goods_are_invoiced_with_tax_due_date_number_and_mail() -> None:
    shop = make_billing_shop()
    order_id = book(shop, line("SENSOR-1", 4))
    assert exposure(shop.customer) == 356
    assert bill().invoices == 0
    ship(order_id)
    result = bill()
    (row,) = billed(result)
    assert (row.number, row.net_total, row.tax_total, row.gross_total, row.open_amount) == (
        "INV-DE01-2026-000001", D(356), D("67.64"), D("423.64"), D("423.64"),
    )  # fmt: skip
    assert (row.issued_on, row.due_on, row.status) == (TODAY, date(2026, 2, 14), "issued")
    (stated,) = lines_of([row.id])[row.id]
    assert (stated.sku, stated.quantity, stated.unit_price, stated.tax_code, stated.tax_rate) == (
        "SENSOR-1", D(4), D(89), "S", D(19),
    )  # fmt: skip
    derivation = Derivation.from_json(stated.derivation)
    assert derivation.breaks() == []
    assert derivation.result == 356
    (tax,) = taxes_of([row.id])[row.id]
    assert tax.basis == "Supplied within DE, standard rate of DE on 2026-01-15"
    assert exposure(shop.customer) == D("423.64")
    assert [event.type for event in timeline([row.id])] == ["InvoiceIssued"]
    issued = timeline([row.id])[0]
    assert issued.object_types == ["invoice", "customer", "agreement", "order"]
    assert issued.data["gross"] == "423.64"
    mails = sql.fetch("SELECT kind, key, payload FROM outbox WHERE kind = 'invoice_mail'")
    assert mails == [("invoice_mail", f"invoice_mail:{row.id}", {"invoice_id": str(row.id)})]


def test_a_second_run_finds_nothing_and_a_preview_is_the_run() -> None:
    shop = make_billing_shop()
    ship(book(shop, line("SENSOR-1", 4)), book(shop, line("SENSOR-1", 1)))
    accept_installations(book(shop, line("SETUP-1"), line("PLAT-PRO", 3, interval_months=1)))
    preview = bill(preview=True)
    assert sql.fetch("SELECT 1 FROM invoices") == []
    run = bill()
    assert (run.hash, run.totals, run.invoices) == (preview.hash, preview.totals, preview.invoices)
    assert run.invoices == 3
    assert [item.gross for item in run.documents] == [item.gross for item in preview.documents]
    again = bill()
    assert (again.invoices, again.credit_notes, again.hash) == (0, 0, "")
    assert again.run_id != run.run_id


def test_goods_subscription_and_service_of_one_order_come_on_one_invoice() -> None:
    shop = make_billing_shop()
    order_id = book(
        shop, line("SENSOR-1", 2), line("PLAT-PRO", 3, interval_months=1, term_months=12), line("SETUP-1")
    )  # fmt: skip
    ship(order_id)
    accept_installations(order_id)
    (row,) = billed(bill())
    found = [(item.sku, item.net_amount) for item in lines_of([row.id])[row.id]]
    assert found == [("SENSOR-1", D(178)), ("PLAT-PRO", D(147)), ("SETUP-1", D(1200))]
    february = bill(date(2026, 2, 15))
    (row,) = billed(february)
    assert [(item.sku, str(item.period)) for item in lines_of([row.id])[row.id]] == [
        ("PLAT-PRO", "2026-02-15/2026-03-15")
    ]
    assert bill(date(2026, 3, 14)).invoices == 0
    assert bill(date(2027, 1, 14)).invoices == 1
    assert bill(date(2027, 1, 15)).invoices == 0


def test_partial_shipments_are_billed_as_they_leave() -> None:
    shop = make_billing_shop(sensors=3)
    order_id = book(shop, line("SENSOR-1", 3), line("GATE-4", 1))
    ship(order_id)
    (first,) = billed(bill())
    assert first.net_total == 267
    stock_up(shop, shop.catalog.gateway, 1)
    ship(order_id)
    (second,) = billed(bill())
    assert (second.number, second.net_total) == ("INV-DE01-2026-000002", D(640))


def test_a_subscription_that_ends_early_is_credited_by_days_over_the_posted_invoice() -> None:
    shop = make_billing_shop()
    order_id = book(shop, line("PLAT-PRO", 31, interval_months=1))
    (row,) = billed(bill())
    assert row.gross_total == D("1807.61")
    end_subscriptions(order_id, date(2026, 1, 25), at(date(2026, 1, 24)))
    result = bill(date(2026, 1, 25))
    assert (result.invoices, result.credit_notes) == (0, 1)
    (note,) = credit_notes_of([row.id])[row.id]
    assert (note.net_total, note.tax_total, note.cause) == (D("1029.00"), D("195.51"), "correction")
    assert invoice(row.id).open_amount == D("1807.61") - D("1224.51")
    assert exposure(shop.customer) == D("583.10")
    assert bill(date(2026, 3, 1)) .credit_notes == 0  # fmt: skip
    assert bill(date(2026, 3, 1)).invoices == 0


def test_a_void_invoice_is_billed_again_and_a_concession_is_not() -> None:
    shop = make_billing_shop()
    row = ship_and_bill(shop, line("SENSOR-1", 1))
    (note_id,) = void_invoices([row.id], reason="Wrong address", today=TODAY, now=NOW, actor=ACTOR)
    assert invoice(row.id).status == "void"
    assert invoice(row.id).open_amount == 0
    assert exposure(shop.customer) == 89
    with pytest.raises(IllegalTransition):
        void_invoices([row.id], reason="Again", today=TODAY, now=NOW, actor=ACTOR)
    (anew,) = billed(bill())
    assert (anew.number, anew.gross_total) == ("INV-DE01-2026-000002", row.gross_total)
    assert lines_of([anew.id])[anew.id][0].revision == 1
    assert bill().invoices == 0
    assert [event.type for event in timeline([note_id])] == ["CreditNoteIssued"]
    told = [event.type for event in timeline([row.id])]
    assert told == ["InvoiceIssued", "InvoiceVoided", "CreditNoteIssued"]


def test_what_cannot_be_taxed_is_parked_with_its_fix_and_billed_once_mended() -> None:
    shop = make_billing_shop()
    italian = make_customers([german("Officina", country="IT", tax_id="", locale="it")])[0]
    ship(book(shop, line("SENSOR-1", 1)))
    book(shop, line("PLAT-PRO", 1, interval_months=1), customer_id=italian)
    result = bill()
    assert result.invoices == 1
    (parked,) = result.exceptions
    assert (parked.customer_id, parked.code) == (italian, "missing_tax_rate")
    assert "Enter the rate of IT" in parked.fix
    sql.execute("INSERT INTO tax_rates (id, country, category, rate, valid) VALUES "
                "(gen_random_uuid(), 'IT', 'standard', 22, '[2020-01-01,)')")  # fmt: skip
    (row,) = billed(bill())
    assert (row.customer_id, row.tax_total) == (italian, D("10.78"))


def test_a_run_goes_on_where_it_stopped() -> None:
    shop = make_billing_shop()
    ship(*[book(shop, line("SENSOR-1", quantity)) for quantity in range(1, 6)])
    run_id = start_bill_run(as_of=TODAY, now=NOW, actor=ACTOR)
    preview = bill(preview=True)
    assert advance_bill_run(run_id, now=NOW, actor=ACTOR, batch=2) is not None
    stop_bill_run(run_id, now=NOW, actor=ACTOR)
    assert advance_bill_run(run_id, now=NOW, actor=ACTOR, batch=2) is None
    row = queries.bill_run(run_id)
    assert (row.status, row.manifest.due, row.manifest.done, row.manifest.invoices) == ("stopped", 5, 2, 2)
    with pytest.raises(IllegalTransition):
        stop_bill_run(run_id, now=NOW, actor=ACTOR)
    resume_bill_run(run_id, now=NOW, actor=ACTOR)
    result = bill()
    assert (result.run_id, result.invoices, result.hash) == (run_id, 5, preview.hash)
    assert queries.bill_run(run_id).status == "completed"
    assert [event.type for event in timeline([run_id])] == [
        "BillRunStarted", "BillRunStopped", "BillRunResumed", "BillRunCompleted",
    ]  # fmt: skip


def test_a_run_may_be_narrowed_to_an_entity_customers_or_agreements() -> None:
    shop = make_billing_shop()
    other = make_customers([german("Südwerk GmbH", tax_id="")])[0]
    orders = [book(shop, line("SENSOR-1", 1)), book(shop, line("SENSOR-1", 2), customer_id=other)]
    ship(*orders)
    assert bill(entity_id=shop.world.boston).invoices == 0
    assert bill(customer_ids=[other]).invoices == 1
    agreement = order_row(orders[0]).agreement_id
    named = bill(agreement_ids=[agreement])
    assert (named.invoices, named.run_id) == (1, None)


def test_a_run_too_far_ahead_is_refused() -> None:
    with pytest.raises(TooFarAhead):
        run_bills(as_of=date(9999, 1, 1), now=NOW, actor=ACTOR)


def test_foreign_currency_keeps_the_rate_of_its_day() -> None:
    shop = make_billing_shop()
    customer = make_customers([german("Kobe KK", country="JP", currency="JPY", tax_id="", locale="ja")])[0]
    sql.execute("UPDATE customer_addresses SET country = 'JP' WHERE customer_id = %s", (customer,))
    order_id = book(
        shop, line("SENSOR-1", 2, unit_price=D("100.5")), line("SENSOR-1", 1, unit_price=D("100.5")),
        customer_id=customer, currency="JPY",
    )  # fmt: skip
    ship(order_id)
    (row,) = billed(bill())
    assert (row.net_total, row.tax_total, row.currency) == (D(302), D(0), "JPY")
    assert row.entity_rate == D("0.00625")
    assert [item.net_amount for item in lines_of([row.id])[row.id]] == [201, 101]
    assert taxes_of([row.id])[row.id][0].code == "G"


COPIED = (
    "INSERT INTO invoice_lines (id, invoice_id, line_no, line_id, product_id, source_id, period_start, description, "
    "quantity, unit_price, net_amount, tax_code, tax_rate, derivation) SELECT gen_random_uuid(), invoice_id, 2, "
    "line_id, product_id, {source}, period_start, description, quantity, unit_price, {net}, tax_code, tax_rate, "
    "derivation FROM invoice_lines"
)


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("UPDATE invoices SET gross_total = gross_total + 1, net_total = net_total + 1", RestrictViolation),
        ("UPDATE invoices SET due_on = due_on + 30", RestrictViolation),
        ("UPDATE invoice_lines SET description = 'Other'", RestrictViolation),
        ("UPDATE invoice_taxes SET tax = 0", RestrictViolation),
        ("UPDATE invoice_parties SET content = '{}'", InsufficientPrivilege),
        ("DELETE FROM invoice_lines", RestrictViolation),
        ("DELETE FROM invoices", RestrictViolation),
        ("UPDATE invoices SET open_amount = gross_total + 1", CheckViolation),
        (COPIED.format(source="source_id", net=0), UniqueViolation),
        (COPIED.format(source="gen_random_uuid()", net=5), CheckViolation),
    ],
)
def test_the_database_refuses_a_second_billing_and_a_rewritten_invoice(statement: str, error: type[Exception]) -> None:
    """With every check of ours left out."""
    shop = make_billing_shop()
    row = ship_and_bill(shop, line("SENSOR-1", 1))
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        sql.execute(statement)
    assert isinstance(caught.value.__cause__, error)
    assert invoice(row.id) == row
