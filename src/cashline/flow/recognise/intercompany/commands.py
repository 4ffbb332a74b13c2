"""`cashline intercompany …`: what entities charge each other, from a terminal."""

from datetime import date
from decimal import Decimal

import click

from cashline.platform.doors.terminal import (
    DAY,
    NUMBER,
    TERMINAL,
    json_option,
    limit_option,
    now,
    reason_option,
    say,
    table,
    today,
)

SHOWN = ("id", "number", "sold_on", "amount", "open", "currency", "text")


@click.group("intercompany")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """Sales between legal entities of the company, in both books."""


@COMMANDS.command("list")
@click.option("--open", "only_open", is_flag=True, help="Only what is neither paid nor taken back.")
@click.option("--cursor", default="")
@limit_option
@json_option
def list_command(only_open: bool, cursor: str, limit: int, as_json: bool) -> None:
    """What entities charged each other, the newest first."""
    from cashline.flow.recognise.intercompany.api import shape
    from cashline.flow.recognise.intercompany.queries import list_sales
    from cashline.platform.lists import Ask

    page = list_sales(Ask(cursor=cursor, limit=limit), only_open=only_open)
    table([shape(row) for row in page.items], SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@COMMANDS.command("charge")
@click.option("--seller", required=True, help="The code of the entity that charges.")
@click.option("--buyer", required=True, help="The code of the entity that is charged.")
@click.option("--amount", required=True, type=NUMBER)
@click.option("--currency", required=True)
@click.option("--text", required=True, help="For what.")
@click.option("--on", "day", type=DAY, default=None, help="The day; today if left out.")
@json_option
def charge_command(
    seller: str, buyer: str, amount: Decimal, currency: str, text: str, day: date | None, as_json: bool
) -> None:
    """Charge another entity: posted in the books of both at once."""
    from cashline.flow.recognise.intercompany.actions import charge_entities
    from cashline.flow.recognise.intercompany.api import whole_shape
    from cashline.flow.recognise.intercompany.queries import sale
    from cashline.flow.recognise.intercompany.rules import NewSale
    from cashline.platform.company.queries import entity_by_code

    owner = entity_by_code(seller)
    on = day or today(owner.timezone)
    new = NewSale(owner.id, entity_by_code(buyer).id, currency.upper(), amount, on, text)
    (key,) = charge_entities([new], now=now(), actor=TERMINAL.actor)
    row = sale(key)
    say(whole_shape(row), f"{row.number}: {seller} charged {buyer} {amount} {row.currency}.", as_json=as_json)


@COMMANDS.command("pay")
@click.argument("sale_id")
@click.option("--amount", type=NUMBER, default=None, help="All that is open if left out.")
@click.option("--on", "day", type=DAY, default=None, help="The day; today if left out.")
@json_option
def pay_command(sale_id: str, amount: Decimal | None, day: date | None, as_json: bool) -> None:
    """The buyer paid the seller of SALE_ID, from bank to bank."""
    _settle(sale_id, "paid", amount, day, "", as_json=as_json)


@COMMANDS.command("reverse")
@click.argument("sale_id")
@click.option("--amount", type=NUMBER, default=None, help="All that is open if left out.")
@click.option("--on", "day", type=DAY, default=None, help="The day; today if left out.")
@reason_option
@json_option
def reverse_command(sale_id: str, amount: Decimal | None, day: date | None, reason: str, as_json: bool) -> None:
    """Take back the charge of SALE_ID in both books."""
    _settle(sale_id, "reversed", amount, day, reason, as_json=as_json)


def _settle(sale_id: str, kind: str, amount: Decimal | None, day: date | None, reason: str, *, as_json: bool) -> None:
    from cashline.flow.recognise.intercompany.actions import settle_sale
    from cashline.flow.recognise.intercompany.api import whole_shape
    from cashline.flow.recognise.intercompany.queries import sale
    from cashline.flow.recognise.intercompany.rules import Kind
    from cashline.kernel.identifiers import key_of

    key = key_of("intercompany_sale", sale_id)
    settle_sale(
        sale_id=key,
        kind=Kind(kind),
        amount=amount,
        on=day or today(),
        reason=reason,
        now=now(),
        actor=TERMINAL.actor,
    )
    row = sale(key)
    say(whole_shape(row), f"{row.number}: {row.open_amount} {row.currency} is open.", as_json=as_json)
