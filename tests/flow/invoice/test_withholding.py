"""Tax that customers withhold: stated on the invoice, settled by a payment short by it, owed by the authority."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest

from cashline.flow.agree.catalog.rules import ProductKind
from cashline.flow.invoice.credit_notes.actions import issue_credit_notes
from cashline.flow.invoice.credit_notes.rules import CreditRequest
from cashline.flow.invoice.credits.actions import open_wallets
from cashline.flow.invoice.credits.rules import NewWallet
from cashline.flow.invoice.invoices.actions import issue_invoices
from cashline.flow.invoice.invoices.queries import InvoiceRow, e_invoice, invoice, statement_of
from cashline.flow.invoice.invoices.rules.lifecycle import InvoiceKind
from cashline.flow.invoice.invoices.rules.one_off import NewInvoice, NewItem, draft_of
from cashline.flow.invoice.taxes.actions import set_withholding
from cashline.flow.invoice.taxes.rules import (
    InvalidWithholding,
    NewWithholding,
    WithholdingTerm,
    expected_withholding,
)
from cashline.flow.receive.bank.actions import import_statement, match_lines
from cashline.flow.receive.collections.actions import send_reminders
from cashline.flow.receive.payments import queries
from cashline.flow.receive.payments.actions import (
    NewPayment,
    NewRefund,
    allocate,
    record_certificate,
    record_payments,
    request_refunds,
    reverse_payments,
    top_up_wallet,
)
from cashline.flow.receive.payments.queries import PaymentFilter
from cashline.flow.receive.payments.rules import asked_of, expected_left
from cashline.flow.recognise.ledger.queries.balances import trial_balance
from cashline.flow.report.health.queries import verify
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import Conflict
from cashline.platform.lists import Ask
from tests.support.bank_files import Entry, camt
from tests.support.book import Shop, line
from tests.support.invoice import credit, make_billing_shop, ship_and_bill
from tests.support.receive import assert_laws_hold
from tests.support.world import ACTOR, NOW, TODAY

pytestmark = pytest.mark.usefixtures("db")
D = Decimal
RULE = "Section 50a"


@pytest.fixture
def shop() -> Shop:
    shop = make_billing_shop()
    withhold(shop, "10")
    return shop


def withhold(shop: Shop, percent: str, kind: str = "", since: date = TODAY) -> None:
    new = NewWithholding(shop.customer, shop.world.berlin, kind, D(percent), RULE, since)
    set_withholding([new], now=NOW, actor=ACTOR)


def pay(row: InvoiceRow, amount: str, *, on_account: bool = False) -> None:
    allocations = () if on_account else ((row.id, D(amount), D(0)),)
    new = NewPayment(
        row.customer_id, row.entity_id, "EUR", D(amount), "bank_transfer", TODAY, new_id(), allocations=allocations
    )
    record_payments([new], now=NOW, actor=ACTOR)


def held(shop: Shop) -> dict[str, Decimal]:
    rows = trial_balance(shop.world.berlin, TODAY)
    return {row.role: row.balance for row in rows if row.role in ("bank", "receivable", "tax_withheld")}


def test_an_invoice_says_what_is_withheld_and_a_payment_short_by_it_settles_it(shop: Shop) -> None:
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    statement = statement_of(row.id)
    assert (statement.withheld_total, statement.payable, row.open_amount) == (D("17.80"), D("211.82"), D("211.82"))
    assert "17,80\xa0€" in e_invoice(row.id).payment_terms
    assert "194,02\xa0€" in e_invoice(row.id).payment_terms
    pay(row, "194.02")
    assert invoice(row.id).open_amount == 0
    assert held(shop) == {"bank": D("194.02"), "receivable": D(0), "tax_withheld": D("17.80")}
    (withheld,) = queries.list_payments(Ask(), PaymentFilter(uncertified=True)).items
    assert (withheld.amount, withheld.method) == (D("17.80"), "tax_withheld")
    record_certificate(payment_id=withheld.id, number="C-1", issued_on=TODAY, now=NOW, actor=ACTOR)
    assert queries.list_payments(Ask(), PaymentFilter(uncertified=True)).items == []
    assert queries.certificate_of(withheld.id) == ("C-1", TODAY)
    with pytest.raises(Conflict):
        request_refunds([NewRefund(withheld.id, D(1), "Wrong")], now=NOW, actor=ACTOR)
    assert_laws_hold()
    assert verify(whole=True).first_break is None


def test_a_reminder_asks_for_the_rest_alone(shop: Shop) -> None:
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    late = NOW + timedelta(days=60)
    run = send_reminders(today=late.date(), now=late, actor=ACTOR, preview=True)
    assert [(one.number, one.amount.amount) for letter in run.letters for one in letter.reminders] == [
        (row.number, D("194.02"))
    ]


@pytest.mark.parametrize("amount", ["194.01", "194.03", "100.00"])
def test_another_shortfall_stays_open(shop: Shop, amount: str) -> None:
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    pay(row, amount)
    assert invoice(row.id).open_amount == D("211.82") - D(amount)


def test_money_on_account_that_is_put_to_the_invoice_settles_it_likewise_and_reversing_opens_it(shop: Shop) -> None:
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    pay(row, "194.02", on_account=True)
    (money,) = queries.list_payments(Ask(), PaymentFilter()).items
    allocate(payment_id=money.id, allocations=[(row.id, D("194.02"), D(0))], applied_on=TODAY, now=NOW, actor=ACTOR)
    assert invoice(row.id).open_amount == 0
    (withheld,) = queries.list_payments(Ask(), PaymentFilter(uncertified=True)).items
    reverse_payments([withheld.id], reason="The authority says no", today=TODAY, now=NOW, actor=ACTOR)
    assert invoice(row.id).open_amount == D("17.80")
    assert held(shop)["tax_withheld"] == 0
    with pytest.raises(Conflict):
        record_certificate(payment_id=withheld.id, number="C-1", issued_on=TODAY, now=NOW, actor=ACTOR)
    assert verify(whole=True).first_break is None


def test_a_credit_note_takes_its_part_of_what_is_withheld(shop: Shop) -> None:
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    credit(row.id, [(statement_of(row.id).lines[0].id, D(89))])
    pay(row, "97.01")
    assert invoice(row.id).open_amount == 0
    assert held(shop)["tax_withheld"] == D("8.90")


def test_a_credit_note_after_the_payment_leaves_nothing_open_but_what_is_withheld(shop: Shop) -> None:
    """Half is disputed, the other half is paid short by its share; then the disputed half is credited."""
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    pay(row, "97.01")
    credit(row.id, [(statement_of(row.id).lines[0].id, D(89))])
    assert invoice(row.id).open_amount == 0
    assert held(shop) == {"bank": D("97.01"), "receivable": D(0), "tax_withheld": D("8.90")}
    assert_laws_hold()
    assert verify(whole=True).first_break is None


def test_a_credit_to_the_account_leaves_what_the_invoice_says(shop: Shop) -> None:
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    given = CreditRequest(row.id, "Slower than agreed", [(statement_of(row.id).lines[0].id, D(89))], to_balance=True)
    issue_credit_notes([given], today=TODAY, now=NOW, actor=ACTOR)
    pay(row, "194.02")
    assert invoice(row.id).open_amount == 0


def test_an_invoice_that_prepaid_money_pays_says_nothing_of_withholding(shop: Shop) -> None:
    (wallet,) = open_wallets([NewWallet(shop.world.berlin, shop.customer, "EUR")], now=NOW, actor=ACTOR)
    paid = NewPayment(shop.customer, shop.world.berlin, "EUR", D(200), "card", TODAY, new_id())
    top_up_wallet(paid, wallet_id=wallet, expires_on=None, now=NOW, actor=ACTOR)
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    assert row.open_amount == D("11.82")
    assert e_invoice(row.id).payment_terms == "Zahlbar innerhalb von 30 Tagen ohne Abzug."


def test_a_deposit_is_taken_off_what_is_withheld_of_its_kind(shop: Shop) -> None:
    """Goods of 300.00 after a deposit of 100.00 for them: 20.00, whatever is withheld of services."""
    withhold(shop, "5", "service")
    found: list[UUID] = []
    for price, kind in ((D(100), InvoiceKind.DEPOSIT), (D(300), InvoiceKind.STANDARD)):
        item = NewItem("Press", price, kind=ProductKind.GOODS)
        deducts = tuple(found)
        new = NewInvoice(shop.world.berlin, shop.customer, "EUR", (item,), kind=kind, deducts=deducts)
        found += issue_invoices([draft_of(new, TODAY)], now=NOW, actor=ACTOR)
    told = [[(one.percent, one.base, one.amount) for one in statement_of(key).withheld] for key in found]
    assert told == [[(D(10), D(100), D(10))], [(D(10), D(200), D(20))]]


def test_the_bank_knows_what_is_still_to_be_withheld(shop: Shop) -> None:
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    credit(row.id, [(statement_of(row.id).lines[0].id, D(89))])
    import_statement(camt(Entry("97.01", f"Rechnung {row.number}")), "january.xml", now=NOW, actor=ACTOR)
    assert match_lines(now=NOW, actor=ACTOR).applied == 1
    assert invoice(row.id).open_amount == 0
    assert held(shop)["tax_withheld"] == D("8.90")


def test_the_rate_of_a_kind_goes_before_that_of_all_and_a_new_one_ends_the_one_before(shop: Shop) -> None:
    withhold(shop, "0", "goods")
    assert statement_of(ship_and_bill(shop, line("SENSOR-1", 1)).id).withheld == ()
    with pytest.raises(InvalidWithholding):
        withhold(shop, "5")
    withhold(shop, "5", since=date(2027, 1, 1))


TERMS = [
    WithholdingTerm(new_id(), "", D(10), "All", TODAY, None),
    WithholdingTerm(new_id(), "service", D(15), "Services", TODAY, date(2027, 1, 1)),
]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (TODAY, [(D(10), "10.00"), (D(15), "15.00")]),
        (date(2027, 1, 1), [(D(10), "20.00")]),
        (date(2025, 1, 1), []),
    ],
)
def test_withholding_by_kind_and_day(day: date, expected: list[tuple[Decimal, str]]) -> None:
    found = expected_withholding([("goods", Fraction(100)), ("service", Fraction(100))], TERMS, day, 2)
    assert [(one.percent, f"{one.amount}") for one in found] == expected


@pytest.mark.parametrize(
    ("disputed", "withheld", "asked"),
    [("0", "0", "211.82"), ("0", "17.80", "194.02"), ("105.91", "17.80", "97.01"), ("211.82", "17.80", "194.02")],
)
def test_a_customer_is_asked_for_what_is_not_disputed_less_what_is_withheld(
    disputed: str, withheld: str, asked: str
) -> None:
    assert asked_of(D("211.82"), disputed=D(disputed), withheld=D(withheld), digits=2) == D(asked)


def test_what_is_left_to_withhold_follows_credit_notes() -> None:
    assert expected_left(D(20), gross=D(238), credited=D(119), withheld=D(0), digits=2) == 10
    assert expected_left(D(20), gross=D(238), credited=D(119), withheld=D(4), digits=2) == 6
    assert expected_left(D(20), gross=D(0), credited=D(0), withheld=D(0), digits=2) == 0
