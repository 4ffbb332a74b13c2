"""Reading alerts on money, and renewals that customers are to be told of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.deliver.subscriptions.rules.renewals import Term
from cashline.flow.invoice.notices.rules import ActiveAlert, AlertKind, RenewalNotice
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import NotFound
from cashline.kernel.rounding import round_to
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert with what it looks at: the number of a subscription, or the name of a wallet."""

    id: UUID
    kind: str
    entity_id: UUID
    customer_id: UUID
    customer_name: str
    customer_number: str
    subject_id: UUID
    subject_name: str
    currency: str
    threshold: Decimal
    email: str
    told_for: str
    created_at: datetime
    ended_at: datetime | None


_COLUMNS = (
    "a.id, a.kind, a.entity_id, a.customer_id, c.name, c.number, coalesce(a.subscription_id, a.wallet_id), "
    "coalesce(s.number, w.name), a.currency, a.threshold, a.email, a.told_for, a.created_at, a.ended_at"
)
_SOURCE = (
    "money_alerts a JOIN customers c ON c.id = a.customer_id LEFT JOIN subscriptions s ON s.id = a.subscription_id "
    "LEFT JOIN wallets w ON w.id = a.wallet_id"
)


def money_alert(alert_id: UUID, *, for_update: bool = False) -> AlertRow:
    """One alert; raises NotFound."""
    lock = " FOR NO KEY UPDATE OF a" if for_update else ""
    row = sql.fetch_one(f"SELECT {_COLUMNS} FROM {_SOURCE} WHERE a.id = %s{lock}", (alert_id,))
    if row is None:
        raise NotFound(f"There is no alert {alert_id}.", field="alert_id")
    return AlertRow(*row)


def list_alerts(
    ask: lists.Ask, *, entity_ids: Sequence[UUID] | None = None, customer_id: UUID | None = None, active: bool = False
) -> Page[AlertRow]:
    """One page of alerts, the newest first."""
    conditions = lists.Conditions()
    conditions.among("a.entity_id", entity_ids, "uuid")
    conditions.given("a.customer_id = %s", customer_id)
    if active:
        conditions.add("a.ended_at IS NULL")
    return lists.page(
        AlertRow,
        columns=_COLUMNS,
        source=_SOURCE,
        key="a.id",
        sorts={"threshold": "a.threshold"},
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


_ACTIVE = (
    "SELECT a.id, a.kind, coalesce(a.subscription_id, a.wallet_id), a.customer_id, a.currency, a.threshold, a.email, "
    "a.told_for FROM money_alerts a WHERE a.ended_at IS NULL AND a.kind = %s"
)


def _active(*row: Any) -> ActiveAlert:
    found = ActiveAlert._make(row)
    return found._replace(kind=AlertKind(found.kind), threshold=round_to(found.threshold, minor_units(found.currency)))


def charges_to_look_at(*, before: datetime, limit: int) -> list[ActiveAlert]:
    """The alerts on charges not looked at since an instant, locked until the commit; what others hold is left."""
    rows = sql.fetch(
        f"{_ACTIVE} AND (a.looked_at IS NULL OR a.looked_at < %s) ORDER BY a.looked_at NULLS FIRST, a.id LIMIT %s "
        "FOR NO KEY UPDATE SKIP LOCKED",
        (AlertKind.CHARGES.value, before, limit),
    )
    return [_active(*row) for row in rows]


def wallets_that_turned() -> list[tuple[ActiveAlert, Decimal]]:
    """The alerts whose wallet has fallen below, or risen to, its amount since they were looked at; they are locked."""
    rows = sql.fetch(
        f"{_ACTIVE} AND (a.told_for = '') = ((SELECT coalesce(sum(x.balance), 0) FROM customer_credits x "
        "WHERE x.wallet_id = a.wallet_id) < a.threshold) ORDER BY a.id FOR NO KEY UPDATE SKIP LOCKED",
        (AlertKind.WALLET.value,),
    )
    balances = dict(
        sql.fetch(
            "SELECT wallet_id, sum(balance) FROM customer_credits WHERE wallet_id = ANY(%s) GROUP BY 1",
            ([row[2] for row in rows],),
        )
    )
    return [
        (one, round_to(balances.get(one.subject_id, Decimal(0)), minor_units(one.currency)))
        for one in (_active(*row) for row in rows)
    ]


def notice_days(entity_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How long before renewals legal entities tell; one that tells nobody is left out."""
    return dict(
        sql.fetch("SELECT entity_id, days FROM renewal_notice_policies WHERE entity_id = ANY(%s)", (list(entity_ids),))
    )


def renewals_to_tell(*, now: datetime, limit: int) -> list[RenewalNotice]:
    """Recorded renewals that begin within the days of their legal entity, and were not told; not those withdrawn.

    One of a subscription that was cancelled since takes place all the same: its end comes after the renewed term.
    """
    rows = sql.fetch(
        "SELECT f.id, s.id, s.customer_id, s.number, p.name, v.currency, c.email, c.locale, e.name, e.email, "
        "f.content, coalesce(s.unit_price, (v.terms->>'base_fee')::numeric), s.quantity "
        "FROM renewal_notice_policies n JOIN subscriptions s ON s.entity_id = n.entity_id "
        "JOIN subscription_facts f ON f.subscription_id = s.id AND f.kind = 'renewed' AND f.at > %s "
        "AND f.at <= %s::timestamptz + n.days * interval '1 day' "
        "JOIN customers c ON c.id = s.customer_id AND c.email <> '' JOIN legal_entities e ON e.id = s.entity_id "
        "JOIN plan_versions v ON v.id = s.plan_version_id JOIN plans p ON p.id = v.plan_id "
        "WHERE s.status IN ('active', 'paused', 'cancelled') "
        "AND NOT EXISTS (SELECT FROM renewal_notices t WHERE t.fact_id = f.id) "
        "AND NOT EXISTS (SELECT FROM subscription_facts w WHERE w.subscription_id = s.id "
        "AND w.content->>'withdraws' = f.id::text) ORDER BY f.at, f.id LIMIT %s",
        (now, now, limit),
    )
    found = []
    for *head, content, price, quantity in rows:
        term = Term.from_json(content["term"])
        new = Decimal(content.get("unit_price") or price)
        found.append(RenewalNotice._make((*head, term.starts_on, term.ends_on, price, new, quantity)))
    return found
