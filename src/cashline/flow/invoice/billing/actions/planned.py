"""Billing subscriptions to plans: by the run, and at once by the event of a change; one plan, one difference.

The difference is taken from the whole of a subscription; what of it a trigger bills is `differences.chosen`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from cashline.flow.agree.plans.queries import conventions_of
from cashline.flow.agree.plans.rules import ChangeBilled, PlanConventions
from cashline.flow.deliver.usage.queries import metered
from cashline.flow.invoice.billing.queries.plans import (
    lines_of_posts,
    plan_subscriptions,
    posted_charges,
    settled_days,
)
from cashline.flow.invoice.billing.rules.agreements import AgreementBills, DueAgreement, plan_requests
from cashline.flow.invoice.billing.rules.plans.differences import (
    Outlook,
    Trigger,
    chosen,
    outlook,
    plan_subscription,
)
from cashline.flow.invoice.billing.rules.plans.posting import ChargePost, documents, next_due
from cashline.flow.invoice.billing.rules.plans.settling import settled
from cashline.flow.invoice.billing.rules.plans.shapes import SubscriptionCharge
from cashline.flow.invoice.invoices.rules.issuing import DraftInvoice
from cashline.flow.invoice.invoices.rules.lifecycle import InvoiceKind
from cashline.kernel.periods import day_start
from cashline.platform import sql


class Occasion(NamedTuple):
    """Why one subscription is billed now: the trigger, and since when what it caused takes effect."""

    trigger: Trigger
    since: datetime


type Occasions = Mapping[UUID, Occasion]
"""By subscription; those without one are not billed. None where a run bills all."""


def bills_of_plans(
    due: Sequence[DueAgreement],
    as_of: date,
    bill_run_id: UUID | None,
    *,
    now: datetime,
    occasions: Occasions | None = None,
) -> list[AgreementBills]:
    """What brings the subscriptions under those agreements to their plan: by a run, or on occasion of events."""
    found = plan_subscriptions(item.agreement_id for item in due)
    ids = [one.id for ones in found.values() for one in ones]
    days = settled_days(ids)
    posted = posted_charges(ids, days)
    conventions = conventions_of(item.entity_id for item in due)
    looks: dict[UUID, list[Outlook]] = {}
    for item in due:
        for one in found.get(item.agreement_id, ()):
            if occasions is None or one.id in occasions:
                until = now if occasions is not None else run_instant(as_of, item.today, one.zone, now)
                looks.setdefault(item.agreement_id, []).append(
                    outlook(one, posted.get(one.id, ()), until, days.get(one.id, date.min))
                )
    wanted = [window for ones in looks.values() for one in ones for window in _windows(one)]
    quantities = metered(wanted) if wanted else {}
    return [
        _bills(item, looks.get(item.agreement_id, ()), quantities, conventions[item.entity_id], bill_run_id, occasions)
        for item in due
    ]


def run_instant(as_of: date, today: date, zone: str, now: datetime) -> datetime:
    """The instant up to which a run bills: now for a run of today, else the last of its day."""
    return now if as_of == today else day_start(as_of + timedelta(days=1), zone) - timedelta(microseconds=1)


def _windows(look: Outlook) -> Iterable[Any]:
    for item in look.windows:
        yield item.window
        if item.opening is not None:
            yield item.opening


def _bills(
    due: DueAgreement,
    looks: Sequence[Outlook],
    quantities: Mapping[Any, Any],
    conventions: PlanConventions,
    bill_run_id: UUID | None,
    occasions: Occasions | None,
) -> AgreementBills:
    lines, credits_found, days = [], [], []
    deducts: list[UUID] = []
    planned: list[tuple[Outlook, Sequence[SubscriptionCharge], Sequence[ChargePost]]] = []
    for look in looks:
        difference = charges = plan_subscription(look, quantities, conventions)
        if occasions is not None:
            charges = _of_occasion(charges, occasions[look.subscription.id], conventions)
        made = documents(look.subscription, charges, look.posted)
        lines += made.lines
        credits_found += made.credits
        deducts += made.deducts
        planned.append((look, difference, made.posts))
        day = next_due(look.subscription, look.until)
        if day is not None:
            days.append(day)
    draft = None
    if any(line.net_amount for line in lines):
        early = any(post.charge.subject.early for _, _, posts in planned for post in posts)
        draft = DraftInvoice(
            due.entity_id, due.customer_id, due.agreement_id, due.currency, due.today, tuple(lines), bill_run_id,
            InvoiceKind.PARTIAL if early else InvoiceKind.STANDARD, tuple(deducts),
        )  # fmt: skip
    else:
        planned = [
            (look, difference, [post for post in posts if post.credited_invoice is not None])
            for look, difference, posts in planned
        ]
    next_day = min(days, default=None)
    if occasions is not None:
        next_day = date.min
    return AgreementBills(
        due,
        draft,
        plan_requests(credits_found),
        next_day,
        None,
        [post for _, _, posts in planned for post in posts],
        frozenset(item.invoice_id for item in credits_found if item.refund),
        [found for one in planned if (found := settled(*one)) is not None],
    )


def _of_occasion(
    charges: list[SubscriptionCharge], occasion: Occasion, conventions: PlanConventions
) -> list[SubscriptionCharge]:
    trigger = occasion.trigger
    if trigger is Trigger.CHANGE and conventions.change_billed is ChangeBilled.AT_NEXT_RENEWAL:
        trigger = Trigger.NOTHING
    return chosen(charges, trigger, occasion.since)


_FIELDS = (
    "id subscription_id component plan_version_id meter dimension value add_on early place source_id revision "
    "starts_on ends_on whole_start whole_end days of_days quantity level_at_end unit_price amount against_id "
    "invoice_line_id credit_note_id recorded_at"
)
_POSTS = _FIELDS.split()


def keep_charges(
    posts: Sequence[ChargePost], credit_notes: Mapping[UUID, UUID], *, now: datetime
) -> None:  # fmt: skip
    """Keep what each line and each credit was for; `credit_notes` are those just issued, by invoice."""
    if not posts:
        return
    lines = lines_of_posts([post for post in posts if post.credited_invoice is None])
    rows = []
    for post in posts:
        charge = post.charge
        line_id = lines.get((post.source_id, charge.start, post.revision)) if post.credited_invoice is None else None
        note_id = credit_notes[post.credited_invoice] if post.credited_invoice is not None else None
        rows.append(
            (post.id, post.subscription_id, charge.subject.component.value, *charge.subject[1:], charge.place,
             post.source_id, post.revision, charge.start, charge.end, charge.whole_start, charge.whole_end,
             charge.days, charge.of_days, charge.quantity, charge.level_at_end, charge.unit_price, charge.amount,
             charge.against, line_id, note_id, now)
        )  # fmt: skip
    sql.insert("subscription_charges", _POSTS, rows)
