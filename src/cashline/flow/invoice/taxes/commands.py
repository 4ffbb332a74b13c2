"""`cashline tax-rate …` and `cashline tax-certificate …`: tax rates and exemption certificates from a terminal."""

from datetime import date
from decimal import Decimal

import click

from cashline.platform.doors.terminal import DAY, NUMBER, TERMINAL, json_option, now, say, table

CATEGORIES = (
    "standard", "reduced", "second_reduced", "super_reduced", "parking", "intermediate", "increased", "low", "special",
    "zero", "exempt",
)  # fmt: skip
SHOWN = ("country", "category", "percent", "since", "until")


@click.group("tax-rate")
def tax_rate() -> None:
    """Tax rates by country, category and day."""


@tax_rate.command("list")
@click.option("--country", default="", help="An ISO 3166 code; all unless given.")
@json_option
def tax_rate_list(country: str, as_json: bool) -> None:
    """All rates by country, category and day."""
    from cashline.flow.invoice.taxes import api, queries

    table([api.shape(row) for row in queries.list_rates(country.upper())], SHOWN, as_json=as_json)


@tax_rate.command("set")
@click.argument("country")
@click.argument("percent", type=NUMBER)
@click.option(
    "--category",
    default="standard",
    show_default=True,
    type=click.Choice(CATEGORIES),
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


@click.group("tax-certificate")
def tax_certificate() -> None:
    """Exemption certificates of customers, by country and time."""


CERTIFICATES_SHOWN = ("id", "customer_name", "country", "number", "reason", "since", "until")


@tax_certificate.command("list")
@click.option("--customer", default="", help="The id, number or reference of a customer; all unless given.")
@json_option
def tax_certificate_list(customer: str, as_json: bool) -> None:
    """Exemption certificates, the newest first."""
    from cashline.flow.agree.customers.commands import find_customer
    from cashline.flow.invoice.taxes import api, queries
    from cashline.platform.lists import Ask

    key = find_customer(customer) if customer else None
    page = queries.list_certificates(Ask(limit=500), customer_id=key)
    table([api.certificate_shape(row) for row in page.items], CERTIFICATES_SHOWN, as_json=as_json)


@tax_certificate.command("add")
@click.argument("customer")
@click.argument("country")
@click.argument("number")
@click.option("--reason", required=True, help="Why it is exempt; the invoice states it.")
@click.option("--from", "since", required=True, type=DAY, help="The first day on which it holds.")
@click.option("--until", type=DAY, help="The first day on which it holds no more.")
@json_option
def tax_certificate_add(
    customer: str, country: str, number: str, reason: str, since: date, until: date | None, as_json: bool
) -> None:
    """Keep the exemption certificate NUMBER of CUSTOMER for COUNTRY."""
    from cashline.flow.agree.customers.commands import find_customer
    from cashline.flow.invoice.taxes import actions, api, queries
    from cashline.flow.invoice.taxes.rules import NewCertificate

    new = NewCertificate(find_customer(customer), country.upper(), number, reason, since, until)
    (key,) = actions.keep_certificates([new], now=now(), actor=TERMINAL.actor)
    shape = api.certificate_shape(queries.certificate(key))
    say(shape, f"{shape['customer_name']} is exempt in {new.country} from {since} on.", as_json=as_json)


@tax_certificate.command("end")
@click.argument("certificate_id")
@click.option("--on", "until", required=True, type=DAY, help="The first day on which it holds no more.")
@click.option("--reason", default="", help="Why.")
def tax_certificate_end(certificate_id: str, until: date, reason: str) -> None:
    """End an exemption certificate, by its id."""
    from cashline.flow.invoice.taxes import actions
    from cashline.kernel.identifiers import key_of

    key = key_of("exemption_certificate", certificate_id)
    actions.end_certificate(certificate_id=key, until=until, reason=reason, now=now(), actor=TERMINAL.actor)
    click.echo(f"It holds until {until}, and not on that day.")


@click.group("withholding")
def withholding() -> None:
    """Tax that customers withhold of what they pay, by legal entity, kind of supply and day."""


WITHHOLDINGS_SHOWN = ("customer_name", "entity", "kind", "percent", "reason", "since", "until")


@withholding.command("list")
@click.option("--customer", default="", help="The id, number or reference of a customer; all unless given.")
@json_option
def withholding_list(customer: str, as_json: bool) -> None:
    """Withholding rates, the newest first."""
    from cashline.flow.agree.customers.commands import find_customer
    from cashline.flow.invoice.taxes import api, queries
    from cashline.platform.lists import Ask

    key = find_customer(customer) if customer else None
    page = queries.list_withholdings(Ask(limit=500), customer_id=key)
    table([api.withholding_shape(row) for row in page.items], WITHHOLDINGS_SHOWN, as_json=as_json)


@withholding.command("set")
@click.argument("customer")
@click.argument("entity")
@click.argument("percent", type=NUMBER)
@click.option("--kind", default="", type=click.Choice(["", "goods", "subscription", "service"]), help="Of what.")
@click.option("--reason", required=True, help="By which rule; the invoice states it.")
@click.option("--from", "since", required=True, type=DAY, help="The first day on which it holds.")
@json_option
def withholding_set(
    customer: str, entity: str, percent: Decimal, kind: str, reason: str, since: date, as_json: bool
) -> None:
    """Put on file that CUSTOMER withholds PERCENT of what ENTITY bills; 0 ends it."""
    from cashline.flow.agree.customers.commands import find_customer
    from cashline.flow.invoice.taxes import actions, api, queries
    from cashline.flow.invoice.taxes.rules import NewWithholding
    from cashline.platform.company.queries import entity_by_code
    from cashline.platform.lists import Ask

    buyer = find_customer(customer)
    new = NewWithholding(buyer, entity_by_code(entity).id, kind, percent, reason, since)
    (key,) = actions.set_withholding([new], now=now(), actor=TERMINAL.actor)
    rows = queries.list_withholdings(Ask(limit=500), customer_id=buyer).items
    shape = next(api.withholding_shape(row) for row in rows if row.id == key)
    say(shape, f"{shape['customer_name']} withholds {shape['percent']} % from {since} on.", as_json=as_json)


COMMANDS = (tax_rate, tax_certificate, withholding)
