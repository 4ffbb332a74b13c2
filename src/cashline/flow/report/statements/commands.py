"""`cashline report`: receivables by age and deferred revenue from a terminal."""

from datetime import date
from typing import Any

import click

from cashline.platform.doors.terminal import DAY, json_option, table


@click.group("report")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """What the books say at any date."""


@COMMANDS.command("ageing")
@click.option("--as-of", type=DAY, default=None, help="The day; today if left out.")
@click.option("--by", type=click.Choice(["due", "issued"]), default="due", show_default=True)
@click.option("--entity", default="", help="The code of a legal entity; all if left out.")
@json_option
def ageing_command(as_of: date | None, by: str, entity: str, as_json: bool) -> None:
    """Who owes how much for how long, and the control account of the journal that it is."""
    from cashline.flow.report.statements.queries import ageing
    from cashline.flow.report.statements.rules import BUCKETS, AgeBy
    from cashline.platform.company.queries import entities, entity_by_code
    from cashline.platform.doors.terminal import today

    chosen = [entity_by_code(entity).id] if entity else None
    found = ageing(as_of or today(), by=AgeBy(by), entity_ids=chosen)
    codes = {one.id: one.code for one in entities()}
    rows: list[dict[str, Any]] = [
        {
            "customer": row.customer_name,
            "entity": codes[row.entity_id],
            "currency": row.currency,
            **dict(zip(BUCKETS, row.buckets, strict=True)),
            "open": row.total,
        }
        for row in found.rows
    ]
    if not as_json:
        rows += [
            {
                "customer": "Receivables of the journal" if one.ties else "DIFFERS from the journal",
                "entity": codes[one.entity_id],
                "currency": one.currency,
                **dict(zip(BUCKETS, one.buckets, strict=True)),
                "open": one.control,
            }
            for one in found.entities
        ]
    table(rows, ("customer", "entity", "currency", *BUCKETS, "open"), as_json=as_json)


@COMMANDS.command("deferred-revenue")
@click.option("--entity", required=True, help="The code of a legal entity.")
@click.option("--until", type=DAY, default=None, help="A day of the last period; today if left out.")
@json_option
def deferred_command(entity: str, until: date | None, as_json: bool) -> None:
    """Opening + billed − recognised = closing, for each month or fiscal period of a year."""
    from cashline.flow.report.statements.queries import deferred_waterfall, year_up_to
    from cashline.platform.company.queries import entity_by_code
    from cashline.platform.doors.terminal import today

    one = entity_by_code(entity)
    day = today(one.timezone)
    start, end = year_up_to(one.id, until or day)
    found = deferred_waterfall(one.id, start=start, end=end, today=day)
    names = ("opening", "billed", "recognised", "other", "closing")
    rows = [
        {"month": row.period.code, **{name: getattr(row, name) for name in names}, "currency": one.currency}
        for row in found.periods
    ]
    table(rows, ("month", *names, "currency"), as_json=as_json)


@COMMANDS.command("remaining-obligations")
@click.option("--entity", required=True, help="The code of a legal entity.")
@json_option
def remaining_command(entity: str, as_json: bool) -> None:
    """What contracts are still to earn (606-10-50-13), and when time alone will earn it."""
    from cashline.flow.report.statements.api import remaining_shape
    from cashline.flow.report.statements.queries import remaining_obligations
    from cashline.platform.company.queries import entity_by_code
    from cashline.platform.doors.terminal import say, today

    one = entity_by_code(entity)
    shape = remaining_shape(one.code, remaining_obligations(one.id, today=today(one.timezone)))
    lines = [f"{name.replace('_', ' '):<18} {value}" for name, value in shape.items()]
    say(shape, "\n".join(lines), as_json=as_json)


