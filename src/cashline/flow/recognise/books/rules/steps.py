"""What each choice of a book posts otherwise than the journal, told apart choice by choice; pure.

The choices are taken in a fixed order. A step is what the plan becomes by one more choice, so the steps of a contract
sum to the whole difference between the book and the journal, and nothing is left unexplained.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from msgspec import structs

from cashline.flow.agree.contracts.rules import TermLine
from cashline.flow.recognise.books.rules.policies import Choice, Policies
from cashline.flow.recognise.books.rules.treating import names_of, treated, without_costs
from cashline.flow.recognise.revenue.rules.rows import PlannedPosting
from cashline.flow.recognise.revenue.rules.standard.planning import Facts
from cashline.flow.recognise.revenue.rules.standard.supposing import flows_by_month
from cashline.kernel.derivations import Derivation
from cashline.kernel.fiscal import Slicer
from cashline.kernel.periods import month_of

_ZERO = Decimal(0)
POSITION = "contract_position"


class Place(NamedTuple):
    """Where an amount of a book stands: the month it belongs to, the contract, the account, what it is of, and why."""

    month: date
    contract: str
    account: str
    subject: str
    nature: str
    choice: str


class Flow(NamedTuple):
    """What stands at a place in the journal's plan so far, and with one more choice; debit positive."""

    before: Decimal
    then: Decimal


class Adjustment(NamedTuple):
    """An amount to post to a book, debit positive, with how it came about."""

    place: Place
    amount: Decimal
    derivation: Derivation


type Flows = dict[tuple[date, str, str, str, str], Decimal]
"""What months post by month, contract, account, subject and nature; debit positive."""


def steps_of_arrangement(
    facts: Facts, policies: Policies, through: date, slicer: Slicer = month_of
) -> dict[Place, Flow]:
    """What each choice changes of an arrangement's months up to a day."""
    names = names_of(facts)
    found: dict[Place, Flow] = {}
    before: Flows | None = None
    for choice in policies.differing():
        if choice.policy == "timing":
            facts, before = without_costs(facts), None
        other = treated(facts, choice)
        if other is facts:
            continue
        before = _flows(facts, names, through, slicer) if before is None else before
        then = _flows(other, names, through, slicer)
        _compare(before, then, choice, found)
        facts, before = other, then
    return found


def _flows(facts: Facts, names: Mapping[str, str], through: date, slicer: Slicer) -> Flows:
    found: Flows = {}
    for (month, key), amount in flows_by_month(facts, through, slicer).items():
        account = names.get(key.subject, "goods") if key.account == "revenue" else key.account
        place = (month, key.contract, account, key.subject, key.nature)
        found[place] = found.get(place, _ZERO) + amount
    return found


def _compare(before: Flows, then: Flows, choice: Choice, found: dict[Place, Flow]) -> None:
    for place in before.keys() | then.keys():
        was, would = before.get(place, _ZERO), then.get(place, _ZERO)
        if was != would:
            found[Place(*place, choice.code)] = Flow(was, would)


class Invoiced(NamedTuple):
    """What a line was invoiced in a month, less credits; `kind` names its revenue account."""

    line_id: UUID
    kind: str
    month: date
    amount: Decimal


def at_stated_prices(lines: Sequence[TermLine]) -> list[TermLine]:
    """The lines each with its own price as its stand-alone price, so that nothing is allocated away from it."""
    return [structs.replace(line, stand_alone_price=_ZERO) for line in lines]


def flows_of_plan(postings: Sequence[PlannedPosting]) -> Flows:
    """The months of a contract's plan, with the contract position on the other side."""
    return _revenue((one.month, one.line_id, one.kind, one.amount) for one in postings)


def flows_of_bills(invoiced: Sequence[Invoiced]) -> Flows:
    """The months of a contract whose revenue is what is invoiced."""
    return _revenue((one.month, one.line_id, one.kind, one.amount) for one in invoiced)


def _revenue(rows: Iterable[tuple[date, UUID, str, Decimal]]) -> Flows:
    found: Flows = {}
    for month, line_id, kind, amount in rows:
        for place, value in (
            ((month, "", kind, str(line_id), ""), -amount),
            ((month, "", POSITION, str(line_id), ""), amount),
        ):
            found[place] = found.get(place, _ZERO) + value
    return {place: amount for place, amount in found.items() if amount}


def steps_of(plans: Sequence[tuple[Choice | None, Flows]]) -> dict[Place, Flow]:
    """The steps between plans in their order, the first being the journal's."""
    found: dict[Place, Flow] = {}
    for (_, before), (choice, then) in pairwise(plans):
        if choice is not None:
            _compare(before, then, choice, found)
    return found


def adjustments(planned: Mapping[Place, Flow], posted: Mapping[Place, Decimal]) -> list[Adjustment]:
    """What the choices come to, less what was posted of them; empty where the book is as planned."""
    found: list[Adjustment] = []
    for place in sorted(planned.keys() | posted.keys()):
        flow, done = planned.get(place, Flow(_ZERO, _ZERO)), posted.get(place, _ZERO)
        off = flow.then - flow.before - done
        if off:
            inputs = {"in_the_book": flow.then, "before": flow.before, "posted": done}
            derivation = Derivation("book.difference", 1, inputs, "in_the_book - before - posted", off, place.choice)
            found.append(Adjustment(place, off, derivation))
    return found


def day_of(month: date, through: date, slicer: Slicer) -> date:
    """The day on which the amount of a month, or slice of one, is posted, unless the month is closed."""
    return min(slicer(month).last_day, through)
