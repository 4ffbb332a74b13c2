"""`cashline commitment …`: what customers committed to, from a terminal."""

from datetime import date
from decimal import Decimal

import click

from cashline.platform.doors.terminal import DAY, NUMBER, TERMINAL, json_option, now, say, table, today

SHOWN = ("id", "customer_name", "name", "currency", "amount", "starts_on", "ends_on", "status")


@click.group()
def commitment() -> None:
    """Commitments: the least that a customer is billed in a term, drawn down by what is billed."""


@commitment.command("list")
@click.option("--customer", default="", help="The id, number or reference of a customer; all unless given.")
@json_option
def commitment_list(customer: str, as_json: bool) -> None:
    """Commitments, the newest first."""
    from cashline.flow.agree.customers.commands import find_customer
    from cashline.flow.invoice.commitments import api, queries
    from cashline.platform.lists import Ask

    key = find_customer(customer) if customer else None
    page = queries.list_commitments(Ask(limit=500), customer_id=key)
    table([api.shape(row) for row in page.items], SHOWN, as_json=as_json)


@commitment.command("add")
@click.argument("customer")
@click.argument("entity")
@click.argument("amount", type=NUMBER)
@click.option("--name", required=True, help="What it is called on the invoice.")
@click.option("--from", "starts_on", required=True, type=DAY, help="The first day.")
@click.option("--until", "ends_on", required=True, type=DAY, help="The first day after it.")
@click.option("--currency", default="", help="The customer's unless given.")
@click.option("--plan", "plans", multiple=True, help="Only what this plan bills; may be repeated.")
@json_option
def commitment_add(
    customer: str,
    entity: str,
    amount: Decimal,
    name: str,
    starts_on: date,
    ends_on: date,
    currency: str,
    plans: tuple[str, ...],
    as_json: bool,
) -> None:
    """Record that CUSTOMER commits to AMOUNT at ENTITY."""
    from cashline.flow.agree.customers.commands import find_customer
    from cashline.flow.agree.customers.queries import customer as customer_row
    from cashline.flow.invoice.commitments import actions, api, queries
    from cashline.flow.invoice.commitments.rules import NewCommitment
    from cashline.platform.company.queries import entity_by_code

    buyer = customer_row(find_customer(customer))
    new = NewCommitment(
        entity_by_code(entity).id, buyer.id, currency or buyer.currency, name, amount, starts_on, ends_on, plans
    )
    (key,) = actions.make_commitments([new], now=now(), actor=TERMINAL.actor)
    shape = api.document(queries.commitment(key), today())
    say(shape, f"{shape['id']}: {shape['amount']} {shape['currency']} by {ends_on}.", as_json=as_json)


@commitment.command("show")
@click.argument("commitment_id")
@json_option
def commitment_show(commitment_id: str, as_json: bool) -> None:
    """How a commitment is drawn, by its id."""
    from cashline.flow.invoice.commitments import api, queries
    from cashline.kernel.identifiers import key_of

    shape = api.document(queries.commitment(key_of("commitment", commitment_id)), today())
    sentence = (
        f"{shape['name']}: {shape['drawn']} of {shape['amount']} {shape['currency']} drawn, {shape['left']} left; "
        f"at that pace the end bills {shape['projected_true_up']}."
    )
    say(shape, sentence, as_json=as_json)


@commitment.command("true-up")
@click.argument("commitment_id")
@json_option
def commitment_true_up(commitment_id: str, as_json: bool) -> None:
    """Bill what is left of a commitment that is over; again, it does nothing."""
    from cashline.flow.invoice.commitments import actions, api, queries
    from cashline.kernel.identifiers import key_of

    key = key_of("commitment", commitment_id)
    actions.true_up_commitments([key], now=now(), actor=TERMINAL.actor)
    shape = api.document(queries.commitment(key), today())
    say(shape, f"{shape['trued_up']} {shape['currency']} are billed for the rest.", as_json=as_json)


@commitment.command("cancel")
@click.argument("commitment_id")
@click.option("--reason", required=True, help="Why the customer is released.")
def commitment_cancel(commitment_id: str, reason: str) -> None:
    """Release a customer from a commitment, by its id."""
    from cashline.flow.invoice.commitments.actions import cancel_commitment
    from cashline.kernel.identifiers import key_of

    cancel_commitment(
        commitment_id=key_of("commitment", commitment_id), reason=reason, now=now(), actor=TERMINAL.actor
    )  # fmt: skip
    click.echo("Its end bills nothing.")


COMMANDS = (commitment,)
