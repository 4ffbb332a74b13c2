"""Reading agreements: their terms as every planner needs them, and who signed them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.agree.contracts.rules import TermLine
from cashline.flow.agree.customers.queries.finding import Meant, either, holding, numbered, search
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """An agreement as it stands, with its customer's name and the quote that it came from."""

    id: UUID
    number: str
    origin: str
    customer_id: UUID
    customer_name: str
    entity_id: UUID
    quote_version_id: UUID | None
    quote_id: UUID | None
    currency: str
    status: str
    title: str
    terms: str
    purchase_order: str
    payment_terms_days: int
    starts_on: date
    signed_on: date | None
    net_total: Decimal
    created_at: datetime


_AGREEMENT = (
    "a.id, a.number, a.origin, a.customer_id, c.name, a.entity_id, a.quote_version_id, v.quote_id, a.currency, "
    "a.status, a.title, a.terms, a.purchase_order, a.payment_terms_days, a.starts_on, a.signed_on, a.net_total, "
    "a.created_at"
)
_SOURCE = (
    "agreements a JOIN customers c ON c.id = a.customer_id LEFT JOIN quote_versions v ON v.id = a.quote_version_id"
)
_TERM = (
    "l.id, l.line_id, l.agreement_id, a.customer_id, a.entity_id, a.currency, l.line_no, l.product_id, l.kind, "
    "l.description, l.quantity, l.unit_price, l.stand_alone_price, l.charge, l.interval_months, l.term_months, "
    "l.billing_trigger, l.revenue_pattern, l.tax_category, l.net_total, lower(l.valid), upper(l.valid), "
    "trim_scale(l.included_tax_rate)"
)
SORTS = {
    "number": "a.number",
    "customer": "lower(c.name)",
    "starts_on": "a.starts_on",
    "net_total": "a.net_total",
    "created_at": "a.id",
}
"""Each has an index."""


UNSIGNED = frozenset(("draft", "out_for_signature"))
"""The statuses that few agreements are in: an index holds those alone."""


def term_lines(
    *,
    agreement_ids: Iterable[UUID] | None = None,
    line_ids: Iterable[UUID] | None = None,
    as_of: date | None = None,
) -> list[TermLine]:
    """The agreed lines of those agreements or of those lineages, by agreement, line and the day they begin.

    Every version of a line is given, or with `as_of` the one that is valid that day.
    """
    conditions, params = [], []
    for column, keys in (("l.agreement_id", agreement_ids), ("l.line_id", line_ids)):
        if keys is not None:
            conditions.append(f"{column} = ANY(%s::uuid[])")
            params.append(sql.uuids(set(keys)))
    if not conditions:
        raise ValueError("Name the agreements or the lines: nobody needs the terms of all.")
    if as_of is not None:
        conditions.append("l.valid @> %s::date")
        params.append(as_of)  # type: ignore[arg-type]
    return sql.fetch_as(
        TermLine,
        f"SELECT {_TERM} FROM agreement_lines l JOIN agreements a ON a.id = l.agreement_id "
        f"WHERE {' AND '.join(conditions)} ORDER BY l.agreement_id, l.line_no, lower(l.valid)",
        params,
    )


def agreements_by_id(ids: Iterable[UUID]) -> dict[UUID, AgreementRow]:
    """The agreements with those ids; an unknown id is left out."""
    rows = sql.fetch_as(AgreementRow, f"SELECT {_AGREEMENT} FROM {_SOURCE} WHERE a.id = ANY(%s)", (list(set(ids)),))
    return {row.id: row for row in rows}


def agreement(agreement_id: UUID) -> AgreementRow:
    """One agreement; raises NotFound."""
    found = agreements_by_id([agreement_id]).get(agreement_id)
    if found is None:
        raise NotFound(f"There is no agreement {agreement_id}.", field="agreement_id")
    return found


def agreement_numbered(number: str) -> UUID | None:
    """The agreement with that number."""
    row = sql.fetch_one("SELECT id FROM agreements WHERE number = %s", (number,))
    return row[0] if row else None


def framework_ids(parties: Iterable[tuple[UUID, UUID, str]]) -> list[tuple[UUID, UUID, str, UUID]]:
    """The framework agreements of (customer, legal entity, currency), each with its parties before its id."""
    wanted = list(parties)
    rows = sql.fetch(
        "SELECT a.customer_id, a.entity_id, a.currency, a.id FROM agreements a "
        "JOIN unnest(%s::uuid[], %s::uuid[], %s::text[]) AS w(customer_id, entity_id, currency) "
        "ON a.customer_id = w.customer_id AND a.entity_id = w.entity_id AND a.currency = w.currency "
        "WHERE a.origin = 'framework'",
        ([one[0] for one in wanted], [one[1] for one in wanted], [one[2] for one in wanted]),
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def agreements_for_update(ids: Iterable[UUID]) -> dict[UUID, AgreementRow]:
    """The agreements, locked in key order until the commit; raises NotFound where one is missing."""
    wanted = set(ids)
    rows = sql.fetch_as(
        AgreementRow,
        f"SELECT {_AGREEMENT} FROM {_SOURCE} WHERE a.id = ANY(%s) ORDER BY a.id FOR NO KEY UPDATE OF a",
        (list(wanted),),
    )
    if missing := wanted - {row.id for row in rows}:
        raise NotFound(f"There is no agreement {missing.pop()}.", field="agreement_id")
    return {row.id: row for row in rows}


def agreements_of_quotes(quote_ids: Iterable[UUID]) -> dict[UUID, AgreementRow]:
    """The agreement that came of each quote, by quote; a quote without one is left out."""
    rows = sql.fetch_as(
        AgreementRow, f"SELECT {_AGREEMENT} FROM {_SOURCE} WHERE v.quote_id = ANY(%s)", (list(set(quote_ids)),)
    )
    return {row.quote_id: row for row in rows if row.quote_id is not None}


def _meant(word: str) -> Meant | None:
    return either(
        numbered("agreements", "a", word, kind="agreement", texts=("purchase_order",)),
        holding("agreements", "a", word, ("title",)),
    )


def list_agreements(
    ask: lists.Ask,
    *,
    words: str = "",
    statuses: Sequence[str] = (),
    origins: Sequence[str] = (),
    customer_id: UUID | None = None,
    entity_ids: Sequence[UUID] | None = None,
) -> Page[AgreementRow]:
    """One page of agreements; `entity_ids` None means all legal entities."""
    conditions = lists.Conditions()
    conditions.few = bool(statuses) and set(statuses) <= UNSIGNED
    conditions.among("a.status", statuses)
    conditions.among("a.origin", origins)
    conditions.among("a.entity_id", entity_ids, "uuid")
    conditions.given("a.customer_id = %s", customer_id)
    search(conditions, words, customer="a.customer_id", own=_meant, sort=ask.sort)
    return lists.page(
        AgreementRow,
        columns=_AGREEMENT,
        source=_SOURCE,
        key="a.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
        rows_of="agreements a",
    )
