"""Reading stand-alone prices: what was charged in own transactions, the studies of it, and the prices in force."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.recognise.revenue.rules.price_study import ApprovedPrice, Observation
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page

_OBSERVED = """
SELECT l.product_id, a.currency, l.interval_months, c.country, l.quantity, l.unit_price, lower(l.valid)
FROM agreement_lines l JOIN agreements a ON a.id = l.agreement_id JOIN customers c ON c.id = a.customer_id
WHERE a.entity_id = %(entity)s AND a.status NOT IN ('draft', 'out_for_signature', 'declined', 'cancelled')
    AND lower(l.valid) >= %(start)s AND lower(l.valid) < %(end)s AND l.unit_price > 0
    AND (%(all)s OR l.product_id = ANY(%(products)s::uuid[]))
ORDER BY l.id
"""


def observed_prices(
    entity_id: UUID, start: date, end: date, product_ids: Sequence[UUID] | None = None
) -> list[Observation]:
    """What agreements of an entity that began in `[start, end)` charge for a unit, net of discounts and tax.

    The segment of a transaction is the country of its customer.
    """
    asked = {
        "entity": entity_id,
        "start": start,
        "end": end,
        "all": product_ids is None,
        "products": list(product_ids or ()),
    }
    return [Observation(*row) for row in sql.fetch(_OBSERVED, asked)]


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A study with how many prices it proposed, and how many of them are decided."""

    id: UUID
    entity_id: UUID
    start: date
    end: date
    terms: dict[str, Any]
    observations: int
    made_by: str
    made_at: datetime
    strata: int
    decided: int


_STUDY = (
    "s.id, s.entity_id, s.starts_on, s.ends_on, s.terms, s.observations, s.made_by, s.made_at, "
    "(SELECT count(*) FROM stand_alone_prices p WHERE p.study_id = s.id), "
    "(SELECT count(*) FROM stand_alone_prices p WHERE p.study_id = s.id AND p.decided_at IS NOT NULL)"
)


def list_studies(ask: lists.Ask, *, entity_ids: Sequence[UUID] | None = None) -> Page[StudyRow]:
    """One page of studies, newest first; `entity_ids` None means all legal entities."""
    conditions = lists.Conditions()
    conditions.among("s.entity_id", entity_ids, "uuid")
    return lists.page(
        StudyRow,
        columns=_STUDY,
        source="price_studies s",
        key="s.id",
        sorts={},
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def price_study(study_id: UUID) -> StudyRow:
    """One study; raises NotFound."""
    rows = sql.fetch_as(StudyRow, f"SELECT {_STUDY} FROM price_studies s WHERE s.id = %s", (study_id,))
    if not rows:
        raise NotFound(f"There is no price study {study_id}.", field="study")
    return rows[0]


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A proposed or decided stand-alone price, for one unit and interval, with what was found of its stratum."""

    id: UUID
    study_id: UUID
    entity_id: UUID
    product_id: UUID
    sku: str
    currency: str
    interval_months: int
    segment: str
    quantity_from: Decimal
    quantity_to: Decimal | None
    count: int
    within: int
    observable: bool
    least: Decimal
    most: Decimal
    amount: Decimal
    low: Decimal
    high: Decimal
    derivation: dict[str, Any]
    status: str
    valid_from: date | None
    paragraph: str
    reason: str
    decided_by: str
    decided_at: datetime | None


_PRICE = (
    "SELECT p.id, p.study_id, s.entity_id, p.product_id, d.sku, p.currency, p.interval_months, p.segment, "
    "p.quantity_from, p.quantity_to, p.count, p.within, p.observable, p.least, p.most, p.amount, p.low, p.high, "
    "p.derivation, p.status, p.valid_from, p.paragraph, p.reason, p.decided_by, p.decided_at "
    "FROM stand_alone_prices p JOIN price_studies s ON s.id = p.study_id JOIN products d ON d.id = p.product_id"
)


def prices_of_study(study_id: UUID) -> list[PriceRow]:
    """What a study found, by product and stratum."""
    return sql.fetch_as(
        PriceRow,
        f"{_PRICE} WHERE p.study_id = %s ORDER BY d.sku, p.currency, p.interval_months, p.segment, p.quantity_from",
        (study_id,),
    )


def stand_alone_price(price_id: UUID) -> PriceRow:
    """One price; raises NotFound."""
    rows = sql.fetch_as(PriceRow, f"{_PRICE} WHERE p.id = %s", (price_id,))
    if not rows:
        raise NotFound(f"There is no stand-alone price {price_id}.", field="price")
    return rows[0]


def price_for_update(price_id: UUID) -> PriceRow:
    """The same, locked until the commit."""
    sql.execute("SELECT FROM stand_alone_prices WHERE id = %s FOR UPDATE", (price_id,))
    return stand_alone_price(price_id)


def taken_from(row: PriceRow, valid_from: date) -> PriceRow | None:
    """Another price in force from the same day for some of the same transactions, once nobody else approves one."""
    sql.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('cashline.stand_alone_prices ' || %s::text, 0))",
        (row.product_id,),
    )
    rows = sql.fetch_as(
        PriceRow,
        f"{_PRICE} WHERE p.status = 'approved' AND p.valid_from = %s AND p.id <> %s AND s.entity_id = %s "
        "AND p.product_id = %s AND p.currency = %s AND p.interval_months = %s AND p.segment = %s "
        "AND numrange(p.quantity_from, p.quantity_to) && numrange(%s, %s) ORDER BY p.id LIMIT 1",
        (
            *(valid_from, row.id, row.entity_id, row.product_id, row.currency, row.interval_months, row.segment),
            *(row.quantity_from, row.quantity_to),
        ),
    )
    return rows[0] if rows else None


def approved_prices(entity_id: UUID, product_ids: Iterable[UUID]) -> dict[UUID, list[ApprovedPrice]]:
    """The prices that were approved for products of an entity, whenever they are in force."""
    rows = sql.fetch(
        "SELECT p.product_id, p.currency, p.interval_months, p.segment, p.quantity_from, p.quantity_to, p.valid_from, "
        "p.amount, p.low, p.high FROM stand_alone_prices p JOIN price_studies s ON s.id = p.study_id "
        "WHERE p.status = 'approved' AND s.entity_id = %s AND p.product_id = ANY(%s) "
        "ORDER BY p.valid_from, p.decided_at",
        (entity_id, list(set(product_ids))),
    )
    found: dict[UUID, list[ApprovedPrice]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(ApprovedPrice(*row))
    return found


def segments_of(agreement_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The segment of each agreement: the country of its customer."""
    rows = sql.fetch(
        "SELECT a.id, c.country FROM agreements a JOIN customers c ON c.id = a.customer_id WHERE a.id = ANY(%s)",
        (list(agreement_ids),),
    )
    return dict(rows)
