"""The waterfall of a whole offer: what list prices, quantity tiers and discounts come to over all lines."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from cashline.flow.agree.pricing.rules.line_totals import line_total
from cashline.flow.agree.pricing.rules.waterfall import steps_of
from cashline.kernel.derivations import Derivation


class PricedLine(Protocol):
    """What a line must tell: an offer's and a stored one do."""

    @property
    def quantity(self) -> Decimal: ...
    @property
    def interval_months(self) -> int: ...
    @property
    def term_months(self) -> int: ...
    @property
    def list_price(self) -> Decimal: ...
    @property
    def net_total(self) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class OfferWaterfall:
    """Totals over all terms; list + tiers + line discounts + document discount = net, exactly."""

    list_prices: Decimal
    tiers: Decimal
    line_discounts: Decimal
    document_discount: Decimal
    net: Decimal


def offer_waterfall(lines: Iterable[tuple[PricedLine, Derivation]], digits: int) -> OfferWaterfall:
    """Sum the steps of the lines, each step rounded as the line is, so that the last one lands on the net total."""
    levels = [Decimal(0)] * 4
    for line, derivation in lines:
        steps = steps_of(line.list_price, derivation)
        for index, step in enumerate(steps[-5:-2]):
            levels[index] += line_total(line.quantity, step.price, line.interval_months, line.term_months, digits)
        levels[3] += line.net_total
    first, tier, after_line, net = levels
    return OfferWaterfall(first, tier - first, after_line - tier, net - after_line, net)
