"""Reading what was recognised, of agreements and of arrangements alike, as the waterfall counts it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from cashline.flow.recognise.revenue.queries import DESCRIPTION, SORTS
from cashline.platform import lists
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class RecognisedRow:
    """An amount of revenue: of a line of an agreement in a month, or of a promise of an arrangement on a day.

    `kind` is what posted it, `source_id` the agreement or arrangement. `month` is when it belongs to (the month, or the
    day), `posted_on` the day of its entry: a later one where it came after a close.
    """

    id: UUID
    kind: str
    source_id: UUID
    number: str
    currency: str
    description: str
    month: date
    posted_on: date
    amount: Decimal


_OF_AGREEMENTS = (
    "SELECT p.id, 'revenue_posting' AS kind, p.agreement_id AS source_id, a.number, a.entity_id, a.currency, "
    f"{DESCRIPTION.format(of='p')} AS description, p.month, e.day AS posted_on, p.amount "
    "FROM revenue_postings p JOIN agreements a ON a.id = p.agreement_id JOIN journal_entries e ON e.id = p.entry_id"
)
_OF_ARRANGEMENTS = (
    "SELECT p.id, 'arrangement_posting' AS kind, p.arrangement_id AS source_id, r.number, r.entity_id, r.currency, "
    "p.subject AS description, p.day AS month, e.day AS posted_on, -p.amount AS amount FROM arrangement_postings p "
    "JOIN revenue_arrangements r ON r.id = p.arrangement_id JOIN journal_entries e ON e.id = p.entry_id "
    "WHERE p.account = 'revenue'"
)


def list_recognised(
    ask: lists.Ask,
    *,
    entity_ids: Sequence[UUID] | None = None,
    since: date | None = None,
    until: date | None = None,
    posted_since: date | None = None,
    posted_until: date | None = None,
) -> Page[RecognisedRow]:
    """One page of revenue that belongs to `[since, until)`; `entity_ids` None means all legal entities.

    What entries on the days `[posted_since, posted_until)` recognised is what the journal and the waterfall sum.
    """
    conditions = lists.Conditions()
    conditions.among("p.entity_id", entity_ids, "uuid")
    conditions.given("p.month >= %s", since)
    conditions.given("p.month < %s", until)
    conditions.given("p.posted_on >= %s", posted_since)
    if posted_until is not None:  # an entry never stands before what it is of, so that the walk begins at that day
        conditions.add("p.posted_on < %s AND p.month < %s", posted_until, posted_until)
    return lists.page(
        RecognisedRow,
        columns="p.id, p.kind, p.source_id, p.number, p.currency, p.description, p.month, p.posted_on, p.amount",
        source=f"({_OF_AGREEMENTS} UNION ALL {_OF_ARRANGEMENTS}) AS p",
        key="p.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
        parts=(_OF_AGREEMENTS, _OF_ARRANGEMENTS),
    )
