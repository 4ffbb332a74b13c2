"""`cashline forecast`: what a quote will bill, earn and bring."""

import click

from cashline.platform.doors.terminal import json_option, resolve, say


@click.command("forecast")
@click.argument("quote")
@json_option
def COMMANDS(quote: str, as_json: bool) -> None:  # noqa: N802 - the name by which every domain's commands are found
    """The bills, revenue and cash of a quote (its id or number), by the rules that will make them."""
    from cashline.flow.report.forecast.api import shape
    from cashline.flow.report.forecast.queries import preview_quote, quote_by_number
    from cashline.flow.report.forecast.rules import Assumptions

    found = preview_quote(resolve("quote", quote, quote_by_number))
    bills = f"{len(found.bills)} bills of {found.billed} {found.currency} net until {found.until}"
    months = [f"  {month:%Y-%m}  {amount:>14} earned" for month, amount in found.revenue]
    cash = [f"  {month:%Y-%m}  {amount:>14} comes in" for month, amount in found.cash]
    say(shape(found, Assumptions()), "\n".join([bills, *months, *cash]), as_json=as_json)
