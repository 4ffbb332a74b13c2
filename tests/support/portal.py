"""Two customers of one shop, each with documents of every kind, and their people in the portal; by the real actions."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from importlib import import_module
from uuid import UUID

from django.test import Client

from cashline.flow.agree.contracts.actions import send_for_signature, sign_agreement, view_signature
from cashline.flow.agree.contracts.queries import agreements_of_quotes
from cashline.flow.agree.contracts.rules.signing import SignatureGiven, Signer, Visit
from cashline.flow.agree.quotes.actions import accept_quotes, create_quote, send_quotes
from cashline.flow.agree.quotes.rules import Acceptance, NewQuote, NewQuoteLine, QuoteContent
from cashline.flow.deliver.fulfilment.actions import advance_steps
from cashline.flow.deliver.projects.actions import finish_installation, schedule_installation
from cashline.flow.deliver.usage.actions import correct_usage
from cashline.flow.deliver.usage.queries import meters_by_code
from cashline.flow.deliver.usage.rules.correcting import NewCorrection
from cashline.flow.invoice.invoices.queries import InvoiceRow
from cashline.flow.receive.disputes.actions import NewDispute, open_disputes
from cashline.flow.receive.payments.actions import NewRefund, request_refunds
from cashline.platform import sql
from cashline.platform.clock.actions import make_sandbox
from cashline.platform.people.actions import NewUser, create_users
from cashline.platform.permissions.rules import Authority, Grant
from tests.support.agree import german, make_customers
from tests.support.book import Shop, book, line, ship
from tests.support.console import Console
from tests.support.invoice import bill, billed, credit
from tests.support.receive import intent_for, make_receiving_shop, pay
from tests.support.usage import make_meter, record, used
from tests.support.world import ACTOR, NOW, TODAY

SELLER = Authority("user:sally@example.com", "Sally", (Grant("seller"),))
VISIT = Visit("203.0.113.7", "a browser")
PASSWORD = "a long pass phrase for tests"


RLS = import_module("cashline.flow.migrations.0001_portal_row_level_security")
OWNED = RLS.OWNED | {"usage_events": "customer_id"}
CHILDREN = RLS.CHILDREN | {"usage_corrections": ("usage_events", "id")}
OPEN = (*RLS.OPEN, "usage_meters", "usage_meter_versions")
"""The tables that the portal reads: by the customer's id, through their parents, and by everyone."""


@dataclass(frozen=True, slots=True)
class Dealings:
    """A customer's documents by kind: those that await them, and those of a thread that went its way."""

    customer: UUID
    email: str
    quote: UUID
    accepted_quote: UUID
    contract: UUID
    signed_contract: UUID
    token: str
    order: UUID
    shipment: UUID
    installation: UUID
    subscription: UUID
    invoice: UUID
    paid_invoice: UUID
    payment: UUID
    credit_note: UUID
    dispute: UUID
    charge: UUID


class Buyer(Console):
    """A customer's person, logged in to the portal."""

    def __init__(self, customer_id: UUID, email: str, name: str = "Bea Buyer") -> None:
        self.email = email
        new = NewUser(email, name, PASSWORD, customer_id=customer_id)
        (self.user_id,) = create_users([new], now=NOW, actor=ACTOR)
        speak_english(customer_id)
        self.client = Client()
        from cashline.platform.people.models import User

        self.client.force_login(
            User.objects.get(pk=self.user_id), "allauth.account.auth_backends.AuthenticationBackend"
        )


def speak_english(customer_id: UUID) -> None:
    """Let pages and documents of the customer be in English."""
    sql.execute("UPDATE customers SET locale = 'en_GB' WHERE id = %s", (customer_id,))


def make_two_customers() -> tuple[Shop, UUID, UUID]:
    """A sandbox with a shop, and two customers in euro."""
    make_sandbox(frozen_at=NOW)
    shop = make_receiving_shop()
    other = make_customers([german("Südwind Anlagen KG", email="ap@suedwind.example")])[0]
    speak_english(shop.customer)
    speak_english(other)
    return shop, shop.customer, other


def offer(shop: Shop, customer: UUID, title: str = "Monitoring of hall 4") -> UUID:
    """A quote that was sent and waits."""
    lines = (
        NewQuoteLine("SENSOR-1", Decimal(4)),
        NewQuoteLine("PLAT-PRO", Decimal(4), 1, 24, Decimal(5)),
        NewQuoteLine("SETUP-1", Decimal(1)),
    )
    content = QuoteContent(title, TODAY + timedelta(days=30), TODAY, lines, terms="Spare parts for years.")
    key = create_quote(NewQuote(customer, shop.world.berlin, content), today=TODAY, now=NOW, actor=SELLER.actor)
    send_quotes([key], authority=SELLER, today=TODAY, now=NOW)
    return key


