"""How far apart transfer and payment lie of the parts that are judged to hold a financing component."""

from datetime import date

from cashline.flow.recognise.revenue.rules.standard.facts import Invoiced
from cashline.flow.recognise.revenue.rules.standard.planning import Facts, expanded, groups_at


def financed_spans(facts: Facts) -> dict[str, list[tuple[date, date]]]:
    """By part: the day on which control first passes, with each day on which the part is paid (606-10-32-18)."""
    found: dict[str, list[tuple[date, date]]] = {}
    for group in groups_at(facts, _last_day(facts)):
        for unit in group.units:
            for part in unit.parts:
                one = group.schedule.component(part, unit, group.judged)
                if one is not None:
                    days = [payment.day for payment in (*one.before, *one.after)]
                    found.setdefault(part.id, []).extend((one.transfer, day) for day in days)
    return found


def _last_day(facts: Facts) -> date:
    """The last day of which the facts tell."""
    days = [one.inception for one in facts.contracts] + [one.at for one in facts.judgements]
    for event in expanded(facts.events):
        days.append(event.at)
        if isinstance(event, Invoiced) and event.due:
            days.append(event.due)
    return max(days, default=date.min)
