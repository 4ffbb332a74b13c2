"""A company ready to trade, for stories and surfaces: entities, books, tax rates, a frozen clock and an owner's key."""

from datetime import UTC, date, datetime
from decimal import Decimal

from cashline.flow.agree.catalog.rules import TaxCategory
from cashline.flow.invoice.taxes.actions import set_tax_rates
from cashline.flow.invoice.taxes.rules import NewTaxRate
from cashline.flow.recognise.ledger.actions import open_books
from cashline.platform.clock.actions import make_sandbox
from cashline.platform.people.actions import NewUser, create_api_key, create_users
from cashline.platform.permissions.rules import ROLES, Grant
from tests.support.world import World, make_world

NOON = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
OWNER = "owner@cashline.example"
PASSWORD = "correct horse battery"


def make_company() -> str:
    """Set the company up; gives the secret of an API key with every scope."""
    return make_company_and_world()[0]


def make_company_and_world() -> tuple[str, World]:
    """The same, with the ids of the legal entities."""
    make_sandbox(frozen_at=NOON)
    world = make_world()
    for entity_id in (world.berlin, world.boston):
        open_books(entity_id=entity_id, now=NOON, actor="system:test")
    rates = {"DE": {"standard": "19", "reduced": "7"}, "FR": {"standard": "20", "reduced": "5.5"}}
    set_tax_rates(
        [
            NewTaxRate(country, TaxCategory(category), Decimal(rate), date(2020, 1, 1))
            for country, by_category in rates.items()
            for category, rate in by_category.items()
        ],
        now=NOON,
        actor="system:test",
    )
    create_users([NewUser(OWNER, "Olga Owner", PASSWORD, (Grant("owner"),))], now=NOON, actor="system:test")
    scopes = sorted(frozenset().union(*ROLES.values()))
    return create_api_key(name="stories", scopes=scopes, now=NOON, actor="system:test"), world
