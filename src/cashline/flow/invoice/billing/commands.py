"""`cashline invoice run` and `cashline bill-run …`: billing from a terminal, with progress."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import click

from cashline.flow.invoice.invoices.commands import invoice
from cashline.platform.doors.terminal import DAY, TERMINAL, json_option, limit_option, now, resolve, say, table, today

TOTALS_SHOWN = ("currency", "invoices", "net", "tax", "gross", "credit_notes", "credited")
EXCEPTIONS_SHOWN = ("customer_id", "agreement_id", "code", "message", "fix")
RUNS_SHOWN = ("number", "as_of", "status", "due", "done", "invoices", "credit_notes", "exception_count")


@click.group("bill-run")
def bill_run() -> None:
    """Bill runs: what each billed, and what it could not."""


COMMANDS = (invoice, bill_run)


@invoice.command("run")
@click.option("--as-of", type=DAY, help="Bill everything due by this day; today unless given.")
@click.option("--entity", default="", help="The code of a legal entity; all unless given.")
@click.option(
    "--customer", "customers", multiple=True, help="The id, number or reference of a customer; may be repeated."
)
@click.option("--preview", is_flag=True, help="Say what would be billed, and bill nothing.")
@json_option
def invoice_run(as_of: date | None, entity: str, customers: Sequence[str], preview: bool, as_json: bool) -> None:
    """Bill everything that is due; killed and run again, it goes on where it stopped."""
    from cashline.flow.invoice.billing import api
    from cashline.platform.company.queries import entity_by_code

    scope: dict[str, Any] = {
        "as_of": as_of or today(),
        "entity_id": entity_by_code(entity).id if entity else None,
        "customer_ids": _customers(customers),
    }
    if preview:
        from cashline.flow.invoice.billing.actions import run_bills

        result = run_bills(**scope, now=now(), actor=TERMINAL.actor, preview=True)
        _tell(api.result_shape(result), "would be billed", as_json=as_json)
        return
    _tell(api.run_shape(_carry_out(scope, quiet=as_json)), "billed", as_json=as_json)


def _carry_out(scope: dict[str, Any], *, quiet: bool) -> Any:
    """Begin the run, or go on with it, and say how far it is."""
    from cashline.flow.invoice.billing.actions import advance_bill_run, start_bill_run
    from cashline.flow.invoice.billing.queries import bill_run as read_run

    run_id = start_bill_run(**scope, now=now(), actor=TERMINAL.actor)
    while advance_bill_run(run_id, now=now(), actor=TERMINAL.actor) is not None:
        manifest = read_run(run_id).manifest
        if not quiet:
            click.echo(f"  … {manifest.done} of {manifest.due} looked at, {manifest.invoices} invoices", err=True)
    return read_run(run_id)


def _tell(shape: dict[str, Any], verb: str, *, as_json: bool) -> None:
    if as_json:
        say(shape, "", as_json=True)
        return
    click.echo(f"{shape['invoices']} invoices and {shape['credit_notes']} credit notes {verb} as of {shape['as_of']}.")
    if shape["totals"]:
        table(shape["totals"], TOTALS_SHOWN, as_json=False)
    if shape["exceptions"]:
        click.echo("Could not be billed:")
        table(shape["exceptions"], EXCEPTIONS_SHOWN, as_json=False)
    if shape["hash"]:
        click.echo(f"fingerprint {shape['hash'][:16]}")


def _customers(texts: Sequence[str]) -> list[UUID] | None:
    from cashline.flow.agree.customers.commands import find_customer

    return [find_customer(text) for text in texts] or None


def _find_run(text: str) -> UUID:
    from cashline.flow.invoice.billing.queries import bill_runs_by_number

    return resolve("bill_run", text, lambda number: bill_runs_by_number([number]).get(number))


@bill_run.command("list")
@click.option("--status", "statuses", multiple=True, type=click.Choice(["running", "stopped", "completed"]))
@click.option("--cursor", default="")
@limit_option
@json_option
def bill_run_list(statuses: Sequence[str], cursor: str, limit: int, as_json: bool) -> None:
    """Bill runs, the newest first."""
    from cashline.flow.invoice.billing import api, queries
    from cashline.platform.lists import Ask

    page = queries.list_bill_runs(Ask(cursor=cursor, limit=limit), statuses=statuses)
    rows = [api.run_shape(row) for row in page.items]
    table(rows, RUNS_SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@bill_run.command("show")
@click.argument("number")
@json_option
def bill_run_show(number: str, as_json: bool) -> None:
    """One bill run by NUMBER or id."""
    from cashline.flow.invoice.billing import api, queries

    row = queries.bill_run(_find_run(number))
    if not as_json:
        click.echo(f"{row.number}  {row.status}  {row.manifest.done} of {row.manifest.due} looked at")
    _tell(api.run_shape(row), "billed", as_json=as_json)


@bill_run.command("stop")
@click.argument("number")
def bill_run_stop(number: str) -> None:
    """Stop a bill run after the batch that it is at; `invoice run` goes on with it."""
    from cashline.flow.invoice.billing.actions import stop_bill_run

    stop_bill_run(_find_run(number), now=now(), actor=TERMINAL.actor)
    click.echo(f"{number} stops after the batch that it is at.")
