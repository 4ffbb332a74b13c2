"""From charges to documents: lines of an invoice, credits of earlier lines, and the record of what each was for."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.flow.agree.catalog.rules import ProductKind, TaxCategory
from cashline.flow.deliver.subscriptions.rules import LifeKind, Stint
from cashline.flow.invoice.billing.rules.plans.shapes import (
    ZERO,
    Component,
    PlanSubscription,
    PostedCharge,
    SubscriptionCharge,
    TakeBack,
)
from cashline.flow.invoice.invoices.rules.issuing import DraftLine
from cashline.kernel.identifiers import public
from cashline.kernel.periods import Period, day_start, local_day

SERVICE = ProductKind.SUBSCRIPTION.value
UNIT = "C62"


class ChargePost(NamedTuple):
    """A charge as it is kept: on the line of (`source_id`, `start`, `revision`), or on a credit of `credited_line`."""

    subscription_id: UUID
    charge: SubscriptionCharge
    source_id: UUID
    revision: int
    credited_invoice: UUID | None


class Credit(NamedTuple):
    """So much of an invoice line is given back; `refund` wants what was paid beyond the used days paid back."""

    invoice_id: UUID
    invoice_line_id: UUID
    net_amount: Decimal
    refund: bool


class Documents(NamedTuple):
    """What charges become; `deducts` are early invoices that the lines bill again, and that are taken off."""

    lines: list[DraftLine]
    credits: list[Credit]
    posts: list[ChargePost]
    deducts: list[UUID]


def documents(
    subscription: PlanSubscription, charges: Iterable[SubscriptionCharge], posted: Sequence[PostedCharge]
) -> Documents:
    """The lines and credits of charges of one subscription; a credit takes no more than is left of its line."""
    by_id = {row.id: row for row in posted}
    left = {row.id: row.left for row in posted}
    revisions: dict[tuple[UUID, date], int] = {}
    for row in posted:
        key = (row.source_id, row.start)
        revisions[key] = max(revisions.get(key, -1), row.revision)
    found = Documents([], [], [], [])
    for charge in sorted(charges, key=place_of):
        source_id = charge.subject.source(subscription.id, charge.place)
        key = (source_id, charge.start)
        revision = revisions[key] = revisions.get(key, -1) + 1
        against = by_id.get(charge.against) if charge.against else None
        if against is not None and charge.takes_back in (TakeBack.CREDIT_NOTE, TakeBack.REFUND):
            given = min(-charge.amount, left[against.id])
            left[against.id] -= max(given, ZERO)
            if given > 0 and against.invoice_id is not None and against.invoice_line_id is not None:
                refund = charge.takes_back is TakeBack.REFUND
                found.credits.append(Credit(against.invoice_id, against.invoice_line_id, given, refund))
                found.posts.append(ChargePost(subscription.id, charge, source_id, revision, against.invoice_id))
            continue
        found.lines.append(line_of(subscription, charge, source_id, revision))
        found.posts.append(ChargePost(subscription.id, charge, source_id, revision, None))
    found.deducts.extend(_early_invoices(found.posts, posted))
    return found


def _early_invoices(posts: Sequence[ChargePost], posted: Sequence[PostedCharge]) -> list[UUID]:
    """The early invoices of the periods whose usage is billed now; what an event bills at once bills none again."""
    billed = {
        (post.charge.subject.plan_id, post.charge.start)
        for post in posts
        if post.charge.subject.component is Component.CHARGE and not post.charge.advance
    }
    found = {
        row.invoice_id
        for row in posted
        if row.subject.early and not row.voided and not row.taken_off and (row.subject.plan_id, row.start) in billed
    }
    return sorted(key for key in found if key is not None)


_ORDER = {component: index for index, component in enumerate(Component)}


def place_of(charge: SubscriptionCharge) -> tuple[date, int, str]:
    """The order of the lines of a subscription."""
    return (charge.start, _ORDER[charge.subject.component], charge.subject.meter)


def line_of(
    subscription: PlanSubscription, charge: SubscriptionCharge, source_id: UUID, revision: int
) -> DraftLine:  # fmt: skip
    """The line of a charge."""
    return DraftLine(
        None,
        None,
        SERVICE,
        charge.tax_category or TaxCategory.STANDARD.value,
        source_id,
        charge.start,
        revision,
        Period(charge.start, charge.end),
        described(words_of(subscription, charge), subscription.number),
        charge.quantity,
        UNIT,
        charge.unit_price if charge.amount >= 0 or charge.quantity < 0 else -charge.unit_price,
        charge.amount,
        charge.start if charge.advance else charge.end - timedelta(days=1),
        True,
        charge.derivation,
        charge.subject.component.value,
        subscription.plans[charge.subject.plan_id].code,
        charge.subject.meter,
        details_of(subscription.id),
    )


_WORDS: Mapping[Component, str] = {
    Component.BASE: "{plan}",
    Component.UNUSED_BASE: "{plan}: unused days",
    Component.CHARGE: "{plan}: {what}",
    Component.MINIMUM_SHORTFALL: "{plan}: minimum of {what}",
    Component.COMMITMENT_SHORTFALL: "{plan}: minimum commitment",
    Component.ADD_ON: "{plan}: {what}",
    Component.TERMINATION_FEE: "{plan}: end before the term",
}


def words_of(subscription: PlanSubscription, charge: SubscriptionCharge) -> str:
    """What a charge is for, in words: without the number of its subscription."""
    subject = charge.subject
    what = subject.meter or subject.add_on
    if subject.dimension:
        what = f"{what} ({subject.dimension} {subject.value})"
    plan = subscription.plans[subject.plan_id]
    return _WORDS[subject.component].format(plan=plan.name, what=what)


def described(words: str, number: str) -> str:
    """The description of a line."""
    return f"{words}, {number}"


def details_of(subscription_id: UUID) -> str:
    """What else a line keeps."""
    return f'{{"subscription":"{public("subscription", subscription_id)}"}}'


def next_moment(subscription: PlanSubscription, until: datetime) -> datetime | None:
    """The next instant after `until` at which something can become due; None where nothing is to come."""
    moments: list[datetime] = []
    change = subscription.life.next_change(until)
    if change is not None:
        moments.append(change)
    stint = subscription.life.stint_at(until)
    if stint is not None:
        terms = subscription.plans[stint.plan_id].terms
        day = max(local_day(until, subscription.zone), stint.start)
        moments.append(day_start(stint.whole(terms, day).end, subscription.zone))
        trial_end = subscription.life.trial_end(terms)
        if trial_end > until:
            moments.append(trial_end)
        moments += [step.at for step in stint.steps if step.at > until]
        moments += [extra.at for extra in stint.add_on_steps if extra.at > until]
    moments += [at for one in subscription.life.stints if (at := _paused_until(subscription, one)) and at > until]
    return min(moments, default=None)


def _paused_until(subscription: PlanSubscription, stint: Stint) -> datetime | None:
    """When the arrears of a stint that a pause closed are due: after its period, or at a cancellation before."""
    if stint.closed_by is None or stint.closed_by.kind is not LifeKind.PAUSED:
        return None
    last = max(stint.end - timedelta(days=1), stint.start)
    due_at = day_start(stint.whole(subscription.plans[stint.plan_id].terms, last).end, subscription.zone)
    return min(due_at, stint.settled_by.at) if stint.settled_by else due_at


def next_due(subscription: PlanSubscription, until: datetime) -> date | None:
    """The day in UTC from which a run must look at a subscription again; a day early, since days are of zones."""
    moment = next_moment(subscription, until)
    return moment.date() - timedelta(days=1) if moment else None
