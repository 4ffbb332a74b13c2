"""From an order as a file states it to an order as we take it: whom its buyer is, and which products its lines name."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from cashline.flow.book.orders.rules.incoming import IncomingLine, IncomingOrder, IncomingParty
from cashline.flow.book.orders.rules.new_order import UNKNOWN, NewOrder, NewOrderLine


class KnownCustomer(Protocol):
    """What a buyer is recognised by."""

    @property
    def id(self) -> UUID: ...


def buyer_references(orders: Iterable[IncomingOrder]) -> set[str]:
    """Every number by which the files name their buyers."""
    return {
        text
        for order in orders
        for text in (
            *order.buyer.identifiers,
            order.buyer.gln,
            order.buyer.endpoint,
            order.buyer.endpoint.partition(":")[2],
        )
        if text
    }


def buyer_tax_ids(orders: Iterable[IncomingOrder]) -> set[str]:
    """The tax numbers of the buyers, compact."""
    return {compact(order.buyer.tax_id) for order in orders if order.buyer.tax_id}


def buyer_names(orders: Iterable[IncomingOrder]) -> set[str]:
    """The names of the buyers."""
    return {order.buyer.name.lower() for order in orders if order.buyer.name}


def compact(tax_id: str) -> str:
    """A tax number without blanks and punctuation."""
    return "".join(character for character in tax_id.upper() if character.isalnum())


def find_buyer(
    party: IncomingParty,
    by_reference: Mapping[str, KnownCustomer],
    by_tax_id: Mapping[str, Sequence[KnownCustomer]],
    by_name: Mapping[str, Sequence[KnownCustomer]],
) -> UUID:
    """The customer that a file means: by a number of ours or theirs, else by tax number, else by a name that only one
    customer has. UNKNOWN where none or more than one could be meant: nothing is guessed."""
    for text in (*party.identifiers, party.gln, party.endpoint, party.endpoint.partition(":")[2]):
        if text and text in by_reference:
            return by_reference[text].id
    for found in (by_tax_id.get(compact(party.tax_id), ()), by_name.get(party.name.lower(), ())):
        if len(found) == 1:
            return found[0].id
    return UNKNOWN


def to_order(incoming: IncomingOrder, *, customer_id: UUID, entity_id: UUID, source: str) -> NewOrder:
    """The order as we take it; the wished day is that of the order, else the first of its lines."""
    days = [line.requested_delivery for line in incoming.lines if line.requested_delivery]
    return NewOrder(
        customer_id,
        entity_id,
        incoming.currency,
        source,
        incoming.external_reference or None,
        incoming.issued_on,
        incoming.requested_delivery or (min(days) if days else None),
        incoming.external_reference,
        tuple(_line(line) for line in incoming.lines),
        incoming.row,
        incoming.buyer.name or next(iter(incoming.buyer.identifiers), ""),
    )


def _line(line: IncomingLine) -> NewOrderLine:
    return NewOrderLine(
        line.sku or line.standard_item or line.buyer_sku,
        line.quantity,
        line.unit_price,
        line.interval_months,
        line.term_months,
        line.discount_percent or Decimal(0),
        line.description[:1000] or None,
        line.row,
    )
