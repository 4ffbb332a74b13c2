"""The plan of a contract's revenue: what each obligation has earned by the end of each month, as the facts stand.

An obligation's price lies in segments of time. A segment has a base (revenue that is settled) and layers of price that
are earned as progress goes from one figure to another. Two kinds of facts begin a new segment:

- a *cut*: the undelivered rest of a line is called off. Revenue so far stays, and what is left of the whole price is
  shared over what is left to deliver; where nothing is left it is earned at once (ASC 606-10-25-13(a), prospective);
- a *concession*: the price of a line is lowered after the fact by a credit note. Revenue to date is restated, the
  difference is earned or taken back on that day (ASC 606-10-32-42 to 32-44, cumulative catch-up). What goes beyond the
  line's share of the price lowers the shares of the others.

Revenue to date is always a rounded share of the price, and revenue of a month is the difference of two such figures,
so that no cent is lost and everything earned at the end is exactly the price.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

from cashline.flow.deliver.fulfilment.rules import DeliveryFact
from cashline.flow.recognise.revenue.rules.allocation import Share, allocate_price
from cashline.flow.recognise.revenue.rules.progress import (
    OpenEnded,
    Progress,
    open_ended_of,
    progress_of,
)
from cashline.flow.recognise.revenue.rules.promises import Promise
from cashline.flow.recognise.revenue.rules.stretches import Stretch, earned_of
from cashline.kernel.derivations import Derivation, Input
from cashline.kernel.rounding import allocate, divide, round_to

_ZERO = Decimal(0)
_DAY = timedelta(days=1)
_NO_DISCOUNTS: Mapping[UUID, Sequence[Stretch]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Cut:
    """The rest of a line is called off from that day; `price` is what the line costs in the end, as it is billed."""

    line_id: UUID
    on: date
    price: Decimal


@dataclass(frozen=True, slots=True)
class Concession:
    """The price of a line is lowered by a credit note of that day; `source_id` is the line of the credit note."""

    line_id: UUID
    on: date
    amount: Decimal
    source_id: UUID


@dataclass(frozen=True, slots=True)
class Layer:
    """A price that is earned while progress goes from `start` to `end`; at once where the two are equal."""

    price: Decimal
    start: Decimal
    end: Decimal

    def earned(self, done: Decimal, digits: int) -> Decimal:
        """The price earned when progress stands at `done`."""
        if done >= self.end:
            return self.price
        if done <= self.start:
            return _ZERO
        return round_to(divide(self.price * (done - self.start), self.end - self.start), digits)


@dataclass(frozen=True, slots=True)
class Segment:
    """How revenue to date is reckoned from a day on."""

    starts_on: date
    base: Decimal
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Obligation:
    """A promise with its share of the price and how that is earned; `progress` carries its delivery facts."""

    promise: Promise
    share: Share
    progress: Progress
    segments: tuple[Segment, ...]
    digits: int
    discounts: tuple[Stretch, ...] = ()
    """What coupons took off its bills: below zero, over the days or on the day of what was billed (606-10-32-40)."""

    @property
    def allocated(self) -> Decimal:
        """The price allocated to it as things stand: what will have been earned in the end."""
        last = self.segments[-1]
        price = last.base + sum((layer.price for layer in last.layers), _ZERO)
        return price + sum((one.amount for one in self.discounts), _ZERO) if self.discounts else price

    def segment_on(self, day: date) -> Segment:
        """The segment that holds on a day."""
        found = self.segments[0]
        for segment in self.segments[1:]:
            if segment.starts_on > day:
                break
            found = segment
        return found

    def earned(self, day: date) -> Decimal:
        """Revenue to date at the end of a day."""
        segment = self.segments[0] if len(self.segments) == 1 else self.segment_on(day)
        done = self.progress.at(day)
        less = earned_of(self.discounts, day, self.digits) if self.discounts else _ZERO
        if len(segment.layers) == 1:
            return segment.base + segment.layers[0].earned(done, self.digits) + less
        return segment.base + sum((layer.earned(done, self.digits) for layer in segment.layers), less)

    def derivation(self, day: date, before: Decimal) -> Derivation:
        """Why revenue to date at the end of a day, less what was recognised before, is what it is."""
        segment, done = self.segment_on(day), self.progress.at(day)
        parts = tuple(_layer_derivation(layer, done, self.digits) for layer in segment.layers)
        earned = self.earned(day)
        inputs: dict[str, Input] = {"base": segment.base, "layers": [part.result for part in parts], "before": before}
        formula = "base + sum(layers) - before"
        if self.discounts:
            taken = _discount_parts(self.discounts, day, self.digits)
            inputs["coupons"], formula = [part.result for part in taken], "base + sum(layers) + sum(coupons) - before"
            parts += taken
        return Derivation("revenue.to_date", 1, inputs, formula, earned - before, parts=parts)


def _discount_parts(discounts: Sequence[Stretch], day: date, digits: int) -> tuple[Derivation, ...]:
    """What each coupon took off revenue to date."""
    return tuple(one.derivation(date.min + _DAY, day, digits) for one in discounts if one.first <= day)


def _layer_derivation(layer: Layer, done: Decimal, digits: int) -> Derivation:
    done = max(layer.start, min(done, layer.end))
    inputs: dict[str, Input] = {"price": layer.price, "done": done - layer.start, "whole": layer.end - layer.start}
    if layer.start == layer.end:
        return Derivation("revenue.at_once", 1, {"price": layer.price}, "price", layer.price)
    result = layer.earned(done, digits)
    return Derivation("revenue.layer", 1, inputs, f"round(price * done / whole, {digits})", result)


@dataclass(frozen=True, slots=True)
class OpenEndedObligation:
    """A service without end: the price of each whole interval, and of the running one by its days."""

    promise: Promise
    share: Share
    service: OpenEnded | None
    concessions: tuple[Concession, ...]
    digits: int
    discounts: tuple[Stretch, ...] = ()

    @property
    def allocated(self) -> Decimal:
        """The price of one interval."""
        return self.share.allocated

    def earned(self, day: date) -> Decimal:
        """Revenue to date at the end of a day."""
        less = earned_of(self.discounts, day, self.digits)
        return sum((part.result for part in self._parts(day)), less) - self._given(day)

    def derivation(self, day: date, before: Decimal) -> Derivation:
        """Why revenue to date at the end of a day, less what was recognised before, is what it is."""
        parts = tuple(self._parts(day))
        given = self._given(day)
        parts += _discount_parts(self.discounts, day, self.digits)
        result = sum((part.result for part in parts), _ZERO) - given - before
        inputs: dict[str, Input] = {"stretches": [part.result for part in parts], "given": given, "before": before}
        return Derivation("revenue.open_ended", 1, inputs, "sum(stretches) - given - before", result, parts=parts)

    def _given(self, day: date) -> Decimal:
        return sum((one.amount for one in self.concessions if one.on <= day), _ZERO)

    def _parts(self, day: date) -> list[Derivation]:
        """Of each stretch of service: whole intervals at their price, and the running one by its days."""
        price, exact = self.allocated, self.promise.interval_price
        formula = f"price * whole + round(interval_price * days / length, {self.digits})"
        found: list[Derivation] = []
        for whole, days, length in self.service.at(day) if self.service else ():
            result = price * whole + round_to(divide(exact * days, Decimal(length)), self.digits)
            inputs: dict[str, Input] = {"price": price, "whole": whole, "interval_price": exact, "days": days}
            found.append(Derivation("revenue.intervals", 1, inputs | {"length": length}, formula, result))
        return found


type PlannedObligation = Obligation | OpenEndedObligation


def plan_obligations(
    promises: Sequence[Promise],
    facts: Mapping[UUID, Sequence[DeliveryFact]],
    digits: int,
    *,
    cuts: Sequence[Cut] = (),
    concessions: Sequence[Concession] = (),
    discounts: Mapping[UUID, Sequence[Stretch]] = _NO_DISCOUNTS,
) -> list[PlannedObligation]:
    """The obligations of a contract with the price allocated over them, as all known facts leave it.

    Pure in the facts: their order does not matter. Steps are taken by effective date (cuts of a day before its
    concessions, then by line). Coupons come last, each off the line that was billed with it.
    """
    planned = _as_agreed(promises, facts, digits, cuts, concessions)
    if cuts or concessions:
        planned, _ = _step_through(planned, cuts, concessions, digits)
    if discounts:
        planned = [replace(one, discounts=tuple(discounts.get(one.promise.line_id, ()))) for one in planned]
    return planned


def _as_agreed(
    promises: Sequence[Promise],
    facts: Mapping[UUID, Sequence[DeliveryFact]],
    digits: int,
    cuts: Sequence[Cut],
    concessions: Sequence[Concession],
) -> list[PlannedObligation]:
    """The obligations with their shares of the price and their progress, before anything changed the price."""
    cut_lines = {cut.line_id for cut in cuts}
    planned: list[PlannedObligation] = []
    for share in allocate_price(promises, digits):
        promise = share.promise
        found = facts.get(promise.line_id, ())
        if promise.open_ended:
            mine = tuple(one for one in concessions if one.line_id == promise.line_id)
            planned.append(OpenEndedObligation(promise, share, open_ended_of(promise, found), mine, digits))
        else:
            progress = progress_of(promise, found, cut=promise.line_id in cut_lines)
            whole = Segment(date.min, _ZERO, (Layer(share.allocated, _ZERO, progress.total),))
            planned.append(Obligation(promise, share, progress, (whole,), digits))
    return planned


def borne_concessions(
    promises: Sequence[Promise],
    facts: Mapping[UUID, Sequence[DeliveryFact]],
    digits: int,
    *,
    cuts: Sequence[Cut],
    concessions: Sequence[Concession],
) -> list[Concession]:
    """The concessions by the lines that bear them: more than its line is worth lowers the others too."""
    planned = _as_agreed(promises, facts, digits, cuts, concessions)
    return _step_through(planned, cuts, concessions, digits)[1]


def _step_through(
    planned: list[PlannedObligation], cuts: Sequence[Cut], concessions: Sequence[Concession], digits: int
) -> tuple[list[PlannedObligation], list[Concession]]:
    """Begin new segments at each cut and concession, in the order of their days; gives also who bears concessions."""
    borne: list[Concession] = []
    pooled = {one.promise.line_id: one for one in planned if isinstance(one, Obligation)}
    prices = {line_id: one.promise.price for line_id, one in pooled.items()}
    ends = {line_id: one.progress.total for line_id, one in pooled.items()}
    steps: list[tuple[date, int, UUID, Cut | Concession]] = [(cut.on, 0, cut.line_id, cut) for cut in cuts]
    steps += [(one.on, 1, one.source_id, one) for one in concessions]
    for _, _, _, step in sorted(steps, key=lambda item: item[:3]):
        if step.line_id not in pooled:
            continue
        if isinstance(step, Cut):
            change = step.price - prices[step.line_id]
            prices[step.line_id], ends[step.line_id] = step.price, pooled[step.line_id].progress.final
            _cut(pooled, step, change, ends, digits)
        else:
            for line_id, amount in _borne(pooled, step, digits).items():
                borne.append(replace(step, line_id=line_id, amount=amount))
                pooled[line_id] = _concede(pooled[line_id], borne[-1], ends[line_id])
    return [pooled.get(one.promise.line_id, one) for one in planned], borne


def _cut(pooled: dict[UUID, Obligation], cut: Cut, change: Decimal, ends: Mapping[UUID, Decimal], digits: int) -> None:
    """Freeze revenue to the day before, and share what is left of the price over what is left to deliver.

    `ends` is where the progress of each line leads as of that day: a line that is called off later still leads to its
    whole. Where nothing is left to deliver, the rest is of what was delivered, by its revenue (606-10-32-43).
    """
    before = cut.on - _DAY
    earned = {line_id: one.earned(before) for line_id, one in pooled.items()}
    left = {line_id: _left(one, before, ends[line_id]) for line_id, one in pooled.items()}
    pool = sum((one.allocated - earned[line_id] for line_id, one in pooled.items()), change)
    open_lines = {line_id: weight for line_id, weight in left.items() if weight is not None}
    weights = open_lines or {line_id: max(_ZERO, amount) for line_id, amount in earned.items()}
    shares = dict(zip(weights, allocate(pool, list(weights.values()), digits), strict=True))
    for line_id, one in pooled.items():
        share = shares.get(line_id, _ZERO)
        if line_id in open_lines:
            layers = (Layer(share, one.progress.at(before), ends[line_id]),) if share else ()
            segment = Segment(cut.on, earned[line_id], layers)
        else:
            segment = Segment(cut.on, earned[line_id] + share, ())
        kept = tuple(old for old in one.segments if old.starts_on < cut.on)
        pooled[line_id] = replace(one, segments=(*kept, segment))


def _left(one: Obligation, before: date, end: Decimal) -> Decimal | None:
    """The stand-alone price of what is still to be delivered after a day; None where nothing is."""
    units = end - one.progress.at(before)
    return divide(one.promise.stand_alone * units, one.progress.total) if units > 0 else None


def _borne(pooled: Mapping[UUID, Obligation], concession: Concession, digits: int) -> dict[UUID, Decimal]:
    """What each obligation bears of a concession: the one that it is about, as far as its share of the price goes.

    Less than nothing is no consideration for a promise, so that the rest is not about it alone (606-10-32-40(b)): it
    lowers the shares of the others by their stand-alone prices (606-10-32-43, 32-44), none below nothing.
    """
    rooms = {line_id: max(_ZERO, one.allocated) for line_id, one in pooled.items()}
    found = {concession.line_id: min(concession.amount, rooms[concession.line_id])}
    rooms[concession.line_id] -= found[concession.line_id]
    left = concession.amount - found[concession.line_id]
    while left and (bearing := [line_id for line_id, room in rooms.items() if room]):
        shares = allocate(left, [pooled[line_id].promise.stand_alone for line_id in bearing], digits)
        for line_id, share in zip(bearing, shares, strict=True):
            part = min(share, rooms[line_id])
            found[line_id] = found.get(line_id, _ZERO) + part
            rooms[line_id] -= part
            left -= part
    found[concession.line_id] += left
    return {line_id: amount for line_id, amount in found.items() if amount}


def _concede(one: Obligation, concession: Concession, end: Decimal) -> Obligation:
    """Lower the price as if it had always been lower, from that day: revenue to date is a share of the lower price."""
    last = one.segments[-1]
    layer = Layer(-concession.amount, _ZERO, end)
    same = next((old for old in last.layers if (old.start, old.end) == (layer.start, layer.end)), None)
    rest = tuple(old for old in last.layers if old is not same)
    merged = layer if same is None else replace(layer, price=layer.price + same.price)
    segment = Segment(concession.on, last.base, (*rest, merged))
    kept = tuple(old for old in one.segments if old.starts_on < concession.on)
    return replace(one, segments=(*kept, segment))
