"""Reading what tells which subscriptions are alike: all that their plan depends on, but for who they are."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from cashline.flow.agree.plans.queries import plan_versions_by_id
from cashline.flow.deliver.subscriptions.queries import facts_of, lives_by_id
from cashline.flow.invoice.billing.queries.plans import posted_charges, subscription_of
from cashline.flow.invoice.billing.rules.plans.shapes import Component, PlanSubscription, PostedCharge
from cashline.flow.invoice.billing.rules.plans.sharing import UsageKey, shared_start
from cashline.platform import sql


class AlikeLife(NamedTuple):
    """A subscription, oldest first. `fact` is its start as stored, None where its life has more facts than that.

    `posted` tells what was billed of it since `settled` but for usage: equal words, equal charges; None where some of
    it was given back, voided or billed early. `usage` is what was billed of usage.
    """

    id: UUID
    agreement_id: UUID
    number: str
    zone: str
    currency: str
    settled: date | None
    at: datetime
    fact: str | None
    posted: str | None
    usage: list[Any] | None

    @property
    def billed_usage(self) -> dict[UsageKey, Decimal]:
        """What was billed of usage, by what it was for."""
        found: dict[UsageKey, Decimal] = {}
        for plan_id, meter, dimension, value, start, place, amount in self.usage or ():
            key = UsageKey(UUID(plan_id), meter, dimension, value, date.fromisoformat(start), place)
            found[key] = found.get(key, Decimal(0)) + Decimal(amount)
        return found


_ALIKE = """
SELECT s.id, s.agreement_id, s.number, s.timezone, v.currency, l.day, f.at,
    CASE WHEN f.facts = 1 THEN f.content END, CASE WHEN NOT coalesce(p.special, false) THEN coalesce(p.posted, '') END,
    p.usage
FROM subscriptions s
JOIN plan_versions v ON v.id = s.plan_version_id
LEFT JOIN subscription_settlements l ON l.subscription_id = s.id
CROSS JOIN LATERAL (
    SELECT count(*) AS facts, min(o.at) AS at, min(o.content::text) AS content
    FROM subscription_facts o WHERE o.subscription_id = s.id) f
CROSS JOIN LATERAL (
    SELECT bool_or(c.early OR c.against_id IS NOT NULL OR c.credit_note_id IS NOT NULL OR i.status = 'void') AS special,
        string_agg(ROW(c.component, c.plan_version_id, c.meter, c.add_on, c.place, c.revision, c.starts_on, c.ends_on,
            c.whole_start, c.whole_end, c.quantity, c.unit_price, c.amount)::text, ';' ORDER BY c.id)
            FILTER (WHERE c.component <> 'charge') AS posted,
        jsonb_agg(jsonb_build_array(c.plan_version_id, c.meter, c.dimension, c.value, c.starts_on, c.place,
            c.amount::text)) FILTER (WHERE c.component = 'charge') AS usage
    FROM subscription_charges c LEFT JOIN invoice_lines n ON n.id = c.invoice_line_id
    LEFT JOIN invoices i ON i.id = n.invoice_id
    WHERE c.subscription_id = s.id AND c.starts_on >= coalesce(l.day, '-infinity'::date)) p
WHERE s.agreement_id = ANY(%s::uuid[]) ORDER BY s.id
"""


def alike_lives(agreement_ids: Iterable[UUID]) -> list[AlikeLife]:
    """The subscriptions to plans under those agreements, oldest first."""
    return [AlikeLife._make(row) for row in sql.fetch(_ALIKE, (sql.uuids(agreement_ids),))]


class Example(NamedTuple):
    """One of several alike subscriptions, with its start as all of them share it, and what was billed but for usage."""

    subscription: PlanSubscription
    posted: list[PostedCharge]


def examples_of(settled: Mapping[UUID, date], until: Mapping[UUID, datetime]) -> dict[UUID, Example]:
    """Those subscriptions as examples; one whose start cannot be shared is left out."""
    lives, facts = lives_by_id(until), facts_of(until)
    plans = plan_versions_by_id(fact.plan_id for found in facts.values() for fact in found if fact.plan_id)
    posted = posted_charges(until, settled)
    found: dict[UUID, Example] = {}
    for key, row in lives.items():
        (fact,) = facts[key]
        if fact.plan_id is None:
            continue
        start = shared_start(fact, plans[fact.plan_id].terms, until[key], row.timezone)
        if start is not None:
            charges = [one for one in posted.get(key, ()) if one.subject.component is not Component.CHARGE]
            found[key] = Example(subscription_of(row, [start], plans), charges)
    return found
