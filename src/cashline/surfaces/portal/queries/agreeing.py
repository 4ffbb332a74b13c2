"""The customer's quotes and contracts, as they were sent out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class QuoteRow:
    """A quote with its newest version that was sent; `is_current` is false while a newer one is being prepared."""

    id: UUID
    number: str
    title: str
    entity_id: UUID
    currency: str
    status: str
    valid_until: date
    contact_name: str
    accepted_by: str
    accepted_at: datetime | None
    version_id: UUID
    version: int
    starts_on: date
    terms: str
    one_off_total: Decimal
    recurring_total: Decimal
    net_total: Decimal
    list_total: Decimal
    sent_at: datetime
    is_current: bool


@dataclass(frozen=True, slots=True)
class QuoteLineRow:
    """A line of a version."""

    id: UUID
    line_no: int
    sku: str
    unit: str
    description: str
    quantity: Decimal
    interval_months: int
    term_months: int
    list_price: Decimal
    unit_price: Decimal
    net_total: Decimal
    derivation: dict[str, Any]
    included_tax_rate: Decimal | None


@dataclass(frozen=True, slots=True)
class ContractRow:
    """An agreement; `origin` says whether it was signed or came with an order."""

    id: UUID
    number: str
    origin: str
    entity_id: UUID
    quote_id: UUID | None
    quote_number: str | None
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


@dataclass(frozen=True, slots=True)
class ContractLineRow:
    """A line of a contract as it holds on a day."""

    line_id: UUID
    line_no: int
    description: str
    quantity: Decimal
    unit_price: Decimal
    interval_months: int
    term_months: int
    net_total: Decimal
    included_tax_rate: Decimal | None


@dataclass(frozen=True, slots=True)
class SignerRow:
    """A person asked to sign."""

    id: UUID
    name: str
    email: str
    title: str
    status: str
    requested_at: datetime
    signed_at: datetime | None


_QUOTE = (
    "q.id, q.number, q.title, q.entity_id, q.currency, q.status, q.valid_until, q.contact_name, q.accepted_by, "
    "q.accepted_at, v.id, v.version, v.starts_on, v.terms, v.one_off_total, v.recurring_total, v.net_total, "
    "v.list_total, v.frozen_at, v.version = q.current_version"
)
_QUOTE_SOURCE = (
    "quotes q JOIN LATERAL (SELECT id, version, starts_on, terms, one_off_total, recurring_total, net_total, "
    "list_total, frozen_at FROM quote_versions WHERE quote_id = q.id AND frozen_at IS NOT NULL "
    "ORDER BY version DESC LIMIT 1) v ON true"
)
_CONTRACT = (
    "a.id, a.number, a.origin, a.entity_id, q.id, q.number, a.currency, a.status, a.title, a.terms, a.purchase_order, "
    "a.payment_terms_days, a.starts_on, a.signed_on, a.net_total, a.created_at"
)
_CONTRACT_SOURCE = (
    "agreements a LEFT JOIN quote_versions v ON v.id = a.quote_version_id "
    "LEFT JOIN quotes q ON q.id = v.quote_id AND q.customer_id = a.customer_id"
)
QUOTE_SORTS = {
    "number": "q.number",
    "valid_until": "q.valid_until",
    "net_total": "v.net_total",
    "sent_at": "v.frozen_at",
}
CONTRACT_SORTS = {"number": "a.number", "starts_on": "a.starts_on", "net_total": "a.net_total"}


def find_quotes(ask: lists.Ask, customer_id: UUID, *, words: str = "", statuses: Sequence[str] = ()) -> Page[QuoteRow]:
    """One page of quotes, the newest first."""
    conditions = lists.Conditions()
    conditions.add("q.customer_id = %s", customer_id)
    conditions.among("q.status", statuses)
    conditions.contains(("q.number", "q.title"), words)
    return lists.page(
        QuoteRow,
        columns=_QUOTE,
        source=_QUOTE_SOURCE,
        key="q.id",
        sorts=QUOTE_SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def quote(quote_id: UUID) -> QuoteRow:
    """One quote; raises NotFound, also for another customer's."""
    rows = sql.fetch_as(QuoteRow, f"SELECT {_QUOTE} FROM {_QUOTE_SOURCE} WHERE q.id = %s", (quote_id,))
    if not rows:
        raise NotFound("There is no such quote.", field="quote")
    return rows[0]


def quote_lines(version_id: UUID) -> list[QuoteLineRow]:
    """The lines of a version."""
    return sql.fetch_as(
        QuoteLineRow,
        "SELECT l.id, l.line_no, p.sku, p.unit, l.description, l.quantity, l.interval_months, l.term_months, "
        "l.list_price, l.unit_price, l.net_total, l.derivation, l.included_tax_rate "
        "FROM quote_lines l JOIN products p ON p.id = l.product_id WHERE l.version_id = %s "
        "ORDER BY l.interval_months, l.line_no",
        (version_id,),
    )


def contract_of_quote(quote_id: UUID) -> ContractRow | None:
    """The contract that came of a quote, once it was sent for signature."""
    rows = sql.fetch_as(ContractRow, f"SELECT {_CONTRACT} FROM {_CONTRACT_SOURCE} WHERE q.id = %s", (quote_id,))
    return rows[0] if rows else None


def find_contracts(
    ask: lists.Ask, customer_id: UUID, *, words: str = "", statuses: Sequence[str] = ()
) -> Page[ContractRow]:
    """One page of contracts, the newest first; agreements that came with an order show with the order."""
    conditions = lists.Conditions()
    conditions.add("a.customer_id = %s AND a.origin = 'contract'", customer_id)
    conditions.among("a.status", statuses)
    conditions.contains(("a.number", "a.title", "a.purchase_order"), words)
    return lists.page(
        ContractRow,
        columns=_CONTRACT,
        source=_CONTRACT_SOURCE,
        key="a.id",
        sorts=CONTRACT_SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def contract(contract_id: UUID) -> ContractRow:
    """One contract; raises NotFound, also for another customer's."""
    rows = sql.fetch_as(ContractRow, f"SELECT {_CONTRACT} FROM {_CONTRACT_SOURCE} WHERE a.id = %s", (contract_id,))
    if not rows:
        raise NotFound("There is no such contract.", field="contract")
    return rows[0]


def contract_lines(contract_id: UUID, today: date) -> list[ContractLineRow]:
    """The lines that hold on that day, and those that begin later."""
    return sql.fetch_as(
        ContractLineRow,
        "SELECT DISTINCT ON (l.line_no, l.line_id) l.line_id, l.line_no, l.description, l.quantity, l.unit_price, "
        "l.interval_months, l.term_months, l.net_total, l.included_tax_rate FROM agreement_lines l "
        "WHERE l.agreement_id = %s AND (upper(l.valid) IS NULL OR upper(l.valid) > %s) "
        "ORDER BY l.line_no, l.line_id, lower(l.valid)",
        (contract_id, today),
    )


def signers(contract_id: UUID) -> list[SignerRow]:
    """Who is asked to sign, in the order of asking; who was asked and then no longer is left out."""
    return sql.fetch_as(
        SignerRow,
        "SELECT id, signer_name, signer_email, signer_title, status, requested_at, signed_at FROM signatures "
        "WHERE agreement_id = %s AND status <> 'withdrawn' ORDER BY requested_at, id",
        (contract_id,),
    )
