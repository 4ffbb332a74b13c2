"""A whole thread from order to revenue for tests of the books, by the real actions, each on a day of its own."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid5

from cashline.flow.agree.catalog.rules import TaxCategory
from cashline.flow.book.orders.queries import lines_of
from cashline.flow.book.orders.queries import order as order_row
from cashline.flow.deliver.fulfilment.actions import create_shipments, ship_shipments
from cashline.flow.deliver.fulfilment.rules import ShipConfirmation
from cashline.flow.deliver.projects.actions import accept_installation, finish_installation
from cashline.flow.deliver.projects.queries import installations_of
from cashline.flow.invoice.billing.actions import run_bills
from cashline.flow.invoice.taxes.actions import set_tax_rates
from cashline.flow.invoice.taxes.rules import NewTaxRate
from cashline.flow.receive.payments.actions import NewPayment, record_payments
from cashline.flow.recognise.ledger.queries.balances import trial_balance
from cashline.flow.recognise.revenue.actions import RevenueRunResult, run_revenue
from cashline.platform import sql
from tests.support.book import Shop, book, line, make_shop
from tests.support.world import ACTOR, NOW, TODAY


def at(day: date) -> datetime:
    """Noon of a day."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def make_trading_shop(*, sensors: int = 100, gateways: int = 20) -> Shop:
    """A shop with stock, and with taxes of 19 % at home and none in America."""
    shop = make_shop(sensors=sensors, gateways=gateways)
    rates = [
        NewTaxRate(country, TaxCategory.STANDARD, Decimal(rate), date(2020, 1, 1))
        for country, rate in (("DE", "19"), ("US", "0"))
    ]
    set_tax_rates(rates, now=NOW, actor=ACTOR)
    return shop


def book_mixed(shop: Shop, *, discount: str = "0", **changes: object) -> UUID:
    """An order of goods, a year of a monthly subscription, and an installation; its id."""
    percent = Decimal(discount)
    return book(
        shop,
        line("SENSOR-1", 4, discount_percent=percent),
        line("PLAT-PRO", 4, interval_months=1, term_months=12),
        line("SETUP-1", 1),
        **changes,
    )


def agreement_of(order_id: UUID) -> UUID:
    """The agreement of an order."""
    return order_row(order_id).agreement_id


def line_ids(order_id: UUID) -> list[UUID]:
    """The lineages of its lines, in order."""
    return [row.line_id for row in lines_of([order_id])]


def ship_on(day: date, *order_ids: UUID) -> list[UUID]:
    """Pick and ship what is reserved of orders."""
    shipments = create_shipments(order_ids, now=at(day), actor=ACTOR)
    confirmations = [ShipConfirmation(key, "DHL", f"JD{key.int % 1000}", day) for key in shipments]
    ship_shipments(confirmations, now=at(day), actor=ACTOR)
    return shipments


def accept_on(day: date, order_id: UUID) -> None:
    """Do the installations of an order and have them accepted."""
    for row in installations_of([order_id]):
        finish_installation(installation_id=row.id, done_on=day, now=at(day), actor=ACTOR)
        accept_installation(
            installation_id=row.id, accepted_by="B. Buyer", accepted_on=day, evidence="Mail", now=at(day), actor=ACTOR
        )


def bill(day: date, **options: object) -> list[UUID]:
    """Run bills up to a day; the invoices."""
    return run_bills(as_of=day, now=at(day), actor=ACTOR, **options).invoice_ids  # type: ignore[arg-type]


def pay(day: date, invoice_id: UUID, amount: str | None = None) -> UUID:
    """Pay an invoice by bank transfer, in full or in part."""
    row = sql.fetch_one(
        "SELECT customer_id, entity_id, currency, open_amount FROM invoices WHERE id = %s", (invoice_id,)
    )
    assert row is not None
    customer, entity, currency, left = row
    paid = left if amount is None else Decimal(amount)
    source = uuid5(invoice_id, f"{day} {paid} {left}")
    payment = NewPayment(
        customer,
        entity,
        currency,
        paid,
        "bank_transfer",
        day,
        source,
        allocations=((invoice_id, min(paid, left), Decimal(0)),),
    )
    return record_payments([payment], now=at(day), actor=ACTOR)[0]


def recognise(through: date, *, now: date | None = None, **options: object) -> RevenueRunResult:
    """Run revenue up to a day."""
    return run_revenue(through=through, now=at(now or through), actor=ACTOR, **options)  # type: ignore[arg-type]


def balances(entity_id: UUID, as_of: date) -> dict[str, Decimal]:
    """The accounts of an entity that are not zero, by role."""
    return {row.role: row.balance for row in trial_balance(entity_id, as_of) if row.balance}


__all__ = [
    "TODAY",
    "accept_on",
    "agreement_of",
    "at",
    "balances",
    "bill",
    "book_mixed",
    "line_ids",
    "make_trading_shop",
    "pay",
    "recognise",
    "ship_on",
]
