"""The facts of an agreement in the form of `rules/standard`, so that its planner can plan an order too; pure.

Each line is a part of the consideration and an obligation. What was delivered, called off and conceded becomes events,
a modification (606-10-25-13(a)) and a variable part of the line that bears it (606-10-32-40). A service without end is
a contract for each interval (606-10-25-3). Bills and cash stay with the ledger: the plan is of revenue alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from uuid import UUID

from cashline.flow.deliver.fulfilment.rules import DeliveryFact
from cashline.flow.recognise.revenue.rules.planning import Concession, Cut, borne_concessions
from cashline.flow.recognise.revenue.rules.progress import DaysServed, Progress, open_ended_of, progress_of
from cashline.flow.recognise.revenue.rules.promises import Promise
from cashline.flow.recognise.revenue.rules.standard.facts import (
    Consideration,
    ContractFact,
    EventFact,
    Fixed,
    Modified,
    ObligationFact,
    PriceChange,
    ProgressMade,
    QuantityChange,
    Terminated,
    Transfer,
    Variable,
)
from cashline.flow.recognise.revenue.rules.standard.judgements import (
    AllocateConsideration,
    Judgement,
    StandAlonePrice,
    VariableEstimate,
)
from cashline.flow.recognise.revenue.rules.standard.planning import Facts
from cashline.kernel.periods import Interval, IntervalUnit
from cashline.kernel.rounding import divide

AGREEMENT = "agreement"
"""The name of the contract of all lines that have an end."""
_ZERO, _ONE, _DAY = Decimal(0), Decimal(1), timedelta(days=1)


@dataclass(slots=True)
class _Told:
    """The facts as they are collected."""

    contracts: list[ContractFact] = field(default_factory=list)
    judgements: list[Judgement] = field(default_factory=list)
    events: list[EventFact] = field(default_factory=list)


def line_of(obligation: str) -> UUID:
    """The line that an obligation is of: each interval of a service without end is an obligation of its own."""
    return UUID(obligation.partition(" ")[0])


def facts_of_agreement(
    promises: Sequence[Promise],
    deliveries: Mapping[UUID, Sequence[DeliveryFact]],
    digits: int,
    *,
    inception: date,
    days: Sequence[date],
    cuts: Sequence[Cut] = (),
    concessions: Sequence[Concession] = (),
) -> Facts:
    """The facts of an agreement with those promises; `days` are the days of which a plan will be asked.

    Only a service that was interrupted needs them: it is a measure of days served, told as it stands on those days. A
    concession counts as a variable part that was promised with its line (606-10-32-7).
    """
    told = _Told()
    pooled = [one for one in promises if not one.open_ended]
    progress = {
        one.line_id: progress_of(
            one, deliveries.get(one.line_id, ()), cut=any(cut.line_id == one.line_id for cut in cuts)
        )
        for one in pooled
    }
    parts: list[Consideration] = [Fixed(id=f"price {one.line_id}", amount=one.price) for one in pooled]
    if concessions:
        borne = borne_concessions(promises, deliveries, digits, cuts=cuts, concessions=concessions)
        parts.extend(_conceded(one, told) for one in borne)
    obligations = tuple(_obligation(one, progress[one.line_id]) for one in pooled)
    if pooled:
        told.contracts.append(
            ContractFact(id=AGREEMENT, inception=inception, consideration=tuple(parts), obligations=obligations)
        )
    _called_off(pooled, progress, cuts, told)
    for one in pooled:
        told.events.extend(_delivered(one, progress[one.line_id], [*days, *(cut.on - _DAY for cut in cuts)]))
    for one in promises:
        if one.open_ended:
            _intervals(one, deliveries.get(one.line_id, ()), concessions, max(days, default=inception), told)
    return Facts(tuple(told.contracts), tuple(told.judgements), tuple(told.events), (), digits)


def _conceded(one: Concession, told: _Told) -> Variable:
    name, line = f"concession {one.source_id} {one.line_id}", str(one.line_id)
    told.judgements.append(AllocateConsideration(at=date.min, consideration=name, obligations=(line,)))
    told.judgements.append(VariableEstimate(at=one.on, consideration=name, method="given", estimate=-one.amount))
    return Variable(id=name, basis="total")


def _runs_once(progress: Progress) -> tuple[date, date] | None:
    """The days of a service that runs its term or is called off for good; None for any other."""
    if not isinstance(progress, DaysServed) or len(progress.spans) != 1:
        return None
    start = progress.spans[0][0]
    return start, start + timedelta(days=int(progress.total))


def _obligation(promise: Promise, progress: Progress) -> ObligationFact:
    line, alone = str(promise.line_id), promise.stand_alone
    if isinstance(progress, DaysServed):
        if run := _runs_once(progress):
            return ObligationFact(id=line, pattern="ratable_daily", starts_on=run[0], until=run[1], ssp=alone)
        return ObligationFact(
            id=line,
            pattern="output_measure",
            measure="units",
            quantity=progress.total,
            measure_total=progress.total,
            unit="day",
            ssp=alone,
        )
    return ObligationFact(id=line, pattern="point", quantity=promise.quantity, ssp=alone)


def _delivered(promise: Promise, progress: Progress, days: Sequence[date]) -> Iterator[EventFact]:
    """What passes to the customer, a return as units that pass back; of an interrupted service its days so far."""
    line = str(promise.line_id)
    if isinstance(progress, DaysServed):
        if _runs_once(progress) is None and progress.spans:
            for day in sorted(set(days)):
                yield ProgressMade(at=day, obligation=line, to_date=progress.at(day))
        return
    span = progress.span
    before = _ZERO
    for day in sorted({*getattr(progress, "days", ())}) if span else ():
        reached = progress.at(day)
        yield Transfer(at=day, obligation=line, quantity=reached - before)
        before = reached


def _called_off(
    promises: Sequence[Promise], progress: Mapping[UUID, Progress], cuts: Sequence[Cut], told: _Told
) -> None:
    """The modifications, one for each day: what is called off, and the price of all that is left to deliver."""
    prices = {one.line_id: one.price for one in promises}
    ends = {one.line_id: progress[one.line_id].total for one in promises}
    for on, found in groupby(sorted(cuts, key=lambda cut: (cut.on, cut.line_id)), key=lambda cut: cut.on):
        changes: list[PriceChange] = []
        removed: list[str] = []
        quantities: list[QuantityChange] = []
        for cut in (one for one in found if one.line_id in prices):
            line, mine = str(cut.line_id), progress[cut.line_id]
            if cut.price != prices[cut.line_id]:
                changes.append(PriceChange(amount=cut.price - prices[cut.line_id], applies_to="remaining"))
            prices[cut.line_id] = cut.price
            if mine.final <= mine.at(on - _DAY):
                removed.append(line)
            elif mine.final != ends[cut.line_id]:
                quantities.append(QuantityChange(obligation=line, change=mine.final - ends[cut.line_id]))
            ends[cut.line_id] = mine.final
        for one in promises:
            left = ends[one.line_id] - progress[one.line_id].at(on - _DAY)
            if left > 0:
                amount = divide(one.stand_alone * left, progress[one.line_id].total)
                told.judgements.append(StandAlonePrice(at=on, obligation=str(one.line_id), amount=amount))
        told.events.append(
            Modified(
                at=on,
                contract=AGREEMENT,
                treatment="prospective",
                removed=tuple(removed),
                quantities=tuple(quantities),
                price_changes=tuple(changes),
            )
        )


def _intervals(
    promise: Promise, facts: Sequence[DeliveryFact], concessions: Sequence[Concession], last: date, told: _Told
) -> None:
    """A contract for each interval of a service without end; the one in which it ends is terminated on that day."""
    service = open_ended_of(promise, facts)
    interval = Interval(IntervalUnit.MONTH, promise.interval_months)
    begun: list[tuple[date, str]] = []
    for stretch in service.services if service else ():
        index = 0
        while (start := interval.boundary(stretch.anchor, index)) < min(stretch.end, last + _DAY):
            name, until = f"{promise.line_id} {len(begun)}", interval.boundary(stretch.anchor, index + 1)
            told.contracts.append(
                ContractFact(
                    id=name,
                    inception=start,
                    consideration=(Fixed(id=f"price {name}", amount=promise.price),),
                    obligations=(
                        ObligationFact(
                            id=name, pattern="ratable_daily", starts_on=start, until=until, ssp=promise.stand_alone
                        ),
                    ),
                )
            )
            if stretch.end < until:
                told.events.append(Terminated(at=stretch.end, contract=name))
            begun.append((start, name))
            index += 1
    for one in concessions:
        if one.line_id == promise.line_id and (names := [name for start, name in begun if start <= one.on]):
            change = PriceChange(amount=-one.amount, applies_to="satisfied", obligation=names[-1])
            told.events.append(Modified(at=one.on, contract=names[-1], treatment="catch_up", price_changes=(change,)))
