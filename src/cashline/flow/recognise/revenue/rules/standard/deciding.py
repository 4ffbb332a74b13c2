"""How a modification is accounted for, decided by rule and told step by step (606-10-25-12, 25-13; IFRS 15.20, 15.21).

A change that only adds distinct goods or services at their stand-alone price is a separate contract. Else what is left
decides: distinct from what was transferred, the old contract ends and a new one begins (prospective); part of a single
obligation that is partly satisfied, revenue to date is restated (cumulative catch-up); both, each as it is (mixed).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

import msgspec

from cashline.flow.recognise.revenue.rules.standard.earning import Earned
from cashline.flow.recognise.revenue.rules.standard.facts import (
    MEASURED,
    Modified,
    Name,
    ObligationFact,
    PriceChange,
    QuantityChange,
    TermChange,
)
from cashline.flow.recognise.revenue.rules.standard.planning import Facts, plan_revenue
from cashline.flow.recognise.revenue.rules.standard.selling_prices import prices_of
from cashline.flow.recognise.revenue.rules.standard.standing import Judged, work_of

_ZERO, _ONE = Decimal(0), Decimal(1)
type Treatment = Literal["separate", "prospective", "catch_up", "mixed"]
PARAGRAPHS: Mapping[str, str] = {
    "separate": "ASC 606-10-25-12; IFRS 15.20",
    "prospective": "ASC 606-10-25-13(a); IFRS 15.21(a)",
    "catch_up": "ASC 606-10-25-13(b); IFRS 15.21(b)",
    "mixed": "ASC 606-10-25-13(c); IFRS 15.21(c)",
}
"""The paragraph of each treatment."""


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A change of a contract from the start of a day, whose treatment is not said.

    What is measured and partly satisfied is taken as one obligation with its rest, anything else as distinct;
    `distinct` and `not_distinct` judge otherwise (606-10-25-18 to 25-22). `tolerance` is the fraction by which the
    price of what is added may differ from its stand-alone price for the circumstances of the contract (25-12(b)).
    """

    at: date
    contract: Name
    added: tuple[ObligationFact, ...] = ()
    removed: tuple[Name, ...] = ()
    quantities: tuple[QuantityChange, ...] = ()
    terms: tuple[TermChange, ...] = ()
    price_changes: tuple[PriceChange, ...] = ()
    distinct: tuple[Name, ...] = ()
    not_distinct: tuple[Name, ...] = ()
    tolerance: Decimal = _ZERO

    def __post_init__(self) -> None:
        if not _ZERO <= self.tolerance <= _ONE:
            raise ValueError("a tolerance is a fraction from 0 to 1")

    def treated(self, treatment: Treatment) -> Modified:
        """The fact to record."""
        return Modified(
            at=self.at,
            contract=self.contract,
            treatment=treatment,
            added=self.added,
            removed=self.removed,
            quantities=self.quantities,
            terms=self.terms,
            price_changes=self.price_changes,
        )


