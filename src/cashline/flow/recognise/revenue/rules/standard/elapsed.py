"""Time as a fraction: days or months gone of a term, and months between two days for interest."""

from datetime import date, timedelta
from decimal import Decimal

from cashline.kernel.periods import Interval, IntervalUnit
from cashline.kernel.rounding import divide

_MONTH = Interval(IntervalUnit.MONTH)
_ZERO, _ONE = Decimal(0), Decimal(1)
DAY = timedelta(days=1)


def months_between(start: date, end: date) -> Decimal:
    """Whole months from `start` plus the days of a part month over its length; `end` is not before `start`.

    From 31 January the first month ends on 28 February.
    """
    if end <= start:
        return _ZERO
    index = _MONTH.index_of(start, end)
    begin = _MONTH.boundary(start, index)
    if begin == end:
        return Decimal(index)
    length = (_MONTH.boundary(start, index + 1) - begin).days
    return Decimal(index) + divide(Decimal((end - begin).days), Decimal(length))


def gone(pattern: str, start: date, until: date, stop: date) -> Decimal:
    """The fraction of a term [start, until) that has gone when `stop` begins."""
    if stop <= start:
        return _ZERO
    if stop >= until:
        return _ONE
    if pattern == "ratable_daily":
        return divide(Decimal((stop - start).days), Decimal((until - start).days))
    return divide(months_between(start, stop), months_between(start, until))
