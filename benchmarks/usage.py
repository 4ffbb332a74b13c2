"""Usage taken in and rated, for `billing.py`, beside floors of bare psycopg and SQL over the same rows in the same run.

First `record_usage` takes events in batches, and the same events again (every one a duplicate); the floor copies the
very rows into an equal database, receipts and events, every constraint on. Then `metered` is asked for a month of each
subscription and meter over all events; the floor is one GROUP BY. Prints rates, ratios, and peak memory.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from benchmarks.measuring import memory

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
LATER = datetime(2026, 3, 1, tzinfo=UTC)
START = datetime(2026, 1, 16, tzinfo=UTC)
SECONDS = 44 * 86_400
ACTOR = "system:benchmark"
METERS = ("calls", "bytes")


class Asked(NamedTuple):
    """How many events are taken in, and how many are rated of how many subscriptions."""

    ingest: int
    rated: int
    subscriptions: int
    batch: int = 10_000


TABLES = {
    "usage_receipts": "source, event_id, id, at",
    "usage_events": "id, at, source, event_id, line_id, customer_id, meter_id, quantity, item, properties, known_at",
}


def subscribe(count: int) -> list[tuple[str, UUID]]:
    """That many running subscriptions, each of an order of its own: number and line."""
    from tests.support.book import line, make_shop, order, place

    from cashline.flow.deliver.subscriptions.queries import subscriptions_of
    from cashline.flow.deliver.usage.actions import create_meters
    from cashline.flow.deliver.usage.rules import Aggregation, Meter, NewMeter

    shop = make_shop()
    create_meters([NewMeter(Meter(code, Aggregation.SUM)) for code in METERS], now=NOW, actor=ACTOR)
    found: list[tuple[str, UUID]] = []
    for start in range(0, count, 500):
        placed = place(*(order(shop, line("PLAT-PRO", interval_months=1)) for _ in range(min(500, count - start))))
        rows = subscriptions_of([one.order_id for one in placed if one.order_id])
        found += [(row.number, row.line_id) for row in rows]
    return found


def events(subscriptions: list[tuple[str, UUID]], first: int, count: int) -> list[Any]:
    """Events numbered from `first`: spread over subscriptions, meters and a month and a half."""
    from cashline.flow.deliver.usage.rules import NewUsage

    return [
        NewUsage(
            "benchmark",
            f"e{index:012}",
            subscriptions[index % len(subscriptions)][0],
            METERS[index // len(subscriptions) % 2],
            START + timedelta(seconds=index * 7919 % SECONDS),
            Decimal(index % 1000) / 8,
            "",
            {"region": "eu" if index % 3 else "us"},
        )
        for index in range(first, first + count)
    ]


def ingest(subscriptions: list[tuple[str, UUID]], total: int, size: int) -> tuple[float, float]:
    """Seconds to record events, and to refuse them all the second time."""
    from cashline.flow.deliver.usage.actions import record_usage

    taken = [0.0, 0.0]
    for again in (0, 1):
        for first in range(0, total, size):
            batch = events(subscriptions, first, min(size, total - first))
            began = time.perf_counter()
            result = record_usage(batch, now=LATER, actor=ACTOR)
            taken[again] += time.perf_counter() - began
            expected = (0, len(batch)) if again else (len(batch), 0)
            if (result.accepted, result.duplicates) != expected:
                raise SystemExit(f"{result.accepted} accepted and {result.duplicates} duplicates, not {expected}")
        print(f"  … {'again' if again else 'recorded'}: {taken[again]:.1f} s, {memory()} MB", flush=True)
    return taken[0], taken[1]


def copy_rows(source: Any, target: Any, size: int) -> float:
    """Seconds to copy the same rows into the floor's database, a transaction for each batch; reading is not timed."""
    months = [row[0] for row in source.execute("SELECT DISTINCT date_trunc('month', at)::date FROM usage_events")]
    for month in months:
        target.execute("SELECT open_usage_month(%s)", [month])
    types = {
        "usage_receipts": ["text", "text", "uuid", "timestamptz"],
        "usage_events": ["uuid", "timestamptz", "text", "text", "uuid", "uuid", "uuid", "numeric", "text", "jsonb",
                         "timestamptz"],
    }  # fmt: skip
    taken = 0.0
    for rows in _batches(source, size):
        began = time.perf_counter()
        with target.transaction(), target.cursor() as cursor:
            for table, columns in TABLES.items():
                with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                    copy.set_types(types[table])
                    for row in rows[table]:
                        copy.write_row(row)
        taken += time.perf_counter() - began
    return taken


