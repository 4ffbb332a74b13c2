"""A whole contract: from its lines, facts and what was recognised to the obligations and postings to append."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

import msgspec

from cashline.flow.agree.contracts.rules import TermLine
from cashline.flow.deliver.fulfilment.rules import DeliveryFact, DeliveryKind
from cashline.flow.invoice.billing.rules.planning import plan_bills
from cashline.flow.recognise.revenue.rules.ahead import still_to_come
from cashline.flow.recognise.revenue.rules.allocation import derivation_of
from cashline.flow.recognise.revenue.rules.by_month import complete_from, plan_revenue
from cashline.flow.recognise.revenue.rules.planning import (
    Concession,
    Cut,
    Obligation,
    PlannedObligation,
    plan_obligations,
)
from cashline.flow.recognise.revenue.rules.progress import cut_short_on
from cashline.flow.recognise.revenue.rules.promises import Promise, is_over_time, promise_of
from cashline.flow.recognise.revenue.rules.rows import (
    ContractPlan,
    PlannedObligationRow,
    PlannedPosting,
    RecordedRevenue,
    stated_derivation,
    to_date_derivation,
)
from cashline.flow.recognise.revenue.rules.stretches import Stretch
from cashline.flow.recognise.revenue.rules.units import plan_units
from cashline.kernel.fiscal import Slicer
from cashline.kernel.money import minor_units
from cashline.kernel.periods import month_of
from cashline.kernel.refusals import Refusal

_ZERO = Decimal(0)
_DAY = timedelta(days=1)
_NO_DISCOUNTS: Mapping[UUID, Sequence[Stretch]] = MappingProxyType({})


class NotPlannable(Refusal):
    """The revenue of the contract cannot be planned by these rules."""

    code = "revenue_not_plannable"


class TooFarAhead(Refusal):
    """Revenue is not recognised for days so far in the future."""

    code = "too_far_ahead"


AHEAD_DAYS = 366
"""How far beyond today a run may recognise, so that service without end has a plan with one."""


def require_near(through: date, today: date) -> None:
    """Refuse a run for days too far ahead (TooFarAhead)."""
    last = today + timedelta(days=AHEAD_DAYS)
    if through > last:
        raise TooFarAhead(
            f"Revenue is recognised at most {AHEAD_DAYS} days ahead, and {through} is later.",
            field="through",
            fix=f"Give a day up to {last}.",
        )


def plan_contract(
    lines: Sequence[TermLine],
    deliveries: Mapping[UUID, Sequence[DeliveryFact]],
    concessions: Mapping[UUID, Sequence[Concession]],
    recorded: Mapping[UUID, RecordedRevenue],
    *,
    through: date,
    quick: bool = True,
    discounts: Mapping[UUID, Sequence[Stretch]] = _NO_DISCOUNTS,
    slicer: Slicer = month_of,
) -> ContractPlan:
    """The difference between the revenue of a contract as planned and as recorded; empty where it is as planned.

    Raises NotPlannable for lines that were amended: their modification is not among these rules. A new contract of
    goods and services is planned by a short cut that comes to the same (`quick`). `discounts` are what coupons took
    off the bills of lines.
    """
    if len({line.line_id for line in lines}) != len(lines):
        raise NotPlannable("A line of this agreement was amended; its revenue is not recognised by this version.")
    digits = minor_units(lines[0].currency) if lines else 2
    quick = quick and not concessions and not discounts
    if quick and (plan := plan_units(lines, deliveries, recorded, through, digits, slicer)) is not None:
        return plan
    promises = [promise_of(line, digits) for line in lines]
    cuts = cuts_of(lines, promises, deliveries)
    given = [one for line in lines for one in concessions.get(line.line_id, ())] if concessions else []
    off = {line.line_id: discounts[line.line_id] for line in lines if line.line_id in discounts} if discounts else {}
    planned = plan_obligations(promises, deliveries, digits, cuts=cuts, concessions=given, discounts=off)
    rows: list[PlannedObligationRow] = []
    postings: list[PlannedPosting] = []
    ends: list[date | None] = []
    for one in planned:
        line_id = one.promise.line_id
        known = recorded.get(line_id)
        price = price_now(one.promise, cuts, given) if cuts or given else one.promise.price
        if isinstance(one, Obligation) and one.discounts:
            price += sum((stretch.amount for stretch in one.discounts), _ZERO)
        prices = (price, one.promise.stand_alone, one.allocated)
        if known is None or known.prices != prices:
            rows.append(_row(one, price, known.version + 1 if known else 0, digits))
        postings.extend(_postings(one, known.months if known else {}, through, slicer))
        ends.append(complete_from(one))
    complete_on = None if None in ends else max((end for end in ends if end is not None), default=date.min)
    ahead = still_to_come(planned, through) if complete_on is None or complete_on > through else []
    return ContractPlan(through, rows, postings, complete_on, ahead)


def cuts_of(
    lines: Sequence[TermLine], promises: Sequence[Promise], deliveries: Mapping[UUID, Sequence[DeliveryFact]]
) -> list[Cut]:
    """The lines of which the rest will not be delivered, with the price that billing charges for what is delivered."""
    found: list[Cut] = []
    for line, promise in zip(lines, promises, strict=True):
        facts = deliveries.get(line.line_id)
        if not facts or promise.open_ended:
            continue
        on = min((fact.effective_on for fact in facts if fact.kind == DeliveryKind.CANCELLED), default=None)
        if on is None and is_over_time(promise):
            on = cut_short_on(promise, facts)
        if on is not None:
            charges = plan_bills([line], facts, through=date.max)
            found.append(Cut(line.line_id, on, sum((charge.net_amount for charge in charges), _ZERO)))
    return found


def price_now(promise: Promise, cuts: Sequence[Cut], concessions: Sequence[Concession]) -> Decimal:
    """What a line costs as things stand: its price, or that of what is delivered, less what was conceded."""
    price = next((cut.price for cut in cuts if cut.line_id == promise.line_id), promise.price)
    return price - sum((one.amount for one in concessions if one.line_id == promise.line_id), _ZERO)


def _row(one: PlannedObligation, price: Decimal, version: int, digits: int) -> PlannedObligationRow:
    promise = one.promise
    if one.share.pool == promise.price == one.allocated == price:
        derivation = stated_derivation(price)
    else:
        derivation = _json(derivation_of(one.share, digits).as_json() | _segments(one))
    return PlannedObligationRow(
        promise.line_id,
        version,
        promise.pattern,
        promise.open_ended,
        price,
        promise.stand_alone,
        one.allocated,
        derivation,
    )


def _segments(one: PlannedObligation) -> dict[str, object]:
    """How later facts moved the share: coupons, and the base and layers of each segment, as a note beside the first."""
    if not isinstance(one, Obligation) or (len(one.segments) == 1 and not one.discounts):
        return {}
    told = [f"{stretch.amount} by {stretch.source}" for stretch in one.discounts]
    told += [
        f"from {segment.starts_on.isoformat()}: {segment.base} earned, "
        f"{sum((layer.price for layer in segment.layers), _ZERO)} to be earned"
        for segment in one.segments[1:]
    ]
    return {"note": "; ".join(told)}


def _postings(
    one: PlannedObligation, posted: Mapping[date, tuple[Decimal, int]], through: date, slicer: Slicer
) -> list[PlannedPosting]:
    planned = plan_revenue(one, through, slicer)
    months = sorted(planned.keys() | posted.keys()) if posted else planned
    found: list[PlannedPosting] = []
    before = _ZERO
    for month in months:
        amount, sequence = posted.get(month, (_ZERO, -1))
        off = planned.get(month, _ZERO) - amount
        if off:
            day = min(slicer(month).last_day, through)
            derivation = posting_derivation(one, day, before + amount)
            found.append(
                PlannedPosting(one.promise.line_id, one.promise.kind, month, day, sequence + 1, off, derivation)
            )
        before += planned.get(month, _ZERO)
    return found


def posting_derivation(one: PlannedObligation, day: date, before: Decimal) -> str:
    """Why revenue to date at the end of a day, less what was recognised before, is what it is; as JSON."""
    if isinstance(one, Obligation) and len(one.segments) == 1 and not one.discounts:
        layer = one.segments[0].layers[0]
        done = one.progress.at(day)
        if layer.start < done <= layer.end:
            return to_date_derivation(layer.price, done, layer.end, before, layer.earned(done, one.digits), one.digits)
    return _json(one.derivation(day, before).as_json())


def _json(shape: object) -> str:
    return msgspec.json.encode(shape).decode()
