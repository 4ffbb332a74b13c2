"""`cashline consolidate`: the group as one from a terminal."""

from datetime import date
from typing import Any

import click

from cashline.platform.doors.terminal import DAY, json_option


@click.command("consolidate")
@click.argument("kind", type=click.Choice(["trial-balance", "balance-sheet", "profit-and-loss", "cash-flow"]))
@click.option("--currency", default="", help="In which currency; that of the first entity if left out.")
@click.option("--as-of", type=DAY, default=None, help="The last day; today if left out.")
@click.option("--by", "step", type=click.Choice(["month", "quarter", "year"]), default="year", show_default=True)
@click.option("--entity", "codes", multiple=True, help="The code of a legal entity; all if left out.")
@json_option
def COMMANDS(  # noqa: N802 - the name by which every domain's commands are found
    kind: str, currency: str, as_of: date | None, step: str, codes: tuple[str, ...], as_json: bool
) -> None:
    """Trial balance, balance sheet, profit and loss or cash flow of the group: entities, eliminations, total."""
    from cashline.flow.report.consolidation.api import shape
    from cashline.flow.report.consolidation.queries import consolidation
    from cashline.flow.report.consolidation.rules import Kind
    from cashline.flow.report.statements.rules.financial import Step
    from cashline.platform.company.queries import entities, entity_by_code
    from cashline.platform.doors.terminal import say, table, today

    group = [entity_by_code(code) for code in codes] if codes else entities()
    found = consolidation(
        Kind(kind),
        as_of=as_of or today(),
        currency=currency.upper() or group[0].currency,
        step=Step(step),
        entity_ids=[one.id for one in group],
    )
    if as_json:
        say(shape(found), "", as_json=True)
        return
    names = {one.id: one.code for one in found.members}
    rows: list[dict[str, Any]] = [
        {"account": row.code, "name": row.label, "eliminated": row.eliminated, "group": row.total}
        | {code: row.cells[key].amount if key in row.cells else None for key, code in names.items()}
        for row in found.rows
    ]
    table(rows, ("account", "name", *names.values(), "eliminated", "group"), as_json=False)