class Step(NamedTuple):
    """A question of the standard, its paragraph, the answer and why."""

    question: str
    paragraph: str
    answer: bool
    because: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The treatment that the rule gives, with the steps to it."""

    treatment: Treatment
    steps: tuple[Step, ...]

    @property
    def paragraph(self) -> str:
        """The paragraph of the treatment."""
        return PARAGRAPHS[self.treatment]

    def as_json(self, chosen: Treatment) -> dict[str, object]:
        """The record beside the fact: what the rule gives, its steps, and what was chosen."""
        return {"by_rule": self.treatment, "chosen": chosen, "steps": [step._asdict() for step in self.steps]}


def decide(facts: Facts, change: Change) -> Decision:
    """How a change is accounted for, as the contract stands before its day and after earlier changes of it; pure."""
    earlier = tuple(
        one for one in facts.events if one.at < change.at or (one.at == change.at and isinstance(one, Modified))
    )
    [moment] = plan_revenue(replace(facts, events=earlier), [change.at])
    known = {one.work.id: one for one in moment.obligations() if not one.work.removed and not one.work.ended}
    grows = _only_grows(change, known)
    steps = [grows]
    if grows.answer:
        priced = _at_stand_alone_price(change)
        steps.append(priced)
        if priced.answer:
            return Decision("separate", tuple(steps))
    left = [one for name, one in known.items() if name not in change.removed and one.progress < _ONE]
    going = [one for one in left if _is_one_with_its_rest(one, change)]
    joining = [fact.id for fact in change.added if fact.id in change.not_distinct]
    apart = [one.work.id for one in left if one not in going]
    apart += [fact.id for fact in change.added if fact.id not in change.not_distinct]
    together = [*(one.work.id for one in going), *joining]
    steps.append(_step_left(apart, together))
    if apart and together and all(one.work.fact.pattern in MEASURED for one in going):
        because = f"apart from what was transferred: {_named(apart)}; one with it: {_named(together)}"
        steps.append(Step("Are both kinds left?", "606-10-25-13(c)", answer=True, because=because))
        return Decision("mixed", tuple(steps))
    return Decision("prospective" if apart and not together else "catch_up", tuple(steps))


def _only_grows(change: Change, known: Mapping[str, Earned]) -> Step:
    """Does the change only add goods or services that are distinct (25-12(a))?"""
    question = "Does the scope grow by distinct goods or services alone?"
    shrinks = [*change.removed, *(one.obligation for one in change.quantities if one.change < 0)]
    shrinks += [
        one.obligation
        for one in change.terms
        if one.obligation in known and one.until < (known[one.obligation].work.until or date.max)
    ]
    joins = [one.obligation for one in change.quantities] + [one.obligation for one in change.terms]
    bound = [fact.id for fact in change.added if fact.id in change.not_distinct]
    if shrinks:
        because = f"it takes from {_named(shrinks)}"
    elif bound:
        because = f"judged not to be distinct: {_named(bound)}"
    elif joins:
        because = f"it changes {_named(joins)}: to be a contract of its own, what is added needs an own obligation"
    elif change.added:
        return Step(question, "606-10-25-12(a)", answer=True, because=f"it adds {_named(f.id for f in change.added)}")
    else:
        because = "only the price changes"
    return Step(question, "606-10-25-12(a)", answer=False, because=because)


def _at_stand_alone_price(change: Change) -> Step:
    """Does the price rise by the stand-alone price of what is added (25-12(b))?"""
    question = "Does the price rise by its stand-alone price?"
    price = sum((one.amount for one in change.price_changes if one.applies_to != "satisfied"), _ZERO)
    alone = prices_of([work_of(fact, change.contract) for fact in change.added], Judged(), _ZERO).ssp
    unknown = [fact.id for fact in change.added if fact.id not in alone]
    if unknown:
        because = f"no stand-alone price of {_named(unknown)} is known"
        return Step(question, "606-10-25-12(b)", answer=False, because=because)
    low = high = _ZERO
    for fact in change.added:
        limits = fact.ssp_range
        low += limits.low if limits else alone[fact.id]
        high += limits.high if limits else alone[fact.id]
    low, high = low * (1 - change.tolerance), high * (1 + change.tolerance)
    between = f"{low:f}" if low == high else f"{low:f} to {high:f}"
    because = f"it rises by {price:f}, and the stand-alone price is {between}"
    return Step(question, "606-10-25-12(b)", answer=low <= price <= high, because=because)


def _is_one_with_its_rest(one: Earned, change: Change) -> bool:
    """Is what is left of an obligation not distinct from what was transferred of it?"""
    name = one.work.id
    if name in change.not_distinct:
        return True
    return one.work.fact.pattern in MEASURED and one.progress > _ZERO and name not in change.distinct


def _step_left(apart: Sequence[str], together: Sequence[str]) -> Step:
    """Is what is left distinct from what was transferred (25-13)?"""
    question = "Is all that is left distinct from what was transferred?"
    if not apart and not together:
        because = "nothing is left: the price of what was transferred changes (606-10-32-42 to 32-44)"
    elif together:
        because = f"parts of a single obligation that is partly satisfied: {_named(together)}"
    else:
        because = f"distinct: {_named(apart)}"
    return Step(question, "606-10-25-13", answer=bool(apart) and not together, because=because)


def _named(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
