"""Giving numbers: gap-free, because a number is given in the transaction that posts its document, or not at all.

The row of a series is locked from here until the commit, so actions plan everything first, take their numbers then,
and only append rows afterwards. Several series are taken in one order, so that two batches cannot wait on each other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from cashline.kernel.identifiers import new_id
from cashline.platform import sql
from cashline.platform.numbering.rules import format_number


@dataclass(frozen=True, slots=True, order=True)
class Series:
    """A number series: of one legal entity (with its code) or of the company, of one year or continuous (0)."""

    kind: str
    entity_code: str = ""
    year: int = 0
    entity_id: UUID | None = None


def take_numbers(wanted: Mapping[Series, int]) -> dict[Series, list[str]]:
    """Take as many next numbers as wanted of each series; the caller's transaction must post them all."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("Numbers are taken in the transaction that posts their documents.")
    taken: dict[Series, list[str]] = {}
    for series in _in_order(wanted):
        count = wanted[series]
        row = sql.fetch_one(
            "INSERT INTO number_series (id, entity_id, kind, year, next) VALUES (%s, %s, %s, %s, %s) "
            "ON CONFLICT (entity_id, kind, year) DO UPDATE SET next = number_series.next + %s RETURNING next",
            (new_id(), series.entity_id, series.kind, series.year, count + 1, count),
        )
        assert row is not None  # noqa: S101 - an upsert always returns its row
        first = row[0] - count
        taken[series] = [
            format_number(series.kind, series.entity_code, series.year, first + index) for index in range(count)
        ]
    return taken


def hold_series(wanted: Iterable[Series]) -> None:
    """Lock series from which numbers are taken at different points of one transaction, in the order of all."""
    for series in _in_order(wanted):
        sql.execute(
            "INSERT INTO number_series (id, entity_id, kind, year, next) VALUES (%s, %s, %s, %s, 1) "
            "ON CONFLICT (entity_id, kind, year) DO UPDATE SET next = number_series.next",
            (new_id(), series.entity_id, series.kind, series.year),
        )


def _in_order(wanted: Iterable[Series]) -> list[Series]:
    return sorted(set(wanted), key=lambda item: (item.kind, item.entity_code, item.year))
