"""One thread of goods, a subscription and an installation, from quote to closed month: each step done from its facts.

A step looks at what stands in the database and does what is missing, so it may be killed anywhere and taken again, as
the program's own jobs may.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from cashline.flow.agree.catalog.actions import change_product
from cashline.flow.agree.contracts import actions as contracts
from cashline.flow.agree.contracts.queries.signatures import signing_token
from cashline.flow.agree.contracts.rules.signing import SignatureGiven, Signer, Visit
from cashline.flow.agree.customers.rules import NewCustomer
from cashline.flow.agree.quotes import actions as quotes
from cashline.flow.agree.quotes.rules import Acceptance, NewQuote, NewQuoteLine, QuoteContent
from cashline.flow.deliver.fulfilment import actions as fulfilment
from cashline.flow.deliver.fulfilment.rules import DeliveryConfirmation, ShipConfirmation
from cashline.flow.deliver.projects import actions as projects
from cashline.flow.deliver.provisioning import actions as provisioning
from cashline.flow.deliver.provisioning.rules import CallBack
from cashline.flow.invoice.billing.actions import run_bills
from cashline.flow.receive.payments import actions as payments
from cashline.flow.recognise.ledger.actions import close_period, open_books, summarise_journal
from cashline.flow.recognise.revenue.actions import run_revenue
from cashline.platform import sql
from cashline.platform.documents.seal_keys import seal_key_of
from cashline.platform.events.actions import seal_events
from cashline.platform.permissions.rules import Authority, Grant
from tests.support.agree import make_customers
from tests.support.invoice import make_billing_shop
from tests.support.receive import GOOD
from tests.support.world import ACTOR, NOW, TODAY

SELLER = Authority("user:sally@example.com", "Sally", (Grant("seller"),))
BUYER = Acceptance("Bea Buyer", "bea@nordlicht.example")
VISIT = Visit("203.0.113.7", "Mozilla/5.0 (X11; Linux)")
INSTALLED = date(2026, 1, 20)
MONTH_END = date(2026, 1, 31)
CLOSED = datetime(2026, 2, 3, 9, tzinfo=UTC)
SERVICE = "monitoring"
LINES = (
    NewQuoteLine("SENSOR-1", Decimal(12)),
    NewQuoteLine("PLAT-PRO", Decimal(12), 1, 24, Decimal(5)),
    NewQuoteLine("SETUP-1", Decimal(2)),
)


def prepare(*more: NewCustomer) -> None:
    """A company with stock, books, tax rates, its seal, an endpoint that switches the subscription, and a customer."""
    shop = make_billing_shop(sensors=40)
    make_customers(more)
    who: dict[str, Any] = {"now": NOW, "actor": ACTOR}
    for entity_id in (shop.world.berlin, shop.world.boston):
        open_books(entity_id=entity_id, **who)
    provisioning.set_endpoint(key=SERVICE, url="https://switch.example/", secret="whsec_" + "a" * 32, **who)
    change_product(shop.catalog.platform, changes={"provisioning_key": SERVICE}, **who)
    seal_key_of(shop.world.berlin, now=NOW)


def at(day: date) -> datetime:
    """Nine in the morning (UTC) of a day."""
    return NOW.replace(year=day.year, month=day.month, day=day.day)


def _one(statement: str, *params: Any) -> Any:
    row = sql.fetch_one(statement, params)
    return row[0] if row else None


def _keys(statement: str, *params: Any) -> list[UUID]:
    return sql.ids(sql.fetch(statement, params))


def quote() -> None:
    """Quote all three kinds of products in one offer to each customer."""
    entity = _one("SELECT id FROM legal_entities WHERE code = 'DE01'")
    content = QuoteContent(
        title="Machine monitoring, hall 4", valid_until=date(2026, 2, 14), starts_on=TODAY, lines=LINES
    )
    unasked = "SELECT c.id FROM customers c WHERE NOT EXISTS (SELECT FROM quotes q WHERE q.customer_id = c.id)"
    wanted = [NewQuote(customer, entity, content) for customer in _keys(unasked)]
    quotes.create_quotes(wanted, today=TODAY, now=NOW, actor=SELLER.actor)


def send() -> None:
    """Send it: the version is frozen, its PDF stored and its mail queued."""
    if drafts := _keys("SELECT id FROM quotes WHERE status = 'draft'"):
        quotes.send_quotes(drafts, authority=SELLER, today=TODAY, now=NOW)


def accept() -> None:
    """The buyer accepts it, and the contract is drafted."""
    if sent := _keys("SELECT id FROM quotes WHERE status = 'sent'"):
        quotes.accept_quotes(sent, accepted_by=BUYER, today=TODAY, now=NOW, actor="portal:bea")


def ask_to_sign() -> None:
    """Send the contract to be signed."""
    for key in _keys("SELECT id FROM agreements WHERE status = 'draft'"):
        signer = Signer(BUYER.name, BUYER.email, "CFO")
        contracts.send_for_signature(key, signers=[signer], now=NOW, actor=SELLER.actor)


def sign() -> None:
    """The buyer opens and signs it: it is sealed, the order is born, stock reserved and the activation asked for."""
    for key in _keys("SELECT id FROM signatures WHERE status = 'requested'"):
        contracts.view_signature(signing_token(key), visit=VISIT, now=NOW)
        given = SignatureGiven(BUYER.name, "I have read the contract and sign it.", VISIT)
        contracts.sign_agreement(signing_token(key), given=given, now=NOW)


def ship() -> None:
    """Pick, ship and deliver the goods."""
    if waiting := _keys("SELECT o.id FROM orders o WHERE NOT EXISTS (SELECT FROM shipments s WHERE s.order_id = o.id)"):
        fulfilment.create_shipments(waiting, now=NOW, actor=ACTOR)
    if picked := _keys("SELECT id FROM shipments WHERE status = 'picking'"):
        confirmations = [ShipConfirmation(key, "DHL", "JD0001", TODAY) for key in picked]
        fulfilment.ship_shipments(confirmations, now=NOW, actor=ACTOR)
    if sent := _keys("SELECT id FROM shipments WHERE status = 'shipped'"):
        arrived = [DeliveryConfirmation(key, TODAY) for key in sent]
        fulfilment.deliver_shipments(arrived, now=NOW, actor=ACTOR)


def activate() -> None:
    """The endpoint calls back: the service runs."""
    for key in _keys("SELECT id FROM provisioning_requests WHERE status = 'requested'"):
        provisioning.answer(request_id=key, call_back=CallBack(True, "M-1", ""), now=NOW, actor="endpoint")


def bill_first() -> None:
    """Bill the goods and the first month of the subscription."""
    _bill(TODAY)


def install() -> None:
    """Do the installation, and have it accepted."""
    for key in _keys("SELECT id FROM installations WHERE status = 'planned'"):
        projects.schedule_installation(
            installation_id=key, scheduled_on=INSTALLED, technician="Ada", now=NOW, actor=ACTOR
        )
    now = at(INSTALLED)
    for key in _keys("SELECT id FROM installations WHERE status = 'scheduled'"):
        projects.finish_installation(installation_id=key, done_on=INSTALLED, now=now, actor=ACTOR)
    for key in _keys("SELECT id FROM installations WHERE status = 'done'"):
        projects.accept_installation(
            installation_id=key,
            accepted_by=BUYER.name,
            accepted_on=INSTALLED,
            evidence="Signed sheet",
            now=now,
            actor=ACTOR,
        )


def bill_second() -> None:
    """Bill the installation."""
    _bill(INSTALLED)


def _bill(day: date) -> None:
    if not _one("SELECT count(*) FROM bill_runs WHERE as_of = %s AND status = 'completed'", day):
        run_bills(as_of=day, now=at(day), actor=ACTOR)


def pay_by_card() -> None:
    """Charge a card for the first invoices: the intent, the gateway's answer, the payment."""
    wanted = [
        payments.NewIntent(entity, customer, currency, amount, "sandbox", GOOD, invoice)
        for invoice, customer, entity, currency, amount in sql.fetch(
            "SELECT id, customer_id, entity_id, currency, open_amount FROM invoices i WHERE issued_on = %s "
            "AND NOT EXISTS (SELECT FROM payment_intents p WHERE p.invoice_id = i.id)",
            (TODAY,),
        )
    ]
    if wanted:
        payments.create_intents(wanted, now=at(INSTALLED), actor=ACTOR)
    named = payments.gateways(sandbox=True)
    for key in _keys("SELECT id FROM payment_intents WHERE status = 'pending'"):
        payments.charge_card(key, gateway_named=named, now=at(INSTALLED), actor=ACTOR)


