"""Usage that is billed early: as soon as that of a period reaches a threshold of the plan.

The invoice of the period bills all usage again and takes the early invoices off, so that nothing is billed twice.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal

from cashline.flow.agree.plans.rules import PlanTerms, UsageTiming
from cashline.flow.invoice.billing.rules.plans.base_fees import Part
from cashline.flow.invoice.billing.rules.plans.extras import joined
from cashline.flow.invoice.billing.rules.plans.metering import PricedUsage
from cashline.flow.invoice.billing.rules.plans.shapes import ZERO, Component, PostedCharge, Subject, SubscriptionCharge
from cashline.kernel.rounding import divide


def has_thresholds(terms: PlanTerms) -> bool:
    """Does a plan bill usage early?"""
    return bool(terms.usage_thresholds) or terms.recurring_threshold is not None


def next_threshold(terms: PlanTerms, reached: Decimal) -> Decimal | None:
    """The first threshold above an amount of usage; after the last one they recur, where the plan says so."""
    for amount in terms.usage_thresholds:
        if amount > reached:
            return amount
    if terms.recurring_threshold is None:
        return None
    last, step = (terms.usage_thresholds or (ZERO,))[-1], terms.recurring_threshold
    steps = int(divide(reached - last, step)) + 1
    return last + steps * step


def early_charges(
    used: Iterable[PricedUsage], posted: Sequence[PostedCharge], at: datetime, today: date
) -> Iterator[SubscriptionCharge]:
    """What the usage of the running period makes due early: all that was not billed, once a threshold is reached."""
    lines: dict[int, list[PricedUsage]] = {}
    parts: dict[int, Part] = {}
    for found in used:
        part = found.window.part
        if has_thresholds(part.plan.terms):
            parts.setdefault(id(part), part)
            lines.setdefault(id(part), []).append(found)
    for together in joined(parts.values()):
        if _runs(together[-1], today):
            yield from _early(together[0], [found for part in together for found in lines[id(part)]], posted, at)


def _early(
    part: Part, lines: Sequence[PricedUsage], posted: Sequence[PostedCharge], at: datetime
) -> Iterator[SubscriptionCharge]:
    starts = frozenset(found.charge.start for found in lines)
    early = _rows(posted, part, starts, early=True)
    at_once = {charge.meter for charge in part.plan.terms.charges if charge.timing is not UsageTiming.ARREARS}
    billed = [row for row in _rows(posted, part, starts, early=False) if row.subject.meter in at_once]
    reached = sum((row.amount for row in (*early, *billed)), ZERO)
    threshold = next_threshold(part.plan.terms, reached)
    if threshold is not None and sum((found.charge.amount for found in lines), ZERO) >= threshold:
        yield from _unbilled(lines, early, at)


def _runs(part: Part, day: date) -> bool:
    return part.days is not None and day in part.days


def _rows(posted: Sequence[PostedCharge], part: Part, starts: frozenset[date], *, early: bool) -> list[PostedCharge]:
    return [
        row
        for row in posted
        if row.subject.component is Component.CHARGE
        and row.subject.early is early
        and row.subject.plan_id == part.plan.id
        and row.start in starts
        and not row.voided
    ]


def _unbilled(
    lines: Sequence[PricedUsage], early: Sequence[PostedCharge], at: datetime
) -> Iterator[SubscriptionCharge]:  # fmt: skip
    for found in lines:
        if found.window.charge.timing is not UsageTiming.ARREARS:
            continue
        subject: Subject = found.charge.subject._replace(early=True)
        rows = [row for row in early if row.subject == subject and row.start == found.charge.start]
        billed = sum((row.amount for row in rows), ZERO)
        missing = found.charge.amount - billed
        if missing:
            units = found.charge.quantity - sum((row.quantity for row in rows), ZERO)
            yield found.charge._replace(
                subject=subject,
                amount=missing,
                quantity=units,
                due_at=at,
                advance=True,
                derivation=_derivation(found, billed, missing),
            )


def _derivation(found: PricedUsage, billed: Decimal, missing: Decimal) -> str:
    if not billed:
        return found.charge.derivation
    return (
        f'{{"rule":"billing.early","version":1,"inputs":{{"usage":"{found.charge.amount}","billed":"{billed}"}},'
        f'"formula":"usage-billed","result":"{missing}","parts":[{found.charge.derivation}]}}'
    )
