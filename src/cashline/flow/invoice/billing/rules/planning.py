"""The plan of bills: what should have been billed by a day, as a pure function of the terms and the deliveries.

Goods are billed by their shipments, services by their acceptance, subscriptions by the periods that they run. Nothing
here knows what was billed already: `differences.diff` compares.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.flow.agree.catalog.rules import BillingTrigger
from cashline.flow.agree.contracts.rules import TermLine
from cashline.flow.deliver.fulfilment.rules import DeliveryFact, DeliveryKind
from cashline.flow.invoice.billing.rules.charges import (
    ALWAYS,
    DEFAULT_CONVENTIONS,
    ZERO,
    BillingConventions,
    PlannedCharge,
    gross_of,
    share_derivation,
    unit_derivation,
)
from cashline.flow.invoice.billing.rules.service_periods import next_service_due, service_charges
from cashline.kernel.money import minor_units
from cashline.kernel.rounding import divide, round_to

_BILLABLE = {BillingTrigger.ON_SHIPMENT: DeliveryKind.SHIPPED, BillingTrigger.ON_ACCEPTANCE: DeliveryKind.ACCEPTED}
_ONCE = (BillingTrigger.IN_ADVANCE, BillingTrigger.IN_ARREARS)


class LineToBill(NamedTuple):
    """A line with something delivered: its versions by the day they begin, its facts in the order of recording."""

    versions: list[TermLine]
    facts: list[DeliveryFact]


def plan_bills(
    lines: Sequence[TermLine],
    deliveries: Sequence[DeliveryFact],
    *,
    through: date,
    after: date = ALWAYS,
    conventions: BillingConventions = DEFAULT_CONVENTIONS,
) -> list[PlannedCharge]:
    """The charges due after `after` and up to `through` (a day that is itself included), by line.

    Give every version of a line and all deliveries of it. The order of the arguments does not matter; an early end
    counts from the day it is known, whatever `through` is.
    """
    return plan_lines(lines_to_bill(lines, deliveries), through=through, after=after, conventions=conventions)


def plan_lines(
    lines: Iterable[LineToBill], *, through: date, after: date, conventions: BillingConventions
) -> list[PlannedCharge]:
    """`plan_bills` over lines that were put together before."""
    planned: list[PlannedCharge] = []
    for versions, facts in lines:
        if versions[0].interval_months:
            charges: Iterable[PlannedCharge] = service_charges(versions, facts, through, after, conventions)
        else:
            charges = _delivery_charges(versions, facts)
        planned.extend([charge for charge in charges if after < charge.due_on <= through])
    return planned


def next_due_on(
    lines: Sequence[TermLine],
    deliveries: Sequence[DeliveryFact],
    *,
    after: date,
    conventions: BillingConventions = DEFAULT_CONVENTIONS,
) -> date | None:
    """The next day after `after` on which something of these lines falls due, as the facts stand; None for none."""
    return next_due_of(lines_to_bill(lines, deliveries), after=after, conventions=conventions)


def next_due_of(lines: Iterable[LineToBill], *, after: date, conventions: BillingConventions) -> date | None:
    """`next_due_on` over lines that were put together before."""
    days: list[date] = []
    for versions, facts in lines:
        if versions[0].interval_months:
            day = next_service_due(versions, facts, after, conventions)
            if day is not None:
                days.append(day)
        else:
            for fact in facts:
                if fact.effective_on > after:
                    days.append(fact.effective_on)
    return min(days) if days else None


def lines_to_bill(lines: Iterable[TermLine], deliveries: Iterable[DeliveryFact]) -> list[LineToBill]:
    """The lines of which something was delivered, in the order in which they first appear."""
    found: dict[UUID, LineToBill] = {}
    for line in lines:
        known = found.get(line.line_id)
        if known is None:
            found[line.line_id] = LineToBill([line], [])
        else:
            known.versions.append(line)
    for fact in deliveries:
        if (known := found.get(fact.line_id)) is not None:
            known.facts.append(fact)
    for versions, facts in found.values():
        if len(versions) > 1:
            versions.sort(key=lambda version: version.starts_on)
        if len(facts) > 1:
            facts.sort(key=lambda fact: fact.id)
    return [line for line in found.values() if line.facts]


def _delivery_charges(versions: Sequence[TermLine], facts: Sequence[DeliveryFact]) -> Iterable[PlannedCharge]:
    """One charge for each delivery that is kept; what was returned is taken off the latest deliveries first."""
    trigger = versions[0].billing_trigger
    kind = DeliveryKind.ACTIVATED if trigger in _ONCE else _BILLABLE[BillingTrigger(trigger)]
    kept = [(fact, fact.quantity) for fact in facts if fact.kind == kind]
    if len(kept) == len(facts) == len(versions) == 1:
        yield _delivery_charge(versions[0], facts[0], ZERO, facts[0].quantity)
        return
    returned = -sum((fact.quantity for fact in facts if fact.kind == DeliveryKind.RETURNED), ZERO)
    delivered = dict.fromkeys((version.id for version in versions), ZERO)
    for fact, quantity in _less_returns(kept, returned):
        version = _version_on(versions, fact.effective_on)
        before = delivered[version.id]
        delivered[version.id] = before + quantity
        yield _delivery_charge(version, fact, before, before + quantity)


def _less_returns(
    kept: Sequence[tuple[DeliveryFact, Decimal]], returned: Decimal
) -> list[tuple[DeliveryFact, Decimal]]:
    left: list[tuple[DeliveryFact, Decimal]] = []
    for fact, quantity in reversed(kept):
        taken = min(quantity, returned)
        returned -= taken
        if quantity > taken:
            left.append((fact, quantity - taken))
    return left[::-1]


def _delivery_charge(term: TermLine, fact: DeliveryFact, before: Decimal, through: Decimal) -> PlannedCharge:
    """What a delivery adds to what is due for all so far, so that the deliveries of a line sum to its total."""
    digits = minor_units(term.currency)
    total = round_to(term.unit_price * term.quantity, digits)
    by_price = total == term.net_total
    quantity = through - before
    amount = total if by_price and through == term.quantity else _due(term, through, digits, by_price=by_price)
    if before:
        amount -= _due(term, before, digits, by_price=by_price)
    if by_price and not before:
        derivation = unit_derivation(quantity, term.unit_price, digits, amount)
    else:
        derivation = share_derivation(term, before, through, digits, amount, by_price=by_price)
    day = fact.effective_on
    gross = None if term.included_tax_rate is None else _gross(term, before, through, digits, by_price=by_price)
    return PlannedCharge(
        term.line_id, fact.id, day, None, quantity, term.unit_price, amount, day, day, term, derivation, gross
    )


def _gross(term: TermLine, before: Decimal, through: Decimal, digits: int, *, by_price: bool) -> Decimal | None:
    """What a delivery adds with the tax that the price was given with, likewise: the deliveries sum to the whole."""
    if by_price:
        due = gross_of(term, through, digits)
        return due if due is None or not before else due - (gross_of(term, before, digits) or ZERO)
    each = divide(term.net_total, term.quantity) * (1 + (term.included_tax_rate or ZERO) / 100)
    return round_to(each * through, digits) - round_to(each * before, digits)


def _due(term: TermLine, quantity: Decimal, digits: int, *, by_price: bool) -> Decimal:
    if by_price:
        return round_to(quantity * term.unit_price, digits)
    return round_to(divide(quantity * term.net_total, term.quantity), digits)


def _version_on(versions: Sequence[TermLine], day: date) -> TermLine:
    """The version valid on a day; the first before all of them."""
    found = versions[0]
    for version in versions[1:]:
        if version.starts_on <= day:
            found = version
    return found