@COMMANDS.command("statement")
@click.argument("kind", type=click.Choice(["balance-sheet", "profit-and-loss", "cash-flow"]))
@click.option("--entity", required=True, help="The code of a legal entity.")
@click.option("--as-of", type=DAY, default=None, help="The last day; today if left out.")
@click.option("--by", "step", type=click.Choice(["month", "quarter", "year"]), default="month", show_default=True)
@click.option("--columns", type=click.IntRange(1, 13), default=2, show_default=True)
@click.option("--known-on", type=DAY, default=None, help="Only what was posted by the end of that day counts.")
@click.option("--csv", "as_csv", is_flag=True, help="Answer in CSV.")
@json_option
def statement_command(
    kind: str,
    entity: str,
    as_of: date | None,
    step: str,
    columns: int,
    known_on: date | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """A financial statement of an entity on any day, as known now or then."""
    from datetime import timedelta

    from cashline.flow.report.statements.api import statement_shape
    from cashline.flow.report.statements.queries.financial import financial_statements
    from cashline.flow.report.statements.rules.financial import Kind, Step
    from cashline.kernel.periods import day_start
    from cashline.platform.company.queries import entity_by_code
    from cashline.platform.doors.terminal import say, today

    one = entity_by_code(entity)
    known_at = None
    if known_on is not None:
        known_at = day_start(known_on + timedelta(days=1), one.timezone) - timedelta(microseconds=1)
    day = as_of or today(one.timezone)
    found = financial_statements(one.id, day, step=Step(step), columns=columns, known_at=known_at).of(Kind(kind))
    names = [span.last_day.isoformat() for span in found.columns]
    if as_json:
        say({"entity": one.code, "currency": one.currency} | statement_shape(found), "", as_json=True)
        return
    rows = [
        {"account": row.code, "name": row.label, **dict(zip(names, row.amounts, strict=False))} for row in found.rows
    ]
    if as_csv:
        _write_csv(rows, ["account", "name", *names])
        return
    table(rows, ("account", "name", *names), as_json=False)


def _write_csv(rows: list[dict[str, Any]], names: list[str]) -> None:
    import csv
    import sys

    writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


@COMMANDS.command("fiscal-periods")
@click.argument("year", type=click.IntRange(1971, 2198))
@click.option("--entity", required=True, help="The code of a legal entity.")
@json_option
def fiscal_periods_command(year: int, entity: str, as_json: bool) -> None:
    """The periods of a fiscal year by the calendar of an entity."""
    from cashline.platform.company.queries import entity_by_code, fiscal_calendar

    calendar = fiscal_calendar(entity_by_code(entity).id)
    rows = [
        {
            "name": calendar.name_of(one),
            "quarter": one.quarter,
            "start": one.start,
            "last": one.last_day,
            "weeks": one.weeks,
        }
        for one in calendar.periods(year)
    ]
    table(rows, ("name", "quarter", "start", "last", "weeks"), as_json=as_json)


@COMMANDS.command("set-fiscal-calendar")
@click.argument("pattern", type=click.Choice(["months", "4-4-5", "4-5-4", "5-4-4", "13x4"]))
@click.option("--entity", required=True, help="The code of a legal entity.")
@click.option("--end-month", type=click.IntRange(1, 12), default=12, show_default=True, help="A year ends in it.")
@click.option("--weekday", type=click.IntRange(0, 6), default=5, show_default=True, help="It ends on (Monday is 0).")
@click.option("--year-end", type=click.Choice(["last", "nearest"]), default="last", show_default=True)
@click.option("--named-before", is_flag=True, help="A year is named by the calendar year before its end month.")
@click.option("--since", type=DAY, default=None, help="It holds from that day on, after months; always if left out.")
@json_option
def set_fiscal_calendar_command(
    pattern: str,
    entity: str,
    end_month: int,
    weekday: int,
    year_end: str,
    named_before: bool,
    since: date | None,
    as_json: bool,
) -> None:
    """Say by which calendar an entity reports and closes; refused where it would cut a closed period."""
    from cashline.kernel.fiscal import FiscalCalendar, FiscalPattern, YearEnd
    from cashline.platform.company.actions import set_fiscal_calendar
    from cashline.platform.company.queries import entity_by_code
    from cashline.platform.doors.terminal import TERMINAL, now, say

    calendar = FiscalCalendar(FiscalPattern(pattern), end_month, weekday, YearEnd(year_end), named_before, since)
    set_fiscal_calendar(entity_id=entity_by_code(entity).id, calendar=calendar, now=now(), actor=TERMINAL.actor)
    say({"entity": entity} | calendar.as_json(), f"{entity} reports by {pattern}.", as_json=as_json)
