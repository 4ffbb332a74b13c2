"""What if: the same arrangement with other stand-alone prices, judgements or events, as a difference of journals."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import msgspec

from cashline.flow.recognise.revenue.rules.standard.facts import ContractFact, EventFact
from cashline.flow.recognise.revenue.rules.standard.judgements import Judgement
from cashline.flow.recognise.revenue.rules.standard.planning import Facts, Key, days_of, plan_revenue
from cashline.kernel.fiscal import Slicer
from cashline.kernel.periods import month_of

_ZERO = Decimal(0)


def supposed(
    facts: Facts, judgements: Sequence[Judgement], events: Sequence[EventFact], prices: Mapping[str, Decimal]
) -> Facts:
    """The facts with more of them, and with other stand-alone prices for obligations."""
    return replace(
        facts,
        contracts=tuple(_priced(one, prices) for one in facts.contracts),
        judgements=(*facts.judgements, *judgements),
        events=(*facts.events, *events),
    )


def _priced(contract: ContractFact, prices: Mapping[str, Decimal]) -> ContractFact:
    obligations = tuple(
        msgspec.structs.replace(one, ssp=prices[one.id], ssp_method="") if one.id in prices else one
        for one in contract.obligations
    )
    return msgspec.structs.replace(contract, obligations=obligations)


def compare(facts: Facts, other: Facts, through: date) -> Iterator[tuple[date, Key, Decimal, Decimal]]:
    """What each month posts as the facts stand and as they would, where the two differ; by month and key."""
    now, then = flows_by_month(facts, through), flows_by_month(other, through)
    for month, key in sorted(now.keys() | then.keys()):
        was, would = now.get((month, key), _ZERO), then.get((month, key), _ZERO)
        if was != would:
            yield month, key, was, would


def flows_by_month(facts: Facts, through: date, slicer: Slicer = month_of) -> dict[tuple[date, Key], Decimal]:
    """What each month, or slice of one, posts as the facts stand, up to a day; debit positive."""
    found: dict[tuple[date, Key], Decimal] = {}
    before: Mapping[Key, Decimal] = {}
    for moment in plan_revenue(facts, days_of(facts, through, slicer)):
        for key in before.keys() | moment.balances.keys():
            off = moment.balances.get(key, _ZERO) - before.get(key, _ZERO)
            if off:
                place = (slicer(moment.day).start, key)
                found[place] = found.get(place, _ZERO) + off
        before = moment.balances
    return {place: amount for place, amount in found.items() if amount}
