"""Writing credit accounts: every change of exposure goes through here, whatever raised or lowered it.

An account is made when its customer first needs one. Rows are locked in key order.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from cashline.flow.book.credit.rules import Account, CreditDecision, decide, limit_errors
from cashline.kernel.refusals import NotFound, raise_all
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

_CHANGE = (
    "INSERT INTO credit_accounts AS a (customer_id, currency, exposure) SELECT c.id, c.currency, change.amount "
    "FROM unnest(%s::uuid[], %s::numeric[]) AS change(customer_id, amount) "
    "JOIN customers c ON c.id = change.customer_id ORDER BY c.id "
    "ON CONFLICT (customer_id) DO UPDATE SET exposure = a.exposure + EXCLUDED.exposure "
    "RETURNING customer_id, currency, credit_limit, exposure, held"
)


def take_exposure(orders: Sequence[tuple[UUID, Decimal]], *, now: datetime, actor: str) -> list[CreditDecision]:
    """Add each order's amount (customer, net of what is paid once) to its customer's exposure.

    Gives a decision for each; a refused order is to be held, and counts all the same. Runs in the caller's transaction,
    where the accounts stay locked, so that two orders cannot both take the last of a limit.
    """
    del now, actor  # the order's own event tells of it
    totals: dict[UUID, Decimal] = {}
    for customer_id, amount in orders:
        totals[customer_id] = totals.get(customer_id, Decimal(0)) + amount
    after = _change(totals)
    before = {key: account._replace(exposure=account.exposure - totals[key]) for key, account in after.items()}
    return decide(orders, before)


def change_exposure(changes: Mapping[UUID, Decimal], *, now: datetime, actor: str) -> None:
    """Raise or lower the exposure of customers by signed amounts in their currency, in the caller's transaction."""
    del now, actor  # the document that changes it records the event
    wanted = {customer_id: amount for customer_id, amount in changes.items() if amount}
    if wanted:
        _change(wanted)


@transaction.atomic
def set_limit(*, customer_id: UUID, limit: Decimal | None, reason: str = "", now: datetime, actor: str) -> None:
    """Set what a customer may owe, in the customer's currency; None takes the limit away."""
    raise_all(limit_errors(limit))
    account = _locked(customer_id)
    sql.execute("UPDATE credit_accounts SET credit_limit = %s WHERE customer_id = %s", (limit, customer_id))
    data = {
        "limit": None if limit is None else str(limit),
        "before": None if account.limit is None else str(account.limit),
        "currency": account.currency,
    }
    record([Event("CreditLimitSet", (ObjectRef("customer", customer_id),), data, reason)], now=now, actor=actor)


@transaction.atomic
def hold_account(*, customer_id: UUID, reason: str, now: datetime, actor: str) -> None:
    """Hold every further order of a customer; holding a held account changes nothing."""
    _set_held(customer_id, True, "CreditHeld", reason, now, actor)


@transaction.atomic
def lift_hold(*, customer_id: UUID, reason: str, now: datetime, actor: str) -> None:
    """Let a customer's orders through again; those held already are released by themselves."""
    _set_held(customer_id, False, "CreditHoldLifted", reason, now, actor)


def _set_held(customer_id: UUID, held: bool, event: str, reason: str, now: datetime, actor: str) -> None:
    if _locked(customer_id).held == held:
        return
    sql.execute("UPDATE credit_accounts SET held = %s WHERE customer_id = %s", (held, customer_id))
    record([Event(event, (ObjectRef("customer", customer_id),), {}, reason)], now=now, actor=actor)


def _locked(customer_id: UUID) -> Account:
    found = _change({customer_id: Decimal(0)})
    if customer_id not in found:
        raise NotFound(f"There is no customer {customer_id}.", field="customer_id")
    return found[customer_id]


def _change(changes: Mapping[UUID, Decimal]) -> dict[UUID, Account]:
    """Add to exposures, making accounts where there were none; gives the accounts after it, locked."""
    if not changes:
        return {}
    rows = sql.fetch(_CHANGE, (sql.uuids(changes), sql.numbers(changes.values())))
    return {row[0]: Account(*row) for row in rows}
