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
@click.option("--until", type=DAY, default=None, help="A day of the last month; today if left out.")
@json_option
def deferred_command(entity: str, until: date | None, as_json: bool) -> None:
    """Opening + billed − recognised = closing, for each of twelve months."""
    from cashline.flow.report.statements.queries import deferred_waterfall
    from cashline.kernel.periods import add_months
    from cashline.platform.company.queries import entity_by_code
    from cashline.platform.doors.terminal import today

    one = entity_by_code(entity)
    day = today(one.timezone)
    last = add_months((until or day).replace(day=1), 1)
    found = deferred_waterfall(one.id, start=add_months(last, -12), end=last, today=day)
    names = ("opening", "billed", "recognised", "other", "closing")
    rows = [
        {"month": f"{month.month:%Y-%m}", **{name: getattr(month, name) for name in names}, "currency": one.currency}
        for month in found.months
    ]
    table(rows, ("month", *names, "currency"), as_json=as_json)
