"""Reading tax rates, exemption certificates and what customers withhold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.invoice.taxes.rules import DatedRate, RateTable, WithholdingTerm
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class TaxRateRow:
    """A rate on file; `until` is the first day on which it no longer applies."""

    id: UUID
    country: str
    category: str
    percent: Decimal
    since: date
    until: date | None


_RATE = "id, country, category, rate, lower(valid), upper(valid)"


def rate_table(countries: Iterable[str]) -> RateTable:
    """Every rate of those countries, for `rules.decide_tax`."""
    found: dict[tuple[str, str], list[DatedRate]] = {}
    for row in _rows("country = ANY(%s) ORDER BY country, category, lower(valid) DESC", list(set(countries))):
        found.setdefault((row.country, row.category), []).append(DatedRate(row.since, row.until, row.percent))
    return RateTable(found)


def rates_on(countries: Iterable[str], day: date) -> dict[tuple[str, str], Decimal]:
    """The percentage by country and category on a day; what has no rate is left out."""
    rows = _rows("country = ANY(%s) AND valid @> %s::date", list(set(countries)), day)
    return {(row.country, row.category): row.percent for row in rows}


def list_rates(country: str = "") -> list[TaxRateRow]:
    """All rates by country, category and day (the newest first), or those of one country."""
    return _rows("%s IN ('', country) ORDER BY country, category, lower(valid) DESC", country)


def rates_for_update(keys: Iterable[tuple[str, str]]) -> list[TaxRateRow]:
    """The rates of those countries and categories, locked until the commit."""
    countries, categories = zip(*set(keys), strict=True)
    return _rows(
        "(country, category) IN (SELECT * FROM unnest(%s::text[], %s::text[])) ORDER BY id FOR NO KEY UPDATE",
        list(countries),
        list(categories),
    )


def _rows(condition: str, *params: object) -> list[TaxRateRow]:
    """Rates, the percentage without the zeros that the column pads with: 19, and not 19.0000000000."""
    found = []
    for key, country, category, percent, since, until in sql.fetch(
        f"SELECT {_RATE} FROM tax_rates WHERE {condition}", params
    ):
        found.append(TaxRateRow(key, country, category, percent.normalize() + 0, since, until))
    return found


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """An exemption certificate on file; `until` is the first day on which it no longer holds."""

    id: UUID
    customer_id: UUID
    customer_number: str
    customer_name: str
    country: str
    number: str
    reason: str
    since: date
    until: date | None
    created_at: datetime


_CERTIFICATE = (
    "x.id, x.customer_id, c.number, c.name, x.country, x.number, x.reason, lower(x.valid), upper(x.valid), x.created_at"
)
_CERTIFICATES = "exemption_certificates x JOIN customers c ON c.id = x.customer_id"


def certificate(certificate_id: UUID, *, for_update: bool = False) -> CertificateRow:
    """One certificate; raises NotFound."""
    lock = " FOR NO KEY UPDATE OF x" if for_update else ""
    rows = sql.fetch_as(
        CertificateRow, f"SELECT {_CERTIFICATE} FROM {_CERTIFICATES} WHERE x.id = %s{lock}", (certificate_id,)
    )
    if not rows:
        raise NotFound(f"There is no exemption certificate {certificate_id}.", field="certificate_id")
    return rows[0]


def list_certificates(ask: lists.Ask, *, customer_id: UUID | None = None, words: str = "") -> Page[CertificateRow]:
    """One page of certificates, the newest first."""
    conditions = lists.Conditions()
    conditions.contains(("x.number", "c.number"), words, known="c.known_as")
    conditions.given("x.customer_id = %s", customer_id)
    return lists.page(
        CertificateRow,
        columns=_CERTIFICATE,
        source=_CERTIFICATES,
        key="x.id",
        sorts={"since": "lower(x.valid)", "country": "x.country"},
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


@dataclass(frozen=True, slots=True)
class WithholdingRow:
    """A withholding rate on file; `until` is the first day on which it no longer holds."""

    id: UUID
    customer_id: UUID
    customer_number: str
    customer_name: str
    entity_id: UUID
    entity_code: str
    kind: str
    percent: Decimal
    reason: str
    since: date
    until: date | None


_WITHHOLDING = (
    "w.id, w.customer_id, c.number, c.name, w.entity_id, e.code, w.kind, w.rate, w.reason, lower(w.valid), "
    "upper(w.valid)"
)
_WITHHOLDINGS = (
    "withholding_rates w JOIN customers c ON c.id = w.customer_id JOIN legal_entities e ON e.id = w.entity_id"
)


def _withholding(*row: Any) -> WithholdingRow:
    found = WithholdingRow(*row)
    return replace(found, percent=found.percent.normalize() + 0)


def withholding_terms(customer_ids: Iterable[UUID]) -> dict[UUID, list[WithholdingTerm]]:
    """What each of those customers withholds, at any legal entity and time."""
    found: dict[UUID, list[WithholdingTerm]] = {}
    for key, entity, kind, percent, reason, since, until in sql.fetch(
        "SELECT customer_id, entity_id, kind, rate, reason, lower(valid), upper(valid) FROM withholding_rates "
        "WHERE customer_id = ANY(%s) ORDER BY id",
        (list(customer_ids),),
    ):
        found.setdefault(key, []).append(WithholdingTerm(entity, kind, percent.normalize() + 0, reason, since, until))
    return found


def withholdings_for_update(customer_ids: Iterable[UUID]) -> list[WithholdingRow]:
    """The rates of those customers, locked until the commit."""
    rows = sql.fetch(
        f"SELECT {_WITHHOLDING} FROM {_WITHHOLDINGS} WHERE w.customer_id = ANY(%s) ORDER BY w.id "
        "FOR NO KEY UPDATE OF w",
        (list(set(customer_ids)),),
    )
    return [_withholding(*row) for row in rows]


def list_withholdings(
    ask: lists.Ask, *, entity_ids: Sequence[UUID] | None = None, customer_id: UUID | None = None, words: str = ""
) -> Page[WithholdingRow]:
    """One page of withholding rates, the newest first."""
    conditions = lists.Conditions()
    conditions.contains(("c.number", "w.reason"), words, known="c.known_as")
    conditions.among("w.entity_id", entity_ids, "uuid")
    conditions.given("w.customer_id = %s", customer_id)
    return lists.page(
        _withholding,
        columns=_WITHHOLDING,
        source=_WITHHOLDINGS,
        key="w.id",
        sorts={"since": "lower(w.valid)"},
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )
