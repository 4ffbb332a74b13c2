"""Usage for tests: meters, and events of a subscription, by the real actions."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.deliver.subscriptions.queries import SubscriptionRow, subscriptions_of
from cashline.flow.deliver.usage.actions import IngestResult, create_meters, record_usage
from cashline.flow.deliver.usage.rules import Aggregation, Meter, NewMeter, NewUsage
from tests.support.book import Shop, book, line
from tests.support.world import ACTOR, NOW

LATER = datetime(2026, 4, 1, tzinfo=UTC)
"""When the usage of the first quarter is known."""


def make_meter(code: str, aggregation: str = "sum", **given: object) -> Meter:
    """A meter that exists."""
    meter = Meter(code, Aggregation(aggregation), **given)  # type: ignore[arg-type]
    create_meters([NewMeter(meter, code.title())], now=NOW, actor=ACTOR)
    return meter


def subscribe(shop: Shop) -> SubscriptionRow:
    """A running subscription of the shop's customer."""
    return subscriptions_of([book(shop, line("PLAT-PRO", interval_months=1))])[0]


def used(subscription: str, meter: str, event_id: str, at: datetime, **given: object) -> NewUsage:
    """An event; `quantity` may be text."""
    if isinstance(given.get("quantity"), str | int):
        given["quantity"] = Decimal(str(given["quantity"]))
    return NewUsage("test", event_id, subscription, meter, at, **given)  # type: ignore[arg-type]


def record(
    events: Sequence[NewUsage], *, now: datetime = LATER, entity_ids: Sequence[UUID] | None = None
) -> IngestResult:
    """Record events."""
    return record_usage(events, now=now, actor=ACTOR, entity_ids=entity_ids)
