"""`cashline quote …`: quotes from a terminal."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import click

from cashline.platform.doors.terminal import (
    DAY,
    NUMBER,
    as_option,
    authority_for,
    json_option,
    limit_option,
    now,
    reason_option,
    resolve,
    say,
    table,
    today,
)
from cashline.platform.permissions.rules import Authority

SHOWN = ("number", "title", "status", "version", "net_total", "currency", "valid_until")
LINES_SHOWN = ("line_no", "sku", "quantity", "interval_months", "term_months", "list_price", "unit_price", "net_total")


@click.group("quote")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """Quotes: drafted, approved, sent, accepted."""


def find_quote(text: str) -> UUID:
    """A quote by public id or number."""
    from cashline.flow.agree.quotes.queries import quote_numbered

    return resolve("quote", text, quote_numbered)


def _shape(key: UUID) -> dict[str, Any]:
    from cashline.flow.agree.quotes import api, queries

    row = queries.quote(key)
    return api.shape(row, queries.version_lines([row.version_id]))


def _day(key: UUID) -> date:
    """Today in the time zone of the quote's legal entity."""
    from cashline.flow.agree.quotes.queries import quote
    from cashline.platform.company.queries import entities_by_id

    entity_id = quote(key).entity_id
    return today(entities_by_id([entity_id])[entity_id].timezone)


