"""The world that tests of the flow share: two legal entities, three currencies, and a business day to act on."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from cashline.platform.company.actions import NewEntity, create_entities, set_exchange_rates

NOW = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
TODAY = date(2026, 1, 15)
ACTOR = "user:test@example.com"


@dataclass(frozen=True, slots=True)
class World:
    """The ids of the two legal entities: a German one in euro and an American one in dollar."""

    berlin: UUID
    boston: UUID


def make_world() -> World:
    """Set up the company, with exchange rates of every month of 2025 to 2027."""
    berlin, boston = create_entities(
        [
            NewEntity(
                code="DE01", name="Cashline Demo GmbH", country="DE", currency="EUR", timezone="Europe/Berlin",
                street="Torstraße 1", postcode="10119", city="Berlin", tax_id="DE136695976",
                registration="HRB 12345 B", iban="DE02120300000000202051", bic="BYLADEM1001",
                email="billing@demo.example", phone="+49 30 1234567", website="https://demo.example",
            ),
            NewEntity(
                code="US01", name="Cashline Demo Inc.", country="US", currency="USD", timezone="America/New_York",
                street="1 Main Street", postcode="02110", city="Boston", email="billing@demo.example",
            ),
        ],
        now=NOW,
        actor=ACTOR,
    )  # fmt: skip
    rates = {"USD": Decimal("1.10"), "JPY": Decimal("160"), "GBP": Decimal("0.85"), "KWD": Decimal("0.34")}
    days = [date(year, month, 1) for year in (2025, 2026, 2027) for month in range(1, 13)]
    set_exchange_rates((code, day, rate) for code, rate in rates.items() for day in days)
    return World(berlin, boston)
