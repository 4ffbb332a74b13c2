"""`cashline coupon …`: coupons from a terminal."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import click

from cashline.platform.doors.terminal import (
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

SHOWN = ("code", "name", "status", "amount", "currency", "percent", "uses", "granted")
GRANTS_SHOWN = ("code", "customer_name", "uses", "used", "granted_at", "withdrawn_at")


@click.group("coupon")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """Coupons: list, create, grant, archive."""


@COMMANDS.command("list")
@click.option("--words", default="", help="Looked for in the code and the name.")
@click.option("--cursor", default="")
@limit_option
@json_option
def coupon_list(words: str, cursor: str, limit: int, as_json: bool) -> None:
    """All coupons, the newest first."""
    from cashline.flow.agree.coupons import api, queries
    from cashline.platform.doors.schemas import ask_of

    page = queries.list_coupons(ask_of("", cursor, limit), words=words)
    table([api.shape(row) for row in page.items], SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@COMMANDS.command("create")
@click.argument("code")
@click.option("--amount", type=NUMBER, help="So much off, in --currency.")
@click.option("--currency", default="", help="An ISO 4217 code.")
@click.option("--percent", type=NUMBER, help="So much percent off.")
@click.option("--uses", type=click.IntRange(1), help="On how many invoices; on all unless given.")
@click.option("--meter", "meters", multiple=True, help="Only usage of this meter; may be repeated.")
@click.option("--plan", "plans", multiple=True, help="Only base fee and usage of this plan; may be repeated.")
@json_option
def coupon_create(
    code: str,
    amount: Decimal | None,
    currency: str,
    percent: Decimal | None,
    uses: int | None,
    meters: Sequence[str],
    plans: Sequence[str],
    as_json: bool,
) -> None:
    """Define a coupon."""
    from cashline.flow.agree.coupons import actions, api, queries
    from cashline.flow.agree.coupons.rules import NewCoupon

    new = NewCoupon(code, code, amount, currency.upper(), percent, uses, tuple(meters), tuple(plans))
    (key,) = actions.create_coupons([new], now=now(), actor=TERMINAL.actor)
    say(api.shape(queries.coupon(key)), f"Coupon {code} is defined.", as_json=as_json)


@COMMANDS.command("grant")
@click.argument("code")
@click.argument("customer")
@json_option
def coupon_grant(code: str, customer: str, as_json: bool) -> None:
    """Give coupon CODE to CUSTOMER (number or id)."""
    from cashline.flow.agree.coupons import actions, api, queries

    pair = (queries.coupon_by_code(code).id, _customer(customer))
    (key,) = actions.grant_coupons([pair], today=today(), now=now(), actor=TERMINAL.actor)
    row = queries.grant(key)
    say(api.grant_shape(row), f"{row.customer_name} holds {code}.", as_json=as_json)


@COMMANDS.command("of")
@click.argument("customer")
@json_option
def coupon_of(customer: str, as_json: bool) -> None:
    """The coupons of CUSTOMER (number or id)."""
    from cashline.flow.agree.coupons import api, queries

    rows = [api.grant_shape(row) for row in queries.grants_of(customer_id=_customer(customer))]
    table(rows, GRANTS_SHOWN, as_json=as_json)


@COMMANDS.command("archive")
@click.argument("code")
@json_option
def coupon_archive(code: str, as_json: bool) -> None:
    """Grant coupon CODE no more."""
    from cashline.flow.agree.coupons import actions, api, queries

    key = queries.coupon_by_code(code).id
    actions.archive_coupon(coupon_id=key, now=now(), actor=TERMINAL.actor)
    say(api.shape(queries.coupon(key)), f"Coupon {code} is archived.", as_json=as_json)


def _customer(text: str) -> UUID:
    from cashline.flow.agree.customers.queries import customers_by_reference

    def by_number(number: str) -> UUID | None:
        found = customers_by_reference([number]).get(number)
        return found.id if found else None

    return resolve("customer", text, by_number)
