"""Which events can be recorded, and what is wrong with the others: a dead letter says it with code and field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.deliver.usage.rules.events import NewUsage
from cashline.flow.deliver.usage.rules.meters import Aggregation, Meter
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import to_decimal
from cashline.kernel.periods import day_start
from cashline.kernel.refusals import InvalidValue

FIRST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
"""How far the clock of a source may be ahead of ours."""
EDGE = timedelta(days=1)
"""What a service's first and last day are stretched by: they are days of ours, and the customer's may begin before."""
MAX_WORD = 200
MAX_PROPERTIES = 40
DECIMALS, DIGITS = 12, 38
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class UsageSubscription:
    """What usage knows of a subscription, in the customer's zone; `ends_on` is the first day without service."""

    id: UUID
    number: str
    line_id: UUID
    customer_id: UUID
    entity_id: UUID
    activated_on: date | None
    ends_on: date | None
    timezone: str


@dataclass(frozen=True, slots=True)
class KnownMeter:
    """A meter with the key of its row."""

    id: UUID
    meter: Meter


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why an event cannot be recorded: a stable code, the field, a sentence."""

    code: str
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class RefusedUsage:
    """An event that was not recorded; `payload` is what was sent, `index` its place in what was sent."""

    index: int
    source: str
    event_id: str
    wrong: Wrong
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something that was sent in the place of an event and cannot be read as one."""

    payload: Mapping[str, Any]
    wrong: Wrong
    source: str = ""
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class UsageRow:
    """An event that is ready to be recorded."""

    id: UUID
    at: datetime
    source: str
    event_id: str
    line_id: UUID
    customer_id: UUID
    meter_id: UUID
    quantity: Decimal
    item: str
    properties: Mapping[str, str]
    index: int


@dataclass(slots=True)
class Assessed:
    """Events parted into those to record and those refused."""

    rows: list[UsageRow] = field(default_factory=list)
    refused: list[RefusedUsage] = field(default_factory=list)


def assess(
    events: Sequence[NewUsage | Unreadable],
    subscriptions: Mapping[str, UsageSubscription],
    meters: Mapping[str, KnownMeter],
    *,
    now: datetime,
) -> Assessed:
    """Part events by what they name; `subscriptions` by reference, `meters` by code. The first thing wrong is said."""
    found = Assessed()
    times: dict[str, tuple[datetime, datetime]] = {}
    latest = now + AHEAD
    for index, event in enumerate(events):
        if isinstance(event, Unreadable):
            found.refused.append(RefusedUsage(index, event.source, event.event_id, event.wrong, event.payload))
            continue
        subscription, known = subscriptions.get(event.subscription), meters.get(event.meter)
        wrong = _unknown(event, subscription, known) or _ill_timed(event, subscription, times, latest)
        quantity: Decimal | Wrong = ONE
        item = event.item
        if wrong is None and known is not None:
            quantity = quantity_of(event, known.meter)
            item = event.properties.get(known.meter.item_property, "") if known.meter.item_property else event.item
            wrong = quantity if isinstance(quantity, Wrong) else _unfit(event, known.meter, item)
        if wrong or subscription is None or known is None or isinstance(quantity, Wrong):
            refused = wrong or Wrong("invalid_value", "event", "The event cannot be recorded.")
            found.refused.append(RefusedUsage(index, event.source, event.event_id, refused, as_json(event)))
            continue
        found.rows.append(
            UsageRow(
                new_id(), event.at, event.source, event.event_id, subscription.line_id, subscription.customer_id,
                known.id, quantity, item, event.properties, index,
            )
        )  # fmt: skip
    return found


