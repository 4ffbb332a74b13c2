"""Reading subscriptions to rate plans: where they stand, and the facts of their lives."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.agree.customers.queries.finding import Meant, either, holding, numbered, search
from cashline.flow.deliver.subscriptions.rules import LifeFact
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class LifeRow:
    """A subscription to a rate plan as it stands; `plan_id` is the version of the plan that it is under.

    `unit_price` is the base fee of one unit for a whole `interval`.
    """

    id: UUID
    number: str
    customer_id: UUID
    customer_name: str
    entity_id: UUID
    agreement_id: UUID
    plan_id: UUID
    plan_code: str
    plan_name: str
    currency: str
    quantity: Decimal
    unit_price: Decimal
    interval: str
    status: str
    timezone: str
    activated_on: date | None
    ends_on: date | None
    next_change_at: datetime | None
    term_ends_on: date | None
    renew_on: date | None
    created_at: datetime


_LIFE = (
    "s.id, s.number, s.customer_id, c.name, s.entity_id, s.agreement_id, s.plan_version_id, p.code, p.name, "
    "v.currency, s.quantity, coalesce(s.unit_price, (v.terms->>'base_fee')::numeric), v.terms->>'interval', s.status, "
    "s.timezone, s.activated_on, s.ends_on, s.next_change_at, s.term_ends_on, s.renew_on, s.created_at"
)
_SOURCE = (
    "subscriptions s JOIN customers c ON c.id = s.customer_id JOIN plan_versions v ON v.id = s.plan_version_id "
    "JOIN plans p ON p.id = v.plan_id"
)
SORTS = {
    "number": "s.number",
    "customer": "lower(c.name)",
    "plan": "p.code",
    "status": "s.status",
    "quantity": "s.quantity",
    "activated_on": "coalesce(s.activated_on, '9999-12-31'::date)",
    "ends_on": "coalesce(s.ends_on, '9999-12-31'::date)",
    "term_ends_on": "coalesce(s.term_ends_on, '9999-12-31'::date)",
}


def lives_by_id(ids: Iterable[UUID]) -> dict[UUID, LifeRow]:
    """The subscriptions to plans with those ids; others are left out."""
    rows = sql.fetch_as(LifeRow, f"SELECT {_LIFE} FROM {_SOURCE} WHERE s.id = ANY(%s)", (list(set(ids)),))
    return {row.id: row for row in rows}


def life(subscription_id: UUID) -> LifeRow:
    """One subscription to a plan; raises NotFound."""
    found = lives_by_id([subscription_id]).get(subscription_id)
    if found is None:
        raise NotFound("There is no such subscription to a plan.", field="subscription_id")
    return found


def lives_for_update(ids: Iterable[UUID]) -> dict[UUID, LifeRow]:
    """The same, locked in key order until the commit; raises NotFound where one is missing."""
    wanted = set(ids)
    rows = sql.fetch_as(
        LifeRow,
        f"SELECT {_LIFE} FROM {_SOURCE} WHERE s.id = ANY(%s) ORDER BY s.id FOR NO KEY UPDATE OF s",
        (list(wanted),),
    )
    if len(rows) < len(wanted):
        raise NotFound("There is no such subscription to a plan.", field="subscription_id")
    return {row.id: row for row in rows}


def changing_for_update(*, until: datetime, limit: int) -> list[LifeRow]:
    """Subscriptions of which something has taken effect that their rows do not show; what others hold is left."""
    return sql.fetch_as(
        LifeRow,
        f"SELECT {_LIFE} FROM {_SOURCE} WHERE s.next_change_at <= %s ORDER BY s.next_change_at, s.id LIMIT %s "
        "FOR NO KEY UPDATE OF s SKIP LOCKED",
        (until, limit),
    )


def renewing(*, until: date, after: UUID | None, limit: int) -> list[tuple[UUID, date, str]]:
    """Subscriptions to renew by themselves from a day on or before `until`: id, that day, and their zone, by id."""
    rows = sql.fetch(
        "SELECT id, renew_on, timezone FROM subscriptions WHERE renew_on <= %s AND (%s::uuid IS NULL OR id > %s) "
        "ORDER BY id LIMIT %s",
        (until, after, after, limit),
    )
    return [(row[0], row[1], row[2]) for row in rows]


def life_counts(entity_ids: Sequence[UUID] | None = None) -> dict[str, int]:
    """How many subscriptions to plans stand in each status."""
    return dict(
        sql.fetch(
            "SELECT status, count(*) FROM subscriptions WHERE plan_version_id IS NOT NULL "
            "AND (%s::uuid[] IS NULL OR entity_id = ANY(%s::uuid[])) GROUP BY status",
            (entity_ids, entity_ids),
        )
    )


def lives_of_agreements(agreement_ids: Iterable[UUID]) -> list[LifeRow]:
    """The subscriptions to plans under those agreements, oldest first."""
    return sql.fetch_as(
        LifeRow,
        f"SELECT {_LIFE} FROM {_SOURCE} WHERE s.agreement_id = ANY(%s) ORDER BY s.id",
        (list(set(agreement_ids)),),
    )


def facts_of(subscription_ids: Iterable[UUID]) -> dict[UUID, list[LifeFact]]:
    """All facts of subscriptions, in the order in which they became known."""
    found: dict[UUID, list[LifeFact]] = {}
    for subscription_id, key, kind, at, known_at, values in sql.fetch(
        "SELECT subscription_id, id, kind, at, known_at, content FROM subscription_facts "
        "WHERE subscription_id = ANY(%s) ORDER BY id",
        (list(set(subscription_ids)),),
    ):
        found.setdefault(subscription_id, []).append(LifeFact.from_json(key, kind, at, known_at, values))
    return found


def instants_of(fact_ids: Iterable[UUID]) -> dict[UUID, datetime]:
    """When facts take effect."""
    return dict(sql.fetch("SELECT id, at FROM subscription_facts WHERE id = ANY(%s)", (list(fact_ids),)))


def withdrawn_of(fact_ids: Iterable[UUID]) -> set[UUID]:
    """Which of those facts were taken back already."""
    wanted = [str(key) for key in fact_ids]
    rows = sql.fetch(
        "SELECT w.content->>'withdraws' FROM subscription_facts w JOIN subscription_facts f "
        "ON f.subscription_id = w.subscription_id WHERE f.id = ANY(%s::uuid[]) AND w.kind = 'withdrawn' "
        "AND w.content->>'withdraws' = ANY(%s)",
        (wanted, wanted),
    )
    return {UUID(row[0]) for row in rows}


def recorders_of(subscription_id: UUID) -> dict[UUID, str]:
    """Who recorded each fact of a subscription."""
    return dict(
        sql.fetch("SELECT id, recorded_by FROM subscription_facts WHERE subscription_id = %s", (subscription_id,))
    )


def _meant(word: str) -> Meant | None:
    return either(
        numbered("subscriptions", "s", word, kind="subscription"),
        holding("plans", "p", word, ("code", "name")),
    )


def list_lives(
    ask: lists.Ask,
    *,
    words: str = "",
    statuses: Sequence[str] = (),
    customer_id: UUID | None = None,
    entity_ids: Sequence[UUID] | None = None,
    term_from: date | None = None,
    term_until: date | None = None,
    changing: bool = False,
) -> Page[LifeRow]:
    """One page of subscriptions to plans; words are looked for in number, plan and customer.

    Terms are asked by their end; `changing` are those of which something is scheduled.
    """
    conditions = lists.Conditions()
    conditions.add("s.plan_version_id IS NOT NULL")
    if changing:
        conditions.add("s.next_change_at IS NOT NULL")
    conditions.given("s.term_ends_on >= %s", term_from)
    conditions.given("s.term_ends_on < %s", term_until)
    conditions.among("s.status", statuses)
    conditions.among("s.entity_id", entity_ids, "uuid")
    conditions.given("s.customer_id = %s", customer_id)
    search(conditions, words, customer="s.customer_id", own=_meant, sort=ask.sort)
    return lists.page(
        LifeRow,
        columns=_LIFE,
        source=_SOURCE,
        key="s.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )
