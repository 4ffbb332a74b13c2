"""Setting alerts on money, looking at them, and telling customers of renewals."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.customers.queries import customers_by_id
from cashline.flow.deliver.subscriptions.queries import life
from cashline.flow.invoice.billing.queries.coming import coming_bills_of
from cashline.flow.invoice.credits.queries import wallet
from cashline.flow.invoice.notices import queries
from cashline.flow.invoice.notices.rules import (
    MOST_NOTICE_DAYS,
    ActiveAlert,
    AlertKind,
    NewMoneyAlert,
    RenewalNotice,
    alert_problems,
    tells,
)
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import InvalidValue, Refusal, raise_all
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.outbox.actions import OutboxMessage, enqueue

log = logging.getLogger(__name__)
LOOKED_AT_ONCE = 25
LOOKED_AGAIN = timedelta(hours=1)
TOLD_AT_ONCE = 500


@transaction.atomic
def set_money_alert(new: NewMoneyAlert, *, now: datetime, actor: str) -> UUID:
    """Have somebody told; what has passed the amount already is told at the next look. Raises every error at once."""
    charges = new.kind is AlertKind.CHARGES
    row = life(new.subject_id) if charges else wallet(new.subject_id)
    email = new.email.strip() or customers_by_id([row.customer_id])[row.customer_id].email
    raise_all(alert_problems(new, row.currency, email))
    key = new_id()
    columns = "id kind entity_id customer_id subscription_id wallet_id currency threshold email created_at"
    subjects = (row.id, None) if charges else (None, row.id)
    sql.insert(
        "money_alerts",
        columns.split(),
        [(key, new.kind.value, row.entity_id, row.customer_id, *subjects, row.currency, new.threshold, email, now)],
    )
    data = {"kind": new.kind.value, "threshold": str(new.threshold), "currency": row.currency}
    record([Event("MoneyAlertSet", _objects(key, new.kind, row.id, row.customer_id), data)], now=now, actor=actor)
    return key


def _objects(key: UUID, kind: AlertKind | str, subject_id: UUID, customer_id: UUID) -> tuple[ObjectRef, ...]:
    subject = "subscription" if kind == AlertKind.CHARGES else "wallet"
    return (ObjectRef("money_alert", key), ObjectRef("customer", customer_id), ObjectRef(subject, subject_id))


@transaction.atomic
def end_money_alert(*, alert_id: UUID, now: datetime, actor: str) -> None:
    """Let an alert tell no more; one that ended stays as it is."""
    row = queries.money_alert(alert_id, for_update=True)
    if row.ended_at is None:
        sql.execute("UPDATE money_alerts SET ended_at = %s WHERE id = %s", (now, row.id))
        objects = _objects(row.id, row.kind, row.subject_id, row.customer_id)
        record([Event("MoneyAlertEnded", objects, {})], now=now, actor=actor)


@transaction.atomic
def check_wallets(*, now: datetime, actor: str) -> int:
    """Tell of wallets that fell below an amount, once a dip; gives how many were told."""
    return _told(
        [(one, balance, tells(one, balance, "")) for one, balance in queries.wallets_that_turned()], now, actor
    )


@transaction.atomic
def check_charges(*, now: datetime, actor: str) -> int | None:
    """Tell of the next bills that reached an amount, some alerts a call; None where none is to be looked at.

    The bill of each is planned by itself, as the run will plan it; that is why it is looked at once an hour.
    """
    found = queries.charges_to_look_at(before=now - LOOKED_AGAIN, limit=LOOKED_AT_ONCE)
    looks = []
    for one in found:
        try:
            bill = next(iter(coming_bills_of(one.subject_id, now=now)), None)
        except Refusal as refusal:  # what cannot be priced is told of by the run of bills
            log.warning("the next bill of alert %s cannot be planned: %s", one.id, refusal.message)
            bill = None
        amount, occasion = (bill.net, bill.due_at.date().isoformat()) if bill else (Decimal(0), "")
        looks.append((one, amount, tells(one, amount, occasion)))
    return _told(looks, now, actor) if found else None


def _told(looks: Sequence[tuple[ActiveAlert, Decimal, str]], now: datetime, actor: str) -> int:
    """Keep what each alert told for, and tell what is new of it."""
    rows = [(one.id, told_for, now) for one, _, told_for in looks]
    sql.update("money_alerts", {"told_for": "text", "looked_at": "timestamptz"}, rows)
    fresh = [(one, amount) for one, amount, told_for in looks if told_for and told_for != one.told_for]
    record(
        [
            Event(
                "MoneyAlertReached",
                _objects(one.id, one.kind, one.subject_id, one.customer_id),
                {"kind": one.kind.value, "amount": str(amount), "threshold": str(one.threshold)},
            )
            for one, amount in fresh
        ],
        now=now,
        actor=actor,
    )
    enqueue(
        [
            OutboxMessage(
                "money_alert_mail",
                f"money_alert_mail:{new_id()}",  # what was told for keeps it once, also where a clock stands still
                {"alert_id": str(one.id), "amount": str(amount)},
            )
            for one, amount in fresh
        ],
        now=now,
    )
    return len(fresh)


@transaction.atomic
def set_renewal_notices(*, entity_id: UUID, days: int | None, now: datetime, actor: str) -> None:
    """Have customers of a legal entity told so many days before a renewed term begins (None: not at all).

    Raises InvalidValue.
    """
    if days is None:
        sql.execute("DELETE FROM renewal_notice_policies WHERE entity_id = %s", (entity_id,))
    elif 1 <= days <= MOST_NOTICE_DAYS:
        sql.execute(
            "INSERT INTO renewal_notice_policies (entity_id, days) VALUES (%s, %s) "
            "ON CONFLICT (entity_id) DO UPDATE SET days = EXCLUDED.days",
            (entity_id, days),
        )
    else:
        raise InvalidValue(f"A notice goes 1 to {MOST_NOTICE_DAYS} days before.", field="days")
    record(
        [Event("RenewalNoticePolicySet", (ObjectRef("entity", entity_id),), {"days": days})], now=now, actor=actor
    )  # fmt: skip


@transaction.atomic
def tell_renewals(*, now: datetime, actor: str) -> int:
    """Tell customers of the renewals whose day has come, each once; gives how many."""
    wanted = queries.renewals_to_tell(now=now, limit=TOLD_AT_ONCE)
    ids = [one.fact_id for one in wanted]
    told = set(
        sql.ids(
            sql.fetch(
                "INSERT INTO renewal_notices (fact_id, told_at) SELECT k, %s FROM unnest(%s::uuid[]) AS k "
                "ON CONFLICT DO NOTHING RETURNING fact_id",
                (now, ids),
            )
        )
    )
    fresh = [one for one in wanted if one.fact_id in told]
    record([_noticed(one) for one in fresh], now=now, actor=actor)
    enqueue(
        [OutboxMessage("renewal_notice_mail", f"renewal_notice_mail:{one.fact_id}", _stored(one)) for one in fresh],
        now=now,
    )
    return len(fresh)


def _noticed(one: RenewalNotice) -> Event:
    data = {"begins_on": one.begins_on.isoformat(), "old_price": str(one.old_price), "new_price": str(one.new_price)}
    objects = (ObjectRef("subscription", one.subscription_id), ObjectRef("customer", one.customer_id))
    return Event("RenewalNoticed", objects, data)


def _stored(one: RenewalNotice) -> dict[str, str | None]:
    """What the mail says, as it stood when it was decided."""
    return {name: None if value is None else str(value) for name, value in one._asdict().items()}
