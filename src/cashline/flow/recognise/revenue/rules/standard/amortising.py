"""Costs to obtain and to fulfil a contract (340-40): what is an asset, and what is expensed of it by when.

An asset is amortised, written down to what is recoverable (340-40-35-3 to 35-6; IFRS 15.101 to 104), and falls away
with its contract; what the customer's early leaving lets be claimed back of a commission lowers the expense.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from cashline.flow.recognise.revenue.rules.standard.elapsed import DAY, gone
from cashline.flow.recognise.revenue.rules.standard.facts import ContractCost
from cashline.flow.recognise.revenue.rules.standard.judgements import Amortisation, Impairment
from cashline.kernel.rounding import divide, round_to

_ZERO = Decimal(0)
ASSETS = {
    "obtain_incremental": "cost_to_obtain_asset",
    "fulfil_capitalised": "cost_to_fulfil_asset",
    "other_standard": "other_asset",
}
"""The asset of each class of cost; the other classes are expensed when incurred."""


class Expensed(NamedTuple):
    """What of a cost is expensed by the end of a day, by its nature; `recovered` is clawed back, so it is taken off."""

    amortised: Decimal = _ZERO
    impaired: Decimal = _ZERO
    ended: Decimal = _ZERO
    recovered: Decimal = _ZERO

    @property
    def off_the_asset(self) -> Decimal:
        """How much less is carried than the cost was."""
        return self.amortised + self.impaired + self.ended


class _Running(NamedTuple):
    """A plan that is carried out from a day on."""

    plan: Amortisation
    start: date

    def share(self, since: date | None, stop: date) -> Decimal:
        """How much of what was left when `since` began (None: when the plan began) is amortised when `stop` begins."""
        if self.start >= self.plan.until:
            return Decimal(1)
        pattern, until = self.plan.pattern, self.plan.until
        before = gone(pattern, self.start, until, since) if since is not None else _ZERO
        after = gone(pattern, self.start, until, stop)
        return divide(after - before, 1 - before) if before < 1 else Decimal(1)


@dataclass(slots=True)
class Carried:
    """A cost with the judgements on its amortisation and impairment, and the day on which its contract ended early.

    A later plan, and a write-down, spread what is left from their day on. `price_left` is what was allocated and not
    recognised when the day of an impairment began.
    """

    cost: ContractCost
    plans: list[Amortisation] = field(default_factory=list)
    impairments: list[Impairment] = field(default_factory=list)
    ended_on: date | None = None
    price_left: dict[date, Decimal] = field(default_factory=dict)

    @property
    def asset(self) -> str | None:
        """The account that carries it; None where it is expensed when incurred."""
        return ASSETS.get(self.cost.cost_class)

    def expensed(self, day: date, digits: int) -> Expensed:
        """What is expensed by the end of a day."""
        if day < self.cost.at:
            return Expensed()
        ended = self.ended_on if self.ended_on is not None and self.ended_on <= day else None
        if self.cost.cost_class == "other_standard":
            return Expensed()
        if self.asset is None:
            found = Expensed(amortised=self.cost.amount)
        else:
            found = self._spread(ended or day + DAY, digits, impaired=True)
        if ended is None:
            return found
        rest = self.cost.amount - found.off_the_asset
        return found._replace(ended=rest, recovered=self._recovered(ended, digits))

    def _spread(self, stop: date, digits: int, *, impaired: bool) -> Expensed:
        """What is amortised and written down when `stop` begins."""
        steps: list[Amortisation | Impairment] = [*self.plans, *(self.impairments if impaired else ())]
        steps = sorted((one for one in steps if one.at < stop), key=_order)
        done = lost = _ZERO
        running: _Running | None = None
        for index, step in enumerate(steps):
            since = step.at if isinstance(step, Impairment) else None
            if isinstance(step, Impairment):
                lost += self._loss(step, self.cost.amount - done - lost, lost, digits)
            elif running is None:
                running = _Running(step, step.starts_on)
            else:
                running = _Running(step, max(step.starts_on, step.at))
            if running is None:
                continue
            following = steps[index + 1].at if index + 1 < len(steps) else stop
            done += round_to((self.cost.amount - done - lost) * running.share(since, following), digits)
        return Expensed(amortised=done, impaired=lost)

    def _loss(self, step: Impairment, carrying: Decimal, lost: Decimal, digits: int) -> Decimal:
        """What a test of impairment writes down, below zero where it takes a loss back.

        A loss is taken back by IFRS alone, and not beyond what would be carried without it: IFRS 15.104, 340-40-35-6.
        """
        expected = self.price_left.get(step.at, _ZERO) if step.consideration is None else step.consideration
        recoverable = max(_ZERO, expected - step.costs)
        if carrying > recoverable:
            return round_to(carrying - recoverable, digits)
        if not lost or step.standard != "ifrs_15":
            return _ZERO
        ceiling = self.cost.amount - self._spread(step.at, digits, impaired=False).amortised
        return -round_to(max(_ZERO, min(recoverable, ceiling) - carrying), digits)

    def _recovered(self, ended: date, digits: int) -> Decimal:
        """What is claimed back of it when the contract ends on that day: by the first window that is still open."""
        for window in sorted(self.cost.clawback, key=lambda one: one.until):
            if ended < window.until:
                share = window.share
                if window.pro_rata:
                    left, whole = (window.until - ended).days, (window.until - self.cost.at).days
                    share = divide(share * left, Decimal(whole))
                return round_to(self.cost.amount * min(share, Decimal(1)), digits)
        return _ZERO


def _order(step: Amortisation | Impairment) -> tuple[date, int]:
    """By day; of a day a plan comes before the test of what is then carried."""
    return step.at, int(isinstance(step, Impairment))


def carried_of(
    costs: Sequence[ContractCost],
    plans: Sequence[Amortisation],
    impairments: Sequence[Impairment] = (),
    ended: Mapping[str, date] | None = None,
) -> list[Carried]:
    """Costs with their plans and tests in the order of their days; of one day the last counts.

    `ended` is the day on which a contract ended early, by its name.
    """
    found = {cost.id: Carried(cost, ended_on=(ended or {}).get(cost.contract)) for cost in costs}
    for plan in sorted(plans, key=lambda one: one.at):
        if carried := found.get(plan.cost):
            if carried.plans and carried.plans[-1].at == plan.at:
                carried.plans.pop()
            carried.plans.append(plan)
    for test in sorted(impairments, key=lambda one: one.at):
        if carried := found.get(test.cost):
            if carried.impairments and carried.impairments[-1].at == test.at:
                carried.impairments.pop()
            carried.impairments.append(test)
    return list(found.values())
