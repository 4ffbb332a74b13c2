"""`cashline invoice credit`, `cashline invoice void` and `cashline credit-note …`."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from cashline.flow.invoice.invoices.commands import find_invoice, invoice
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

SHOWN = ("number", "invoice_number", "customer_name", "issued_on", "currency", "gross_total", "cause", "reason")


@click.group("credit-note")
def credit_note() -> None:
    """Credit notes: list, show, write their documents."""


COMMANDS = (invoice, credit_note)


@invoice.command("credit")
@click.argument("number")
@click.option(
    "--line", "lines", multiple=True, help="LINE=NET, such as 2=49.90; may be repeated. All that is left unless given."
)
@click.option("--preview", is_flag=True, help="Say what would be credited, and credit nothing.")
@click.option("--to-balance", is_flag=True, help="Leave what is open of it, and keep all as credit of the account.")
@click.option("--refund", default=Decimal(0), type=NUMBER, help="So much of it was paid out, tax included.")
@click.option("--beyond-paid", is_flag=True, help="More may be paid out than was paid: what is open stays owed.")
@click.option("--to-invoice", default="", help="Pay this invoice with the rest.")
@reason_option
@json_option
def invoice_credit(
    number: str,
    lines: Sequence[str],
    preview: bool,
    to_balance: bool,
    refund: Decimal,
    beyond_paid: bool,
    to_invoice: str,
    reason: str,
    as_json: bool,
) -> None:
    """Credit invoice NUMBER in part or in full."""
    from cashline.flow.invoice.credit_notes import actions, api, queries
    from cashline.flow.invoice.credit_notes.rules import CreditRequest

    key = find_invoice(number)
    target = find_invoice(to_invoice) if to_invoice else None
    chosen = _lines(key, lines)
    request = CreditRequest(
        key, reason, chosen, to_balance=to_balance, refund=refund, to_invoice=target, beyond_paid=beyond_paid
    )
    day = _today(key)
    if preview:
        (plan,) = actions.preview_credit_notes([request], today=day)
        shape: dict[str, Any] = api.preview_shape(plan)
        say(shape, f"{shape['gross_total']} {shape['currency']} would be credited.", as_json=as_json)
        return
    (made,) = actions.issue_credit_notes([request], today=day, now=now(), actor=TERMINAL.actor)
    shape = api.shape(queries.credit_note(made))
    say(shape, f"{shape['number']} credits {shape['gross_total']} {shape['currency']}.", as_json=as_json)


@invoice.command("void")
@click.argument("number")
@reason_option
@json_option
def invoice_void(number: str, reason: str, as_json: bool) -> None:
    """Take invoice NUMBER back by a full credit note; the next run bills anew what was delivered."""
    from cashline.flow.invoice.credit_notes import actions, api, queries

    key = find_invoice(number)
    (made,) = actions.void_invoices([key], reason=reason, today=_today(key), now=now(), actor=TERMINAL.actor)
    shape = api.shape(queries.credit_note(made))
    say(shape, f"{number} is void by {shape['number']}.", as_json=as_json)


def _today(invoice_id: UUID) -> date:
    """The business day of the legal entity that issued the invoice."""
    from cashline.flow.invoice.invoices.queries import invoice as read_invoice
    from cashline.platform.company.queries import entities_by_id

    entity_id = read_invoice(invoice_id).entity_id
    return today(entities_by_id([entity_id])[entity_id].timezone)


def _lines(invoice_id: UUID, texts: Sequence[str]) -> list[tuple[UUID, Decimal]] | None:
    from cashline.flow.invoice.credit_notes.queries import creditable
    from cashline.flow.invoice.credit_notes.rules import NotCreditable
    from cashline.kernel.money import to_decimal

    if not texts:
        return None
    known = {str(line.line_no): line.id for line in creditable([invoice_id])[invoice_id].lines}
    found = []
    for text in texts:
        line_no, _, amount = text.partition("=")
        if line_no not in known:
            raise NotCreditable(f"The invoice has no line {line_no!r}.", field="line", fix="Give LINE=NET.")
        found.append((known[line_no], to_decimal(amount, field="line")))
    return found


def _find(text: str) -> UUID:
    from cashline.flow.invoice.credit_notes.queries import credit_notes_by_number

    return resolve("credit_note", text, lambda number: credit_notes_by_number([number]).get(number))


@credit_note.command("list")
@click.option("--words", default="", help="Looked for in the numbers, the customer and the reason.")
@click.option("--cursor", default="")
@limit_option
@json_option
def credit_note_list(words: str, cursor: str, limit: int, as_json: bool) -> None:
    """Credit notes, the newest first."""
    from cashline.flow.invoice.credit_notes import api, queries
    from cashline.platform.lists import Ask

    page = queries.list_credit_notes(Ask(cursor=cursor, limit=limit), words=words)
    table([api.shape(row) for row in page.items], SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@credit_note.command("show")
@click.argument("number")
@json_option
def credit_note_show(number: str, as_json: bool) -> None:
    """One credit note by NUMBER or id."""
    from cashline.flow.invoice.credit_notes import api, queries

    shape = api.detail_shape(queries.credit_note(_find(number)))
    if as_json:
        say(shape, "", as_json=True)
        return
    click.echo(f"{shape['number']}  {shape['customer_name']}  for {shape['invoice_number']}: {shape['reason']}")
    table(shape["lines"], ("line_no", "sku", "description", "quantity", "net_amount", "tax_rate"), as_json=False)
    click.echo(f"total {shape['gross_total']} {shape['currency']}")


@credit_note.command("pdf")
@click.argument("number")
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="The file to write; else NUMBER.pdf here.")
def credit_note_pdf(number: str, to: Path | None) -> None:
    """Write the PDF of credit note NUMBER."""
    from cashline.flow.invoice.credit_notes.actions import credit_note_document
    from cashline.flow.invoice.invoices.actions import DocumentForm

    stored = credit_note_document(_find(number), DocumentForm.PDF, now=now())
    path = to or Path(stored.file.file_name)
    path.write_bytes(stored.content)
    click.echo(f"{path} ({len(stored.content)} bytes)")