@COMMANDS.command("list")
@click.option("--words", default="", help="Looked for in number, title, customer and contact.")
@click.option("--status", "statuses", multiple=True)
@click.option("--cursor", default="")
@limit_option
@json_option
def quote_list(words: str, statuses: Sequence[str], cursor: str, limit: int, as_json: bool) -> None:
    """Quotes, the newest first."""
    from cashline.flow.agree.quotes import api, queries
    from cashline.platform.lists import Ask

    page = queries.list_quotes(Ask(cursor=cursor, limit=limit), words=words, statuses=statuses)
    table([api.shape(row) for row in page.items], SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@COMMANDS.command("show")
@click.argument("quote")
@json_option
def quote_show(quote: str, as_json: bool) -> None:
    """One QUOTE, by id or number, with its lines."""
    shape = _shape(find_quote(quote))
    if as_json:
        say(shape, "", as_json=True)
        return
    table([shape], SHOWN, as_json=False)
    table(shape["lines"], LINES_SHOWN, as_json=False)


class QuoteLine(click.ParamType[Any]):
    """SKU:QUANTITY[:INTERVAL[:TERM[:DISCOUNT]]], such as PLAT-PRO:12:1:24:5."""

    name = "line"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Read it, or say what is wrong."""
        from cashline.flow.agree.quotes.rules import NewQuoteLine

        parts = [*str(value).split(":"), "", "", "", ""]
        numbers = [NUMBER.convert(part, param, ctx) if part else None for part in parts[1:5]]
        if not parts[0] or numbers[0] is None or any(parts[5:]):
            self.fail(f"{value!r} is not SKU:QUANTITY[:INTERVAL[:TERM[:DISCOUNT]]].", param, ctx)
        months = [int(number) if number is not None else None for number in numbers[1:3]]
        return NewQuoteLine(parts[0], numbers[0], months[0], months[1], numbers[3] or Decimal(0))


@COMMANDS.command("create")
@click.argument("customer")
@click.argument("title")
@click.option("--entity", required=True, help="The code of the legal entity, such as DE01.")
@click.option("--line", "lines", multiple=True, required=True, type=QuoteLine(), help=QuoteLine.__doc__)
@click.option("--valid-until", required=True, type=DAY)
@click.option("--starts-on", type=DAY, help="The planned start; today unless given.")
@click.option("--discount", default="0", type=NUMBER, help="Percent off every line.")
@click.option("--contact", nargs=2, default=("", ""), help="Name and e-mail of whom it goes to.")
@as_option
@json_option
def quote_create(
    customer: str,
    title: str,
    entity: str,
    lines: Sequence[Any],
    valid_until: date,
    starts_on: date | None,
    discount: Decimal,
    contact: tuple[str, str],
    email: str,
    as_json: bool,
) -> None:
    """Draft a quote with TITLE for CUSTOMER."""
    from cashline.flow.agree.customers.commands import find_customer
    from cashline.flow.agree.quotes import actions
    from cashline.flow.agree.quotes.rules import NewQuote, QuoteContent
    from cashline.platform.company.queries import entity_by_code

    ours, authority = entity_by_code(entity), authority_for(email)
    authority.require("quotes.write", ours.id)
    day = today(ours.timezone)
    content = QuoteContent(
        title,
        valid_until,
        starts_on or day,
        tuple(lines),
        discount_percent=discount,
        contact_name=contact[0],
        contact_email=contact[1],
    )
    new = NewQuote(find_customer(customer), ours.id, content, authority.user_id)
    shape = _shape(actions.create_quote(new, today=day, now=now(), actor=authority.actor))
    say(shape, f"{shape['number']} is drafted: {shape['net_total']:.2f} {shape['currency']}.", as_json=as_json)


def _step(
    verb: str, permission: str, words: str, act: Callable[[UUID, Authority, dict[str, Any]], object], *options: Any
) -> None:
    """A command that takes one step on a quote."""

    def step(quote: str, email: str, as_json: bool, **given: Any) -> None:
        from cashline.flow.agree.quotes.queries import quote as quote_of

        key, authority = find_quote(quote), authority_for(email)
        authority.require(permission, quote_of(key).entity_id)
        act(key, authority, given)
        shape = _shape(key)
        say(shape, f"{shape['number']} is {shape['status'].replace('_', ' ')}.", as_json=as_json)

    made: Any = step
    for option in (click.argument("quote"), as_option, json_option, *options):
        made = option(made)
    COMMANDS.add_command(click.command(verb, help=words)(made))


def _submit(key: UUID, authority: Authority, _given: dict[str, Any]) -> None:
    from cashline.flow.agree.quotes import actions

    actions.request_approval([key], authority=authority, now=now())


def _approve(key: UUID, authority: Authority, given: dict[str, Any]) -> None:
    from cashline.flow.agree.quotes import actions

    actions.approve_quotes([key], authority=authority, comment=given["comment"], now=now())


def _reject(key: UUID, authority: Authority, given: dict[str, Any]) -> None:
    from cashline.flow.agree.quotes import actions

    actions.reject_quotes([key], authority=authority, comment=given["comment"], now=now())


def _send(key: UUID, authority: Authority, _given: dict[str, Any]) -> None:
    from cashline.flow.agree.quotes import actions

    actions.send_quotes([key], authority=authority, today=_day(key), now=now())


def _revise(key: UUID, authority: Authority, given: dict[str, Any]) -> None:
    from cashline.flow.agree.quotes import actions

    actions.revise_quote(key, valid_until=given["valid_until"], now=now(), actor=authority.actor)


def _accept(key: UUID, authority: Authority, given: dict[str, Any]) -> None:
    from cashline.flow.agree.quotes import actions
    from cashline.flow.agree.quotes.rules import Acceptance

    accepted_by = Acceptance(*given["by"])
    actions.accept_quotes([key], accepted_by=accepted_by, today=_day(key), now=now(), actor=authority.actor)


def _decline(key: UUID, authority: Authority, given: dict[str, Any]) -> None:
    from cashline.flow.agree.quotes import actions

    actions.decline_quotes([key], reason=given["reason"], now=now(), actor=authority.actor)


def _cancel(key: UUID, authority: Authority, given: dict[str, Any]) -> None:
    from cashline.flow.agree.quotes import actions

    actions.cancel_quotes([key], reason=given["reason"], now=now(), actor=authority.actor)


_comment = click.option("--comment", default="", help="What to say about it.")
_by = click.option("--by", nargs=2, required=True, help="Name and e-mail of who accepts for the customer.")
_later = click.option("--valid-until", type=DAY, default=None, help="A later last day.")
_step("submit", "quotes.write", "Submit QUOTE: approved within the authority of who submits, else asked for.", _submit)
_step("approve", "quotes.approve", "Approve QUOTE, which somebody else submitted.", _approve, _comment)
_step("reject", "quotes.approve", "Send QUOTE back to draft; say why.", _reject, _comment)
_step("send", "quotes.send", "Freeze the version of QUOTE, store its PDF and mail it.", _send)
_step("revise", "quotes.write", "Open QUOTE for change again, as its next version.", _revise, _later)
_step("accept", "quotes.write", "Record that the customer accepts QUOTE; the contract is drafted.", _accept, _by)
_step("decline", "quotes.write", "Record that the customer says no to QUOTE.", _decline, reason_option)
_step("cancel", "quotes.write", "Take QUOTE off the table.", _cancel, reason_option)
