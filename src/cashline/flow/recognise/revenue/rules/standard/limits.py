"""Bounds of what facts may say, so that every recorded arrangement can be planned."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from cashline.flow.recognise.revenue.rules.standard.facts import Instalments, ObligationFact, Repeat
from cashline.flow.recognise.revenue.rules.standard.judgements import (
    AllocateDiscount,
    Financing,
    Impairment,
    StandAlonePrice,
)
from cashline.flow.recognise.revenue.rules.standard.planning import Facts, days_of, plan_revenue
from cashline.kernel.refusals import InvalidValue, Refusal, raise_all

FIRST, LAST = date(1970, 1, 1), date(2199, 12, 31)
MOST = Decimal("1e15")
_ZERO = Decimal(0)


class NotPlannableFacts(Refusal):
    """The facts contradict each other so that no plan can be made of them."""

    code = "facts_not_plannable"


def check_values(facts: Facts) -> list[InvalidValue]:
    """Numbers and days beyond what any business has, and prices that may not be negative."""
    found: list[InvalidValue] = []
    for one in (*facts.contracts, *facts.judgements, *facts.events, *facts.costs):
        found.extend(InvalidValue(sentence, field=field) for field, sentence in _wrong(one, ""))
    return found


def _wrong(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Decimal):
        if not value.is_finite() or abs(value) >= MOST or value.as_tuple().exponent < -8:  # type: ignore[operator]
            yield place, f"{place}: a number below {MOST:f} with at most 8 decimals is wanted."
    elif isinstance(value, str):
        if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value) or len(value) > 2000:
            yield place, f"{place}: a text of at most 2000 letters is wanted."
    elif isinstance(value, date):
        if not FIRST <= value <= LAST:
            yield place, f"{place}: {value} is no day of business: give one from {FIRST} to {LAST}."
    elif isinstance(value, tuple):
        for index, one in enumerate(value):
            yield from _wrong(one, f"{place}[{index}]")
    elif isinstance(value, msgspec.Struct):
        yield from _sentences(value, place)
        for name in value.__struct_fields__:
            yield from _wrong(getattr(value, name), f"{place}.{name}" if place else name)


def _sentences(value: msgspec.Struct, place: str) -> Iterator[tuple[str, str]]:
    match value:
        case Instalments() | Repeat() if (value.count - 1) * value.every_months > 1200:
            yield place, "Payments go on for a hundred years at most."
        case ObligationFact():
            prices = (value.ssp, value.expected_cost, value.unit_cost, value.quantity, value.measure_total)
            if any(one is not None and one < 0 for one in prices):
                yield place, f"The prices, costs and quantities of {value.id} are not negative."
        case StandAlonePrice() if value.amount < 0:
            yield place, "A stand-alone price is not negative."
        case AllocateDiscount() if value.bundle_price < 0:
            yield place, "The price of a bundle is not negative."
        case Impairment() if value.costs < 0 or (value.consideration or _ZERO) < 0:
            yield place, "What is still expected, and the costs still to come, are not negative."
        case Financing() if not Decimal("-0.99") < value.annual_rate < Decimal(10):
            yield place, "A rate a year lies between -99 % and 1000 %."
        case _:
            pass


def require_plannable(facts: Facts) -> None:
    """Raise NotPlannableFacts where no plan can be made of the facts."""
    days = days_of(facts, LAST)[:1] if not facts.contracts else [max(one.inception for one in facts.contracts)]
    known = [one.at for one in (*facts.judgements, *facts.events, *facts.costs)]
    try:
        plan_revenue(facts, [*days, *([max(known)] if known else [])])
    except (ArithmeticError, ValueError, KeyError) as error:
        raise NotPlannableFacts(f"No plan can be made of these facts: {error}.") from error


def read_facts[T](shapes: Sequence[Any], kind: type[T] | Any, place: str) -> list[T]:
    """Decoded JSON as facts of a kind; raises InvalidValue for each that has the wrong form, with its place."""
    found: list[T] = []
    errors: list[InvalidValue] = []
    for index, shape in enumerate(shapes):
        try:
            found.append(msgspec.convert(shape, kind, strict=False))
        except (msgspec.ValidationError, ValueError, OverflowError) as error:
            errors.append(InvalidValue(f"{place}[{index}]: {error}.", field=f"{place}[{index}]"))
    raise_all(errors)
    return found
