"""Totals of a document: tax by code and rate, rounded once each, and its share on every line.

The document method: the bases of one code and rate are summed, and their tax is rounded once (EN 16931 BR-CO-17;
55.55 + 11.11 at 23 % give 15.33). A line's tax is its share of that by largest remainder, so that lines sum to it.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from cashline.flow.invoice.taxes.rules import TaxDecision
from cashline.kernel.rounding import allocate, round_to

ZERO = Decimal(0)
HUNDRED = Decimal(100)


class TaxGroup(NamedTuple):
    """The tax of a document of one code and rate."""

    code: str
    rate: Decimal
    base: Decimal
    tax: Decimal
    reason: str
    vatex: str
    basis: str


def tax_groups(lines: Iterable[tuple[TaxDecision, Decimal]], digits: int) -> list[TaxGroup]:
    """Tax by code and rate over (decision, net amount), in the order in which the rates first appear."""
    bases: dict[tuple[str, Decimal], Decimal] = {}
    first: dict[tuple[str, Decimal], TaxDecision] = {}
    for decision, net in lines:
        key = (decision.code, decision.rate)
        if key in bases:
            bases[key] += net
        else:
            bases[key] = net
            first[key] = decision
    return [
        TaxGroup(
            code, rate, base, tax_on(base, rate, digits), decision.reason, decision.vatex, decision.basis
        )
        for (code, rate), base in bases.items()
        for decision in (first[code, rate],)
    ]  # fmt: skip


def tax_on(base: Decimal, rate: Decimal, digits: int) -> Decimal:
    """The tax on a base at a rate in percent, rounded to the currency's digits."""
    return round_to(base * rate / HUNDRED, digits) if rate else ZERO


def share_tax(tax: Decimal, nets: Sequence[Decimal], digits: int) -> list[Decimal]:
    """The tax of one code and rate, shared over its lines by their net amounts; the shares sum to it."""
    return allocate(tax, list(nets), digits) if tax else [ZERO] * len(nets)
