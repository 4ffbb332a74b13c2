"""Up to where a subscription is settled: what lies wholly before such a day is planned no more.

A day settles where a period renewed by itself, all before it was due and is billed, and nothing that was billed reaches
over it. Until a fact, an event of usage or a void touches what is before, planning from that day on gives what
planning the whole life gives: parts of periods, posted charges and usage on both sides do not meet.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from cashline.flow.invoice.billing.rules.plans.differences import Outlook
from cashline.flow.invoice.billing.rules.plans.posting import ChargePost
from cashline.flow.invoice.billing.rules.plans.shapes import SubscriptionCharge
from cashline.kernel.periods import day_start

PARTS_KEPT = 3
"""How many parts of periods may be planned again before it is worth writing down that they are settled."""


class Settlement(NamedTuple):
    """A subscription is settled before `day`, which begins at `at`; what touches an instant up to then undoes it."""

    subscription_id: UUID
    day: date
    at: datetime


def settled(
    look: Outlook, charges: Iterable[SubscriptionCharge], posts: Sequence[ChargePost]
) -> Settlement | None:  # fmt: skip
    """The newest day before which all is settled, where it is worth keeping.

    `charges` are the whole difference, `posts` what of it is posted now.
    """
    if len(look.parts) <= PARTS_KEPT:
        return None
    posted = {id(post.charge) for post in posts}
    open_from = min((charge.start for charge in charges if id(charge) not in posted), default=date.max)
    spans = [(row.start, row.end) for row in look.posted] + [(post.charge.start, post.charge.end) for post in posts]
    zone = look.subscription.zone
    for part in reversed(look.parts[PARTS_KEPT:]):
        day = part.start
        if part.days is None or day > open_from or not part.stint.start < day == part.whole.start:
            continue
        at = day_start(day, zone)
        was_due = all(one.due_at <= at for one in look.parts if one.start < day)
        if at <= look.until and was_due and not any(start < day < end for start, end in spans):
            return Settlement(look.subscription.id, day, at)
    return None
