"""Costs to obtain and to fulfil a contract (340-40): what is an asset, what is an expense, and amortisation to date."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from cashline.flow.recognise.revenue.rules.standard.elapsed import DAY, gone
from cashline.flow.recognise.revenue.rules.standard.facts import ContractCost
from cashline.flow.recognise.revenue.rules.standard.judgements import Amortisation
from cashline.kernel.rounding import round_to

_ZERO = Decimal(0)
ASSETS = {
    "obtain_incremental": "cost_to_obtain_asset",
    "fulfil_capitalised": "cost_to_fulfil_asset",
    "other_standard": "other_asset",
}
"""The asset of each class of cost; the other classes are expensed when incurred."""


@dataclass(slots=True)
class Carried:
    """A cost with the judgements on its amortisation; a later one spreads what is left from its day on."""

    cost: ContractCost
    plans: list[Amortisation] = field(default_factory=list)

    def expensed(self, day: date, digits: int) -> Decimal:
        """What is expensed by the end of a day."""
        if day < self.cost.at:
            return _ZERO
        if self.cost.cost_class not in ASSETS:
            return self.cost.amount
        if self.cost.cost_class == "other_standard":
            return _ZERO
        done = _ZERO
        for index, plan in enumerate(self.plans):
            if plan.at > day:
                break
            start = plan.starts_on if index == 0 else max(plan.starts_on, plan.at)
            following = self.plans[index + 1].at if index + 1 < len(self.plans) else date.max
            stop = min(day + DAY, following)
            rest = self.cost.amount - done
            done += round_to(rest * gone(plan.pattern, start, plan.until, stop), digits) if start < plan.until else rest
        return done


def carried_of(costs: Sequence[ContractCost], plans: Sequence[Amortisation]) -> list[Carried]:
    """Costs with their plans in the order of their days; of one day the last counts."""
    found = {cost.id: Carried(cost) for cost in costs}
    for plan in sorted(plans, key=lambda one: one.at):
        carried = found.get(plan.cost)
        if carried is not None:
            if carried.plans and carried.plans[-1].at == plan.at:
                carried.plans.pop()
            carried.plans.append(plan)
    return list(found.values())
