"""What a cancellation before the end of a term costs: a percentage of the base fees that are left of it, and a sum."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from cashline.flow.deliver.subscriptions.rules import LifeFact, LifeKind, Stint
from cashline.flow.invoice.billing.rules.charges import plain
from cashline.flow.invoice.billing.rules.plans.shapes import (
    ZERO,
    Component,
    PlanSubscription,
    PlanVersion,
    Subject,
    SubscriptionCharge,
)
from cashline.kernel.periods import local_day
from cashline.kernel.rounding import divide, round_fraction, round_to

PERIOD_DIGITS = 10


def termination_fees(subscription: PlanSubscription) -> Iterator[SubscriptionCharge]:
    """The fee of a life that was cancelled before its term ends; none by the term itself, a transfer, or in a trial.

    Three of twelve months at 31.00 left, and 50 % of them due: 46.50. It is due when the cancellation takes effect; a
    life that goes on after all owes none, and what was billed is given back.
    """
    life = subscription.life
    stint = life.stints[-1]
    fact = _cancellation(stint)
    if fact is None:
        return
    plan, term = subscription.plans[stint.plan_id], life.term_at(fact.at)
    terms = plan.terms
    if terms.termination_fee is None and terms.termination_percent is None:
        return
    day = fact.ends_on or local_day(fact.at, subscription.zone)
    in_trial = terms.trial_days and fact.at < life.trial_end(terms)
    if term is None or term.ends_on is None or term.ends_on <= day or in_trial:
        return
    amount, derivation = _fee(subscription, plan, stint, day, term.ends_on)
    if amount:
        subject = Subject(Component.TERMINATION_FEE, plan.id)
        end = day + timedelta(days=1)
        yield SubscriptionCharge(
            subject, "", day, end, day, end, 1, 1, Decimal(1), amount, amount, fact.at, False, terms.tax_category,
            derivation,
        )  # fmt: skip


def _cancellation(stint: Stint) -> LifeFact | None:
    """The cancellation that ended a life, of which something may be owed."""
    for fact in (stint.closed_by, stint.settled_by):
        if fact is not None and fact.kind is LifeKind.CANCELLED:
            owed = fact.final_invoice and not fact.of_term and fact.other is None
            return fact if owed else None
    return None


def _fee(
    subscription: PlanSubscription, plan: PlanVersion, stint: Stint, day: date, ends_on: date
) -> tuple[Decimal, str]:
    terms, step, digits = plan.terms, stint.steps[-1], subscription.digits
    price = terms.base_fee if step.unit_price is None else step.unit_price
    percent, fixed = terms.termination_percent or ZERO, terms.termination_fee or ZERO
    periods = round_fraction(periods_left(stint, plan, day, ends_on), PERIOD_DIGITS)
    amount = round_to(divide(price * step.quantity * periods * percent, Decimal(100)) + fixed, digits)
    given = {"price": price, "quantity": step.quantity, "periods": periods, "percent": percent, "fixed": fixed}
    inputs = ",".join(f'"{name}":"{plain(value)}"' for name, value in given.items())
    derivation = (
        f'{{"rule":"billing.termination","version":1,"inputs":{{{inputs}}},'
        f'"formula":"round(price*quantity*periods*percent/100+fixed,{digits})","result":"{amount}"}}'
    )
    return amount, derivation


def periods_left(stint: Stint, plan: PlanVersion, day: date, ends_on: date) -> Fraction:
    """How many periods of a plan lie from a day to before another; a part of one counts by its days."""
    found = Fraction(0)
    while day < ends_on:
        whole = stint.whole(plan.terms, day)
        end = min(whole.end, ends_on)
        found += Fraction((end - day).days, whole.days)
        day = end
    return found
