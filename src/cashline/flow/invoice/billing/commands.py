"""`cashline invoice run` and `cashline bill-run …`: billing from a terminal, with progress."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import click

from cashline.flow.deliver.subscriptions.commands import COMMANDS as subscription  # noqa: N811 - its group
from cashline.flow.deliver.subscriptions.commands import find_subscription
from cashline.flow.invoice.invoices.commands import invoice
from cashline.platform.doors.terminal import (
    DAY,
    TERMINAL,
    AnyDecimal,
    as_option,
    authority_for,
    json_option,
    limit_option,
    now,
    resolve,
    say,
    table,
    today,
)

TOTALS_SHOWN = ("currency", "invoices", "net", "tax", "gross", "credit_notes", "credited")
EXCEPTIONS_SHOWN = ("customer_id", "agreement_id", "code", "message", "fix")
STATUSES = ("previewing", "previewed", "running", "stopped", "completed", "discarded", "reversing", "reversed")
GROUPS = ("agreement", "customer", "purchase_order", "subscription")
RUNS_SHOWN = ("number", "as_of", "status", "due", "done", "invoices", "credit_notes", "exception_count")


@click.group("bill-run")
def bill_run() -> None:
    """Bill runs: what each billed, and what it could not."""


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


@invoice.command("grouping")
@click.argument("customer")
@click.option("--by", "group_by", default="", type=click.Choice(["", *GROUPS]), help="What goes on one invoice.")
@json_option
def invoice_grouping(customer: str, group_by: str, as_json: bool) -> None:
    """Show what runs put on one invoice of CUSTOMER, or (with --by) set it."""
    from cashline.flow.agree.customers.commands import find_customer
    from cashline.flow.invoice.billing.actions import set_invoice_grouping
    from cashline.flow.invoice.billing.api.grouping import shape_of
    from cashline.flow.invoice.billing.rules.grouping import GroupBy
    from cashline.kernel.identifiers import public

    key = find_customer(customer)
    if group_by:
        set_invoice_grouping(customer_id=key, group_by=GroupBy(group_by), now=now(), actor=TERMINAL.actor)
    shape = shape_of(public("customer", key))
    say(shape, f"{shape['customer_number']}: one invoice by {shape['group_by'].replace('_', ' ')}.", as_json=as_json)


@bill_run.command("list")
@click.option("--status", "statuses", multiple=True, type=click.Choice(STATUSES))
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


@bill_run.command("approve")
@click.argument("number")
def bill_run_approve(number: str) -> None:
    """Let a previewed bill run post; the worker carries it out."""
    from cashline.flow.invoice.billing.actions import approve_bill_run

    approve_bill_run(_find_run(number), now=now(), actor=TERMINAL.actor)
    click.echo(f"{number} is approved and posts.")


@bill_run.command("discard")
@click.argument("number")
def bill_run_discard(number: str) -> None:
    """Let a previewed bill run post nothing."""
    from cashline.flow.invoice.billing.actions import discard_bill_run

    discard_bill_run(_find_run(number), now=now(), actor=TERMINAL.actor)
    click.echo(f"{number} is discarded.")


@bill_run.command("reverse")
@click.argument("number")
@click.option("--reason", required=True, help="Why it is taken back; it stands on the credit notes.")
@json_option
def bill_run_reverse(number: str, reason: str, as_json: bool) -> None:
    """Take a bill run back: a credit note in full for every invoice of it, once. Its agreements are held."""
    from cashline.flow.invoice.billing import api, queries
    from cashline.flow.invoice.billing.actions import advance_bill_run, reverse_bill_run

    run_id = _find_run(number)
    reverse_bill_run(run_id=run_id, reason=reason, now=now(), actor=TERMINAL.actor)
    while advance_bill_run(run_id, now=now(), actor=TERMINAL.actor) is not None:
        pass
    shape = api.run_shape(queries.bill_run(run_id))
    say(shape, f"{number} is taken back: {shape['reversed_invoices']} credit notes.", as_json=as_json)


WAITING_SHOWN = ("id", "customer_name", "agreement_number", "cause", "status", "net", "currency", "until")


@click.group("waiting-bill")
def waiting() -> None:
    """Bills that wait: held by the anomaly gate or a person, or drafts in their grace window."""


@waiting.command("list")
@click.option("--status", "statuses", multiple=True, type=click.Choice(["waiting", "refused", "billed", "lapsed"]))
@click.option("--cursor", default="")
@limit_option
@json_option
def waiting_list(statuses: Sequence[str], cursor: str, limit: int, as_json: bool) -> None:
    """Bills that wait for somebody or for their window; others by --status."""
    from cashline.flow.invoice.billing import api
    from cashline.flow.invoice.billing.queries.waiting import OPEN, list_waiting
    from cashline.platform.lists import Ask

    page = list_waiting(Ask(cursor=cursor, limit=limit), statuses=statuses or OPEN)
    table([api.waiting_shape(row) for row in page.items], WAITING_SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@waiting.command("release")
@click.argument("waiting_id")
@click.option("--reason", default="", help="Why it may be issued.")
@json_option
def waiting_release(waiting_id: str, reason: str, as_json: bool) -> None:
    """Issue a bill that waits, by its id."""
    from cashline.flow.invoice.billing import api
    from cashline.flow.invoice.billing.actions import release_bill
    from cashline.flow.invoice.billing.queries.waiting import waiting_bill
    from cashline.kernel.identifiers import key_of

    key = key_of("waiting_bill", waiting_id)
    release_bill(waiting_id=key, reason=reason, now=now(), actor=TERMINAL.actor)
    row = waiting_bill(key)
    say(api.waiting_shape(row), f"Issued as {row.invoice_number or 'nothing: nothing is due'}.", as_json=as_json)


@waiting.command("refuse")
@click.argument("waiting_id")
@click.option("--reason", required=True, help="Why it is not to be issued.")
def waiting_refuse(waiting_id: str, reason: str) -> None:
    """Refuse a bill that waits, by its id: that amount is not issued."""
    from cashline.flow.invoice.billing.actions import refuse_bill
    from cashline.kernel.identifiers import key_of

    refuse_bill(waiting_id=key_of("waiting_bill", waiting_id), reason=reason, now=now(), actor=TERMINAL.actor)
    click.echo("It is refused, and judged anew when what is due has changed.")


@waiting.command("policy")
@click.argument("entity")
@click.option("--gate/--no-gate", "gated", default=None, help="Hold what is out of line with the account's history.")
@click.option("--deviations", type=AnyDecimal(), help="So many median absolute deviations pass.")
@click.option("--tolerance", type=AnyDecimal(), help="So many percent of the usual amount pass.")
@click.option("--first-limit", type=AnyDecimal(), help="Up to what a bill passes that nothing can be compared with.")
@click.option("--grace-days", type=click.IntRange(0, 60), help="How long drafts wait; 0: not at all.")
@click.option("--approval/--no-approval", default=None, help="A second person approves each run.")
@json_option
def waiting_policy(entity: str, as_json: bool, **given: Any) -> None:
    """Show how a legal entity lets its runs post, or (with options) change it."""
    from dataclasses import replace

    from cashline.flow.invoice.billing import api
    from cashline.flow.invoice.billing.actions import set_billing_policy
    from cashline.flow.invoice.billing.queries.waiting import policies_of
    from cashline.flow.invoice.billing.rules.waiting import BillingPolicy
    from cashline.platform.company.queries import entity_by_code

    key = entity_by_code(entity).id
    changes = {name: value for name, value in given.items() if value is not None}
    policy = replace(policies_of([key]).get(key, BillingPolicy()), **changes)
    if changes:
        set_billing_policy(entity_id=key, policy=policy, now=now(), actor=TERMINAL.actor)
    shape = api.policy_shape(policy)
    say(shape, "\n".join(f"{name}: {value}" for name, value in shape.items()), as_json=as_json)


COMMANDS = (invoice, bill_run, waiting)


@subscription.command("gate")
@click.argument("number")
@click.argument("kind", type=click.Choice(["plan_changed", "quantity_changed", "add_on_changed"]))
@click.option("--plan", default="", help="The plan to change to.")
@click.option("--quantity", default="", help="How many from then on.")
@click.option("--add-on", default="", help="The code of the add-on.")
@click.option("--days", default=14, show_default=True, help="How long it waits for the payment.")
@as_option
@json_option
def subscription_gate(
    number: str, kind: str, plan: str, quantity: str, add_on: str, days: int, email: str, as_json: bool
) -> None:
    """Change the subscription NUMBER to a plan, so that it counts once its invoice is paid."""
    from cashline.flow.deliver.subscriptions.api import ChangesIn, changes_of
    from cashline.flow.deliver.subscriptions.queries import life
    from cashline.flow.invoice.billing import actions, api
    from cashline.flow.invoice.billing.queries.gates import gate_of
    from cashline.platform.doors.schemas import body_of

    key, authority = find_subscription(number), authority_for(email)
    authority.require("subscriptions.write", life(key).entity_id)
    given = {"plan": plan, "quantity": quantity, "add_on": add_on}
    change = {"kind": kind} | {name: value for name, value in given.items() if value}
    body = body_of(ChangesIn, {"changes": [change]})
    fact_id = actions.gate_change(changes_of(key, body)[0], days=days, now=now(), actor=authority.actor)
    shape = api.gate_shape(gate_of(fact_id))
    say(shape, f"It is {shape['status']}: {shape['invoice_number'] or 'nothing is to be paid'}.", as_json=as_json)


@subscription.command("preview")
@click.argument("number")
@click.argument("kind")
@click.option("--effect", type=click.Choice(["now", "period_end", "term_end", "at"]), default="now", show_default=True)
@click.option("--on", type=DAY, default=None, help="With --effect at: the day, from its beginning.")
@click.option("--plan", default="", help="The plan to change to.")
@click.option("--quantity", default="", help="How many from then on.")
@click.option("--unit-price", default="", help="The base fee of one unit from then on.")
@click.option("--add-on", default="", help="The code of the add-on.")
@as_option
@json_option
def subscription_preview(number: str, kind: str, email: str, as_json: bool, **given: Any) -> None:
    """Say what a change of KIND would bill and give back at once, and the next bills; nothing is changed."""
    from cashline.flow.deliver.subscriptions.api import ChangesIn, changes_of
    from cashline.flow.deliver.subscriptions.queries import life
    from cashline.flow.invoice.billing import actions, api
    from cashline.platform.doors.schemas import body_of

    key, authority = find_subscription(number), authority_for(email)
    row = life(key)
    authority.require("subscriptions.write", row.entity_id)
    change = {"kind": kind} | {name: value for name, value in given.items() if value not in ("", None)}
    changes = changes_of(key, body_of(ChangesIn, {"changes": [change]}))
    effect = actions.preview_changes(changes, now=now(), actor=authority.actor)
    shape = api.effect_shape(effect, row.currency)
    after = [f"  {one.at.date()}: {one.net:f} {row.currency}" for one in effect.after]
    words = [f"{shape['net']:f} {row.currency} at once; then:", *after]
    if effect.invoiced and effect.credited:
        words.append(f"An invoice of {effect.invoiced:f} and a credit note of {effect.credited:f}, by the conventions.")
    if effect.waits:
        words.append(f"What it makes due waits: {effect.waits}")
    say(shape, "\n".join(words), as_json=as_json)
