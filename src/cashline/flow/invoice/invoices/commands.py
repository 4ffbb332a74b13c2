"""`cashline invoice …`: invoices from a terminal. Billing and credit notes add their verbs to the same word."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from cashline.platform.doors.terminal import TERMINAL, json_option, limit_option, now, resolve, say, table, today

SHOWN = ("number", "customer_name", "issued_on", "due_on", "currency", "gross_total", "open_amount", "status")
LINES_SHOWN = ("line_no", "sku", "description", "quantity", "unit_price", "net_amount", "tax_rate")


@click.group("invoice")
def invoice() -> None:
    """Invoices: bill what is due, list, show, explain, credit."""


COMMANDS = invoice


def find_invoice(text: str) -> UUID:
    """An invoice by public id or number."""
    from cashline.flow.invoice.invoices.queries import invoices_by_number

    def by_number(number: str) -> UUID | None:
        found = invoices_by_number([number]).get(number)
        return found.id if found else None

    return resolve("invoice", text, by_number)


@invoice.command("list")
@click.option("--words", default="", help="Looked for in the number and the customer.")
@click.option("--state", "states", multiple=True, type=click.Choice(["open", "overdue", "paid", "void"]))
@click.option("--sort", default="", help="number, customer, issued_on, due_on or gross_total; -name descends.")
@click.option("--cursor", default="")
@limit_option
@json_option
def invoice_list(words: str, states: Sequence[str], sort: str, cursor: str, limit: int, as_json: bool) -> None:
    """Issued invoices, the newest first."""
    from cashline.flow.invoice.invoices import api, queries
    from cashline.platform.doors.schemas import ask_of

    chosen = queries.InvoiceFilter(words=words, states=states)
    page = queries.list_invoices(ask_of(sort, cursor, limit), chosen, today=today())
    rows = [api.shape(row, today()) for row in page.items]
    table(rows, SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@invoice.command("show")
@click.argument("number")
@json_option
def invoice_show(number: str, as_json: bool) -> None:
    """One invoice by NUMBER or id, with its lines and taxes."""
    from cashline.flow.invoice.invoices import api, queries

    row = queries.invoice(find_invoice(number))
    statement = queries.statement_of(row.id)
    lines: list[dict[str, Any]] = [api.line_shape(line, "invoice_line", row.currency) for line in statement.lines]
    taxes = [api.tax_shape(tax, row.currency) for tax in statement.taxes]
    shape = api.shape(row, today()) | {"lines": lines, "taxes": taxes}
    if as_json:
        say(shape, "", as_json=True)
        return
    click.echo(f"{row.number}  {row.customer_name}  due {row.due_on}  {row.status}")
    table(lines, LINES_SHOWN, as_json=False)
    table(taxes, ("code", "rate", "base", "tax", "basis"), as_json=False)
    click.echo(f"total {shape['gross_total']} {row.currency}, open {shape['open_amount']}")


@invoice.command("create")
@click.argument("customer")
@click.option("--entity", required=True, help="The code of the legal entity.")
@click.option("--currency", required=True)
@click.option("--item", "items", multiple=True, required=True, help="PRICE=WHAT, such as 49.90=Training.")
@click.option("--deposit", is_flag=True, help="It is a deposit, which a later invoice takes off.")
@click.option("--deduct", "deducts", multiple=True, help="A deposit that it takes off; may be repeated.")
@click.option("--with-tax", is_flag=True, help="The prices hold their tax.")
@click.option("--preview", is_flag=True, help="Say what would be invoiced (pro forma), and issue nothing.")
@json_option
def invoice_create(
    customer: str,
    entity: str,
    currency: str,
    items: Sequence[str],
    deposit: bool,
    deducts: Sequence[str],
    with_tax: bool,
    preview: bool,
    as_json: bool,
) -> None:
    """Issue a one-off invoice to CUSTOMER (number or id)."""
    from cashline.flow.agree.customers.queries import customers_by_reference
    from cashline.flow.invoice.invoices import actions, api, queries
    from cashline.flow.invoice.invoices.rules.lifecycle import InvoiceKind
    from cashline.flow.invoice.invoices.rules.one_off import NewInvoice, NewItem, draft_of
    from cashline.kernel.money import to_decimal
    from cashline.platform.company.queries import entity_by_code

    def by_number(number: str) -> UUID | None:
        found = customers_by_reference([number]).get(number)
        return found.id if found else None

    owner = entity_by_code(entity)
    parts = [text.partition("=") for text in items]
    new = NewInvoice(
        owner.id,
        resolve("customer", customer, by_number),
        currency.upper(),
        [NewItem(what, to_decimal(price, field="item")) for price, _, what in parts],
        kind=InvoiceKind.DEPOSIT if deposit else InvoiceKind.STANDARD,
        deducts=tuple(find_invoice(text) for text in deducts),
        prices_include_tax=with_tax,
    )
    draft = draft_of(new, today(owner.timezone))
    if preview:
        shape = api.preview_shape(actions.preview_invoices([draft])[0])
        say(shape, f"{shape['payable']} {shape['currency']} would be due on {shape['due_on']}.", as_json=as_json)
        return
    (key,) = actions.issue_invoices([draft], now=now(), actor=TERMINAL.actor)
    shape = api.shape(queries.invoice(key), today())
    say(shape, f"{shape['number']} over {shape['gross_total']} {shape['currency']} is issued.", as_json=as_json)


@invoice.command("pay-by-credit")
@click.argument("number")
@json_option
def invoice_pay_by_credit(number: str, as_json: bool) -> None:
    """Pay what is open of invoice NUMBER from what its customer has to the credit."""
    from cashline.flow.invoice.invoices import actions, api, queries

    key = find_invoice(number)
    paid = actions.pay_by_credit(invoice_id=key, today=today(), now=now(), actor=TERMINAL.actor)
    shape = api.shape(queries.invoice(key), today())
    say(shape, f"{paid} paid by credit, {shape['open_amount']} left open.", as_json=as_json)


@invoice.command("explain")
@click.argument("number")
@json_option
def invoice_explain(number: str, as_json: bool) -> None:
    """Why each amount of invoice NUMBER is what it is."""
    from cashline.flow.invoice.invoices import api, queries

    shape = api.explained(queries.with_previous(queries.statement_of(find_invoice(number))))
    if as_json:
        say(shape, "", as_json=True)
        return
    for item in shape["amounts"]:
        click.echo(f"{item['amount']:>14}  {item['label']}: {item['words']}")
    if shape["since_last"]:
        click.echo(f"\n{shape['since_last']['words']}")
        for item in shape["since_last"]["changes"]:
            click.echo(f"{item['difference']:>14}  {item['words']}")


@invoice.command("pdf")
@click.argument("number")
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="The file to write; else NUMBER.pdf here.")
def invoice_pdf(number: str, to: Path | None) -> None:
    """Write the PDF of invoice NUMBER."""
    _write(number, "pdf", to)


@invoice.command("xml")
@click.argument("number")
@click.option("--form", default="ubl", show_default=True, type=click.Choice(["ubl", "cii"]))
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
def invoice_xml(number: str, form: str, to: Path | None) -> None:
    """Write invoice NUMBER as an electronic invoice by EN 16931."""
    _write(number, form, to)


def _write(number: str, form: str, to: Path | None) -> None:
    from cashline.flow.invoice.invoices.actions import DocumentForm, invoice_document

    stored = invoice_document(find_invoice(number), DocumentForm(form), now=now())
    path = to or Path(stored.file.file_name)
    path.write_bytes(stored.content)
    click.echo(f"{path} ({len(stored.content)} bytes)")
