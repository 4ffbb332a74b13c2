"""Checking and pricing one line of an order."""

from datetime import date
from decimal import Decimal

from cashline.flow.agree.catalog.rules import ProductKind
from cashline.flow.agree.pricing.rules.charge_models import Charge, price
from cashline.flow.agree.pricing.rules.line_totals import MAX_TERM_MONTHS, line_total
from cashline.flow.agree.pricing.rules.waterfall import PRICE_DIGITS
from cashline.flow.book.orders.rules import problems
from cashline.flow.book.orders.rules.new_order import Facts, ListPrice, NewOrder, NewOrderLine, PlannedLine, Sellable
from cashline.kernel.money import MAX_AMOUNT
from cashline.kernel.refusals import Refusal
from cashline.kernel.rounding import divide, round_to

HUNDRED = Decimal(100)
MAX_QUANTITY = Decimal(10) ** 12
QUANTITY_DIGITS = 6


def plan_line(
    order: NewOrder,
    line: NewOrderLine,
    line_no: int,
    day: date,
    digits: int,
    facts: Facts,
    max_discount: Decimal | None,
) -> PlannedLine | list[Refusal]:
    """Check and price one line; `digits` are the minor units of the currency. Gives the line, or all that is wrong."""
    product = facts.products.get(line.sku)
    found = _value_refusals(line)
    if product is None:
        sku = line.sku[:60]
        unknown = problems.UnknownProduct(
            f"There is no product {sku!r}.", field="sku", fix="Check the SKU in the catalogue, or add the product."
        )
        return [*found, unknown]
    if not product.active:
        found.append(
            problems.ProductNotSold(
                f"{product.sku} is no longer sold.", field="sku", fix="Choose another product, or activate it again."
            )
        )
    terms = _terms(order, line, product, day, facts)
    if not isinstance(terms, tuple):
        return [*found, terms]
    if found:
        return found
    listed = facts.prices.get((product.id, order.currency, terms[0], day))
    if line.unit_price is None and listed is not None and listed.untaxable:
        fix = "Enter the rate of that country, or give a unit price without tax."
        return [problems.NoPrice(f"{line.sku}: {listed.untaxable}", field="unit_price", fix=fix)]
    priced = _price(line, listed, terms, digits)
    if not isinstance(priced, tuple):
        return [priced]
    unit_price, alone, total = priced
    if max_discount is not None and unit_price * HUNDRED < alone * (HUNDRED - max_discount):
        return [
            problems.DiscountOverAuthority(
                f"{unit_price.normalize():f} is more than {max_discount.normalize():f} % below the list price of "
                f"{alone.normalize():f}.",
                field="unit_price",
                fix="Make a quote and have the discount approved, or leave the price out.",
            )
        ]
    description = line.description or product.name
    included = listed.tax_percent if listed is not None and line.unit_price is None else None
    return PlannedLine(line_no, product, description, line.quantity, unit_price, alone, *terms, total, included)


def _value_refusals(line: NewOrderLine) -> list[Refusal]:
    found: list[Refusal] = []
    quantity = line.quantity
    if not quantity.is_finite() or not 0 < quantity < MAX_QUANTITY:
        found.append(
            problems.InvalidQuantity(
                f"{quantity} is no quantity.", field="quantity", fix="Give a number greater than zero."
            )
        )
    elif quantity.as_tuple().exponent < -QUANTITY_DIGITS and round_to(quantity, QUANTITY_DIGITS) != quantity:  # type: ignore[operator]
        found.append(problems.InvalidQuantity(f"A quantity has {QUANTITY_DIGITS} decimals at most.", field="quantity"))
    price = line.unit_price
    if price is not None and not (price.is_finite() and 0 <= price < MAX_QUANTITY):
        found.append(problems.InvalidPrice(f"{price} is no price.", field="unit_price", fix="Give zero or more."))
    if not (line.discount_percent.is_finite() and 0 <= line.discount_percent <= HUNDRED):
        found.append(problems.InvalidPrice("A discount has 0 to 100 percent.", field="discount_percent"))
    if line.description is not None and len(line.description) > 1000:
        found.append(problems.InvalidReference("A description has 1000 characters at most.", field="description"))
    return found


def _terms(
    order: NewOrder, line: NewOrderLine, product: Sellable, day: date, facts: Facts
) -> tuple[int, int] | Refusal:
    """The interval and the term of a line in months, or why they do not suit the product."""
    interval, term = line.interval_months, line.term_months or 0
    if product.kind != ProductKind.SUBSCRIPTION:
        if interval or term:
            return problems.InvalidTerm(
                f"{product.sku} is paid once and has no interval or term.",
                field="interval_months",
                fix="Leave both out.",
            )
        return 0, 0
    if interval is None:
        options = facts.intervals.get((product.id, order.currency, day), ())
        if len(options) != 1:
            choices = ", ".join(str(option) for option in options) or "1, 3 or 12"
            return problems.IntervalNeeded(
                f"It is not said how often {product.sku} is billed.",
                field="interval_months",
                fix=f"Give interval_months: {choices}.",
            )
        interval = options[0]
    for name, months, least in (("interval", interval, 1), ("term", term, 0)):
        if not least <= months <= MAX_TERM_MONTHS:
            return problems.InvalidTerm(
                f"An order has no {name} of {months} months.",
                field=f"{name}_months",
                fix=f"Give {least} to {MAX_TERM_MONTHS} months.",
            )
    if term % interval:
        return problems.InvalidTerm(
            f"A term of {term} months does not hold whole intervals of {interval} months.",
            field="term_months",
            fix=f"Give a term that is a multiple of {interval}, or none.",
        )
    return interval, term


def _price(
    line: NewOrderLine, listed: ListPrice | None, terms: tuple[int, int], digits: int
) -> tuple[Decimal, Decimal, Decimal] | Refusal:
    """Unit price after discount, stand-alone price, and the line's total over its term."""
    base = line.unit_price
    if base is None:
        if listed is None:
            return problems.NoPrice(
                f"{line.sku} has no price in this currency on that day.",
                field="unit_price",
                fix="Add it to the price book, or give a unit price.",
            )
        base = listed.unit_price
        charge = Charge.from_json(listed.charge)
        if not charge.plain:
            tiered = price(charge, line.quantity, digits=PRICE_DIGITS)
            base = round_to(divide(tiered.amount, line.quantity), PRICE_DIGITS)
    alone = base if line.unit_price is None or listed is None or listed.untaxable else listed.unit_price
    unit_price = base
    if line.discount_percent:
        unit_price = divide(base * (HUNDRED - line.discount_percent), HUNDRED)
    if unit_price.as_tuple().exponent < -PRICE_DIGITS:  # type: ignore[operator]
        unit_price = round_to(unit_price, PRICE_DIGITS)
    total = line_total(line.quantity, unit_price, *terms, digits)
    if total >= MAX_AMOUNT:
        return problems.InvalidQuantity("The line is worth more than any order can be.", field="quantity")
    return unit_price, alone, total
