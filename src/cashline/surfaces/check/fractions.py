"""Cases of kind `fraction`: how many billing periods lie between two days."""

from fractions import Fraction

from cashline.kernel.anchors import period_parts
from cashline.kernel.periods import Interval, IntervalUnit, Period
from cashline.surfaces.check.billing_format import FractionCase, Term
from cashline.surfaces.check.results import Difference


def differences(case: FractionCase) -> list[Difference]:
    """Sum the parts of all periods that the days touch, as a bill would be prorated, and compare exactly."""
    span = Period(case.start, case.end)
    parts = period_parts(Interval(IntervalUnit(case.interval)), case.boundary, span)
    found = sum((Fraction(part.days, whole.days) for part, whole in parts), Fraction(0))
    expected = sum((_of(term) for term in case.expect.periods), Fraction(0))
    return [] if found == expected else [Difference("periods", str(expected), str(found))]


def _of(term: Term) -> Fraction:
    return Fraction(term.whole) if term.whole else Fraction(term.days or 0, term.of or 1)
