"""`cashline reminders …`: reminders from a terminal."""

from datetime import date
from decimal import Decimal
from typing import Any

import click

from cashline.platform.doors.terminal import (
    DAY,
    NUMBER,
    TERMINAL,
    json_option,
    limit_option,
    now,
    resolve,
    say,
    table,
    today,
)

LETTERS_SHOWN = ("sent_on", "customer_name", "level", "total", "currency", "mail_status")


@click.group("reminders")
def reminders() -> None:
    """Reminders of what is overdue."""


COMMANDS = reminders


@reminders.command("run")
@click.option("--preview", is_flag=True, help="Say what would be sent, and send nothing.")
@click.option("--on", "day", type=DAY, default=None, help="The day to run for; today by the clock of this database.")
@json_option
def reminders_run(preview: bool, day: date | None, as_json: bool) -> None:
    """Send the reminders that are due, each once."""
    from cashline.flow.receive.collections import actions, api

    run = actions.send_reminders(today=day or today(), now=now(), actor=TERMINAL.actor, preview=preview)
    shape = api.run_shape(run)
    if as_json:
        say(shape, "", as_json=True)
        return
    items: list[dict[str, Any]] = [
        {"customer": letter["customer_name"], "level": letter["level"], "total": letter["total"]}
        for letter in shape["letters"]
    ]
    table(items, ("customer", "level", "total"), as_json=False)
    done = "would be sent" if preview else "are sent"
    say(shape, f"{len(items)} letters {done}; {len(run.skipped)} overdue invoices get none today.", as_json=False)


@reminders.command("list")
@click.option("--words", default="", help="Looked for in customer and address.")
@click.option("--cursor", default="")
@limit_option
@json_option
def reminders_list(words: str, cursor: str, limit: int, as_json: bool) -> None:
    """Letters that were sent, the newest first."""
    from cashline.flow.receive.collections import api, queries
    from cashline.platform.lists import Ask

    page = queries.list_letters(Ask(cursor=cursor, limit=limit), queries.LetterFilter(words=words))
    items = [api.letter_shape(row) for row in page.items]
    table(items, LETTERS_SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@reminders.command("promise")
@click.argument("invoice")
@click.option("--amount", required=True, type=NUMBER)
@click.option("--by", "promised_for", required=True, type=DAY)
@click.option("--note", default="")
@json_option
def reminders_promise(invoice: str, amount: Decimal, promised_for: date, note: str, as_json: bool) -> None:
    """Record a promise to pay INVOICE: its reminders wait for it."""
    from cashline.flow.invoice.invoices.queries import invoices_by_number
    from cashline.flow.receive.collections import actions, api, queries

    def by_number(number: str) -> Any:
        found = invoices_by_number([number]).get(number)
        return found.id if found else None

    new = actions.NewPromise(resolve("invoice", invoice, by_number), amount, promised_for, note)
    (key,) = actions.record_promises([new], today=today(), now=now(), actor=TERMINAL.actor)
    made = next(one for one in queries.promises(invoice_ids=[new.invoice_id]) if one.id == key)
    say(api.promise_shape(made, today()), "The promise is recorded.", as_json=as_json)
