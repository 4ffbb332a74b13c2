"""Revenue cases planned by the rules alone, day by day as a run would, for comparison with what each expects."""

from datetime import date
from decimal import Decimal

from cashline.flow.recognise.revenue.rules.standard.planning import Facts, Key, plan_revenue
from cashline.flow.recognise.revenue.rules.standard.postings import plan_postings, revenue_ahead
from cashline.surfaces.check.results import Difference
from cashline.surfaces.check.revenue import asked_days, combined, known_days, window_bounds, windowed_days
from cashline.surfaces.check.revenue_comparing import CameOut, Comparison
from cashline.surfaces.check.revenue_format import RevenueCase


def differences(case: RevenueCase) -> list[Difference]:
    """What differs from the expected figures; the last run again must post nothing."""
    facts = Facts(case.contracts, case.judgements, case.events, case.costs)
    days = asked_days(case.expect)
    last = max([*days, *known_days(case)])
    posted: dict[tuple[date, Key], tuple[Decimal, int]] = {}
    ran: date | None = None
    for day in [*sorted({*days, last}), last]:
        found = plan_postings(facts, posted, day, ran_through=ran).postings
        assert not (found and ran == last), "a second run posts nothing"
        for one in found:
            amount, _ = posted.get((one.day, one.key), (Decimal(0), -1))
            posted[one.day, one.key] = (amount + one.amount, one.sequence)
        ran = day
    bounds = window_bounds(case.expect)
    out = CameOut(
        [(day, key, amount) for (day, key), (amount, _) in posted.items()],
        moments := {moment.day: moment for moment in plan_revenue(facts, {*days, last})},
        {
            at: revenue_ahead(facts, at, [day for day in bounds if day > at], delivered=True)
            for at in windowed_days(case.expect)
        },
        {day: combined(moment) for day, moment in moments.items()},
    )
    return Comparison(case, out).differences()
