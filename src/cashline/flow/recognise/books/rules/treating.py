"""What a choice makes of the facts of an arrangement: the same standard planner then gives the figures of the book."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from msgspec import structs

from cashline.flow.recognise.books.rules.policies import Choice
from cashline.flow.recognise.revenue.rules.standard.accounting import posting_name
from cashline.flow.recognise.revenue.rules.standard.amortising import ASSETS
from cashline.flow.recognise.revenue.rules.standard.facts import (
    ContractCost,
    ContractFact,
    Modified,
    ObligationFact,
    RepurchaseEnded,
    RoyaltyEarned,
    Terminated,
    Used,
)
from cashline.flow.recognise.revenue.rules.standard.judgements import (
    Amortisation,
    Combine,
    Financing,
    Impairment,
    Judgement,
    Returns,
    Role,
    VariableEstimate,
)
from cashline.flow.recognise.revenue.rules.standard.planning import Facts, Key
from cashline.flow.recognise.revenue.rules.standard.spans import financed_spans
from cashline.kernel.periods import add_months

_ONE = Decimal(1)
_OF_THE_PRICE = (Modified, Terminated, Used, RoyaltyEarned, RepurchaseEnded)
_EXPENSED = {"obtain_incremental": "obtain_not_incremental", "fulfil_capitalised": "fulfil_expensed"}


def treated(facts: Facts, choice: Choice) -> Facts:
    """The facts as a book with that choice sees them; the same facts where it changes nothing."""
    match choice.code:
        case "estimates_when_settled":
            return _judged(facts, [one for one in facts.judgements if not _is_estimate(one)])
        case "financing_none":
            return _judged(facts, [one for one in facts.judgements if not isinstance(one, Financing)])
        case "financing_one_year":
            return _without_short_financing(facts)
        case "contract_costs_one_year":
            return _expensed(facts, {name for name, last in _amortised_until(facts).items() if last})
        case "contract_costs_expensed":
            return _expensed(facts, {one.id for one in facts.costs if one.cost_class in _EXPENSED})
        case "impairments_never_reversed":
            return _never_reversed(facts)
        case "timing_as_invoiced":
            return _as_invoiced(facts)
        case _:
            return facts


def _judged(facts: Facts, judgements: list[Judgement]) -> Facts:
    return facts if len(judgements) == len(facts.judgements) else replace(facts, judgements=tuple(judgements))


def _is_estimate(judgement: Judgement) -> bool:
    """Does it add to the price before it is settled? A price that may fall is still foreseen (prudence)."""
    return isinstance(judgement, VariableEstimate) and judgement.method != "given" and judgement.value > 0


def _without_short_financing(facts: Facts) -> Facts:
    """Without the financing components of a year or less, as the days of transfer and payment are known."""
    spans = financed_spans(facts)
    short = {name for name, found in spans.items() if found and all(_within_a_year(*one) for one in found)}
    kept = [one for one in facts.judgements if not (isinstance(one, Financing) and one.consideration in short)]
    return _judged(facts, kept)


def _within_a_year(one: date, other: date) -> bool:
    first, last = min(one, other), max(one, other)
    return last <= add_months(first, 12)


def _amortised_until(facts: Facts) -> dict[str, bool]:
    """Of each cost to obtain a contract: would it be amortised within a year of the day on which it arose?"""
    plans = {one.cost: one for one in facts.judgements if isinstance(one, Amortisation)}
    return {
        cost.id: _within_a_year(cost.at, plans[cost.id].until)
        for cost in facts.costs
        if cost.cost_class == "obtain_incremental" and cost.id in plans
    }


def _expensed(facts: Facts, names: set[str]) -> Facts:
    if not names:
        return facts
    return replace(facts, costs=tuple(_expense(one) if one.id in names else one for one in facts.costs))


def _expense(cost: ContractCost) -> ContractCost:
    return structs.replace(cost, cost_class=_EXPENSED[cost.cost_class]) if cost.cost_class in ASSETS else cost


def _never_reversed(facts: Facts) -> Facts:
    judgements = tuple(
        structs.replace(one, standard="asc_340_40") if isinstance(one, Impairment) else one for one in facts.judgements
    )
    return facts if judgements == facts.judgements else replace(facts, judgements=judgements)


def without_costs(facts: Facts) -> Facts:
    """The contracts alone: their costs are the same whenever revenue is recognised."""
    judgements = tuple(one for one in facts.judgements if not isinstance(one, Amortisation | Impairment))
    return replace(facts, costs=(), judgements=judgements)


def _as_invoiced(facts: Facts) -> Facts:
    """Each contract earned when it is invoiced: beside obligations, now without a price, one promise takes the bills.

    The obligations stay, since their goods and costs are what they were; what an agent owes is still not its own.
    """
    added: dict[str, list[ObligationFact]] = {}
    for event in facts.events:
        if isinstance(event, Modified):
            added.setdefault(event.contract, []).extend(event.added)
    contracts = tuple(
        ContractFact(
            id=one.id,
            inception=one.inception,
            consideration=(),
            obligations=(
                ObligationFact(id=invoiced_name(one), pattern="as_invoiced"),
                *(
                    structs.replace(each, ssp=_ONE, ssp_method="")
                    for each in (*one.obligations, *added.get(one.id, ()))
                ),
            ),
        )
        for one in facts.contracts
    )
    judgements = tuple(one for one in facts.judgements if isinstance(one, Combine | Role | Returns))
    events = tuple(one for one in facts.events if not isinstance(one, _OF_THE_PRICE))
    return Facts(contracts, judgements, events, (), facts.digits)


def invoiced_name(contract: ContractFact) -> str:
    """The name of what is earned of a contract when it is invoiced."""
    return f"{contract.id} as invoiced"[:80]


def names_of(facts: Facts) -> Mapping[str, str]:
    """The name of the revenue account of each obligation, as the journal has it, and of contracts as invoiced."""
    found: dict[str, str] = {}
    for contract in facts.contracts:
        of_contract = {one.id: _name(one) for one in contract.obligations}
        kinds = set(of_contract.values())
        found |= of_contract
        found[invoiced_name(contract)] = kinds.pop() if len(kinds) == 1 else "service"
    for event in facts.events:
        if isinstance(event, Modified):
            found |= {one.id: _name(one) for one in event.added}
    return found


def _name(one: ObligationFact) -> str:
    return posting_name(Key("revenue", "", one.id), {one.id: one.pattern})