def quantity_of(event: NewUsage, meter: Meter) -> Decimal | Wrong:
    """The quantity that an event states for a meter; 1 where it states none and need not."""
    place, given = "quantity", event.quantity
    if meter.value_property:
        place = f"properties.{meter.value_property}"
        text = event.properties.get(meter.value_property)
        if text is not None:
            try:
                given = to_decimal(text)
            except InvalidValue:
                return Wrong("invalid_quantity", place, f"{text[:60]!r} is no number.")
    if given is None:
        if meter.needs_quantity:
            return Wrong("missing_quantity", place, f"The meter {meter.code} needs a quantity.")
        return ONE
    if not given.is_finite():
        return Wrong("invalid_quantity", place, "The quantity is no number.")
    exponent = given.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > DECIMALS:
        return Wrong("invalid_quantity", place, f"The quantity has more than {DECIMALS} decimals.")
    if given.adjusted() >= DIGITS - DECIMALS:
        return Wrong("invalid_quantity", place, "The quantity is too large.")
    if meter.aggregation is Aggregation.COUNT and given < 0:
        return Wrong("invalid_quantity", place, "A count cannot be negative.")
    return given


def as_json(event: NewUsage) -> dict[str, Any]:
    """The event as the API takes it."""
    shape: dict[str, Any] = {
        "source": event.source,
        "id": event.event_id,
        "subscription": event.subscription,
        "meter": event.meter,
        "time": event.at.isoformat(),
    }
    if event.quantity is not None:
        shape["quantity"] = str(event.quantity)
    if event.item:
        shape["item"] = event.item
    if event.properties:
        shape["properties"] = dict(event.properties)
    return shape


def _unknown(event: NewUsage, subscription: UsageSubscription | None, meter: KnownMeter | None) -> Wrong | None:
    for name, text in (("source", event.source), ("id", event.event_id)):
        if not text or len(text) > MAX_WORD or "\x00" in text:
            return Wrong("invalid_value", name, f"The {name} has 1 to {MAX_WORD} characters.")
    if subscription is None:
        return Wrong("unknown_subscription", "subscription", f"There is no subscription {event.subscription[:60]!r}.")
    if meter is None:
        return Wrong("unknown_meter", "meter", f"There is no meter {event.meter[:80]!r}.")
    return None


def _ill_timed(
    event: NewUsage,
    subscription: UsageSubscription | None,
    times: dict[str, tuple[datetime, datetime]],
    latest: datetime,
) -> Wrong | None:
    if event.at.tzinfo is None:
        return Wrong("invalid_time", "time", "The time needs its offset, such as 2026-03-31T12:00:00Z.")
    if event.at < FIRST:
        return Wrong("invalid_time", "time", f"The time is before {FIRST.date()}.")
    if event.at > latest:
        return Wrong("usage_in_future", "time", "The time is more than a day ahead.")
    if subscription is not None:
        if event.subscription not in times:
            times[event.subscription] = service_time(subscription)
        begins, ends = times[event.subscription]
        if not begins <= event.at < ends:
            number = subscription.number
            return Wrong("outside_service", "time", f"The subscription {number} gave no service at {event.at}.")
    return None


def service_time(subscription: UsageSubscription) -> tuple[datetime, datetime]:
    """From when to when usage can belong to a subscription; nothing before it is active."""
    far = datetime.max.replace(tzinfo=UTC)
    if subscription.activated_on is None:
        return far, far
    begins = day_start(subscription.activated_on, subscription.timezone) - EDGE
    ends = day_start(subscription.ends_on, subscription.timezone) + EDGE if subscription.ends_on else far
    return begins, ends


def _unfit(event: NewUsage, meter: Meter, item: str) -> Wrong | None:
    if meter.needs_item and not item:
        place = f"properties.{meter.item_property}" if meter.item_property else "item"
        return Wrong("missing_item", place, f"The meter {meter.code} counts items: name one.")
    if len(item) > MAX_WORD or "\x00" in item:
        return Wrong("invalid_value", "item", f"The item has at most {MAX_WORD} characters.")
    if event.properties:
        if len(event.properties) > MAX_PROPERTIES:
            return Wrong("invalid_value", "properties", f"An event has at most {MAX_PROPERTIES} properties.")
        for name, text in event.properties.items():
            if len(name) > MAX_WORD or len(text) > MAX_WORD or "\x00" in name or "\x00" in text:
                return Wrong("invalid_value", f"properties.{name[:60]}", f"At most {MAX_WORD} characters.")
    return None
