"""How quotes end: accepted once, declined, expired or cancelled."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.customers.queries import customers_by_id
from cashline.flow.agree.customers.rules import CustomerStatus, not_active
from cashline.flow.agree.quotes import queries
from cashline.flow.agree.quotes.actions.moving import move, quote_event
from cashline.flow.agree.quotes.queries import QuoteRow
from cashline.flow.agree.quotes.rules import Acceptance, QuoteExpired
from cashline.kernel.refusals import InvalidValue, raise_all
from cashline.platform import sql
from cashline.platform.approvals import actions as approvals
from cashline.platform.approvals.queries import approvals_of
from cashline.platform.approvals.rules import ApprovalStatus
from cashline.platform.events.actions import record


@transaction.atomic
def accept_quotes(
    quote_ids: Sequence[UUID], *, accepted_by: Acceptance, today: date, now: datetime, actor: str
) -> None:
    """Accept sent quotes for their customers; the agreement follows in the same transaction.

    Of two who accept at once the second is refused. Raises QuoteExpired after the last day, CustomerNotActive.
    """
    if not accepted_by.name.strip() or len(accepted_by.name) > 200:
        raise InvalidValue("Say who accepts: a name of 1 to 200 characters.", field="name")
    if "@" not in accepted_by.email[1:-1] or len(accepted_by.email) > 254:
        raise InvalidValue("Give the e-mail address of the person who accepts.", field="email")
    rows = queries.quotes_for_update(quote_ids)
    move(rows.values(), "accept")
    customers = customers_by_id(row.customer_id for row in rows.values())
    for row in rows.values():
        if row.valid_until < today:
            raise QuoteExpired(f"{row.number} could be accepted until {row.valid_until}.", fix="Ask for a new version.")
        if customers[row.customer_id].status != CustomerStatus.ACTIVE:
            raise not_active(row.customer_name, customers[row.customer_id].status)
    sql.execute(
        "UPDATE quotes SET accepted_by = %s, accepted_email = %s, accepted_at = %s WHERE id = ANY(%s)",
        (accepted_by.name.strip(), accepted_by.email.strip(), now, list(rows)),
    )
    data = {"accepted_by": accepted_by.name, "accepted_email": accepted_by.email, "today": today.isoformat()}
    record([quote_event("QuoteAccepted", row, data) for row in rows.values()], now=now, actor=actor)


@transaction.atomic
def decline_quotes(quote_ids: Sequence[UUID], *, reason: str, now: datetime, actor: str) -> None:
    """The customer says no; a revised version may still be sent."""
    rows = queries.quotes_for_update(quote_ids)
    move(rows.values(), "decline")
    record([quote_event("QuoteDeclined", row, reason=reason) for row in rows.values()], now=now, actor=actor)


@transaction.atomic
def expire_due(*, today: date, now: datetime, actor: str) -> int:
    """Expire sent quotes whose last day has passed; gives how many."""
    rows = [row for row in _locked(queries.due_to_expire(today)) if row.status == "sent" and row.valid_until < today]
    if rows:
        move(rows, "expire")
        record([quote_event("QuoteExpired", row) for row in rows], now=now, actor=actor)
    return len(rows)


@transaction.atomic
def cancel_quotes(quote_ids: Sequence[UUID], *, reason: str, now: datetime, actor: str) -> None:
    """Take quotes off the table; what still waits for approval is withdrawn."""
    raise_all([] if reason.strip() else [InvalidValue("Say why.", field="reason")])
    rows = queries.quotes_for_update(quote_ids)
    move(rows.values(), "cancel")
    pending = [row.id for row in approvals_of(rows, (ApprovalStatus.PENDING,))]
    if pending:
        approvals.withdraw(pending, now=now, actor=actor)
    record([quote_event("QuoteCancelled", row, reason=reason) for row in rows.values()], now=now, actor=actor)


def _locked(quote_ids: Sequence[UUID]) -> list[QuoteRow]:
    return list(queries.quotes_for_update(quote_ids).values()) if quote_ids else []
