"""Recomputing derivations: the formula of an amount, evaluated again, gives the amount that stands in the books."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from cashline.flow.report.health.rules import Break
from cashline.kernel.derivations import Derivation
from cashline.platform import sql

LAW = "derivations-recompute"
SENTENCE = "The recorded formula of an amount, computed again, gives the amount"
BATCH = 5000


class Derived(NamedTuple):
    """A table whose rows carry derivations; `amount` is the column that the result must equal ("" for none)."""

    table: str
    kind: str
    amount: str


TABLES = (
    Derived("quote_lines", "quote_line", "net_total"),
    Derived("invoice_lines", "invoice_line", "net_amount"),
    Derived("credit_note_lines", "", "net_amount"),
    Derived("obligations", "obligation", ""),
    Derived("revenue_postings", "revenue_posting", "amount"),
    Derived("arrangement_postings", "", "amount"),
)


def broken_derivations(*, sample: int | None, limit: int) -> list[Break]:
    """Rows whose derivation does not give its result; of each table all, or (with `sample`) about so many."""
    found: list[Break] = []
    for one in TABLES:
        rows = _all(one) if sample is None else _some(one, sample)
        for key, amount, shape in rows:
            if broken := _break(one, key, amount, shape):
                found.append(broken)
                if len(found) >= limit:
                    return found
    return found


def _columns(one: Derived) -> str:
    return f"id, {one.amount or 'NULL::numeric'}, derivation"


def _some(one: Derived, sample: int) -> list[tuple[Any, ...]]:
    row = sql.fetch_one("SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = %s::regclass", (one.table,))
    rows = int(row[0]) if row else 0
    chosen = ""
    if rows > sample * 2:
        percent = max(Decimal(sample * 100) / rows, Decimal("0.001"))
        chosen = f"TABLESAMPLE SYSTEM ({percent:.4f}) "
    return sql.fetch(f"SELECT {_columns(one)} FROM {one.table} {chosen}LIMIT %s", (sample,))


def _all(one: Derived) -> Iterator[tuple[Any, ...]]:
    after = UUID(int=0)
    while True:
        rows = sql.fetch(
            f"SELECT {_columns(one)} FROM {one.table} WHERE id > %s ORDER BY id LIMIT %s",
            (after, BATCH),
        )
        yield from rows
        if len(rows) < BATCH:
            return
        after = rows[-1][0]


def _break(one: Derived, key: UUID, amount: Decimal | None, shape: dict[str, Any]) -> Break | None:
    try:
        derivation = Derivation.from_json(shape)
        broken = derivation.breaks()
    except (KeyError, ValueError, ArithmeticError, SyntaxError) as error:
        return Break(LAW, one.kind, key, str(key), "a derivation", f"{type(error).__name__}: {error}"[:200])
    if broken:
        found = f"{broken[0]} gives {derivation.recompute()}"
        return Break(LAW, one.kind, key, str(key), str(derivation.result), found)
    if amount is not None and derivation.result != amount:
        return Break(LAW, one.kind, key, str(key), str(derivation.result), str(amount))
    return None
