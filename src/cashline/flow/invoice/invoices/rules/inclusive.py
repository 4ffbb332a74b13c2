"""Prices that include tax: what a line is worth without it, so that the lines and their tax sum to the prices.

The tax within a gross amount is gross × rate / (100 + rate): 3 × 10.00 at 15 % hold 3.91 and are worth 26.09 without.
"""

from collections.abc import Sequence
from decimal import Decimal

from cashline.flow.agree.pricing.rules.including import without_tax as price_without_tax
from cashline.flow.invoice.invoices.rules.drafts import DraftLine
from cashline.flow.invoice.invoices.rules.totals import ZERO, tax_within
from cashline.flow.invoice.taxes.rules import TaxDecision, TaxRounding
from cashline.kernel.rounding import round_parts, round_to


def without_tax(
    lines: Sequence[DraftLine], decisions: Sequence[TaxDecision], digits: int, rounding: TaxRounding
) -> tuple[list[DraftLine], list[Decimal]]:
    """The lines without their tax, and the tax of each, rounded as the document rounds.

    A line that is taxed keeps its price with tax as `gross_amount`, so that coupons and credits take their part of it.
    """
    exact = [tax_within(line.net_amount, decision.rate) for line, decision in zip(lines, decisions, strict=True)]
    taxes = [ZERO] * len(lines)
    for places in _rounded_together(decisions, rounding):
        for index, tax in zip(places, round_parts([exact[index] for index in places], digits), strict=True):
            taxes[index] = tax
    found = zip(lines, decisions, taxes, strict=True)
    return [_line(line, decision, tax, digits) for line, decision, tax in found], taxes


def _rounded_together(decisions: Sequence[TaxDecision], rounding: TaxRounding) -> list[list[int]]:
    if rounding is TaxRounding.PER_LINE:
        return [[index] for index in range(len(decisions))]
    groups: dict[tuple[str, Decimal] | None, list[int]] = {}
    for index, decision in enumerate(decisions):
        key = None if rounding is TaxRounding.PER_DOCUMENT else (decision.code, decision.rate)
        groups.setdefault(key, []).append(index)
    return list(groups.values())


def _line(line: DraftLine, decision: TaxDecision, tax: Decimal, digits: int) -> DraftLine:
    net = line.net_amount - tax
    if decision.rate:
        line = line._replace(gross_amount=line.net_amount, included_tax_rate=decision.rate)
    if not tax:
        return line
    derivation = (
        f'{{"rule":"invoices.without_tax","version":1,"inputs":{{"gross":"{line.net_amount}","tax":"{tax}"}},'
        f'"formula":"gross-tax","result":"{round_to(net, digits)}","parts":[{line.derivation}]}}'
    )
    price = price_without_tax(line.unit_price, decision.rate)
    return line._replace(net_amount=net, unit_price=price, derivation=derivation)
