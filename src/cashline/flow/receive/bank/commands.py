"""`cashline bank …`: statements from a terminal."""

from pathlib import Path
from uuid import UUID

import click

from cashline.platform.doors.terminal import (
    TERMINAL,
    json_option,
    limit_option,
    now,
    reason_option,
    resolve,
    say,
    table,
)

LINES_SHOWN = ("id", "booked_on", "amount", "currency", "counterparty_name", "status", "match_reason", "payment_number")


@click.group("bank")
def bank() -> None:
    """Bank statements, and the matching of their lines."""


COMMANDS = bank


@bank.command("accounts")
@json_option
def bank_accounts(as_json: bool) -> None:
    """The accounts that statements are imported for."""
    from cashline.flow.receive.bank import api, queries

    shown = ("iban", "entity", "name", "currency", "auto_apply_confidence", "tolerance_amount")
    table([api.account_shape(row) for row in queries.accounts()], shown, as_json=as_json)


@bank.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--match/--no-match", default=True, show_default=True, help="Match what is open afterwards.")
@json_option
def bank_import(file: Path, match: bool, as_json: bool) -> None:
    """Import FILE: camt.052, .053, .054, MT940, MT942, or a zip of them. Importing it again books nothing."""
    from cashline.flow.receive.bank import actions, api, queries
    from cashline.flow.receive.bank.rules.files import MAX_BYTES
    from cashline.platform.documents.safe_xml import FileTooLarge

    if file.stat().st_size > MAX_BYTES:
        raise FileTooLarge(f"The file has more than {MAX_BYTES:,} bytes.", field="file")
    result = actions.import_statement(file.read_bytes(), file.name, now=now(), actor=TERMINAL.actor)
    shape = {
        "statements": [api.statement_shape(queries.statement(key)) for key in result.statement_ids],
        "added": result.added,
        "known": result.known,
        "split": result.split,
        "pending": result.pending,
    }
    sentence = f"New lines: {result.added}, known: {result.known}."
    if match and result.added:
        matched = actions.match_lines(account_ids=result.account_ids, now=now(), actor=TERMINAL.actor)
        shape["matched"] = api.result_shape(matched)
        sentence += f" {matched.applied} applied, {matched.suggested + matched.unmatched} to decide."
    say(shape, sentence, as_json=as_json)


@bank.command("match")
@json_option
def bank_match(as_json: bool) -> None:
    """Match every open line again."""
    from cashline.flow.receive.bank import actions, api

    result = actions.match_lines(now=now(), actor=TERMINAL.actor)
    waiting = result.suggested + result.unmatched
    say(api.result_shape(result), f"{result.applied} applied, {waiting} to decide.", as_json=as_json)


@bank.command("lines")
@click.option("--status", "statuses", multiple=True, type=click.Choice(["open", "matched", "ignored", "split"]))
@click.option("--words", default="", help="Looked for in payer, text and references.")
@click.option("--cursor", default="")
@limit_option
@json_option
def bank_lines(statuses: tuple[str, ...], words: str, cursor: str, limit: int, as_json: bool) -> None:
    """Lines of statements, the newest first."""
    from cashline.flow.receive.bank import api, queries
    from cashline.platform.lists import Ask

    page = queries.list_lines(Ask(cursor=cursor, limit=limit), queries.LineFilter(words=words, statuses=statuses))
    table([api.line_shape(row) for row in page.items], LINES_SHOWN, as_json=as_json, next_cursor=page.next_cursor)


def _line(text: str) -> UUID:
    return resolve("bank_line", text, lambda _text: None)


@bank.command("show")
@click.argument("line")
@json_option
def bank_show(line: str, as_json: bool) -> None:
    """One line with its proposals and their reasons."""
    from cashline.flow.receive.bank import api, queries

    shape = api.line_shape(queries.line(_line(line)))
    say(
        shape,
        f"{shape['amount']} {shape['currency']}  {shape['counterparty_name']}  {shape['remittance']}",
        as_json=as_json,
    )
    if as_json:
        return
    for place, one in enumerate(shape["proposals"]):
        numbers = ", ".join(part["number"] for part in one["allocations"])
        click.echo(f"  {place}: {one['confidence']} %  {numbers}  {' '.join(one['reasons'])}")


@bank.command("apply")
@click.argument("line")
@click.option("--proposal", default=0, show_default=True, type=click.IntRange(0, 99))
@json_option
def bank_apply(line: str, proposal: int, as_json: bool) -> None:
    """Record the payment that LINE is, as proposed."""
    from cashline.flow.receive.bank import actions, api, queries

    key = _line(line)
    actions.apply_matches([actions.Decision(key, proposal)], now=now(), actor=TERMINAL.actor)
    shape = api.line_shape(queries.line(key))
    say(shape, f"The line is {shape['payment_number']}.", as_json=as_json)


@bank.command("ignore")
@click.argument("line")
@reason_option
@json_option
def bank_ignore(line: str, reason: str, as_json: bool) -> None:
    """Say that LINE is no payment of a customer."""
    from cashline.flow.receive.bank import actions, api, queries

    key = _line(line)
    actions.ignore_lines([key], reason=reason, now=now(), actor=TERMINAL.actor)
    say(api.line_shape(queries.line(key)), "The line is ignored.", as_json=as_json)
