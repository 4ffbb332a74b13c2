"""Writing tax rates. A new rate ends the one before it; a rate that invoices were issued by is never rewritten."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from cashline.flow.invoice.taxes import queries
from cashline.flow.invoice.taxes.queries import TaxRateRow
from cashline.flow.invoice.taxes.rules import InvalidTaxRate, NewTaxRate, rate_problems
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import raise_all
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef


@transaction.atomic
def set_tax_rates(rates: Sequence[NewTaxRate], *, now: datetime, actor: str) -> list[UUID]:
    """Put rates on file, each from its day on; the open rate of that country and category ends there.

    Gives their ids in the order of their days. Raises all errors at once (InvalidTaxRate), also where a later rate of
    the same kind is on file already.
    """
    if not rates:
        return []
    last = {
        (row.country, row.category): row
        for row in sorted(
            queries.rates_for_update((rate.country, rate.category) for rate in rates), key=lambda row: row.since
        )
    }
    stored = {row.id: row.since for row in last.values()}
    problems: list[InvalidTaxRate] = []
    rows: list[TaxRateRow] = []
    ends: dict[UUID, date] = {}
    for rate in sorted(rates, key=lambda rate: rate.since):
        kind = (rate.country, rate.category.value)
        before = last.get(kind)
        problems += [*rate_problems(rate), *_overlaps(rate, before)]
        if before is not None:
            ends[before.id] = rate.since
        last[kind] = TaxRateRow(new_id(), *kind, rate.percent, rate.since, None)
        rows.append(last[kind])
    raise_all(problems)
    changes = [(key, f"[{since},{ends[key]})") for key, since in stored.items() if key in ends]
    sql.update("tax_rates", {"valid": "daterange"}, changes)
    sql.insert(
        "tax_rates",
        ("id", "country", "category", "rate", "valid"),
        [
            (row.id, row.country, row.category, row.percent, f"[{row.since},{ends.get(row.id) or ''})")
            for row in rows
        ],
    )  # fmt: skip
    record([_event(row) for row in rows], now=now, actor=actor)
    return [row.id for row in rows]


def _overlaps(rate: NewTaxRate, before: TaxRateRow | None) -> list[InvalidTaxRate]:
    if before is None or before.since < rate.since:
        return []
    return [
        InvalidTaxRate(
            f"The {rate.category} rate of {rate.country} from {before.since} is on file already.",
            field="since",
            fix=f"Give a day after {before.since}.",
        )
    ]


def _event(row: TaxRateRow) -> Event:
    data = {
        "country": row.country,
        "category": row.category,
        "percent": str(row.percent),
        "since": row.since.isoformat(),
    }
    return Event("TaxRateSet", (ObjectRef("tax_rate", row.id),), data)
