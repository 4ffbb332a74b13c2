"""Reading price campaigns: whom one concerns, with which effect, and how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.flow.deliver.subscriptions.rules.campaigns import A_YEAR, campaign_price
from cashline.kernel.money import minor_units
from cashline.kernel.periods import IntervalUnit
from cashline.kernel.refusals import NotFound
from cashline.kernel.rounding import round_to
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A price campaign; `done` are the subscriptions that it has come to, `refused` those that could not follow.

    `currency` is that of the plan's versions in question, None where they have several.
    """

    id: UUID
    name: str
    plan_id: UUID
    plan_code: str
    plan_name: str
    version_id: UUID | None
    version: int | None
    entity_id: UUID | None
    unit_price: Decimal | None
    percent: Decimal | None
    effective: str
    effective_on: date | None
    keep_own_prices: bool
    reason: str
    status: str
    last_id: UUID | None
    started_at: datetime | None
    done: int
    refused: int
    undone: int
    created_at: datetime
    currency: str | None = None


class Concerned(NamedTuple):
    """A subscription that a campaign concerns, with its present price of one unit for a whole period.

    `settled`: nothing is scheduled of it and nothing waits, so that any change of its price can follow.
    """

    id: UUID
    number: str
    customer_id: UUID
    customer_name: str
    quantity: Decimal
    unit_price: Decimal
    currency: str
    interval: str
    term_ends_on: date | None
    settled: bool


class YearlyEffect(NamedTuple):
    """What a campaign comes to in a currency: base fees of a year before and after it, as they stand."""

    currency: str
    subscriptions: int
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class MemberRow:
    """What a campaign did of one subscription; `refused` says why it could not follow."""

    subscription_id: UUID
    number: str
    customer_name: str
    quantity: Decimal
    old_price: Decimal
    new_price: Decimal
    currency: str
    effective_at: datetime | None
    refused: str
    undone: bool


_CAMPAIGN = (
    "g.id, g.name, g.plan_id, p.code, p.name, g.version_id, v.version, g.entity_id, g.unit_price, g.percent, "
    "g.effective, g.effective_on, g.keep_own_prices, g.reason, g.status, g.last_id, g.started_at, g.done, "
    "g.refused, g.undone, g.created_at, coalesce(v.currency, (SELECT min(currency) FROM plan_versions "
    "WHERE plan_id = g.plan_id HAVING min(currency) = max(currency)))"
)
_SOURCE = "price_campaigns g JOIN plans p ON p.id = g.plan_id LEFT JOIN plan_versions v ON v.id = g.version_id"


def campaign(campaign_id: UUID) -> CampaignRow:
    """One campaign; raises NotFound."""
    return _one(f"SELECT {_CAMPAIGN} FROM {_SOURCE} WHERE g.id = %s", campaign_id)


def campaign_for_update(campaign_id: UUID) -> CampaignRow:
    """The same, locked until the commit."""
    return _one(f"SELECT {_CAMPAIGN} FROM {_SOURCE} WHERE g.id = %s FOR NO KEY UPDATE OF g", campaign_id)


def _one(query: str, campaign_id: UUID) -> CampaignRow:
    rows = sql.fetch_as(CampaignRow, query, (campaign_id,))
    if not rows:
        raise NotFound("There is no such price campaign.", field="campaign_id")
    return rows[0]


def campaigns_under_way() -> list[UUID]:
    """The campaigns that go on by batches, the oldest first."""
    rows = sql.fetch("SELECT id FROM price_campaigns WHERE status IN ('running', 'undoing') ORDER BY id")
    return [row[0] for row in rows]


