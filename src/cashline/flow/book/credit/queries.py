"""Reading credit accounts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from cashline.flow.book.credit.rules import Account
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class CreditRow:
    """A customer's credit: without an account yet the exposure is zero and there is no limit."""

    customer_id: UUID
    customer_number: str
    customer_name: str
    currency: str
    limit: Decimal | None
    exposure: Decimal
    held: bool
    held_orders: int

    @property
    def available(self) -> Decimal | None:
        """What may still be ordered; None without a limit, below zero where the limit is passed."""
        return None if self.limit is None else self.limit - self.exposure


_CREDIT = (
    "c.id, c.number, c.name, c.currency, a.credit_limit, coalesce(a.exposure, 0), coalesce(a.held, false), "
    "(SELECT count(*) FROM orders o WHERE o.customer_id = c.id AND o.status = 'held')"
)
_SOURCE = "customers c LEFT JOIN credit_accounts a ON a.customer_id = c.id"
SORTS = {
    "number": "c.number",
    "name": "lower(c.name)",
    "exposure": "coalesce(a.exposure, 0)",
    "limit": "coalesce(a.credit_limit, 1e18)",
    "available": "coalesce(a.credit_limit, 1e18) - coalesce(a.exposure, 0)",
}


def accounts(customer_ids: Iterable[UUID]) -> dict[UUID, Account]:
    """The accounts as they stand; a customer without one is left out."""
    rows = sql.fetch(
        "SELECT customer_id, currency, credit_limit, exposure, held FROM credit_accounts WHERE customer_id = ANY(%s)",
        (list(set(customer_ids)),),
    )
    return {row[0]: Account(*row) for row in rows}


def accounts_for_update(customer_ids: Iterable[UUID]) -> dict[UUID, Account]:
    """The accounts, locked in key order until the commit; a customer without one is left out."""
    rows = sql.fetch(
        "SELECT customer_id, currency, credit_limit, exposure, held FROM credit_accounts WHERE customer_id = ANY(%s) "
        "ORDER BY customer_id FOR NO KEY UPDATE",
        (list(set(customer_ids)),),
    )
    return {row[0]: Account(*row) for row in rows}


def credit_of(customer_id: UUID) -> CreditRow:
    """The credit of one customer; raises NotFound."""
    rows = sql.fetch_as(CreditRow, f"SELECT {_CREDIT} FROM {_SOURCE} WHERE c.id = %s", (customer_id,))
    if not rows:
        raise NotFound(f"There is no customer {customer_id}.", field="customer_id")
    return rows[0]


def list_credit(ask: lists.Ask, *, words: str = "", states: Sequence[str] = ()) -> Page[CreditRow]:
    """One page of customers' credit; `states` are any of over (past the limit), held, limited (has a limit)."""
    conditions = lists.Conditions()
    conditions.contains(("c.number",), words, known="c.known_as")
    known = {"over": "a.exposure > a.credit_limit", "held": "a.held", "limited": "a.credit_limit IS NOT NULL"}
    if states:
        conditions.add("(" + " OR ".join(known[state] for state in states) + ")")
    return lists.page(
        CreditRow,
        columns=_CREDIT,
        source=_SOURCE,
        key="c.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.customer_id,
    )