def agree(shop: Shop, customer: UUID, email: str, title: str) -> tuple[UUID, UUID, str]:
    """A quote that was accepted and is out for signature: quote, contract, the signer's token."""
    key = offer(shop, customer, title)
    accept_quotes([key], accepted_by=Acceptance("Bea Buyer", email), today=TODAY, now=NOW, actor=f"portal:{email}")
    contract = agreements_of_quotes([key])[key].id
    token = send_for_signature(contract, signers=[Signer("Bea Buyer", email, "CFO")], now=NOW, actor=SELLER.actor)[0]
    return key, contract, token


def sign(token: str) -> None:
    """Open the link and sign."""
    view_signature(token, visit=VISIT, now=NOW)
    sign_agreement(token, given=SignatureGiven("Bea Buyer", "I sign.", VISIT), now=NOW)


def use(customer: UUID) -> None:
    """Usage of the customer's running subscription, one event of which is void."""
    row = sql.fetch_one(
        "SELECT number, activated_on FROM subscriptions WHERE customer_id = %s AND status = 'active' "
        "ORDER BY id LIMIT 1",
        (customer,),
    )
    assert row is not None
    number, at = row[0], datetime.combine(row[1], time(12), UTC)
    if not meters_by_code(["calls"]):
        make_meter("calls")
    names = [f"{number}-{index}" for index in range(3)]
    record([used(number, "calls", name, at, quantity=index + 1) for index, name in enumerate(names)], now=at)
    correct_usage([NewCorrection("test", names[0], "sent by mistake")], now=at, actor=ACTOR)


def deal(shop: Shop, customer: UUID, email: str) -> Dealings:
    """A document of every kind for a customer."""
    waiting = offer(shop, customer, "Monitoring of hall 5")
    _, contract, token = agree(shop, customer, email, "Monitoring of hall 3")
    accepted, signed, used = agree(shop, customer, email, "Monitoring of hall 4")
    sign(used)
    order = _one("SELECT id FROM orders WHERE agreement_id = %s", signed)
    advance_steps(now=NOW, actor=ACTOR)
    (shipment,) = ship(order)
    installation = _one("SELECT id FROM installations WHERE customer_id = %s", customer)
    schedule_installation(installation_id=installation, scheduled_on=TODAY, technician="Ada", now=NOW, actor=ACTOR)
    finish_installation(installation_id=installation, done_on=TODAY, note="All is tested.", now=NOW, actor=ACTOR)
    paid, left = _invoices(shop, customer)
    payment = pay(paid, str(paid.open_amount)).id
    request_refunds([NewRefund(payment, Decimal(5), "Paid too much")], now=NOW, actor=ACTOR)
    credit_note = credit(left.id, [(_one("SELECT id FROM invoice_lines WHERE invoice_id = %s", left.id), Decimal(10))])
    (dispute,) = open_disputes(
        [NewDispute(left.id, Decimal(20), "price", "We agreed on less.")], today=TODAY, now=NOW, actor=ACTOR
    )
    use(customer)
    return Dealings(
        customer=customer,
        email=email,
        quote=waiting,
        accepted_quote=accepted,
        contract=contract,
        signed_contract=signed,
        token=token,
        order=order,
        shipment=shipment,
        installation=installation,
        subscription=_one(
            "SELECT id FROM subscriptions WHERE customer_id = %s AND status = 'active' ORDER BY id", customer
        ),
        invoice=left.id,
        paid_invoice=paid.id,
        payment=payment,
        credit_note=credit_note,
        dispute=dispute,
        charge=intent_for(left, amount="30.00"),
    )


def _invoices(shop: Shop, customer: UUID) -> tuple[InvoiceRow, InvoiceRow]:
    """The invoice of the shipped and activated order, and one of another order."""
    paid = billed(bill(customer_ids=[customer]))[-1]
    ship(book(shop, line("SENSOR-1", 2), customer_id=customer, external_reference="PO 4711"))
    return paid, billed(bill(customer_ids=[customer]))[-1]


def _one(statement: str, *params: object) -> UUID:
    row = sql.fetch_one(statement, params)
    assert row is not None
    key: UUID = row[0]
    return key
