"""The facts of a life in plain words, for timelines, queues and refusals."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

from cashline.flow.deliver.subscriptions.rules.facts import LifeFact, LifeKind, Unused
from cashline.flow.deliver.subscriptions.rules.renewals import Term, UpliftPolicy

type Day = Callable[[date], str]
"""How a day is written."""
NOUNS: Mapping[LifeKind, str] = {
    LifeKind.STARTED: "Its start",
    LifeKind.PLAN_CHANGED: "A change of plan",
    LifeKind.PRICE_CHANGED: "A change of price",
    LifeKind.BILLING_DAY_MOVED: "Another billing day",
    LifeKind.TRIAL_EXTENDED: "A longer trial",
    LifeKind.PAUSED: "A pause",
    LifeKind.RESUMED: "Its resumption",
    LifeKind.CANCELLED: "Its cancellation",
    LifeKind.REACTIVATED: "Its reactivation",
    LifeKind.WITHDRAWN: "A withdrawal",
    LifeKind.TERM_SET: "Another term",
    LifeKind.RENEWED: "Its renewal",
    LifeKind.EXTENDED: "A longer term",
    LifeKind.CONFIRMED: "A payment",
}
_UNUSED: Mapping[Unused, str] = {
    Unused.CREDIT: "unused days are credited",
    Unused.REFUND: "unused days are refunded",
    Unused.KEEP: "nothing is given back",
}


def noun_of(fact: LifeFact) -> str:
    """What a fact is, as the beginning of a sentence."""
    if fact.kind is LifeKind.QUANTITY_CHANGED:
        return f"A quantity of {number(fact.quantity)}"
    if fact.kind is LifeKind.ADD_ON_CHANGED:
        return f"{number(fact.quantity)} × {fact.add_on}"
    return NOUNS[fact.kind]


def words_of(fact: LifeFact, plans: Mapping[UUID, str], day: Day = date.isoformat) -> str:
    """What a fact says, as a sentence without its end; `plans` are the names of the versions of plans."""
    match fact.kind:
        case LifeKind.STARTED:
            verb = "Goes on with" if fact.other else "Starts with"
            return f"{verb} {number(fact.quantity)} × {_plan(fact, plans)}{_at_price(fact)}{_with_term(fact, day)}"
        case LifeKind.PLAN_CHANGED:
            many = f", {number(fact.quantity)} of it" if fact.quantity is not None else ""
            return f"Changes to {_plan(fact, plans)}{many}{_at_price(fact)}"
        case LifeKind.QUANTITY_CHANGED:
            return f"The quantity becomes {number(fact.quantity)}"
        case LifeKind.PRICE_CHANGED:
            if fact.unit_price is None:
                return "The price is that of the plan again"
            return f"The price of one becomes {number(fact.unit_price)}"
        case LifeKind.ADD_ON_CHANGED:
            return f"{number(fact.quantity)} of the add-on {fact.add_on}{_at_price(fact)}"
        case LifeKind.BILLING_DAY_MOVED:
            return f"Periods begin on day {fact.billing_day} of the month"
        case LifeKind.TRIAL_EXTENDED:
            return f"The trial is {fact.days} days longer"
        case LifeKind.CANCELLED:
            return _ends(fact)
        case LifeKind.RENEWED:
            return f"Renewed{_with_term(fact, day)}{_raised(fact)}"
        case LifeKind.TERM_SET | LifeKind.EXTENDED:
            return (
                f"Agreed{_with_term(fact, day)}"
                if fact.kind is LifeKind.TERM_SET
                else f"Extended{_with_term(fact, day)}"
            )
        case LifeKind.PAUSED:
            return "Pauses"
        case LifeKind.RESUMED:
            return "Runs on"
        case LifeKind.REACTIVATED:
            return "Runs again"
        case LifeKind.CONFIRMED:
            return "The change that waited is paid and counts"
        case _:
            return "A scheduled change is taken back"


def term_words(term: Term, day: Day = date.isoformat) -> str:
    """Until when a term is, and what happens then."""
    if term.ends_on is None:
        return "without end"
    after = f"then renewed for {term.months} months{policy_words(term.policy)}" if term.auto_renew else "then it ends"
    return f"until {day(term.ends_on)}, {after}"


def policy_words(policy: UpliftPolicy | None) -> str:
    """By how much a renewal raises the price, after a comma; empty where it does not."""
    if policy is None or (policy.percent is None and not policy.index):
        return ""
    if policy.percent is not None:
        return f", {number(policy.percent)} % dearer"
    bounds = [f"at least {number(policy.floor)} %"] if policy.floor is not None else []
    bounds += [f"at most {number(policy.cap)} %"] if policy.cap is not None else []
    return f", by the index {policy.index}" + (f" ({', '.join(bounds)})" if bounds else "")


def _plan(fact: LifeFact, plans: Mapping[UUID, str]) -> str:
    return plans.get(fact.plan_id, "a plan") if fact.plan_id else "a plan"


def _at_price(fact: LifeFact) -> str:
    return f" at {number(fact.unit_price)} each" if fact.unit_price is not None else ""


def _with_term(fact: LifeFact, day: Day) -> str:
    return f", {term_words(fact.term, day)}" if fact.term is not None else ""


def _ends(fact: LifeFact) -> str:
    if fact.of_term:
        return "Ends with its term"
    if fact.other is not None:
        return "Goes over to another customer"
    last = "" if fact.final_invoice else ", without a final invoice"
    return f"Cancelled: {_UNUSED[fact.unused]}{last}"


def _raised(fact: LifeFact) -> str:
    if fact.unit_price is None:
        return ", at the same price"
    uplift = fact.term.uplift if fact.term else None
    if uplift is None:
        return f", at {number(fact.unit_price)} each"
    return f", {number(uplift.old_price)} becomes {number(uplift.new_price)} ({number(uplift.percent)} %)"


def number(value: Decimal | None) -> str:
    """A number with no needless zero; amounts keep their two decimals."""
    if value is None:
        return "none"
    text = f"{value.normalize():f}"
    whole, _point, rest = text.partition(".")
    return f"{whole}.{rest}0" if len(rest) == 1 else text
