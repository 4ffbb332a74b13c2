"""`cashline revenue …`: recognition from a terminal."""

from datetime import datetime
from typing import Any

import click

from cashline.platform.doors.terminal import TERMINAL, json_option, now, say


@click.group("revenue")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """Revenue: the plan by contract, and what is recognised of it."""


@COMMANDS.command("run")
@click.option("--through", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The last day that counts.")
@click.option("--preview", is_flag=True, help="Show what the run would post, and post nothing.")
@json_option
def run_command(through: datetime, preview: bool, as_json: bool) -> None:
    """Post the difference between the plan and what is recognised."""
    from cashline.flow.recognise.revenue.actions import run_revenue

    result = run_revenue(through=through.date(), now=now(), actor=TERMINAL.actor, preview=preview)
    totals: list[dict[str, Any]] = [
        {"currency": currency, "month": f"{month:%Y-%m}", "kind": kind, "amount": amount}
        for (currency, month, kind), amount in sorted(result.totals.items())
    ]
    shape = {"through": result.through, "preview": preview, "agreements": result.agreements, "totals": totals}
    verb = "would recognise" if preview else "recognised"
    lines = [f"{one['month']}  {one['kind']:<14} {one['amount']} {one['currency']}" for one in totals]
    say(shape, "\n".join([f"{result.agreements} contracts {verb} through {result.through}.", *lines]), as_json=as_json)
