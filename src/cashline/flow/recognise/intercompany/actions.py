"""Writing intercompany sales: what is charged, paid and taken back is posted in both books in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from cashline.flow.recognise.intercompany import queries
from cashline.flow.recognise.intercompany.rules import (
    SIDES,
    Kind,
    NewSale,
    Sale,
    check_movement,
    check_sale,
    check_worth,
    facts_of_payment,
    facts_of_sale,
)
from cashline.flow.recognise.ledger.actions import post_facts
from cashline.flow.recognise.ledger.rules.posting import Fact
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import raise_all
from cashline.platform import sql
from cashline.platform.company.queries import Entity, entities_by_id, exchange_rates
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.numbering.actions import Series, take_numbers

_SALE = (
    *("id", "number", "seller_id", "buyer_id", "currency", "amount", "seller_rate", "buyer_rate", "sold_on", "text"),
    *("created_by", "created_at"),
)


@transaction.atomic
def charge_entities(sales: Sequence[NewSale], *, now: datetime, actor: str) -> list[UUID]:
    """Record what entities charge each other, and post it in the books of both; gives the ids in order.

    Raises InvalidValue for each that is wrong, NotFound and MissingRate.
    """
    raise_all([wrong for new in sales for wrong in check_sale(new)])
    owners = entities_by_id({key for new in sales for key in (new.seller_id, new.buyer_id)})
    pairs = {
        (new.currency, owners[key].currency, new.sold_on) for new in sales for key in (new.seller_id, new.buyer_id)
    }
    rates = exchange_rates(pairs)
    raise_all([wrong for new in sales for wrong in check_worth(new.amount, new.currency, _worth(new, owners, rates))])
    series = [Series("intercompany_sale", owners[new.seller_id].code, new.sold_on.year, new.seller_id) for new in sales]
    taken = {one: iter(found) for one, found in take_numbers({one: series.count(one) for one in series}).items()}
    made = [
        Sale(
            new_id(),
            next(taken[one]),
            new.seller_id,
            new.buyer_id,
            new.currency,
            new.amount,
            Decimal(0),
            rates[new.currency, owners[new.seller_id].currency, new.sold_on],
            rates[new.currency, owners[new.buyer_id].currency, new.sold_on],
            new.sold_on,
            new.text.strip(),
        )
        for new, one in zip(sales, series, strict=True)
    ]
    sql.insert(
        "intercompany_sales",
        _SALE,
        [
            (
                *(one.id, one.number, one.seller_id, one.buyer_id, one.currency, one.amount, one.seller_rate),
                *(one.buyer_rate, one.sold_on, one.text, actor, now),
            )
            for one in made
        ],
    )
    _post("sold", [(one, facts_of_sale(one, one.id, one.sold_on, one.amount)) for one in made], now=now, actor=actor)
    return [one.id for one in made]


def _worth(
    new: NewSale, owners: Mapping[UUID, Entity], rates: Mapping[tuple[str, str, date], Decimal]
) -> list[tuple[str, Decimal]]:
    """The currency of the seller and of the buyer, and what one unit of the sale is worth in it."""
    own = [owners[key].currency for key in (new.seller_id, new.buyer_id)]
    return [(code, rates[new.currency, code, new.sold_on]) for code in own]


@transaction.atomic
def settle_sale(
    *, sale_id: UUID, kind: Kind, amount: Decimal | None = None, on: date, reason: str = "", now: datetime, actor: str
) -> UUID:
    """Record that a sale is paid from bank to bank, or taken back, in whole or in part; gives the movement's id.

    Raises NotFound, MoreThanOpen, InvalidValue and MissingRate.
    """
    sale = queries.sale(sale_id, for_update=True)
    wanted = sale.open_amount if amount is None else amount
    raise_all(check_movement(sale, kind, wanted, on, reason))
    rates = _rates(sale, on) if kind is Kind.PAID else ()
    raise_all(check_worth(wanted, sale.currency, rates))
    key = new_id()
    sql.insert(
        "intercompany_movements",
        ("id", "sale_id", "kind", "amount", "moved_on", "reason", "created_by", "created_at"),
        [(key, sale.id, kind.value, wanted, on, reason.strip(), actor, now)],
    )
    sql.execute("UPDATE intercompany_sales SET settled_amount = settled_amount + %s WHERE id = %s", (wanted, sale.id))
    if kind is Kind.PAID:
        facts = facts_of_payment(sale, key, on, wanted, [rate for _, rate in rates])
    else:
        facts = facts_of_sale(sale, key, on, -wanted)
    _post(kind, [(sale, facts)], now=now, actor=actor, reason=reason.strip())
    return key


def _rates(sale: Sale, day: date) -> tuple[tuple[str, Decimal], ...]:
    """The currency of the seller and of the buyer, and what one unit of the sale is worth in it on a day."""
    owners = entities_by_id([sale.seller_id, sale.buyer_id])
    own = [owners[key].currency for key in (sale.seller_id, sale.buyer_id)]
    rates = exchange_rates({(sale.currency, code, day) for code in own})
    return tuple((code, rates[sale.currency, code, day]) for code in own)


def _post(
    what: str, both: Sequence[tuple[Sale, tuple[Fact, Fact]]], *, now: datetime, actor: str, reason: str = ""
) -> None:
    """Record and post both sides; each book says by which entity of the group it is."""
    for side, event_type in enumerate(SIDES[what]):
        facts = [pair[side] for _, pair in both]
        events = [
            Event(
                event_type,
                (ObjectRef("intercompany_sale", sale.id), ObjectRef("entity", fact.entity_id)),
                {"number": sale.number, "amount": str(abs(fact.amounts[0].amount)), "currency": sale.currency},
                reason,
            )
            for (sale, _), fact in zip(both, facts, strict=True)
        ]
        record(events, now=now, actor=actor)
        post_facts(event_type, facts, now=now, actor=actor)
