"""Recompute metered quantities from a file of usage events, without Cashline: python recompute_usage.py FILE.

FILE is what `GET /v1/subscriptions/{id}/usage-export` or `cashline usage export` gives. Prints each quantity beside the
one stated; exits 1 where one differs. Only Python's standard library is used.
"""

import json
import sys
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Context, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

EXACT = Context(prec=60)


def place(event, filters):
    """The filter of an event: the most specific that it passes, the earlier one where two are alike."""
    passed = [
        (-len(one), index)
        for index, one in enumerate(filters)
        if all(event["properties"].get(name) == value for name, value in one.items())
    ]
    return min(passed)[1] if passed else None


def days(event, window):
    """Days from that of the event (or the first) to the last of the window."""
    day = datetime.fromisoformat(event["time"]).astimezone(ZoneInfo(window["zone"])).date()
    first, end = date.fromisoformat(window["first_day"]), date.fromisoformat(window["end_day"])
    return Decimal(max(0, (end - max(day, first)).days))


def left(event, window):
    """Microseconds from the event (or the start) to the end of the window."""
    start, end = (datetime.fromisoformat(window[name]) for name in ("start", "end"))
    return Decimal((end - max(datetime.fromisoformat(event["time"]), start)) // timedelta(microseconds=1))


def total(values):
    """An exact sum."""
    result = Decimal(0)
    for value in values:
        result = EXACT.add(result, value)
    return result


def quantity(events, meter, window):
    """What events of one filter and group come to."""
    kind, values = meter["aggregation"], [Decimal(event["quantity"]) for event in events]
    if not events:
        return Decimal(0)
    if kind in ("count", "sum"):
        if not window["prorated"]:
            return total(values)
        weighed = total(EXACT.multiply(value, days(event, window)) for event, value in zip(events, values, strict=True))
        return EXACT.divide(weighed, Decimal(window["whole_days"]))
    if kind == "weighted_sum":
        weighed = total(EXACT.multiply(value, left(event, window)) for event, value in zip(events, values, strict=True))
        return EXACT.divide(weighed, Decimal(window["whole_microseconds"]))
    if kind == "average":
        return EXACT.divide(total(values), Decimal(len(values)))
    if kind == "max":
        return max(values)
    if kind == "unique_count":
        first = {}
        for event in sorted(events, key=lambda one: datetime.fromisoformat(one["time"])):
            first.setdefault(event["item"], event)
        if not window["prorated"]:
            return Decimal(len(first))
        return EXACT.divide(total(days(event, window) for event in first.values()), Decimal(window["whole_days"]))
    if kind == "latest":
        instants = ("time", "known_at")
        last = max(events, key=lambda one: (*(datetime.fromisoformat(one[name]) for name in instants), one["key"]))
        return Decimal(last["quantity"])
    share = EXACT.divide(EXACT.multiply(Decimal(meter["percentile"]), Decimal(len(values))), Decimal(100))
    return sorted(values)[max(int(share.to_integral_value(ROUND_CEILING)), 1) - 1]


def main(path):
    """Recompute a file; the number of quantities that differ."""
    given = json.loads(Path(path).read_text(encoding="utf-8"))
    window, wrong = given["window"], 0
    parts = {}
    for event in given["events"]:
        group = tuple(event["properties"].get(name, "") for name in window["group_by"])
        parts.setdefault((place(event, window["filters"]), group), []).append(event)
    for stated in given["quantities"]:
        index = None if stated["filter"] is None else window["filters"].index(stated["filter"])
        events = parts.get((index, tuple(stated["group"])), [])
        found = quantity(events, given["meter"], window)
        same = found == Decimal(stated["quantity"]) and len(events) == stated["event_count"]
        wrong += not same
        verdict = "" if same else ", which differs"
        sys.stdout.write(f"{stated['filter']} {stated['group']}: {found} from {len(events)} events{verdict}\n")
    return wrong


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1]) else 0)
