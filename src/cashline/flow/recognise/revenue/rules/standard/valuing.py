"""The parts of the consideration as they stand at a moment (step 3)."""

from collections.abc import Mapping
from decimal import Decimal

from cashline.flow.recognise.revenue.rules.standard.facts import (
    Consideration,
    Fixed,
    Instalments,
    NonCash,
    OptionFee,
    PayableToCustomer,
    Royalty,
    Variable,
)
from cashline.flow.recognise.revenue.rules.standard.judgements import VariableEstimate
from cashline.flow.recognise.revenue.rules.standard.pools import Unit, is_own
from cashline.flow.recognise.revenue.rules.standard.schedules import Schedule
from cashline.flow.recognise.revenue.rules.standard.standing import Judged
from cashline.kernel.rounding import round_to

_ZERO = Decimal(0)


def values_of(
    unit: Unit, schedule: Schedule, judged: Judged, royalties: Mapping[str, Decimal], digits: int
) -> dict[str, Decimal]:
    """What each part adds to the price; parts for each unit transferred are reckoned with their obligation."""
    found: dict[str, Decimal] = {}
    for part in unit.parts:
        if is_own(part):
            continue
        price = schedule.price(part, unit, judged)
        found[part.id] = round_to(price if price is not None else _value(part, judged, royalties), digits)
    return found


def _value(part: Consideration, judged: Judged, royalties: Mapping[str, Decimal]) -> Decimal:
    match part:
        case Fixed() | NonCash():
            return part.amount
        case Instalments():
            return part.amount * part.count
        case Variable():
            judgement = judged.of(VariableEstimate, part.id)
            return judgement.value if judgement else _ZERO
        case PayableToCustomer():
            return part.distinct_fair_value - part.amount
        case OptionFee():
            return part.amount * part.likelihood
        case Royalty():
            return royalties.get(part.id, _ZERO)
        case _:
            return _ZERO


def assured(unit: Unit, judged: Judged) -> tuple[Decimal, Decimal]:
    """What is due in every outcome (fixed amounts, the lowest outcomes), and what depends on the outcome."""
    sure, risk = unit.price_changes, _ZERO
    for part in unit.parts:
        if isinstance(part, Variable):
            judgement = judged.of(VariableEstimate, part.id)
            if judgement is None:
                continue
            outcomes = [one.amount for one in judgement.outcomes] or [judgement.value]
            sure += min(outcomes)
            risk += max(outcomes) - min(outcomes)
        elif isinstance(part, Fixed | Instalments | NonCash | PayableToCustomer):
            sure += _value(part, judged, {})
    return sure, risk
