"""Comparing a revenue case: journal figures from what was posted, the other figures from the plan behind it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from cashline.flow.recognise.revenue.rules.standard.accounting import ACCOUNTS, DEBIT_ACCOUNTS
from cashline.flow.recognise.revenue.rules.standard.earning import Earned, UnitEarned
from cashline.flow.recognise.revenue.rules.standard.planning import Key, Moment
from cashline.surfaces.check.results import Difference
from cashline.surfaces.check.revenue_format import CostFigure, Expected, ProfitFigure, RevenueCase

_ZERO, _DAY = Decimal(0), timedelta(days=1)
_POSITION = {"contract_asset", "contract_liability"}


@dataclass(slots=True)
class CameOut:
    """What came out of a case: postings (day, key, debit positive amount), and the plan at the end of each day."""

    postings: Sequence[tuple[date, Key, Decimal]]
    moments: Mapping[date, Moment]
    ahead: Mapping[date, Sequence[tuple[date, str, Decimal]]]
    groups: Mapping[date, Mapping[str, str]]

    def group(self, day: date, contract: str) -> str:
        """The contract under which one is accounted for on a day: itself, or that which it is combined with."""
        return self.groups.get(day, {}).get(contract, contract)


@dataclass(slots=True)
class Comparison:
    """The differences of a case."""

    case: RevenueCase
    out: CameOut
    found: list[Difference] = field(default_factory=list)

    def differences(self) -> list[Difference]:
        """All differences, in the order of the format, and breaks of the laws of conservation."""
        expect = self.case.expect
        self._prices(expect)
        self._obligations(expect)
        self._windows(expect)
        self._remaining(expect)
        for one in expect.balances:
            found = self._balance(one.at, one.account, contract=one.contract)
            self._judge(f"balances {one.account} {one.at}", one.amount, found, one.tolerance)
        self._entries(expect)
        self.found.extend(broken_laws(self.out))
        return self.found

    def _judge(self, what: str, expected: Decimal, found: Decimal | None, tolerance: Decimal | None) -> None:
        allowed = self.case.tolerance if tolerance is None else tolerance
        if found is None or abs(found - expected) > allowed:
            self.found.append(Difference(what, f"{expected}", "nothing" if found is None else f"{found.normalize():f}"))

    def _units(self, day: date, contract: str | None = None) -> Iterator[UnitEarned]:
        for name, units in self.out.moments[day].units.items():
            for unit in units:
                if contract is None or self.out.group(day, contract) == name:
                    yield unit

    def _obligation(self, day: date, name: str) -> Earned | None:
        return next((one for one in self.out.moments[day].obligations() if one.work.id == name), None)

    def _prices(self, expect: Expected) -> None:
        for one in expect.transaction_price:
            units = [unit for unit in self._units(one.at, one.contract) if not unit.unit.separate]
            price = sum((unit.price for unit in units), _ZERO)
            self._judge(f"transaction_price {one.at}", one.amount, price, one.tolerance)
            if one.variable is not None:
                variable = sum((unit.variable for unit in units), _ZERO)
                self._judge(f"transaction_price {one.at} variable", one.variable, variable, one.tolerance)
        for sure in expect.assured_price:
            assured, at_risk = self.out.moments[sure.at].assured
            self._judge(f"assured_price {sure.at} assured", sure.assured, assured, sure.tolerance)
            self._judge(f"assured_price {sure.at} at_risk", sure.at_risk, at_risk, sure.tolerance)

    def _obligations(self, expect: Expected) -> None:
        for one in expect.ssp:
            found = self._obligation(one.at, one.obligation)
            self._judge(f"ssp {one.obligation} {one.at}", one.amount, found.ssp if found else None, one.tolerance)
        for share in expect.allocation:
            found = self._obligation(share.at, share.obligation)
            amount = found.allocated if found else None
            if share.consideration is not None:
                key = (share.consideration, share.obligation)
                amount = sum((unit.allocation.by_part.get(key, _ZERO) for unit in self._units(share.at)), _ZERO)
            self._judge(f"allocation {share.obligation} {share.at}", share.amount, amount, share.tolerance)
        for refused in expect.refused:
            residual = self.out.moments[refused.at].refused.get(refused.obligation)
            self._judge(f"refused {refused.obligation} {refused.at}", refused.amount, residual, refused.tolerance)
        for step in expect.progress:
            found = self._obligation(step.at, step.obligation)
            value = found.progress if found else None
            self._judge(f"progress {step.obligation} {step.at}", step.value, value, step.tolerance)
        for each in expect.unit_revenue:
            found = self._obligation(each.at, each.obligation)
            amount = found.unit_revenue if found else None
            self._judge(f"unit_revenue {each.obligation} {each.at}", each.amount, amount, each.tolerance)

    def _windows(self, expect: Expected) -> None:
        for one in expect.revenue:
            found = -self._moved(one.starts_on, one.through, "revenue", subject=one.obligation, nature=one.nature)
            what = f"revenue {one.obligation or ''} {one.starts_on}..{one.through} {one.nature or ''}"
            self._judge(" ".join(what.split()), one.amount, found, one.tolerance)
        for interest in expect.interest:
            sign = -1 if interest.side == "income" else 1
            found = sign * self._moved(interest.starts_on, interest.through, f"interest_{interest.side}")
            what = f"interest {interest.side} {interest.starts_on}..{interest.through}"
            self._judge(what, interest.amount, found, interest.tolerance)
        for cost in expect.costs_recognised:
            what = f"costs_recognised {cost.cost or cost.obligation or ''} {cost.starts_on}..{cost.through}"
            self._judge(" ".join(what.split()), cost.amount, self._costs(cost), cost.tolerance)
        for profit in expect.profit:
            revenue = -self._moved(profit.starts_on, profit.through, "revenue", subject=profit.obligation)
            what = f"profit {profit.starts_on}..{profit.through}"
            self._judge(what, profit.amount, revenue - self._costs(profit), profit.tolerance)

    def _costs(self, one: CostFigure | ProfitFigure) -> Decimal:
        total = _ZERO
        if not isinstance(one, CostFigure) or one.cost is None:
            total += self._moved(one.starts_on, one.through, "cost_of_sales", subject=one.obligation)
        if one.obligation is None:
            cost = one.cost if isinstance(one, CostFigure) else None
            total += self._moved(one.starts_on, one.through, "contract_cost_expense", subject=cost)
        return total

    def _remaining(self, expect: Expected) -> None:
        for one in expect.remaining:
            mine = {
                name: each.remaining
                for unit in self._units(one.at)
                for name, each in unit.obligations.items()
                if one.contract in (None, each.work.contract) and one.obligation in (None, name)
            }
            ahead = [(day, amount) for day, name, amount in self.out.ahead.get(one.at, ()) if name in mine]
            start = one.starts_on or date.min
            if one.through is None:  # whenever it will be: all that is left but what comes before
                found = sum(mine.values(), _ZERO) - sum((amount for day, amount in ahead if day < start), _ZERO)
            else:
                found = sum((amount for day, amount in ahead if start <= day <= one.through), _ZERO)
            self._judge(
                f"remaining {one.obligation or ''} {one.at}".replace("  ", " "), one.amount, found, one.tolerance
            )

    def _entries(self, expect: Expected) -> None:
        wanted: dict[date, dict[str, Decimal]] = {}
        allowed: dict[date, Decimal] = {}
        for one in expect.entries:
            net = wanted.setdefault(one.at, {})
            for line in one.lines:
                net[line.account] = net.get(line.account, _ZERO) + line.signed
            tolerance = self.case.tolerance if one.tolerance is None else one.tolerance
            allowed[one.at] = max(allowed.get(one.at, _ZERO), tolerance)
        before = date.min
        for day in sorted(wanted):
            for account in ACCOUNTS:
                moved = self._signed(day, account) - self._signed(before, account)
                self._judge(f"entries {day} {account}", wanted[day].get(account, _ZERO), moved, allowed[day])
            before = day

    def _signed(self, day: date, account: str, *, contract: str | None = None) -> Decimal:
        """The balance at the end of a day, debit positive; the contract position of each contract by its sign."""
        group = self.out.group(day, contract) if contract else None
        if account not in _POSITION:
            return sum(
                (
                    amount
                    for posted, key, amount in self.out.postings
                    if posted <= day and key.account == account and group in (None, key.contract)
                ),
                _ZERO,
            )
        positions: dict[str, Decimal] = {}
        for posted, key, amount in self.out.postings:
            if posted <= day and key.account == "contract_position" and group in (None, key.contract):
                positions[key.contract] = positions.get(key.contract, _ZERO) + amount
        return sum((one for one in positions.values() if (one > 0) == (account == "contract_asset")), _ZERO)

    def _balance(self, day: date, account: str, *, contract: str | None) -> Decimal:
        signed = self._signed(day, account, contract=contract)
        return signed if account in DEBIT_ACCOUNTS else -signed

    def _moved(
        self, start: date, end: date, account: str, *, subject: str | None = None, nature: str | None = None
    ) -> Decimal:
        """What was posted in a window, debit positive."""
        return sum(
            (
                amount
                for day, key, amount in self.out.postings
                if start <= day <= end
                and key.account == account
                and subject in (None, key.subject)
                and nature in (None, key.nature)
            ),
            _ZERO,
        )


def broken_laws(out: CameOut) -> Iterator[Difference]:
    """Entries that do not balance, allocations that do not add up, and prices that are neither recognised nor left."""
    by_day: dict[date, Decimal] = {}
    for day, _, amount in out.postings:
        by_day[day] = by_day.get(day, _ZERO) + amount
    for day, off in by_day.items():
        if off:
            yield Difference(f"the entries of {day} balance", "0", f"{off}")
    for day, moment in out.moments.items():
        for unit in (unit for units in moment.units.values() for unit in units if not unit.refused):
            allocated = sum((one.allocated for one in unit.obligations.values()), _ZERO)
            if unit.obligations and allocated != unit.price:
                yield Difference(f"allocations of {unit.unit.contract} at {day}", f"{unit.price}", f"{allocated}")
            for name, one in unit.obligations.items():
                whole = one.revenue + one.remaining + one.set_aside
                if whole != one.allocated:
                    yield Difference(f"recognised and remaining of {name} at {day}", f"{one.allocated}", f"{whole}")


__all__ = ["CameOut", "Comparison", "broken_laws"]
