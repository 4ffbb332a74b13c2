"""A company that bills subscriptions to rate plans, for `billing.py`; set up by the actions that its doors call.

A subscription has three charges: a base fee for each seat and an add-on, both in advance, and usage after the month.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)
FIRST = date(2026, 1, 1)
ACTOR = "system:benchmark"
METER = "calls"
EVENTS = 2
"""Usage events of a subscription in a month."""
AT_ONCE = 2_000
"""How many customers or subscriptions one call makes."""


@contextmanager
def database() -> Iterator[Any]:
    """A database server of its own in a temporary folder, migrated; gives the server."""
    folder = tempfile.mkdtemp(prefix="cashline-benchmark-")
    os.environ |= {"CASHLINE_DATA": folder, "CASHLINE_DATABASE": "benchmark", "CASHLINE_SECRET_KEY": "benchmark"}
    os.environ["CASHLINE_DATABASE_POOL"] = "0"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashline.platform.settings")
    from django.db import connections

    from cashline.platform.database import connection

    try:
        with connection.available():
            connection.prepare()
            connection.migrate()
            try:
                yield connection.embedded_server()
            finally:
                connections.close_all()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clone(server: Any) -> str:
    """Make an equal database beside it, for the floor; gives its address."""
    import psycopg
    from django.db import connections

    connections.close_all()
    with psycopg.connect(server.dsn("postgres", "cashline_owner"), autocommit=True) as owner:
        owner.execute("CREATE DATABASE floor TEMPLATE benchmark STRATEGY file_copy")
    return str(server.dsn("floor", "cashline_owner"))


@dataclass
class Company:
    """The legal entity, its plans, and what was subscribed to: (subscription, its public name)."""

    entity: UUID
    plans: list[UUID]
    subscriptions: list[UUID] = field(default_factory=list)

    @classmethod
    def open(cls, *, add_on: bool = True) -> "Company":
        """Set up the company: taxes, books, meters, two plans."""
        from tests.support.world import make_world

        from cashline.flow.agree.catalog.rules import TaxCategory
        from cashline.flow.agree.plans.actions import NewPlan, publish_plans
        from cashline.flow.deliver.usage.actions import create_meters
        from cashline.flow.deliver.usage.rules import Aggregation, Meter, NewMeter
        from cashline.flow.invoice.taxes.actions import set_tax_rates
        from cashline.flow.invoice.taxes.rules import NewTaxRate
        from cashline.flow.recognise.ledger.actions import open_books

        who: dict[str, Any] = {"now": NOW, "actor": ACTOR}
        entity = make_world().berlin
        open_books(entity_id=entity, **who)
        set_tax_rates([NewTaxRate("DE", TaxCategory.STANDARD, Decimal(19), date(2020, 1, 1))], **who)
        create_meters([NewMeter(Meter(METER, Aggregation.SUM))], **who)
        given = [
            NewPlan(f"PLAN-{code}", f"Plan {code}", "EUR", _terms(fee, add_on=add_on))
            for code, fee in (("S", "29.95"), ("L", "249.00"))
        ]
        return cls(entity, publish_plans(given, **who))

    def customers(self, count: int) -> list[UUID]:
        """That many new customers."""
        from cashline.flow.agree.customers.actions import create_customers
        from cashline.flow.agree.customers.rules import NewAddress, NewCustomer

        address = {"street": "Weg 1", "postcode": "10115", "city": "Berlin", "country": "DE"}
        found: list[UUID] = []
        for first in range(0, count, AT_ONCE):
            new = [
                NewCustomer(f"Customer {index}", "DE", "EUR", addresses=(NewAddress(role="bill_to", **address),))
                for index in range(first, min(first + AT_ONCE, count))
            ]
            found += create_customers(new, now=NOW, actor=ACTOR)
        return found

    def subscribe(self, customers: Sequence[UUID]) -> None:
        """A subscription for each customer named; what is due in advance is billed with it."""
        from cashline.flow.deliver.subscriptions.actions import NewSubscription, subscribe

        for first in range(0, len(customers), AT_ONCE):
            new = [
                NewSubscription(customer, self.entity, self.plans[index % 2], Decimal(1 + index % 7))
                for index, customer in enumerate(customers[first : first + AT_ONCE])
            ]
            self.subscriptions += subscribe(new, now=NOW, actor=ACTOR)

    def use(self, month: date) -> None:
        """Usage of every subscription in a month."""
        from cashline.flow.deliver.usage.actions import record_usage
        from cashline.flow.deliver.usage.rules import NewUsage
        from cashline.kernel.identifiers import public

        at = datetime(month.year, month.month, 2, 12, tzinfo=UTC)
        known = at + timedelta(days=20)
        size = 10_000
        for first in range(0, len(self.subscriptions), size):
            events = [
                NewUsage("benchmark", f"{month}-{first + index}-{part}", public("subscription", key), METER,
                         at + timedelta(days=part), Decimal(1 + (first + index) % 97) / 4, "", {})
                for index, key in enumerate(self.subscriptions[first : first + size])
                for part in range(EVENTS)
            ]  # fmt: skip
            result = record_usage(events, now=known, actor=ACTOR)
            if result.accepted != len(events):
                raise SystemExit(f"{result.accepted} events accepted, not {len(events)}")


def _terms(fee: str, *, add_on: bool) -> Any:
    from cashline.flow.agree.plans.rules import AddOn, FeeTiming, PlanTerms, UsageCharge
    from cashline.flow.agree.pricing.rules.charge_models import Charge
    from cashline.kernel.anchors import Anchor, AnchorKind
    from cashline.kernel.periods import IntervalUnit

    add_ons = (AddOn("support", Decimal(1), Decimal("9.50")),) if add_on else ()
    return PlanTerms(
        IntervalUnit.MONTH,
        Anchor(AnchorKind.CALENDAR),
        FeeTiming.ADVANCE,
        Decimal(fee),
        charges=(UsageCharge(METER, "sum", Charge.unit(Decimal("0.0125"))),),
        add_ons=add_ons,
    )