def list_campaigns(ask: lists.Ask, *, statuses: Sequence[str] = ()) -> Page[CampaignRow]:
    """One page of campaigns."""
    conditions = lists.Conditions()
    conditions.among("g.status", statuses)
    return lists.page(
        CampaignRow,
        columns=_CAMPAIGN,
        source=_SOURCE,
        key="g.id",
        sorts={"name": "lower(g.name)"},
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


_CONCERNED = (
    "SELECT s.id, s.number, s.customer_id, c.name, s.quantity, "
    "coalesce(s.unit_price, (v.terms->>'base_fee')::numeric), v.currency, v.terms->>'interval', s.term_ends_on, "
    "s.status = 'active' AND s.next_change_at IS NULL AND s.ends_on IS NULL AND NOT EXISTS (SELECT FROM "
    "subscription_facts f WHERE f.subscription_id = s.id AND f.content @> '{\"gated\": true}') "
    "FROM subscriptions s "
    "JOIN plan_versions v ON v.id = s.plan_version_id JOIN customers c ON c.id = s.customer_id "
    "WHERE v.plan_id = %(plan)s AND s.status IN ('pending', 'active', 'paused', 'cancelled') "
    "AND (%(version)s::uuid IS NULL OR v.id = %(version)s) AND (%(entity)s::uuid IS NULL OR s.entity_id = %(entity)s) "
    "AND (NOT %(keep)s OR s.unit_price IS NULL) AND (%(after)s::uuid IS NULL OR s.id > %(after)s) "
    "AND (%(before)s::timestamptz IS NULL OR s.created_at <= %(before)s) ORDER BY s.id LIMIT %(limit)s"
)


def concerned(row: CampaignRow, *, after: UUID | None = None, limit: int | None = None) -> list[Concerned]:
    """The subscriptions that a campaign concerns, by id; once it has begun, those that were there then.

    All that have not ended, whether they can follow or not.
    """
    given = {
        "plan": row.plan_id, "version": row.version_id, "entity": row.entity_id, "keep": row.keep_own_prices,
        "after": after, "before": row.started_at, "limit": limit,
    }  # fmt: skip
    return [Concerned._make(found) for found in sql.fetch(_CONCERNED, given)]


def effect_of_campaign(row: CampaignRow, found: Sequence[Concerned]) -> list[YearlyEffect]:
    """What a campaign comes to in a year, by currency."""
    sums: dict[str, YearlyEffect] = {}
    for one in found:
        digits = minor_units(one.currency)
        times = A_YEAR[IntervalUnit(one.interval)]
        new = campaign_price(row.percent, row.unit_price, one.unit_price, digits)
        before, after = (round_to(one.quantity * price, digits) * times for price in (one.unit_price, new))
        kept = sums.get(one.currency, YearlyEffect(one.currency, 0, Decimal(0), Decimal(0)))
        sums[one.currency] = YearlyEffect(
            one.currency, kept.subscriptions + 1, kept.before + before, kept.after + after
        )
    return [sums[currency] for currency in sorted(sums)]


def members_of(campaign_id: UUID, *, limit: int = 200) -> list[MemberRow]:
    """What a campaign did, those that could not follow first."""
    return sql.fetch_as(
        MemberRow,
        "SELECT m.subscription_id, s.number, c.name, m.quantity, m.old_price, m.new_price, v.currency, m.effective_at, "
        "m.refused, m.undone FROM price_campaign_members m JOIN subscriptions s ON s.id = m.subscription_id "
        "JOIN customers c ON c.id = s.customer_id JOIN plan_versions v ON v.id = s.plan_version_id "
        "WHERE m.campaign_id = %s ORDER BY m.refused = '', m.subscription_id LIMIT %s",
        (campaign_id, limit),
    )


def to_undo(campaign_id: UUID, *, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Subscriptions of a campaign whose change can still be taken back, each with its fact."""
    rows = sql.fetch(
        "SELECT subscription_id, fact_id FROM price_campaign_members WHERE campaign_id = %s AND NOT undone "
        "AND refused = '' AND effective_at > %s ORDER BY subscription_id LIMIT %s",
        (campaign_id, now, limit),
    )
    return [(row[0], row[1]) for row in rows]
