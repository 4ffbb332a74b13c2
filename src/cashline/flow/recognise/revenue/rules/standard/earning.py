"""Revenue to date of an obligation: allocated price × satisfied fraction, rounded half up once (step 5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from cashline.flow.recognise.revenue.rules.standard.facts import (
    MEASURED,
    RATABLE,
    PayableToCustomer,
    UnitPrice,
    Usage,
    Variable,
)
from cashline.flow.recognise.revenue.rules.standard.judgements import Returns, Role, VariableEstimate
from cashline.flow.recognise.revenue.rules.standard.pools import Allocation, Unit, allocate_unit, is_own
from cashline.flow.recognise.revenue.rules.standard.repurchase import repurchased
from cashline.flow.recognise.revenue.rules.standard.standing import (
    Judged,
    Work,
    expected_back,
    expected_redeemed,
    fraction,
    repurchase_financing,
    uninstalled_left,
    waits_for_returns,
)
from cashline.kernel.rounding import divide, round_to

_ZERO, _ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True, slots=True)
class Earned:
    """An obligation at a moment. `core` is the part of revenue that a modification settles.

    `allocated` is what is recognised so far and still to be (royalties reported and usage included); `given_back` is
    expected to be given back for units transferred, `incentive` the share of payments to the customer that revenue so
    far was lowered by. `set_aside` is allocated and never recognised as ours to earn: what an agent owes, and royalties
    that wait for a transfer; recognised + remaining + set aside = allocated.
    """

    work: Work
    allocated: Decimal
    core_price: Decimal
    core: Decimal
    segment_price: Decimal
    revenue: Decimal
    owed: Decimal
    remaining: Decimal
    set_aside: Decimal
    progress: Decimal = _ONE
    given_back: Decimal = _ZERO
    incentive: Decimal = _ZERO
    deducted: Decimal = _ZERO
    core_deducted: Decimal = _ZERO
    unit_revenue: Decimal = _ZERO
    ssp: Decimal | None = None


@dataclass(slots=True)
class UnitEarned:
    """An accounting unit at a moment: its obligations, its price, and residuals that are refused."""

    unit: Unit
    obligations: dict[str, Earned]
    allocation: Allocation
    price: Decimal
    variable: Decimal
    digits: int = 2

    @property
    def refused(self) -> dict[str, Decimal]:
        """Residuals outside their range."""
        return self.allocation.prices.refused


def earn(unit: Unit, values: Mapping[str, Decimal], judged: Judged, stop: date, digits: int) -> UnitEarned:
    """All obligations of a unit when `stop` begins; `values` are the parts as they stand."""
    allocation = allocate_unit(unit, values, judged, digits)
    for part in unit.parts:
        if isinstance(part, UnitPrice | Usage | Variable) and part.obligation in unit.works and is_own(part):
            allocation.by_part[part.id, part.obligation] = _share_of(part, unit.works[part.obligation], judged, digits)
    found = {
        name: (
            _frozen(work) if work.ended else _Reckoning(unit, work, allocation, values, judged, stop, digits).earned()
        )
        for name, work in unit.works.items()
    }
    price = sum((values[part.id] for part in unit.parts if part.id in values), unit.price_changes)
    price += unit.settled
    for name, one in found.items():
        work = unit.works[name]
        price += _own_amount(unit, work, judged, digits)[0] + work.used - one.deducted
        if work.fact.pattern == "as_invoiced" and not allocation.core[name] and not work.ended:
            price += work.invoiced - work.marks.invoiced
    variable = sum((values[one.id] for one in unit.parts if isinstance(one, Variable) and one.id in values), _ZERO)
    variable += sum((_per_unit(unit, work, judged, digits) for work in unit.works.values()), _ZERO)
    if any(work.ended for work in unit.works.values()) or any(
        repurchase_financing(one.work, judged) for one in found.values()
    ):
        price = sum((one.allocated for one in found.values()), _ZERO)
    return UnitEarned(unit, found, allocation, price, variable, digits)


def _frozen(work: Work) -> Earned:
    """An obligation of a terminated contract: what was recognised, and nothing more."""
    total = work.base + work.after_end
    return Earned(
        work=work,
        allocated=total,
        core_price=total,
        core=total,
        segment_price=_ZERO,
        revenue=total - work.owed_frozen,
        owed=work.owed_frozen,
        remaining=_ZERO,
        set_aside=work.owed_frozen,
    )


def _own_amount(unit: Unit, work: Work, judged: Judged, digits: int) -> tuple[Decimal, Decimal]:
    """What the prices for each unit come to for the units transferred; and what of it is expected to be given back."""
    units = work.units_done()
    plus = sum(
        (part.amount * units for part in unit.parts if isinstance(part, UnitPrice) and part.obligation == work.id),
        _ZERO,
    )
    less = _per_unit(unit, work, judged, digits)
    return round_to(plus, digits) + less, max(_ZERO, -less)


def _share_of(part: UnitPrice | Usage | Variable, work: Work, judged: Judged, digits: int) -> Decimal:
    """What a part that goes to its obligation with its units comes to so far."""
    if isinstance(part, Usage):
        return work.used_by.get(part.id, _ZERO)
    if isinstance(part, UnitPrice):
        return round_to(part.amount * work.units_done(), digits)
    judgement = judged.of(VariableEstimate, part.id)
    return round_to(judgement.value * work.units_done(), digits) if judgement else _ZERO


def _per_unit(unit: Unit, work: Work, judged: Judged, digits: int) -> Decimal:
    total = _ZERO
    for part in unit.parts:
        if isinstance(part, Variable) and part.basis == "per_unit" and part.obligation == work.id:
            judgement = judged.of(VariableEstimate, part.id)
            total += judgement.value * work.units_done() if judgement else _ZERO
    return round_to(total, digits)


@dataclass(slots=True)
class _Reckoning:
    """One obligation at one moment."""

    unit: Unit
    work: Work
    allocation: Allocation
    values: Mapping[str, Decimal]
    judged: Judged
    stop: date
    digits: int

    def earned(self) -> Earned:
        work, judged, name = self.work, self.judged, self.work.id
        done = fraction(work, judged, self.stop)
        overall = done if work.marks.since is None else fraction(work, judged, self.stop, whole=True)
        gross = self.allocation.core[name]
        if work.fact.pattern == "as_invoiced":
            gross = gross or work.invoiced - work.marks.invoiced
        deducted = self._returns_off(gross)
        settled = work.base + self.allocation.at_once[name]
        price = gross - deducted
        core = settled + self._core(price, done)
        own, own_back = _own_amount(self.unit, work, judged, self.digits)
        own_off = self._own_returns(own)
        royalties = self.allocation.royalties.get(name, _ZERO)
        royalty_done = round_to(royalties * self._licensed(overall), self.digits)
        role = judged.of(Role, name)
        owed_whole = role.owed_to_supplier if role and role.role == "agent" else _ZERO
        owed = round_to(owed_whole * overall, self.digits)
        total = core + own - own_off + royalty_done + work.used
        back = round_to(deducted * done, self.digits) + own_off + own_back + self._negative(overall)
        allocated = settled + price + own - own_off + royalties + work.used
        owed_left = owed_whole - owed if price or settled else _ZERO
        remaining = settled + price - core - owed_left
        set_aside = owed + owed_left + royalties - royalty_done
        if waits_for_returns(work, judged):
            back, total, owed = total + back, _ZERO, _ZERO
            remaining, set_aside = settled + price + own - own_off - owed_whole, owed_whole + royalties + work.used
        if repurchase_financing(work, judged) is not None:
            total, allocated, remaining = repurchased(work, allocated, self.stop)
            back = owed = set_aside = _ZERO
        return Earned(
            work=work,
            allocated=allocated,
            core_price=settled + price,
            core=core,
            segment_price=price,
            revenue=total - owed,
            owed=owed,
            remaining=remaining,
            set_aside=set_aside,
            progress=done,
            given_back=back,
            incentive=self._incentive(overall) if total else _ZERO,
            deducted=deducted + own_off,
            core_deducted=deducted,
            unit_revenue=self._unit_revenue(price, done),
            ssp=self.allocation.prices.ssp.get(name),
        )

    def _licensed(self, overall: Decimal) -> Decimal:
        """As far as a licence is transferred its royalties are earned; of one over time, once it runs (55-65)."""
        if self.work.fact.pattern in RATABLE or self.work.fact.pattern in MEASURED:
            return _ONE if overall > 0 else _ZERO
        return overall

    def _core(self, price: Decimal, done: Decimal) -> Decimal:
        work = self.work
        if work.fact.pattern == "as_invoiced":
            return work.invoiced - work.marks.invoiced
        if work.removed:
            return _ZERO
        left = min(uninstalled_left(work, self.judged), max(price, _ZERO))
        if not left:
            return round_to(price * done, self.digits)
        delivered = min(work.uninstalled - work.marks.uninstalled, left)
        return round_to((price - left) * done, self.digits) + delivered

    def _returns_off(self, gross: Decimal) -> Decimal:
        work = self.work
        units = work.quantity - work.marks.units
        back = expected_back(work, self.judged) - work.marks.expected_back
        if not back or units <= 0 or not gross:
            return _ZERO
        return round_to(divide(gross * min(back, units), units), self.digits)

    def _own_returns(self, own: Decimal) -> Decimal:
        work = self.work
        back, units = expected_back(work, self.judged), work.units_done()
        if not own or not back or not units:
            return _ZERO
        whole = work.quantity if work.quantity > 1 else units
        return round_to(divide(own * min(back, whole), whole), self.digits)

    def _negative(self, overall: Decimal) -> Decimal:
        """Negative variable parts for what is satisfied."""
        total = _ZERO
        for part in self.unit.parts:
            if isinstance(part, Variable) and part.basis == "total":
                share = self.allocation.by_part.get((part.id, self.work.id), _ZERO)
                total -= min(_ZERO, round_to(share * overall, self.digits))
        return total

    def _incentive(self, overall: Decimal) -> Decimal:
        total = _ZERO
        for part in self.unit.parts:
            if isinstance(part, PayableToCustomer):
                total -= round_to(self.allocation.by_part.get((part.id, self.work.id), _ZERO) * overall, self.digits)
        return total

    def _unit_revenue(self, price: Decimal, done: Decimal) -> Decimal:
        """The price allocated to one unit of what is still to be delivered; breakage is of those that are redeemed."""
        work = self.work
        if work.fact.pattern == "redemption":
            units = expected_redeemed(work, self.judged) - work.marks.redeemed
        elif work.fact.measure == "units":
            units = work.measure_total - work.marks.progress
        else:
            units = work.quantity - work.marks.units
        each = divide(price, units) if units > 0 and done < _ONE else _ZERO
        for part in self.unit.parts:
            if isinstance(part, UnitPrice) and part.obligation == work.id:
                each += part.amount
            if isinstance(part, Variable) and part.basis == "per_unit" and part.obligation == work.id:
                judgement = self.judged.of(VariableEstimate, part.id)
                each += judgement.value if judgement else _ZERO
        return round_to(each, self.digits)


def units_back(work: Work, judged: Judged) -> tuple[Decimal, Decimal]:
    """Units transferred that are expected back or came back, and the cost to recover each."""
    judgement = judged.of(Returns, work.id)
    recovery = judgement.recovery_cost if judgement else _ZERO
    if waits_for_returns(work, judged):
        return work.units_done(), _ZERO
    units = work.units_done()
    back = expected_back(work, judged)
    if work.quantity > 0 and units < work.quantity:
        back = divide(back * units, work.quantity)
    return min(max(back, work.returned), max(units, work.returned)), recovery


def share_back(unit: UnitEarned, part: str, judged: Judged) -> Decimal:
    """The share of a part of the consideration that is for units expected back."""
    whole = back = _ZERO
    for name, work in unit.unit.works.items():
        share = unit.allocation.by_part.get((part, name), _ZERO)
        whole += share
        if share and work.quantity > 0 and not waits_for_returns(work, judged):
            back += divide(share * min(expected_back(work, judged), work.quantity), work.quantity)
    return divide(back, whole) if whole else _ZERO
