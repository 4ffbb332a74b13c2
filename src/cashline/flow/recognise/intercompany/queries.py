"""Reading intercompany sales: lists, one, and one locked for settling."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.recognise.intercompany.rules import Sale
from cashline.kernel.identifiers import public
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page

_SALE = (
    "s.id, s.number, s.seller_id, s.buyer_id, s.currency, s.amount, s.settled_amount, s.seller_rate, s.buyer_rate, "
    "s.sold_on, s.text"
)
SORTS = {"day": "s.sold_on", "amount": "s.amount"}


def sale(sale_id: UUID, *, for_update: bool = False) -> Sale:
    """One sale, locked until the commit where it is to be settled; raises NotFound."""
    locked = "FOR NO KEY UPDATE OF s" if for_update else ""
    rows = sql.fetch_as(Sale, f"SELECT {_SALE} FROM intercompany_sales s WHERE s.id = %s {locked}", (sale_id,))
    if not rows:
        raise NotFound(f"There is no sale {public('intercompany_sale', sale_id)}.", field="id")
    return rows[0]


def list_sales(
    ask: lists.Ask, *, entity_ids: Sequence[UUID] | None = None, only_open: bool = False, text: str = ""
) -> Page[Sale]:
    """One page of sales; `entity_ids` None means all, else those that one of them sold or bought."""
    conditions = lists.Conditions()
    if entity_ids is not None:
        wanted = list(entity_ids)
        conditions.add("(s.seller_id = ANY(%s::uuid[]) OR s.buyer_id = ANY(%s::uuid[]))", wanted, wanted)
    if only_open:
        conditions.add("s.settled_amount < s.amount")
    if text:
        conditions.contains(("s.number", "s.text"), text)
    return lists.page(
        Sale,
        columns=_SALE,
        source="intercompany_sales s",
        key="s.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


@dataclass(frozen=True, slots=True)
class MovementRow:
    """What settled a sale."""

    id: UUID
    kind: str
    amount: Decimal
    moved_on: date
    reason: str
    created_by: str
    created_at: datetime


def movements_of(sale_id: UUID) -> list[MovementRow]:
    """What settled a sale, in the order in which it was recorded."""
    return sql.fetch_as(
        MovementRow,
        "SELECT id, kind, amount, moved_on, reason, created_by, created_at FROM intercompany_movements "
        "WHERE sale_id = %s ORDER BY id",
        (sale_id,),
    )