def pay_by_bank() -> None:
    """Money comes by bank for what is open; what makes it the same payment follows from the invoice."""
    wanted = [
        payments.NewPayment(
            customer, entity, currency, amount, "bank_transfer", INSTALLED, uuid5(invoice, "the bank's line"),
            allocations=((invoice, amount, Decimal(0)),),
        )
        for invoice, customer, entity, currency, amount in sql.fetch(
            "SELECT id, customer_id, entity_id, currency, open_amount FROM invoices WHERE open_amount > 0"
        )
    ]  # fmt: skip
    if wanted:
        payments.record_payments(wanted, now=at(INSTALLED), actor=ACTOR)


def recognise() -> None:
    """Recognise the revenue of the month."""
    run_revenue(through=MONTH_END, now=CLOSED, actor=ACTOR)


def close() -> None:
    """Close the month."""
    entity = _one("SELECT id FROM legal_entities WHERE code = 'DE01'")
    if not _one("SELECT count(*) FROM accounting_periods WHERE status = 'closed' AND entity_id = %s", entity):
        close_period(entity_id=entity, month=MONTH_END, now=CLOSED, actor=ACTOR)


def seal_the_log() -> None:
    """Seal what happened into the chained log, and sum the journal."""
    seal_events(now=CLOSED)
    summarise_journal()


def walk(until: str = "seal_the_log") -> None:
    """Take the steps up to and including one in this process."""
    for name, step in STEPS.items():
        step()
        if name == until:
            return


STEPS: dict[str, Callable[[], None]] = {
    step.__name__: step
    for step in (
        quote, send, accept, ask_to_sign, sign, ship, activate, bill_first, install, bill_second, pay_by_card,
        pay_by_bank, recognise, close, seal_the_log,
    )
}  # fmt: skip
"""The thread in its order."""
