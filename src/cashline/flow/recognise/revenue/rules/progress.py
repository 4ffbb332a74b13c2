"""Progress: how much of a promise is satisfied by the end of a day, in units delivered or in days served (step 5).

Progress is a step function of the delivery facts alone; it does not know prices. `total` is what counts as the whole,
and `final` is where the known facts will lead (less than the whole where the rest was called off).
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from cashline.flow.deliver.fulfilment.rules import DeliveryFact, DeliveryKind
from cashline.flow.invoice.billing.rules.charges import NEVER
from cashline.flow.invoice.billing.rules.service_periods import Service, services
from cashline.flow.recognise.revenue.rules.promises import Promise, is_over_time
from cashline.kernel.periods import Interval, IntervalUnit, add_months

_ZERO, _ONE = Decimal(0), Decimal(1)
_DAY = timedelta(days=1)
_UNITS = frozenset({DeliveryKind.SHIPPED, DeliveryKind.ACCEPTED, DeliveryKind.RETURNED})


class Progress(Protocol):
    """How far a promise is satisfied."""

    @property
    def total(self) -> Decimal:
        """The whole."""

    @property
    def final(self) -> Decimal:
        """Where the known facts lead."""

    @property
    def span(self) -> tuple[date, date] | None:
        """The first and the last day on which it moves; None where nothing was delivered yet."""

    def at(self, day: date) -> Decimal:
        """What is satisfied by the end of the day."""


@dataclass(frozen=True, slots=True)
class UnitsDelivered:
    """Satisfied unit by unit, when control passes: on shipment or acceptance (ASC 606-10-25-30)."""

    total: Decimal
    days: tuple[date, ...]
    cumulative: tuple[Decimal, ...]
    cut: bool = False

    @property
    def final(self) -> Decimal:
        """All of it, or what was delivered where the rest was called off."""
        return self.at(date.max) if self.cut else self.total

    @property
    def span(self) -> tuple[date, date] | None:
        """The first and the last day of delivery."""
        return (self.days[0], self.days[-1]) if self.days else None

    def at(self, day: date) -> Decimal:
        """Units delivered and not returned."""
        index = bisect_right(self.days, day)
        return self.cumulative[index - 1] if index else _ZERO


@dataclass(frozen=True, slots=True)
class DaysServed:
    """Satisfied evenly day by day (ASC 606-10-25-27(a), 55-17) over the term that begins with the activation.

    `spans` are the stretches [first day, first day without service) on which it runs; `total` is the days of the term
    as agreed. A service that is not activated yet counts as one whole that has not begun.
    """

    total: Decimal
    spans: tuple[tuple[date, date], ...]
    cut: bool = False

    @property
    def final(self) -> Decimal:
        """All of it, or the days that it runs where it ends early or began anew."""
        return self.at(date.max) if self.spans or self.cut else self.total

    @property
    def span(self) -> tuple[date, date] | None:
        """The first and the last day of service."""
        if not self.spans:
            return None
        first = self.spans[0][0]
        return first, max(first, self.spans[-1][1] - _DAY)

    def at(self, day: date) -> Decimal:
        """Days served by the end of the day."""
        stop = day + _DAY if day < date.max else day
        return Decimal(sum(max(0, (min(stop, end) - start).days) for start, end in self.spans))


def progress_of(promise: Promise, facts: Sequence[DeliveryFact], *, cut: bool = False) -> Progress:
    """The progress of a promise by its facts, whatever their order; `cut` where the undelivered rest was called off."""
    if is_over_time(promise):
        return _days_served(promise, facts, cut)
    if len(facts) == 1 and facts[0].kind in _UNITS:
        return UnitsDelivered(promise.quantity, (facts[0].effective_on,), (facts[0].quantity,), cut)
    by_day: dict[date, Decimal] = {}
    for fact in facts:
        if fact.kind in _UNITS:
            by_day[fact.effective_on] = by_day.get(fact.effective_on, _ZERO) + fact.quantity
    days = tuple(sorted(by_day))
    cumulative: list[Decimal] = []
    reached = _ZERO
    for day in days:
        reached += by_day[day]
        cumulative.append(reached)
    return UnitsDelivered(promise.quantity, days, tuple(cumulative), cut)


def _days_served(promise: Promise, facts: Sequence[DeliveryFact], cut: bool) -> DaysServed:
    spans: list[tuple[date, date]] = []
    total = _ONE
    for service in services(sorted(facts, key=_recorded)):
        end = add_months(service.anchor, promise.term_months)
        if not spans:
            total = Decimal((end - service.anchor).days)
        spans.append((service.start, min(service.end, end)))
    return DaysServed(total, tuple(spans), cut)


def _recorded(fact: DeliveryFact) -> UUID:
    return fact.id


@dataclass(frozen=True, slots=True)
class OpenEnded:
    """An open-ended service: its stretches, each with whole intervals counted from its own activation."""

    services: tuple[Service, ...]
    interval_months: int

    @property
    def ends_on(self) -> date | None:
        """The first day on which nothing runs any more; None while it has no end."""
        last = max(service.end for service in self.services)
        return None if last == NEVER else last

    def at(self, day: date) -> list[tuple[int, int, int]]:
        """Of each stretch, by the end of the day: whole intervals served, days of the running one, and its length."""
        return [self._of(service, min(day + _DAY, service.end)) for service in self.services]

    def _of(self, service: Service, stop: date) -> tuple[int, int, int]:
        if stop <= service.start:
            return 0, 0, 1
        interval = Interval(IntervalUnit.MONTH, self.interval_months)
        index = interval.index_of(service.anchor, stop - _DAY)
        start, end = interval.boundary(service.anchor, index), interval.boundary(service.anchor, index + 1)
        return (index + 1, 0, 1) if stop == end else (index, (stop - start).days, (end - start).days)


def open_ended_of(promise: Promise, facts: Sequence[DeliveryFact]) -> OpenEnded | None:
    """The service of an open-ended promise; None before its activation."""
    found = services(sorted(facts, key=_recorded))
    return OpenEnded(tuple(found), promise.interval_months) if found else None


def cut_short_on(promise: Promise, facts: Sequence[DeliveryFact]) -> date | None:
    """The day from which a service of a fixed term does not run as agreed; None where it runs its term."""
    found = services(sorted(facts, key=_recorded))
    if not found or found[0].end >= add_months(found[0].anchor, promise.term_months):
        return None
    return found[0].end
