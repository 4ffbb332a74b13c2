"""What if, over agreements: other stand-alone prices of products, as a difference of revenue by month."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import msgspec

from cashline.flow.agree.contracts.rules import TermLine
from cashline.flow.deliver.fulfilment.rules import DeliveryFact
from cashline.flow.recognise.revenue.rules.contracts import plan_contract
from cashline.flow.recognise.revenue.rules.planning import Concession
from cashline.flow.recognise.revenue.rules.stretches import Stretch

_ZERO = Decimal(0)


class MonthSupposed(NamedTuple):
    """What a line earns in a month as agreed, and as supposed."""

    line_id: UUID
    kind: str
    month: date
    now: Decimal
    then: Decimal


def supposed_lines(lines: Sequence[TermLine], prices: Mapping[UUID, Decimal]) -> list[TermLine]:
    """The lines with other stand-alone prices (of a unit and interval) of their products."""
    return [
        msgspec.structs.replace(line, stand_alone_price=prices[line.product_id]) if line.product_id in prices else line
        for line in lines
    ]


def compare_contract(
    lines: Sequence[TermLine],
    prices: Mapping[UUID, Decimal],
    deliveries: Mapping[UUID, Sequence[DeliveryFact]],
    concessions: Mapping[UUID, Sequence[Concession]],
    discounts: Mapping[UUID, Sequence[Stretch]],
    *,
    through: date,
) -> Iterator[MonthSupposed]:
    """What each line of a contract earns by month as agreed and as supposed, where the two differ.

    Both are planned from the first day on, so that nothing depends on what was posted. Raises NotPlannable.
    """
    kinds: dict[UUID, str] = {}
    planned: list[dict[tuple[UUID, date], Decimal]] = []
    for each in (lines, supposed_lines(lines, prices)):
        plan = plan_contract(each, deliveries, concessions, {}, through=through, discounts=discounts)
        amounts: dict[tuple[UUID, date], Decimal] = {}
        for posting in plan.postings:
            kinds[posting.line_id] = posting.kind
            key = (posting.line_id, posting.month)
            amounts[key] = amounts.get(key, _ZERO) + posting.amount
        planned.append(amounts)
    now, then = planned
    for line_id, month in sorted(now.keys() | then.keys(), key=lambda key: (key[1], key[0])):
        was, would = now.get((line_id, month), _ZERO), then.get((line_id, month), _ZERO)
        if was != would:
            yield MonthSupposed(line_id, kinds[line_id], month, was, would)
