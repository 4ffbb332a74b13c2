"""The price waterfall of a line: tax taken out, list price, quantity tier, line discount, document discount, net.

Discounts apply one after the other to the price for one unit (and one interval), which is kept with 10 decimals; the
amount of an interval is rounded once. One derivation holds every step, so that the line can be recomputed years later.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from cashline.flow.agree.pricing.rules.charge_models import Charge, price
from cashline.flow.agree.pricing.rules.including import RULE, charge_without_tax, tax_taken_out
from cashline.flow.agree.pricing.rules.line_totals import interval_amount, interval_count
from cashline.kernel.derivations import Derivation
from cashline.kernel.rounding import divide, round_to

PRICE_DIGITS = 10
_HUNDRED = Decimal(100)
_NET_FORMULA = "round(tier_price * (100 - line_discount) / 100 * (100 - document_discount) / 100, 10)"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the price for one unit after it, and by how much it changed."""

    name: str
    change: Decimal
    price: Decimal
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A priced line. Prices are for one unit and one interval, totals over the whole term.

    `list_total` is the value at the list price of that quantity, before any discount. All is without tax: `charge` is
    that of the price list without the tax that it included.
    """

    list_price: Decimal
    unit_price: Decimal
    interval_amount: Decimal
    list_total: Decimal
    net_total: Decimal
    charge: Charge
    derivation: Derivation

    @property
    def steps(self) -> tuple[Step, ...]:
        """The way from list to net."""
        return steps_of(self.list_price, self.derivation)


def price_line(
    charge: Charge,
    quantity: Decimal,
    *,
    interval_months: int,
    term_months: int,
    line_discount: Decimal,
    document_discount: Decimal,
    digits: int,
    included_tax: Decimal | None = None,
) -> Waterfall:
    """Price a line; discounts in percent, `digits` the minor units of the currency.

    `included_tax` is the tax in percent that the prices of the charge include: it is taken out first.
    """
    taken_out: tuple[Derivation, ...] = ()
    if included_tax is not None:
        taken_out = (tax_taken_out(charge.list_price, included_tax),)
        charge = charge_without_tax(charge, included_tax)
    listed = price(charge, quantity, digits=PRICE_DIGITS)
    tier_price = round_to(divide(listed.amount, quantity), PRICE_DIGITS)
    tier = Derivation(
        "price.tier",
        1,
        {"list_amount": listed.amount, "quantity": quantity},
        "round(list_amount / quantity, 10)",
        tier_price,
        "",
        (listed.derivation, *taken_out),
    )
    after_line = divide(tier_price * (_HUNDRED - line_discount), _HUNDRED)
    unit_price = round_to(divide(after_line * (_HUNDRED - document_discount), _HUNDRED), PRICE_DIGITS)
    net = Derivation(
        "price.net",
        1,
        {"tier_price": tier_price, "line_discount": line_discount, "document_discount": document_discount},
        _NET_FORMULA,
        unit_price,
        "",
        (tier,),
    )
    count = interval_count(interval_months, term_months)
    amount = interval_amount(quantity, unit_price, digits)
    total = Derivation(
        "line.total",
        1,
        {"quantity": quantity, "unit_price": unit_price, "intervals": count, "digits": digits},
        "round(quantity * unit_price, digits) * intervals",
        amount * count,
        "",
        (net,),
    )
    list_total = interval_amount(quantity, tier_price, digits) * count
    return Waterfall(charge.list_price, unit_price, amount, list_total, amount * count, charge, total)


def steps_of(list_price: Decimal, derivation: Derivation) -> tuple[Step, ...]:
    """The steps that a line's derivation records, also where it was read back from storage."""
    net = derivation.parts[0]
    values = {name: Decimal(str(value)) for name, value in net.inputs.items()}
    tier_price, line, document = values["tier_price"], values["line_discount"], values["document_discount"]
    after_line = round_to(divide(tier_price * (_HUNDRED - line), _HUNDRED), PRICE_DIGITS)
    return (
        *_tax_steps(net),
        Step("list_price", Decimal(0), list_price),
        Step("quantity_tier", tier_price - list_price, tier_price),
        Step("line_discount", after_line - tier_price, after_line, line),
        Step("document_discount", net.result - after_line, net.result, document),
        Step("net_price", Decimal(0), net.result),
    )


def _tax_steps(net: Derivation) -> Iterator[Step]:
    """The list price with tax, and the tax taken out of it, where it held any."""
    for part in net.parts[0].parts[1:]:
        if part.rule == RULE:
            given = Decimal(str(part.inputs["price_with_tax"]))
            yield Step("list_price_with_tax", Decimal(0), given)
            yield Step("included_tax", part.result - given, part.result, Decimal(str(part.inputs["tax_percent"])))


def discount_percent(list_total: Decimal, net_total: Decimal) -> Decimal:
    """The effective discount off the list total in percent, 4 decimals; 0 where nothing is listed."""
    if not list_total:
        return Decimal(0)
    return round_to(divide((list_total - net_total) * _HUNDRED, list_total), 4)
