"""`cashline check revenue FILE`: every case of a file of revenue cases, carried out and compared.

A case is recorded as an arrangement in a scratch company by the real actions, and the run is repeated through every day
that the case asks of. The journal figures are read from the books; the last run is run again and must post nothing.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from cashline.flow.recognise.revenue.rules.standard.planning import Moment, expanded
from cashline.kernel.refusals import Refusal
from cashline.surfaces.check.billing import attempt
from cashline.surfaces.check.results import CaseResult, Difference
from cashline.surfaces.check.revenue_comparing import CameOut, Comparison
from cashline.surfaces.check.revenue_format import Expected, RevenueCase
from cashline.surfaces.check.revenue_reading import read_cases
from cashline.surfaces.check.scratch import Scratch, scratch

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
ACTOR = "check"
_DAY = timedelta(days=1)


def revenue_results(path: Path, on: Scratch | None = None) -> Iterator[CaseResult]:
    """The result of every case as soon as it is there; raises a refusal for each error of the file's head."""
    cases = read_cases(path)
    with scratch(on) as server:
        for name, case in cases:
            if isinstance(case, str):
                yield CaseResult.failed(name, case)
            else:
                yield attempt(name, partial(_differences, case, server))


def _differences(case: RevenueCase, server: Scratch) -> list[Difference]:
    days = asked_days(case.expect)
    last = max([*days, *known_days(case)])
    with server.company(frozen_at=min(EPOCH, _instant(last))):
        key = _record(case, last)
        out = _carry_out(case, key, sorted({*days, last}), last)
        again = _run(key, last, last)
        found = Comparison(case, out).differences()
        if again:
            found.append(Difference("postings of a second run", "0", f"{again}"))
        return found


def asked_days(expect: Expected) -> set[date]:
    """Every day at whose end a figure is asked, and the day before every window."""
    found: set[date] = set()
    for name in expect.__struct_fields__:
        for one in getattr(expect, name):
            if hasattr(one, "at"):
                found.add(one.at)
            elif hasattr(one, "starts_on"):
                found |= {one.starts_on - _DAY, one.through}
    return found


def known_days(case: RevenueCase) -> set[date]:
    """Every day of a fact of the case."""
    found = {one.inception for one in case.contracts} | {one.at for one in case.costs}
    return found | {one.at for one in case.judgements} | {one.at for one in expanded(case.events)}


def _instant(day: date) -> datetime:
    return datetime.combine(day, time(23, 59), UTC)


def _record(case: RevenueCase, last: date) -> UUID:
    """Record the case in a new company of its currency, with the clock on its last day."""
    from cashline.flow.recognise.revenue.actions import NewArrangement, NewFacts, record_arrangements
    from cashline.platform.clock.actions import move_clock
    from cashline.platform.company.actions import NewEntity, create_entities

    now = _instant(last)
    move_clock(to=now)
    currency = own_currency(case.currency)
    entity = NewEntity(code="CASE", name="Case", country="DE", currency=currency)
    [entity_id] = create_entities([entity], now=now, actor=ACTOR)
    facts = NewFacts(case.contracts, case.judgements, case.events, case.costs, reason=case.title)
    [key] = record_arrangements(
        [NewArrangement(entity_id, currency, facts, title=case.title)], today=last, now=now, actor=ACTOR
    )
    return key


def own_currency(code: str) -> str:
    """The currency of the books: the case's own where it has cents, else one that has."""
    from cashline.kernel.money import minor_units

    try:
        return code if len(code) == 3 and minor_units(code) == 2 else "EUR"
    except Refusal:
        return "EUR"


def _run(key: UUID, through: date, last: date) -> int:
    from cashline.flow.recognise.revenue.actions import recognise_arrangements

    result = recognise_arrangements(through=through, now=_instant(last), actor=ACTOR, arrangement_ids=[key])
    return result.postings


def _carry_out(case: RevenueCase, key: UUID, days: list[date], last: date) -> CameOut:
    """Run through every day in turn, and read what stands in the books."""
    from cashline.flow.recognise.revenue.queries import arrangements as queries
    from cashline.flow.recognise.revenue.rules.standard.planning import Key
    from cashline.flow.recognise.revenue.rules.standard.postings import revenue_ahead

    for day in days:
        _run(key, day, last)
    postings = [
        (one.day, Key(one.account, one.contract, one.subject, one.nature), one.amount)
        for one in queries.arrangement_postings(key)
    ]
    moments = {moment.day: moment for moment in queries.plan_at(key, days)}
    facts = queries.facts_of([key])[key].facts
    bounds = window_bounds(case.expect)
    ahead = {
        at: revenue_ahead(facts, at, [day for day in bounds if day > at], delivered=True)
        for at in windowed_days(case.expect)
    }
    groups = {day: combined(moment) for day, moment in moments.items()}
    return CameOut(postings, moments, ahead, groups)


def combined(moment: Moment) -> dict[str, str]:
    """The name under which each contract is accounted for on a day."""
    return {
        work.contract: name
        for name, units in moment.units.items()
        for unit in units
        for work in unit.unit.works.values()
    }


def windowed_days(expect: Expected) -> set[date]:
    """The days at whose end it is asked what will be recognised in a window."""
    return {one.at for one in expect.remaining if one.starts_on or one.through}


def window_bounds(expect: Expected) -> list[date]:
    """The ends of those windows, and the days before their starts."""
    found = {one.through for one in expect.remaining if one.through}
    return sorted(found | {one.starts_on - _DAY for one in expect.remaining if one.starts_on})
