"""`cashline journal …`: the journal for other general ledgers, from a terminal."""

from datetime import date
from typing import Any

import click

from cashline.platform.doors.terminal import DAY, TERMINAL, json_option, now, say, table, today

format_option = click.option(
    "--format", "wanted", type=click.Choice(["csv", "beancount", "hledger"]), default="csv", show_default=True
)


@click.group("journal")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """The journal as files: batches for general ledgers, and the whole as Beancount or hledger text."""


@COMMANDS.command("export")
@click.option("--entity", required=True, help="The code of the legal entity.")
@json_option
def export_command(entity: str, as_json: bool) -> None:
    """Make a batch of what was posted since the last one."""
    from cashline.flow.recognise.exports.actions import export_journal
    from cashline.flow.recognise.exports.api import shape
    from cashline.platform.company.queries import entity_by_code

    row = export_journal(entity_id=entity_by_code(entity).id, now=now(), actor=TERMINAL.actor)
    told = f"Batch {row.number}: {row.entries} entries, {row.debit} on both sides." if row else "Nothing is new."
    say({"export": shape(row) if row else None}, told, as_json=as_json)


@COMMANDS.command("exports")
@json_option
def exports_command(as_json: bool) -> None:
    """The batches, newest first."""
    from cashline.flow.recognise.exports.api import shape
    from cashline.flow.recognise.exports.queries import exports

    items: list[dict[str, Any]] = [shape(row) for row in exports()]
    table(items, ("id", "number", "status", "entries", "lines", "debit", "credit", "sha256"), as_json=as_json)


@COMMANDS.command("show")
@click.argument("export_id")
@format_option
def show_command(export_id: str, wanted: str) -> None:
    """Write a batch to the standard output."""
    from cashline.flow.recognise.exports.queries import export, export_text
    from cashline.flow.recognise.exports.rules import Format
    from cashline.kernel.identifiers import key_of

    for text in export_text(export(key_of("journal_export", export_id)), Format(wanted)):
        click.echo(text, nl=False)


@COMMANDS.command("text")
@click.option("--entity", required=True, help="The code of the legal entity.")
@click.option("--until", type=DAY, default=None, help="The last day; today if left out.")
@click.option("--book", "code", default="journal", show_default=True, help="The code of a book beside the journal.")
@format_option
def text_command(entity: str, until: date | None, code: str, wanted: str) -> None:
    """Write the whole journal up to a day, with its balances asserted, to the standard output."""
    from cashline.flow.recognise.books.api import chosen
    from cashline.flow.recognise.exports.queries import ledger_text
    from cashline.flow.recognise.exports.rules import Format
    from cashline.platform.company.queries import entity_by_code

    owner = entity_by_code(entity)
    day = until or today(owner.timezone)
    for text in ledger_text(owner, Format(wanted), until=day, book=chosen(owner, code)):
        click.echo(text, nl=False)
