"""What facts speak of must be known: obligations, parts of the consideration, contracts and costs, each named once."""

from collections.abc import Iterator

from cashline.flow.recognise.revenue.rules.standard.facts import (
    Consideration,
    Delivery,
    EventFact,
    Invoiced,
    Modified,
    Paid,
    RoyaltyEarned,
    Terminated,
    UnitPrice,
    Usage,
    Used,
    Variable,
)
from cashline.flow.recognise.revenue.rules.standard.judgements import (
    AllocateConsideration,
    AllocateDiscount,
    Amortisation,
    Combine,
    Financing,
    Impairment,
    Judgement,
    VariableEstimate,
)
from cashline.flow.recognise.revenue.rules.standard.planning import Facts
from cashline.kernel.refusals import InvalidValue

type _Named = tuple[str, str, str]


def subject_of_event(event: EventFact) -> str:
    """What an event is about."""
    if isinstance(event, Delivery):
        return event.obligation
    if isinstance(event, Used | RoyaltyEarned):
        return event.consideration
    return event.contract


def check_names(known: Facts, new: Facts) -> list[InvalidValue]:
    """Names in `new` that neither it nor `known` introduces, and names introduced twice."""
    found: list[InvalidValue] = []
    names: dict[str, set[str]] = {"contract": set(), "obligation": set(), "part": set(), "cost": set()}
    for facts in (known, new):
        for kind, name in _introduced(facts):
            if name in names[kind]:
                found.append(InvalidValue(f"There are two of the {kind} {name!r}.", field=name))
            names[kind].add(name)
    for place, kind, name in _used(new):
        if name not in names[kind]:
            label = "part of the consideration" if kind == "part" else kind
            found.append(InvalidValue(f"There is no {label} {name!r}.", field=place))
    return found


def _introduced(facts: Facts) -> Iterator[tuple[str, str]]:
    for contract in facts.contracts:
        yield "contract", contract.id
        for part in contract.consideration:
            yield "part", part.id
        for obligation in contract.obligations:
            yield "obligation", obligation.id
    for event in facts.events:
        if isinstance(event, Modified):
            for obligation in event.added:
                yield "obligation", obligation.id
    for cost in facts.costs:
        yield "cost", cost.id


def _used(facts: Facts) -> Iterator[_Named]:
    for contract in facts.contracts:
        for part in contract.consideration:
            yield from _of_part(part)
    for judgement in facts.judgements:
        yield from _of_judgement(judgement)
    for event in facts.events:
        yield from _of_event(event)
    for cost in facts.costs:
        if cost.contract:
            yield f"cost {cost.id}", "contract", cost.contract


def _of_part(part: Consideration) -> Iterator[_Named]:
    if isinstance(part, UnitPrice | Usage | Variable) and part.obligation:
        yield f"consideration {part.id}", "obligation", part.obligation


def _of_judgement(judgement: Judgement) -> Iterator[_Named]:
    place = f"judgement of {judgement.at}"
    match judgement:
        case Combine():
            yield from ((place, "contract", name) for name in judgement.contracts)
        case AllocateDiscount():
            yield from ((place, "obligation", name) for name in judgement.obligations)
        case AllocateConsideration():
            yield place, "part", judgement.consideration
            yield from ((place, "obligation", name) for name in judgement.obligations)
        case VariableEstimate() | Financing():
            yield place, "part", judgement.consideration
        case Amortisation() | Impairment():
            yield place, "cost", judgement.cost
        case _:
            yield place, "obligation", judgement.obligation


def _of_event(event: EventFact) -> Iterator[_Named]:
    place = f"event of {event.at}"
    if isinstance(event, Delivery):
        yield place, "obligation", event.obligation
    elif isinstance(event, Used | RoyaltyEarned):
        yield place, "part", event.consideration
    elif isinstance(event, Invoiced | Paid | Terminated):
        yield place, "contract", event.contract
    else:
        yield place, "contract", event.contract
        yield from ((place, "obligation", name) for name in event.removed)
        yield from ((place, "obligation", one.obligation) for one in event.quantities)
        yield from ((place, "obligation", one.obligation) for one in event.terms)
        yield from ((place, "obligation", one.obligation) for one in event.price_changes if one.obligation)
