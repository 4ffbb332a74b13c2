"""Reading for what if: the agreements that hold a product, planned as agreed and as supposed; nothing is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from cashline.flow.agree.catalog.queries import products_by_sku
from cashline.flow.agree.contracts.queries import term_lines
from cashline.flow.agree.contracts.rules import TermLine
from cashline.flow.recognise.revenue.queries import facts_of
from cashline.flow.recognise.revenue.rules.contracts import NotPlannable
from cashline.flow.recognise.revenue.rules.supposing import compare_contract
from cashline.kernel.refusals import NotFound, raise_all
from cashline.platform import sql

_AT_ONCE = 1000
_ZERO = Decimal(0)


@dataclass(slots=True)
class SupposedDifference:
    """What would be posted otherwise: how many contracts, and by (currency, month, kind) what is and would be earned.

    `contracts` are those that move most, with the sum of what moves in them; `refused` could not be planned; `numbers`
    are those of both.
    """

    agreements: int = 0
    totals: dict[tuple[str, date, str], tuple[Decimal, Decimal]] = field(default_factory=dict)
    contracts: list[tuple[UUID, str, Decimal]] = field(default_factory=list)
    refused: list[tuple[UUID, str]] = field(default_factory=list)
    numbers: dict[UUID, str] = field(default_factory=dict)


def product_prices(by_sku: dict[str, Decimal]) -> dict[UUID, Decimal]:
    """Prices by product; raises NotFound for each SKU that no product has."""
    known = products_by_sku(by_sku)
    raise_all(NotFound(f"There is no product {sku[:64]!r}.", field="sku") for sku in by_sku if sku not in known)
    return {known[sku].id: price for sku, price in by_sku.items()}


def suppose_prices(
    prices: Mapping[UUID, Decimal], *, entity_id: UUID, through: date, listed: int = 100
) -> SupposedDifference:
    """The difference of revenue of an entity by month, if products were sold alone for other prices (above zero).

    A changed price moves what each obligation of a contract is allocated; the revenue of a contract in all stays.
    """
    keys = sql.ids(
        sql.fetch(
            "SELECT DISTINCT l.agreement_id FROM agreement_lines l JOIN agreements a ON a.id = l.agreement_id "
            "WHERE a.entity_id = %s AND l.product_id = ANY(%s::uuid[]) ORDER BY 1",
            (entity_id, sql.uuids(prices)),
        )
    )
    found = SupposedDifference()
    for start in range(0, len(keys), _AT_ONCE):
        _suppose(keys[start : start + _AT_ONCE], prices, through, found)
    found.contracts = sorted(found.contracts, key=lambda one: (-one[2], one[0]))[:listed]
    named = [*(key for key, _, _ in found.contracts), *(key for key, _ in found.refused)]
    found.numbers = dict(sql.fetch("SELECT id, number FROM agreements WHERE id = ANY(%s::uuid[])", (named,)))
    return found


def _suppose(keys: Sequence[UUID], prices: Mapping[UUID, Decimal], through: date, found: SupposedDifference) -> None:
    facts = facts_of(keys)
    lines: dict[UUID, list[TermLine]] = {}
    for line in term_lines(agreement_ids=keys):
        lines.setdefault(line.agreement_id, []).append(line)
    for key, own in lines.items():
        try:
            moved = list(
                compare_contract(
                    own, prices, facts.deliveries, facts.concessions, facts.billed.discounts, through=through
                )
            )
        except NotPlannable as refusal:
            found.refused.append((key, refusal.message))
            continue
        if not moved:
            continue
        found.agreements += 1
        currency = own[0].currency
        for one in moved:
            place = (currency, one.month, one.kind)
            now, then = found.totals.get(place, (_ZERO, _ZERO))
            found.totals[place] = (now + one.now, then + one.then)
        found.contracts.append((key, currency, sum((abs(one.then - one.now) for one in moved), _ZERO)))
