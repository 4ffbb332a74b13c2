"""Running the laws: each is one statement, so that it sees one state of the data however busy the program is."""

from decimal import Decimal
from time import perf_counter_ns
from typing import Any

from cashline.flow.report.health.queries import beside, books, documents
from cashline.flow.report.health.rules import Break, Law
from cashline.kernel.money import minor_units
from cashline.platform import sql

LAWS = (*documents.LAWS, *books.LAWS, *beside.LAWS)
"""The laws that one statement checks, in the order of the flow."""


def digits() -> str:
    """A relation digits(currency, digits) of the currencies in use, as text for a WITH clause."""
    rows = sql.fetch("SELECT currency FROM customers UNION SELECT currency FROM legal_entities")
    values = ", ".join(f"('{currency}'::text, {minor_units(currency)})" for (currency,) in sorted(rows))
    return f"digits (currency, digits) AS (VALUES {values or "('EUR'::text, 2)"})"


def breaks_of(law: Law, *, relation: str, limit: int) -> list[Break]:
    """The first breaks of a law; none where it holds."""
    rows = sql.fetch(f"WITH {relation} {law.statement} LIMIT %s", (limit,))
    return [
        Break(law.code, kind, key, label or (str(key) if key else ""), _told(expected), _told(found))
        for kind, key, label, expected, found in rows
    ]


def _told(value: Any) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def clock_ns() -> int:
    """A stop watch, for how long a check takes; it is no time of day."""
    return perf_counter_ns()
