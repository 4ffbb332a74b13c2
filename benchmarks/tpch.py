"""The orders of TPC-H as orders of goods: customers, parts, orders and lines, made by DuckDB's generator."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class TpchLine:
    """A line: part, quantity, list price of one unit, discount in percent."""

    part: int
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal


@dataclass(frozen=True, slots=True)
class TpchOrder:
    """An order with its lines."""

    key: int
    customer: int
    lines: tuple[TpchLine, ...]


def generate(scale: str) -> Any:
    """A DuckDB connection that holds TPC-H at the scale factor (0.1 has 150,000 orders of 600,572 lines)."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"CALL dbgen(sf={scale})")
    return connection


def customers(connection: Any) -> list[tuple[int, str]]:
    """The customers that ordered: key and name."""
    return connection.execute(
        "SELECT c_custkey, c_name FROM customer SEMI JOIN orders ON o_custkey = c_custkey ORDER BY 1"
    ).fetchall()


def parts(connection: Any) -> list[tuple[int, str, Decimal]]:
    """The parts that were ordered: key, name, list price."""
    return connection.execute(
        "SELECT p_partkey, p_name, p_retailprice FROM part SEMI JOIN lineitem ON l_partkey = p_partkey ORDER BY 1"
    ).fetchall()


def orders(connection: Any, limit: int) -> Iterator[TpchOrder]:
    """The first orders, in order of their key."""
    cursor = connection.cursor()
    cursor.execute(
        "SELECT o_orderkey, o_custkey, l_partkey, l_quantity, l_extendedprice, l_discount FROM "
        f"(SELECT * FROM orders ORDER BY o_orderkey LIMIT {limit}) JOIN lineitem ON l_orderkey = o_orderkey "
        "ORDER BY o_orderkey, l_linenumber"
    )
    key, customer, lines = None, 0, []
    while rows := cursor.fetchmany(20_000):
        for order, buyer, part, quantity, price, discount in rows:
            if order != key:
                if key is not None:
                    yield TpchOrder(key, customer, tuple(lines))
                key, customer, lines = order, buyer, []
            lines.append(TpchLine(part, quantity, (price / quantity).quantize(CENT), discount * 100))
    if key is not None:
        yield TpchOrder(key, customer, tuple(lines))
