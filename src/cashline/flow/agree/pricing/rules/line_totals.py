"""What a line is worth: the amount of one interval, rounded once, times the intervals of its term.

Bills are planned in the same units, so that the value of a quote is the sum of its bills to the cent.
"""

from decimal import Decimal

from cashline.kernel.refusals import InvalidValue
from cashline.kernel.rounding import round_to

MAX_TERM_MONTHS = 120


def interval_count(interval_months: int, term_months: int) -> int:
    """How many intervals a term has: 1 for what is paid once, and for a term without end (0).

    The value of a term without end is that of one interval. Raises InvalidValue where the term is no whole number of
    intervals: such a term has no exact value.
    """
    if not interval_months or not term_months:
        return 1
    count, rest = divmod(term_months, interval_months)
    if rest or count < 1:
        raise InvalidValue(
            f"A term of {term_months} months is no whole number of intervals of {interval_months}.",
            field="term_months",
            fix=f"Give a multiple of {interval_months}.",
        )
    return count


def interval_amount(quantity: Decimal, unit_price: Decimal, digits: int) -> Decimal:
    """What one interval (or the one payment) costs, in whole minor units."""
    return round_to(quantity * unit_price, digits)


def line_total(quantity: Decimal, unit_price: Decimal, interval_months: int, term_months: int, digits: int) -> Decimal:
    """The value of a line over its whole term."""
    return interval_amount(quantity, unit_price, digits) * interval_count(interval_months, term_months)
