"""Terms and deliveries as the planners read them, for tests of pure rules."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from cashline.flow.agree.contracts.rules import TermLine
from cashline.flow.deliver.fulfilment.rules import DeliveryFact, DeliveryKind
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import minor_units
from cashline.kernel.rounding import round_to

D = Decimal
START = date(2026, 1, 1)
TRIGGER = {"goods": "on_shipment", "service": "on_acceptance", "subscription": "in_advance"}


def term(
    kind: str = "goods",
    *,
    quantity: str = "1",
    price: str = "100",
    months: int = 0,
    term_months: int = 0,
    currency: str = "EUR",
    line_id: UUID | None = None,
    trigger: str = "",
    starts_on: date = START,
    ends_on: date | None = None,
    net_total: str = "",
    agreement_id: UUID | None = None,
) -> TermLine:
    """A version of a line; its total is quantity × price unless given."""
    total = D(net_total) if net_total else round_to(D(quantity) * D(price), minor_units(currency))
    return TermLine(
        id=new_id(),
        line_id=line_id or new_id(),
        agreement_id=agreement_id or new_id(),
        customer_id=new_id(),
        entity_id=new_id(),
        currency=currency,
        line_no=1,
        product_id=new_id(),
        kind=kind,
        description="Thing",
        quantity=D(quantity),
        unit_price=D(price),
        stand_alone_price=D(price),
        charge=None,
        interval_months=months or (1 if kind == "subscription" else 0),
        term_months=term_months,
        billing_trigger=trigger or TRIGGER[kind],
        revenue_pattern="point",
        tax_category="standard",
        net_total=total,
        starts_on=starts_on,
        ends_on=ends_on,
    )


def fact(line: TermLine, kind: DeliveryKind, day: date, quantity: str = "") -> DeliveryFact:
    """A delivery of the line; the whole quantity unless given."""
    amount = D(quantity) if quantity else line.quantity
    return DeliveryFact(new_id(), line.line_id, new_id(), kind, amount, day, new_id())


def shipped(line: TermLine, day: date, quantity: str = "") -> DeliveryFact:
    """Goods left the warehouse."""
    return fact(line, DeliveryKind.SHIPPED, day, quantity)


def returned(line: TermLine, day: date, quantity: str) -> DeliveryFact:
    """Goods came back; the quantity is given positive."""
    return fact(line, DeliveryKind.RETURNED, day, f"-{quantity}")


def accepted(line: TermLine, day: date, quantity: str = "") -> DeliveryFact:
    """A service was accepted."""
    return fact(line, DeliveryKind.ACCEPTED, day, quantity)


def activated(line: TermLine, day: date) -> DeliveryFact:
    """A subscription began."""
    return fact(line, DeliveryKind.ACTIVATED, day)


def ended(line: TermLine, day: date) -> DeliveryFact:
    """A subscription stops before the day."""
    return fact(line, DeliveryKind.ENDED, day)
