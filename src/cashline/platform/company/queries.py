"""Reading the company: its legal entities and exchange rates."""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from cashline.kernel.fiscal import FiscalCalendar, calendar_of
from cashline.kernel.refusals import NotFound, Refusal
from cashline.kernel.rounding import divide, round_to
from cashline.platform import sql


@dataclass(frozen=True, slots=True)
class Entity:
    """A legal entity."""

    id: UUID
    code: str
    name: str
    country: str
    currency: str
    timezone: str
    street: str
    postcode: str
    city: str
    tax_id: str
    registration: str
    iban: str
    bic: str
    email: str
    phone: str
    website: str
    brand_color: str
    tax_rounding: str


class MissingRate(Refusal):
    """No exchange rate is known for that currency on or before the day."""

    code = "missing_exchange_rate"


_ENTITY = (
    "id, code, name, country, currency, timezone, street, postcode, city, tax_id, registration, iban, bic, email, "
    "phone, website, brand_color, tax_rounding"
)


def entities() -> list[Entity]:
    """All legal entities by code."""
    return sql.fetch_as(Entity, f"SELECT {_ENTITY} FROM legal_entities ORDER BY code")


def entities_by_id(keys: Iterable[UUID]) -> dict[UUID, Entity]:
    """The entities with those ids; raises NotFound where one is missing."""
    wanted = set(keys)
    found = {
        entity.id: entity
        for entity in sql.fetch_as(
            Entity,
            f"SELECT {_ENTITY} FROM legal_entities WHERE id = ANY(%s)",
            (list(wanted),),
        )
    }
    if missing := wanted - found.keys():
        raise NotFound(f"There is no legal entity {missing.pop()}.", field="entity")
    return found


def entity_by_code(code: str) -> Entity:
    """The entity with that code; raises NotFound."""
    rows = sql.fetch_as(Entity, f"SELECT {_ENTITY} FROM legal_entities WHERE code = %s", (code,))
    if not rows:
        raise NotFound(f"There is no legal entity {code!r}.", field="entity")
    return rows[0]


def fiscal_calendars(keys: Iterable[UUID]) -> dict[UUID, FiscalCalendar]:
    """The calendars by which entities report; raises NotFound where one is missing."""
    wanted = set(keys)
    rows = sql.fetch("SELECT id, fiscal_calendar FROM legal_entities WHERE id = ANY(%s)", (list(wanted),))
    found = {key: calendar_of(shape) for key, shape in rows}
    if missing := wanted - found.keys():
        raise NotFound(f"There is no legal entity {missing.pop()}.", field="entity")
    return found


def fiscal_calendar(entity_id: UUID) -> FiscalCalendar:
    """The calendar by which an entity reports; raises NotFound."""
    return fiscal_calendars([entity_id])[entity_id]


def exchange_rates(pairs: Iterable[tuple[str, str, date]]) -> dict[tuple[str, str, date], Decimal]:
    """Units of the second currency for one of the first, by the last rates up to the day (10 decimals).

    Raises MissingRate where a currency has none. The same currency is 1 and needs no query.
    """
    wanted = set(pairs)
    rates: dict[tuple[str, str, date], Decimal] = {pair: Decimal(1) for pair in wanted if pair[0] == pair[1]}
    needed = {(code, pair[2]) for pair in wanted - rates.keys() for code in pair[:2] if code != "EUR"}
    per_euro: dict[tuple[str, date], Decimal] = {}
    if needed:
        codes, days = zip(*needed, strict=True)
        rows = sql.fetch(
            "SELECT w.currency, w.day, r.per_euro FROM unnest(%s::text[], %s::date[]) AS w(currency, day) "
            "JOIN LATERAL (SELECT per_euro FROM exchange_rates x WHERE x.currency = w.currency AND x.day <= w.day "
            "ORDER BY x.day DESC LIMIT 1) r ON true",
            (list(codes), list(days)),
        )
        per_euro = {(code, day): rate for code, day, rate in rows}
    for pair in wanted - rates.keys():
        source, target, day = pair
        sides = []
        for code in (source, target):
            if code != "EUR" and (code, day) not in per_euro:
                raise MissingRate(f"No exchange rate of {code} is known up to {day}.", field="currency")
            sides.append(Decimal(1) if code == "EUR" else per_euro[code, day])
        rates[pair] = round_to(divide(sides[1], sides[0]), 10)
    return rates


_AVERAGES = """
SELECT w.currency, w.month, avg(r.per_euro) FROM unnest(%s::text[], %s::date[]) AS w(currency, month)
CROSS JOIN LATERAL generate_series(w.month, least(w.month + interval '1 month' - interval '1 day', %s::date),
    interval '1 day') AS d(day)
JOIN LATERAL (SELECT per_euro FROM exchange_rates x WHERE x.currency = w.currency AND x.day <= d.day
    ORDER BY x.day DESC LIMIT 1) r ON true GROUP BY 1, 2
"""


def known_exchange_rates(pairs: Set[tuple[str, str, date]]) -> dict[tuple[str, str, date], Decimal]:
    """Those of the rates that are known; asked one by one only where one is missing."""
    if not pairs:
        return {}
    try:
        return exchange_rates(pairs)
    except MissingRate:
        if len(pairs) == 1:
            return {}
    return {key: rate for pair in pairs for key, rate in known_exchange_rates({pair}).items()}


def average_rates(pairs: Iterable[tuple[str, str, date]], *, until: date) -> dict[tuple[str, str, date], Decimal]:
    """Units of the second currency for one of the first on average of a month (its first day), up to a day.

    The mean over the days of the rate in force, of each currency against the euro (10 decimals; IAS 21.40). Raises
    MissingRate where a currency has none.
    """
    wanted = set(pairs)
    rates: dict[tuple[str, str, date], Decimal] = {pair: Decimal(1) for pair in wanted if pair[0] == pair[1]}
    needed = {(code, month) for *codes, month in wanted - rates.keys() for code in codes if code != "EUR"}
    means: dict[tuple[str, date], Decimal] = {}
    if needed:
        names, months = zip(*needed, strict=True)
        means = {(code, month): rate for code, month, rate in sql.fetch(_AVERAGES, (list(names), list(months), until))}
    for source, target, month in wanted - rates.keys():
        for code in (source, target):
            if code != "EUR" and (code, month) not in means:
                raise MissingRate(f"No exchange rate of {code} is known in {month:%Y-%m}.", field="currency")
        sides = [Decimal(1) if code == "EUR" else means[code, month] for code in (source, target)]
        rates[source, target, month] = round_to(divide(sides[1], sides[0]), 10)
    return rates
