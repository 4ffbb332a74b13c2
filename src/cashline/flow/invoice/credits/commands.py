"""`cashline wallet …` and `cashline account-credit …`: credits from a terminal."""

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
    reason_option,
    resolve,
    say,
    table,
    today,
)

WALLETS_SHOWN = ("id", "customer_name", "name", "currency", "balance", "priority", "status")
CREDITS_SHOWN = ("id", "customer_name", "kind", "document_number", "currency", "amount", "balance", "expires_on")


@click.group("wallet")
def wallet() -> None:
    """Prepaid wallets: list, open, close."""


@click.group("account-credit")
def account_credit() -> None:
    """What customers have to their credit: list, show, refund."""


COMMANDS = (wallet, account_credit)


@wallet.command("list")
@click.option("--words", default="", help="Looked for in the name and the customer.")
@click.option("--cursor", default="")
@limit_option
@json_option
def wallet_list(words: str, cursor: str, limit: int, as_json: bool) -> None:
    """All wallets, the newest first."""
    from cashline.flow.invoice.credits import api, queries
    from cashline.platform.doors.schemas import ask_of

    page = queries.list_wallets(ask_of("", cursor, limit), chosen=queries.CreditFilter(words=words))
    rows = [api.wallet_shape(row) for row in page.items]
    table(rows, WALLETS_SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@wallet.command("open")
@click.argument("customer")
@click.option("--entity", required=True, help="The code of the legal entity.")
@click.option("--currency", required=True)
@click.option("--name", default="Prepaid", show_default=True)
@click.option("--priority", default=50, show_default=True, type=click.IntRange(0, 1000))
@click.option("--meter", "meters", multiple=True, help="Only usage of this meter; may be repeated.")
@json_option
def wallet_open(
    customer: str, entity: str, currency: str, name: str, priority: int, meters: Sequence[str], as_json: bool
) -> None:
    """Open a wallet for CUSTOMER (number or id)."""
    from cashline.flow.invoice.credits import actions, api, queries
    from cashline.flow.invoice.credits.rules import NewWallet
    from cashline.platform.company.queries import entity_by_code

    new = NewWallet(entity_by_code(entity).id, _customer(customer), currency.upper(), name, priority, tuple(meters))
    (key,) = actions.open_wallets([new], now=now(), actor=TERMINAL.actor)
    shape = api.wallet_shape(queries.wallet(key))
    say(shape, f"Wallet {shape['id']} is open.", as_json=as_json)


@wallet.command("burn-down")
@click.argument("wallet_id")
@json_option
def wallet_burn_down(wallet_id: str, as_json: bool) -> None:
    """How fast a wallet is drawn on, and by when it is empty at that pace, by its id."""
    from cashline.flow.invoice.credits import api, queries
    from cashline.kernel.identifiers import key_of

    row = queries.wallet(key_of("wallet", wallet_id))
    shape = api.burn_down_shape(queries.burn_down_of(row, today()), row.currency)
    words = (
        f"{shape['balance']} {row.currency} left, {shape['per_day']} a day, empty on {shape['empty_on'] or 'no day'}."
    )
    say(shape, words, as_json=as_json)


@wallet.command("close")
@click.argument("wallet_id")
@json_option
def wallet_close(wallet_id: str, as_json: bool) -> None:
    """Close an empty wallet."""
    from cashline.flow.invoice.credits import actions, api, queries
    from cashline.kernel.identifiers import key_of

    key = key_of("wallet", wallet_id)
    actions.close_wallet(wallet_id=key, now=now(), actor=TERMINAL.actor)
    say(api.wallet_shape(queries.wallet(key)), f"Wallet {wallet_id} is closed.", as_json=as_json)


@account_credit.command("list")
@click.option("--words", default="", help="Looked for in the document and the customer.")
@click.option("--all", "everything", is_flag=True, help="Also what is used up.")
@click.option("--cursor", default="")
@limit_option
@json_option
def credit_list(words: str, everything: bool, cursor: str, limit: int, as_json: bool) -> None:
    """Credits with something left, the newest first."""
    from cashline.flow.invoice.credits import api, queries
    from cashline.platform.doors.schemas import ask_of

    chosen = queries.CreditFilter(words=words, only_open=not everything)
    page = queries.list_credits(ask_of("", cursor, limit), chosen=chosen)
    rows = [api.credit_shape(row) for row in page.items]
    table(rows, CREDITS_SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@account_credit.command("show")
@click.argument("credit_id")
@json_option
def credit_show(credit_id: str, as_json: bool) -> None:
    """One credit with its movements."""
    from cashline.flow.invoice.credits import api, queries
    from cashline.kernel.identifiers import key_of

    shape = api.credit_detail(queries.credit(key_of("credit", credit_id)))
    if as_json:
        say(shape, "", as_json=True)
        return
    click.echo(f"{shape['customer_name']}: {shape['balance']} {shape['currency']} left of {shape['amount']}")
    table(shape["movements"], ("moved_on", "kind", "amount", "invoice_number", "reason"), as_json=False)


@account_credit.command("refund")
@click.argument("credit_id")
@click.argument("amount", type=NUMBER)
@click.option("--method", default="bank_transfer", show_default=True)
@reason_option
@json_option
def credit_refund(credit_id: str, amount: Decimal, method: str, reason: str, as_json: bool) -> None:
    """Pay AMOUNT of a credit out to the customer."""
    from cashline.flow.invoice.credits import actions, api, queries
    from cashline.kernel.identifiers import key_of

    key = key_of("credit", credit_id)
    actions.refund_credit(
        credit_id=key, amount=amount, method=method, reason=reason, refunded_on=today(), now=now(), actor=TERMINAL.actor
    )
    shape = api.credit_detail(queries.credit(key))
    say(shape, f"{amount} paid out, {shape['balance']} left.", as_json=as_json)


def _customer(text: str) -> UUID:
    from cashline.flow.agree.customers.queries import customers_by_reference

    def by_number(number: str) -> UUID | None:
        found = customers_by_reference([number]).get(number)
        return found.id if found else None

    return resolve("customer", text, by_number)
