"""Accounting units: obligations that share one price, and how the price lies on them between modifications.

Before a prospective modification the parts of the consideration are shared by stand-alone price each time anew. After
it a settled pool is shared by the prices of what was left; a variable part that is estimated anew is first shared as it
was promised: what falls on obligations satisfied by then is earned at once, the rest joins the pool (606-10-32-45).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from cashline.flow.recognise.revenue.rules.standard.facts import Consideration, Royalty, UnitPrice, Usage, Variable
from cashline.flow.recognise.revenue.rules.standard.judgements import AllocateConsideration
from cashline.flow.recognise.revenue.rules.standard.selling_prices import Prices, prices_of, weights_among
from cashline.flow.recognise.revenue.rules.standard.standing import Judged, Work
from cashline.kernel.rounding import allocate

_ZERO = Decimal(0)


@dataclass(slots=True)
class Segment:
    """The time between two prospective modifications; the first has no settled pool and no fixed weights."""

    pool: Decimal = _ZERO
    changes: Decimal = _ZERO
    weights: dict[str, Decimal] | None = None
    values: dict[str, Decimal] = field(default_factory=dict)
    finished: frozenset[str] = frozenset()


@dataclass(slots=True)
class Unit:
    """Obligations with the parts that they share. `price_changes` sums those of its modifications.

    `settled` is what earlier segments added to the price beside the parts (billed as it went), less their returns.
    """

    contract: str
    separate: bool = False
    works: dict[str, Work] = field(default_factory=dict)
    parts: list[Consideration] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=lambda: [Segment()])
    price_changes: Decimal = _ZERO
    settled: Decimal = _ZERO


@dataclass(slots=True)
class Allocation:
    """Shares by obligation: the price of the current segment, what is earned at once, royalties; and by part."""

    core: dict[str, Decimal]
    at_once: dict[str, Decimal]
    royalties: dict[str, Decimal]
    by_part: dict[tuple[str, str], Decimal]
    prices: Prices
    weights: dict[str, Decimal] = field(default_factory=dict)


def is_own(part: Consideration) -> bool:
    """Does the part go to its obligation with its units, and never into a pool?"""
    return isinstance(part, UnitPrice | Usage) or (isinstance(part, Variable) and part.basis == "per_unit")


def allocate_unit(unit: Unit, values: Mapping[str, Decimal], judged: Judged, digits: int) -> Allocation:
    """Share the prices of the parts as they stand; where a residual is refused nothing is allocated."""
    names = [name for name, work in unit.works.items() if not work.removed]
    chosen = {part.id: _chosen(part, unit, judged) for part in unit.parts if not is_own(part)}
    pooled = [key for key, obligations in chosen.items() if not obligations]
    royalties = {part.id for part in unit.parts if isinstance(part, Royalty)}
    first = unit.segments[0]
    whole = sum((values[key] for key in pooled if key not in royalties), first.changes)
    prices = prices_of([unit.works[name] for name in names], judged, whole)
    found = Allocation(dict.fromkeys(unit.works, _ZERO), dict.fromkeys(unit.works, _ZERO), {}, {}, prices)
    if prices.refused:
        return found
    weights = _with_unpriced(unit, names, prices.weights) if first.weights is None else first.weights
    names, found.weights = list(weights), weights
    for key, obligations in chosen.items():
        among = list(obligations) or names
        for name, share in _split(values[key], among, weights, digits):
            found.by_part[key, name] = share
            if key in royalties:
                found.royalties[name] = found.royalties.get(name, _ZERO) + share
    if len(unit.segments) == 1:
        _add(found.core, _split(whole, names, weights, digits))
        for key, obligations in chosen.items():
            if obligations and key not in royalties:
                _add(found.core, _split(values[key], list(obligations), weights, digits))
        return found
    _later(unit, values, {key: chosen[key] for key in chosen if key not in royalties}, weights, found, digits)
    return found


def _later(
    unit: Unit,
    values: Mapping[str, Decimal],
    chosen: Mapping[str, Sequence[str]],
    weights: Mapping[str, Decimal],
    found: Allocation,
    digits: int,
) -> None:
    """Share the pool of the current segment, with what changed of earlier promises since."""
    last = unit.segments[-1]
    pool = last.pool + last.changes
    for key, obligations in chosen.items():
        change = values[key] - last.values.get(key, _ZERO)
        for index, segment in enumerate(unit.segments[:-1]):
            if not change:
                break
            shares = segment.weights or weights
            among = list(obligations if index == 0 and obligations else shares)
            if not among:
                continue
            rest = _ZERO
            for name, share in _split(change, among, shares, digits):
                if name in segment.finished:
                    found.at_once[name] += share
                else:
                    rest += share
            change = rest
        pool += change
    shares = last.weights or {}
    if shares:
        _add(found.core, _split(pool, list(shares), shares, digits))
    else:  # nothing is left to deliver: what the price changes by is earned at once
        known = weights or dict.fromkeys(unit.works, Decimal(1))
        _add(found.at_once, _split(pool, list(known), known, digits))


def _chosen(part: Consideration, unit: Unit, judged: Judged) -> list[str]:
    """The obligations that a part is for alone; while one price lies on all, none that is removed."""
    judgement = judged.of(AllocateConsideration, part.id)
    if judgement is None:
        return []
    named = [name for name in judgement.obligations if name in unit.works]
    return named if len(unit.segments) > 1 else [name for name in named if not unit.works[name].removed]


def _with_unpriced(unit: Unit, names: Sequence[str], weights: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Where no stand-alone price is known, what is pooled is for the obligations that no part belongs to alone."""
    if any(weights.values()):
        return {name: weights.get(name, _ZERO) for name in names}
    owned = {part.obligation for part in unit.parts if isinstance(part, UnitPrice | Usage | Variable)}
    return {name: Decimal(name not in owned) for name in names}


def _split(
    amount: Decimal, names: Sequence[str], weights: Mapping[str, Decimal], digits: int
) -> list[tuple[str, Decimal]]:
    if not names:
        return []
    return list(zip(names, allocate(amount, weights_among(names, weights), digits), strict=True))


def _add(into: dict[str, Decimal], shares: Sequence[tuple[str, Decimal]]) -> None:
    for name, share in shares:
        into[name] = into.get(name, _ZERO) + share
