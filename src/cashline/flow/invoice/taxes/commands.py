"""`cashline tax-rate …`: tax rates from a terminal."""

from datetime import date
from decimal import Decimal

import click

from cashline.platform.doors.terminal import DAY, NUMBER, TERMINAL, json_option, now, say, table

SHOWN = ("country", "category", "percent", "since", "until")


@click.group("tax-rate")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """Tax rates by country, category and day."""


@COMMANDS.command("list")
@click.option("--country", default="", help="An ISO 3166 code; all unless given.")
@json_option
def tax_rate_list(country: str, as_json: bool) -> None:
    """All rates by country, category and day."""
    from cashline.flow.invoice.taxes import api, queries

    table([api.shape(row) for row in queries.list_rates(country.upper())], SHOWN, as_json=as_json)


@COMMANDS.command("set")
@click.argument("country")
@click.argument("percent", type=NUMBER)
@click.option(
    "--category",
    default="standard",
    show_default=True,
    type=click.Choice(["standard", "reduced", "second_reduced", "super_reduced", "parking", "zero", "exempt"]),
)
@click.option("--from", "since", required=True, type=DAY, help="The first day on which it applies.")
@json_option
def tax_rate_set(country: str, percent: Decimal, category: str, since: date, as_json: bool) -> None:
    """Put a rate on file; the one before it ends the day before."""
    from cashline.flow.agree.catalog.rules import TaxCategory
    from cashline.flow.invoice.taxes import actions, api, queries
    from cashline.flow.invoice.taxes.rules import NewTaxRate

    new = NewTaxRate(country.upper(), TaxCategory(category), percent, since)
    (key,) = actions.set_tax_rates([new], now=now(), actor=TERMINAL.actor)
    shape = next(api.shape(row) for row in queries.list_rates(new.country) if row.id == key)
    say(shape, f"{new.country} {category}: {shape['percent']} % from {since} on.", as_json=as_json)
