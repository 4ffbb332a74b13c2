"""The bills to come of a subscription: its plan at each instant at which something becomes due.

It is the planner of the run itself, over what would have been posted by then; usage counts as far as it is known.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from cashline.flow.agree.plans.rules import PlanConventions
from cashline.flow.invoice.billing.rules.plans.differences import outlook, plan_subscription
from cashline.flow.invoice.billing.rules.plans.metering import Metered
from cashline.flow.invoice.billing.rules.plans.posting import ChargePost, documents, next_moment
from cashline.flow.invoice.billing.rules.plans.shapes import (
    ZERO,
    PlanSubscription,
    PostedCharge,
    SubscriptionCharge,
)
from cashline.kernel.identifiers import new_id

MOST_MOMENTS = 60
"""How many instants are looked at for the bills that were asked for; most bring one."""


class ComingBill(NamedTuple):
    """What is billed at an instant, without tax; negative charges give back."""

    at: datetime
    charges: tuple[SubscriptionCharge, ...]

    @property
    def net(self) -> Decimal:
        """The sum of its charges."""
        return sum((charge.amount for charge in self.charges), ZERO)

    @property
    def due_at(self) -> datetime:
        """Since when something of it is due: the same however long it waits to be billed."""
        return min((charge.due_at for charge in self.charges if charge.amount > 0), default=self.at)


def moments_of(subscription: PlanSubscription, now: datetime, most: int = MOST_MOMENTS) -> list[datetime]:
    """Now, and the instants after it at which something can become due."""
    found = [now]
    while len(found) < most:
        following = next_moment(subscription, found[-1])
        if following is None:
            break
        found.append(following)
    return found


def coming_bills(
    subscription: PlanSubscription,
    posted: Sequence[PostedCharge],
    metered: Metered,
    conventions: PlanConventions,
    moments: Sequence[datetime],
    count: int,
) -> list[ComingBill]:
    """The next bills at those instants; one at the first of them is due already and waits for the run."""
    return list(islice(_bills(subscription, list(posted), metered, conventions, moments), count))


def _bills(
    subscription: PlanSubscription,
    standing: list[PostedCharge],
    metered: Metered,
    conventions: PlanConventions,
    moments: Sequence[datetime],
) -> Iterator[ComingBill]:
    for at in moments:
        charges = plan_subscription(outlook(subscription, standing, at), metered, conventions)
        posts = documents(subscription, charges, standing).posts
        standing = [*standing, *(as_posted(post) for post in posts)]
        if any(post.charge.amount for post in posts):
            yield ComingBill(at, tuple(post.charge for post in posts))


def as_posted(post: ChargePost) -> PostedCharge:
    """A charge as it stands once it is posted."""
    charge, key = post.charge, new_id()
    return PostedCharge(
        key,
        post.subscription_id,
        charge.subject,
        charge.place,
        post.source_id,
        post.revision,
        charge.start,
        charge.end,
        charge.whole_start,
        charge.whole_end,
        charge.days,
        charge.of_days,
        charge.quantity,
        charge.unit_price,
        charge.amount,
        charge.against,
        post.credited_invoice or key,
        key,
        max(charge.amount, ZERO),
    )