def _batches(source: Any, size: int) -> Iterator[dict[str, list[Any]]]:
    from psycopg.types.json import Jsonb

    with source.transaction(), source.cursor(name="events") as cursor:
        cursor.itersize = size
        cursor.execute(f"SELECT {TABLES['usage_events']} FROM usage_events ORDER BY id")
        while rows := cursor.fetchmany(size):
            yield {
                "usage_receipts": [(row[2], row[3], row[0], row[1]) for row in rows],
                "usage_events": [(*row[:9], Jsonb(row[9]), row[10]) for row in rows],
            }


def fill(owner: Any, total: int) -> None:
    """Bring the events to that many by one statement, as rows of another source: the month to be metered is full."""
    owner.execute("ALTER TABLE usage_events DISABLE TRIGGER usage_events_have_grounds")
    ranked = "row_number() OVER (ORDER BY id) - 1 AS place"
    owner.execute(
        f"INSERT INTO usage_events ({TABLES['usage_events']}) "
        "SELECT uuidv7(), %s + make_interval(secs => (n * 7919 %% %s)::int), 'fill', n::text, s.line_id, "
        "s.customer_id, m.id, (n %% 1000) / 8.0, '', jsonb_build_object('region', 'eu'), %s "
        "FROM generate_series(1::bigint, %s) AS n "
        f"JOIN (SELECT *, {ranked}, count(*) OVER () AS many FROM subscriptions) AS s ON s.place = n %% s.many "
        f"JOIN (SELECT *, {ranked} FROM usage_meters) AS m ON m.place = (n / s.many) %% 2",
        [START, SECONDS, LATER, total],
    )
    owner.execute("ALTER TABLE usage_events ENABLE TRIGGER usage_events_have_grounds")
    owner.execute("VACUUM ANALYZE usage_events")


def aggregate(subscriptions: list[tuple[str, UUID]], source: Any) -> None:
    """Meter and price every subscription and meter, plain and by filter; a bare GROUP BY does the plain one."""
    from cashline.flow.agree.pricing.rules.charge_models import Charge, price
    from cashline.flow.deliver.usage.queries import metered
    from cashline.flow.deliver.usage.rules import Aggregation, Meter, UsageFilter, UsageWindow

    rate = Charge.unit(Decimal("0.0125"))
    filters = (UsageFilter.of({"region": "eu"}), UsageFilter.of({"region": "us"}))
    shapes = {
        "sum": (Aggregation.SUM, ()),
        "sum by filter": (Aggregation.SUM, filters),
        "weighted sum": (Aggregation.WEIGHTED_SUM, ()),
    }
    floor_query = (
        "SELECT line_id, meter_id, sum(quantity), count(*) FROM usage_events WHERE at >= %s AND at < %s GROUP BY 1, 2"
    )
    source.execute(floor_query, [START, LATER])
    began = time.perf_counter()
    rows = source.execute(floor_query, [START, LATER]).fetchall()
    floor = time.perf_counter() - began
    count = sum(row[3] for row in rows)
    print(f"\nmetering {count} events of {len(rows)} subscriptions and meters; floor (one GROUP BY): {floor:.1f} s")
    wanted = sum(row[2] for row in rows)
    for name, (aggregation, chosen) in shapes.items():
        windows = [
            UsageWindow(line_id, Meter(code, aggregation), START, LATER, filters=chosen)
            for _, line_id in subscriptions
            for code in METERS
        ]
        began = time.perf_counter()
        found = metered(windows)
        for parts in found.values():
            for part in parts:
                price(rate, part.quantity, digits=2)
        taken = time.perf_counter() - began
        if (
            aggregation is Aggregation.SUM
            and sum(part.quantity for parts in found.values() for part in parts) != wanted
        ):
            raise SystemExit("the sums differ")
        print(f"  {name}: {taken:.1f} s, {count / taken:,.0f} events/s, ratio {taken / floor:.2f}, {memory()} MB")


def measure(server: Any, asked: Asked) -> None:
    """Take usage in, again and by the floor; then meter and rate a month of it."""
    import psycopg
    from benchmarks.plans import clone

    subscriptions = subscribe(asked.subscriptions)
    floor = clone(server)
    print(
        f"usage: {asked.ingest} events for {len(subscriptions)} subscriptions, in batches of {asked.batch}", flush=True
    )
    ours, again = ingest(subscriptions, asked.ingest, asked.batch)
    with (
        psycopg.connect(server.dsn("benchmark", "cashline_owner"), autocommit=True) as source,
        psycopg.connect(floor, autocommit=True) as target,
    ):
        taken = copy_rows(source, target, asked.batch)
        print(f"  Cashline {asked.ingest / ours:12,.0f} events/s  ({ours:.1f} s)")
        print(f"  floor    {asked.ingest / taken:12,.0f} events/s  ({taken:.1f} s, the same rows by COPY)")
        print(f"  ratio    {ours / taken:12.2f}")
        print(f"  refused  {asked.ingest / again:12,.0f} duplicates/s", flush=True)
        fill(source, max(0, asked.rated - asked.ingest))
        aggregate(subscriptions, source)
