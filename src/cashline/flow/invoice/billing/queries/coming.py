"""Reading the bills to come of a subscription to a plan: planned as the run plans, and posted nowhere."""

from datetime import datetime
from uuid import UUID

from cashline.flow.agree.plans.queries import conventions_of, plan_versions_by_id
from cashline.flow.deliver.subscriptions.queries import facts_of, life
from cashline.flow.deliver.usage.queries import metered
from cashline.flow.invoice.billing.queries.plans import posted_charges, subscription_of
from cashline.flow.invoice.billing.rules.plans.coming import ComingBill, coming_bills, moments_of
from cashline.flow.invoice.billing.rules.plans.differences import outlook


def coming_bills_of(subscription_id: UUID, *, now: datetime, count: int = 1, most: int = 14) -> list[ComingBill]:
    """The next bills of a subscription, without tax; usage counts as far as it is known. Raises NotFound.

    At most `most` instants are looked at: a year of months, and what lies between.
    """
    row = life(subscription_id)
    facts = facts_of([row.id])[row.id]
    plans = plan_versions_by_id(fact.plan_id for fact in facts if fact.plan_id)
    subscription = subscription_of(row, facts, plans)
    posted = posted_charges([row.id]).get(row.id, [])
    moments = moments_of(subscription, now, most)
    windows = outlook(subscription, posted, moments[-1]).windows
    wanted = [item.window for item in windows] + [item.opening for item in windows if item.opening is not None]
    known = metered(wanted) if wanted else {}
    conventions = conventions_of([row.entity_id])[row.entity_id]
    return coming_bills(subscription, posted, known, conventions, moments, count)
