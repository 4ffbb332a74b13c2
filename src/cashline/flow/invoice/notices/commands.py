"""`cashline notice …`: alerts on charges and wallets, and notices of renewals, from a terminal."""

from decimal import Decimal

import click

from cashline.platform.doors.terminal import NUMBER, TERMINAL, json_option, now, say, table

SHOWN = ("id", "kind", "customer_name", "name", "currency", "threshold", "email", "told", "ended_at")


@click.group()
def notice() -> None:
    """Mails about money before it is billed."""


@notice.command("list")
@click.option("--active", is_flag=True, help="Those that have not ended.")
@json_option
def notice_list(active: bool, as_json: bool) -> None:
    """Alerts on charges and wallets, the newest first."""
    from cashline.flow.invoice.notices import api, queries
    from cashline.platform.lists import Ask

    table([api.shape(row) for row in queries.list_alerts(Ask(limit=500), active=active).items], SHOWN, as_json=as_json)


@notice.command("charges")
@click.argument("subscription")
@click.argument("threshold", type=NUMBER)
@click.option("--email", default="", help="The customer's unless given.")
@json_option
def notice_charges(subscription: str, threshold: Decimal, email: str, as_json: bool) -> None:
    """Tell when the next bill of SUBSCRIPTION reaches THRESHOLD, net."""
    from cashline.flow.deliver.subscriptions.commands import find_subscription
    from cashline.flow.invoice.notices import actions, api, queries
    from cashline.flow.invoice.notices.rules import AlertKind, NewMoneyAlert

    new = NewMoneyAlert(AlertKind.CHARGES, find_subscription(subscription), threshold, email)
    shape = api.shape(queries.money_alert(actions.set_money_alert(new, now=now(), actor=TERMINAL.actor)))
    say(shape, f"{shape['email']} is told from {shape['threshold']} {shape['currency']} on.", as_json=as_json)


@notice.command("wallet")
@click.argument("wallet_id")
@click.argument("threshold", type=NUMBER)
@click.option("--email", default="", help="The customer's unless given.")
@json_option
def notice_wallet(wallet_id: str, threshold: Decimal, email: str, as_json: bool) -> None:
    """Tell when the balance of a wallet (by its id) falls below THRESHOLD."""
    from cashline.flow.invoice.notices import actions, api, queries
    from cashline.flow.invoice.notices.rules import AlertKind, NewMoneyAlert
    from cashline.kernel.identifiers import key_of

    new = NewMoneyAlert(AlertKind.WALLET, key_of("wallet", wallet_id), threshold, email)
    shape = api.shape(queries.money_alert(actions.set_money_alert(new, now=now(), actor=TERMINAL.actor)))
    say(shape, f"{shape['email']} is told below {shape['threshold']} {shape['currency']}.", as_json=as_json)


@notice.command("end")
@click.argument("alert_id")
def notice_end(alert_id: str) -> None:
    """Let an alert tell no more, by its id."""
    from cashline.flow.invoice.notices.actions import end_money_alert
    from cashline.kernel.identifiers import key_of

    end_money_alert(alert_id=key_of("money_alert", alert_id), now=now(), actor=TERMINAL.actor)
    click.echo("It tells no more.")


@notice.command("renewals")
@click.argument("entity")
@click.option("--days", type=click.IntRange(0, 365), default=None, help="So many days before; 0: not at all.")
@json_option
def notice_renewals(entity: str, days: int | None, as_json: bool) -> None:
    """Show how long before renewals ENTITY tells its customers, or (with --days) set it."""
    from cashline.flow.invoice.notices.actions import set_renewal_notices
    from cashline.flow.invoice.notices.queries import notice_days
    from cashline.platform.company.queries import entity_by_code

    found = entity_by_code(entity)
    if days is not None:
        set_renewal_notices(entity_id=found.id, days=days or None, now=now(), actor=TERMINAL.actor)
    told = notice_days([found.id]).get(found.id)
    words = f"{found.code} tells {told} days before." if told else f"{found.code} tells nobody."
    say({"entity": found.code, "days": told}, words, as_json=as_json)


COMMANDS = (notice,)
