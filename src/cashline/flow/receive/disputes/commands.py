"""`cashline dispute …`: disputes from a terminal."""

from decimal import Decimal
from uuid import UUID

import click

from cashline.platform.doors.terminal import (
    NUMBER,
    TERMINAL,
    json_option,
    limit_option,
    now,
    reason_option,
    resolve,
    say,
    table,
    today,
)

SHOWN = ("number", "customer_name", "invoice_number", "status", "reason", "opened_on", "amount", "currency")


@click.group("dispute")
def dispute() -> None:
    """Disputes: what customers contest of invoices."""


COMMANDS = dispute


def _find(text: str) -> UUID:
    from cashline.flow.receive.disputes.queries import dispute_by_number

    return resolve("dispute", text, dispute_by_number)


def _invoice(text: str) -> UUID:
    from cashline.flow.invoice.invoices.queries import invoices_by_number

    def by_number(number: str) -> UUID | None:
        found = invoices_by_number([number]).get(number)
        return found.id if found else None

    return resolve("invoice", text, by_number)


def _say(key: UUID, sentence: str, *, as_json: bool) -> None:
    from cashline.flow.receive.disputes import api, queries

    say(api.shape(queries.dispute(key)), sentence, as_json=as_json)


@dispute.command("list")
@click.option("--status", "statuses", multiple=True)
@click.option("--words", default="", help="Looked for in number, invoice and customer.")
@click.option("--cursor", default="")
@limit_option
@json_option
def dispute_list(statuses: tuple[str, ...], words: str, cursor: str, limit: int, as_json: bool) -> None:
    """Disputes, the newest first."""
    from cashline.flow.receive.disputes import api, queries
    from cashline.platform.lists import Ask

    chosen = queries.DisputeFilter(words=words, statuses=statuses)
    page = queries.list_disputes(Ask(cursor=cursor, limit=limit), chosen)
    table([api.shape(row) for row in page.items], SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@dispute.command("open")
@click.argument("invoice")
@click.option("--amount", required=True, type=NUMBER, help="Tax included.")
@click.option("--reason", required=True, help="price, quantity, damaged, …")
@click.option("--description", default="")
@json_option
def dispute_open(invoice: str, amount: Decimal, reason: str, description: str, as_json: bool) -> None:
    """Contest INVOICE for its customer."""
    from cashline.flow.receive.disputes import actions, queries

    new = actions.NewDispute(_invoice(invoice), amount, reason, description)
    (key,) = actions.open_disputes([new], today=today(), now=now(), actor=TERMINAL.actor)
    _say(key, f"{queries.dispute(key).number} is opened.", as_json=as_json)


@dispute.command("review")
@click.argument("number")
@json_option
def dispute_review(number: str, as_json: bool) -> None:
    """Look into dispute NUMBER."""
    from cashline.flow.receive.disputes import actions

    key = _find(number)
    actions.review_dispute(key, now=now(), actor=TERMINAL.actor)
    _say(key, "Somebody looks into it.", as_json=as_json)


@dispute.command("credit")
@click.argument("number")
@click.option("--amount", type=NUMBER, default=None, help="Tax included; else all that is disputed.")
@click.option("--resolution", required=True, help="What the customer is told.")
@json_option
def dispute_credit(number: str, amount: Decimal | None, resolution: str, as_json: bool) -> None:
    """End dispute NUMBER by a credit note."""
    from cashline.flow.receive.disputes import actions

    key = _find(number)
    actions.resolve_with_credit(
        key, resolution=resolution, amount=amount, today=today(), now=now(), actor=TERMINAL.actor
    )
    _say(key, "The credit note is issued.", as_json=as_json)


@dispute.command("reject")
@click.argument("number")
@reason_option
@json_option
def dispute_reject(number: str, reason: str, as_json: bool) -> None:
    """End dispute NUMBER with a no."""
    from cashline.flow.receive.disputes import actions

    key = _find(number)
    actions.reject_dispute(key, resolution=reason, today=today(), now=now(), actor=TERMINAL.actor)
    _say(key, "The dispute is rejected.", as_json=as_json)


@dispute.command("withdraw")
@click.argument("number")
@reason_option
@json_option
def dispute_withdraw(number: str, reason: str, as_json: bool) -> None:
    """The customer contests NUMBER no longer."""
    from cashline.flow.receive.disputes import actions

    key = _find(number)
    actions.withdraw_dispute(key, reason=reason, today=today(), now=now(), actor=TERMINAL.actor)
    _say(key, "The dispute is withdrawn.", as_json=as_json)
