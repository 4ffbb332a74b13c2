"""Modifications of a contract (606-10-25-10 to 25-13): separate, prospective, cumulative catch-up, mixed."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from cashline.flow.recognise.revenue.rules.standard.earning import Earned, UnitEarned
from cashline.flow.recognise.revenue.rules.standard.facts import MEASURED, Modified, PriceChange
from cashline.flow.recognise.revenue.rules.standard.judgements import StandAlonePrice
from cashline.flow.recognise.revenue.rules.standard.pools import Segment, Unit
from cashline.flow.recognise.revenue.rules.standard.selling_prices import lower_by_discounts, prices_of
from cashline.flow.recognise.revenue.rules.standard.standing import Judged, Marks, Work, expected_back, work_of
from cashline.kernel.rounding import allocate, divide, round_to

_ZERO, _ONE = Decimal(0), Decimal(1)


def separate_unit(change: Modified) -> Unit:
    """What is added at its stand-alone price is a contract of its own (606-10-25-12)."""
    unit = Unit(change.contract, separate=True)
    for fact in change.added:
        unit.works[fact.id] = work_of(fact, change.contract)
    unit.price_changes = sum((one.amount for one in change.price_changes if one.applies_to != "satisfied"), _ZERO)
    unit.segments[0].changes = unit.price_changes
    return unit


def catch_up(before: UnitEarned, change: Modified, values: Mapping[str, Decimal]) -> None:
    """One obligation goes on: its price and its measure change, and revenue to date is restated (606-10-25-13(b)).

    Where nothing is left to deliver, what is left of the price is earned at once.
    """
    unit = before.unit
    segment = unit.segments[-1]
    for one in change.price_changes:
        if one.applies_to != "satisfied":
            unit.price_changes += one.amount
            segment.changes += one.amount
    for name in change.removed:
        if (earned := before.obligations.get(name)) is not None and not earned.work.removed:
            settled = earned.core - earned.work.base - before.allocation.at_once[name]
            segment.changes -= settled + earned.core_deducted
            unit.settled -= earned.core_deducted
            earned.work.base, earned.work.removed = earned.work.base + settled, True
            if segment.weights is not None:
                segment.weights.pop(name, None)
    _apply_terms(unit, change)
    if segment.weights is not None:
        for fact in change.added:
            segment.weights[fact.id] = prices_of([unit.works[fact.id]], Judged(), _ZERO).ssp.get(fact.id, _ZERO)
    nothing_left = all(work.removed for work in unit.works.values()) or segment.weights == {}
    if nothing_left:
        _earn_the_rest(before, change, values)
    earn_at_once(before, [one for one in change.price_changes if one.applies_to == "satisfied"])


def _earn_the_rest(before: UnitEarned, change: Modified, values: Mapping[str, Decimal]) -> None:
    """Nothing is left to deliver: what is left of the price is earned at once."""
    unit = before.unit
    segment = unit.segments[-1]
    left = sum((one.core_price - one.core for one in before.obligations.values()), _ZERO)
    left += sum((part.amount for part in change.price_changes if part.applies_to != "satisfied"), _ZERO)
    for one in before.obligations.values():
        one.work.base = one.core
    segment.pool, segment.changes, segment.weights, segment.values = _ZERO, _ZERO, {}, dict(values)
    unit.segments.insert(-1, Segment(weights=before.allocation.weights, finished=frozenset(unit.works)))
    _spread(before, left, None)


def prospective(
    before: UnitEarned,
    change: Modified,
    values: Mapping[str, Decimal],
    judged: Judged,
    at: date,
    dated: Mapping[str, date],
) -> None:
    """The old contract ends: what is left of its price is spread over what is left to deliver (606-10-25-13(a)).

    With `mixed` (25-13(c)) measured obligations that are partly satisfied go on, with all their price and progress.
    `dated` is the day of each stand-alone price judged for a modification; one of before the last is used up.
    """
    unit = before.unit
    going = {
        name
        for name, one in before.obligations.items()
        if change.treatment == "mixed" and name not in change.removed and _goes_on(one)
    }
    added = sum((one.amount for one in change.price_changes if one.applies_to != "satisfied"), _ZERO)
    unit.price_changes += added
    pool = added + sum((one.core_price - one.core for one in before.obligations.values()), _ZERO)
    pool += sum((before.obligations[name].core for name in going), _ZERO)
    finished = frozenset(name for name, one in before.obligations.items() if one.progress >= _ONE)
    for name, one in before.obligations.items():
        unit.settled -= one.core_deducted
        if one.work.fact.pattern == "as_invoiced" and not before.allocation.core[name]:
            unit.settled += one.work.invoiced - one.work.marks.invoiced
    left = _left(before, judged, going, dated)
    for name, one in before.obligations.items():
        if name in going:
            one.work.base, one.work.marks = _ZERO, Marks()
        else:
            one.work.base = one.core
            one.work.mark(at, expected_back(one.work, judged))
    _apply_terms(unit, change)
    for name in change.removed:
        if name in unit.works:
            unit.works[name].removed = True
    weights = _weights(unit, change, left, finished, judged, pool)
    if not weights:
        _spread(before, pool, None)
        pool = _ZERO
    ending = unit.segments[-1]
    ending.finished = finished
    if ending.weights is None:
        ending.weights = before.allocation.weights
    unit.segments.append(Segment(pool=pool, weights=weights, values=dict(values)))
    earn_at_once(before, [one for one in change.price_changes if one.applies_to == "satisfied"])


def _left(before: UnitEarned, judged: Judged, going: set[str], dated: Mapping[str, date]) -> dict[str, Decimal]:
    """The price of what is left of each obligation, of those that go on the price of the whole."""
    last = max((one.work.marks.since for one in before.obligations.values() if one.work.marks.since), default=date.min)
    found: dict[str, Decimal] = {}
    for name, one in before.obligations.items():
        fresh = judged.of(StandAlonePrice, name) if dated.get(name, date.min) > last else None
        alone = before.allocation.prices.weights.get(name) if one.ssp is not None else None
        found[name] = _price_left(one, fresh, alone, whole=name in going)
    return found


def _goes_on(one: Earned) -> bool:
    return one.work.fact.pattern in MEASURED and _ZERO < one.progress < _ONE and not one.work.removed


def _price_left(one: Earned, fresh: StandAlonePrice | None, alone: Decimal | None, *, whole: bool) -> Decimal:
    """The price of what is left: as judged for this modification, else the unsatisfied share of the old.

    `alone` is the old price as discounts of some obligations lowered it, so that a change of nothing moves nothing.
    Where no stand-alone price is known, what is left of the price of the contract stands for it.
    """
    if fresh is not None:
        return fresh.amount
    old = one.work.ssp_left if one.work.ssp_left is not None and not whole else alone
    if old is None:
        return max(_ZERO, one.core_price - (_ZERO if whole else one.core))
    return old if whole else old * (_ONE - one.progress)


def _weights(
    unit: Unit,
    change: Modified,
    left: Mapping[str, Decimal],
    finished: frozenset[str],
    judged: Judged,
    pool: Decimal,
) -> dict[str, Decimal]:
    """The prices that share the pool: of what is left, and of what is added."""
    grown = {one.obligation for one in change.quantities if one.change > 0} | {one.obligation for one in change.terms}
    weights: dict[str, Decimal] = {}
    for name, work in unit.works.items():
        if work.removed or work.expired or (name in finished and name not in grown):
            continue
        if name not in left:
            continue
        weights[name] = _of_units(work, left[name])
    added = [unit.works[fact.id] for fact in change.added]
    prices = prices_of(added, judged, pool - sum(weights.values(), _ZERO))
    for work in added:
        weights[work.id] = prices.weights.get(work.id, _ZERO)
    new = {fact.id for fact in change.added}
    lower_by_discounts(weights, [one for one in judged.discounts() if new & set(one.obligations)])
    for name, weight in weights.items():
        unit.works[name].ssp_left = weight
    return weights


def _of_units(work: Work, left: Decimal) -> Decimal:
    """The price of what is left where units are: nothing without units, of units added to a satisfied one theirs."""
    units = work.quantity - work.units
    if work.fact.pattern not in {"point", "royalty"}:
        return left
    if units <= 0:
        return _ZERO
    if not left and work.fact.ssp and work.fact.quantity:
        return divide(work.fact.ssp * units, work.fact.quantity)
    return left


def _apply_terms(unit: Unit, change: Modified) -> None:
    """New obligations, quantities and ends of service."""
    for fact in change.added:
        unit.works[fact.id] = work_of(fact, change.contract)
    for one in change.quantities:
        if (work := unit.works.get(one.obligation)) is not None:
            work.quantity = max(_ZERO, work.quantity + one.change)
            if work.fact.measure == "units":
                work.measure_total = max(_ZERO, work.measure_total + one.change)
    for term in change.terms:
        if (work := unit.works.get(term.obligation)) is not None:
            work.until = term.until


def earn_at_once(before: UnitEarned, changes: Iterable[PriceChange]) -> None:
    """Price changes for what was delivered are revenue at once."""
    for one in changes:
        before.unit.price_changes += one.amount
        _spread(before, one.amount, one.obligation or None)


def _spread(before: UnitEarned, amount: Decimal, name: str | None) -> None:
    """Earn an amount on an obligation, or on all by their revenue to date."""
    works: list[Work] = [before.unit.works[name]] if name else list(before.unit.works.values())
    if not amount or not works:
        return
    weights = [
        max(_ZERO, before.obligations[work.id].revenue) if work.id in before.obligations else _ZERO for work in works
    ]
    shares = allocate(round_to(amount, before.digits), weights, before.digits)
    for work, share in zip(works, shares, strict=True):
        work.base += share
