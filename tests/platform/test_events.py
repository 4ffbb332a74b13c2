"""The event log: recorded with the change, sealed without gaps, never rewritten."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from cashline.kernel.identifiers import new_id
from cashline.platform import sql
from cashline.platform.events import queries
from cashline.platform.events.actions import record, seal_events
from cashline.platform.events.rules import Event, ObjectRef
from tests.support.cluster import Database
from tests.support.world import ACTOR, NOW


def test_an_event_outside_a_transaction_is_refused(committed_db: Database) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        record([Event("OrderBooked", (ObjectRef("order", new_id()),))], now=NOW, actor=ACTOR)


def test_events_of_racing_writers_are_sealed_once_and_in_one_chain(committed_db: Database) -> None:
    def write(worker: int) -> None:
        try:
            for turn in range(10):
                with transaction.atomic():
                    subject = ObjectRef("order", new_id(), "order")
                    record([Event("OrderBooked", (subject,), {"worker": worker, "turn": turn})], now=NOW, actor=ACTOR)
                if turn % 3 == 0:
                    seal_events(now=NOW, batch=7)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(write, range(8)))
    while seal_events(now=NOW + timedelta(minutes=1)):
        pass
    feed = queries.feed(after=0, limit=1000)
    assert [entry.number for entry in feed] == list(range(1, 81))
    assert len({entry.event.id for entry in feed}) == 80
    assert list(queries.broken_blocks()) == []


def test_the_log_cannot_be_rewritten_by_the_program_nor_by_the_owner(committed_db: Database) -> None:
    with transaction.atomic():
        record([Event("OrderBooked", (ObjectRef("order", new_id()),))], now=NOW, actor=ACTOR)
    for statement in ("UPDATE events SET actor = 'nobody'", "DELETE FROM events", "TRUNCATE events CASCADE"):
        with pytest.raises(DatabaseError, match="permission denied"):
            sql.execute(statement)
    for statement in ("UPDATE events SET actor = 'nobody'", "DELETE FROM events"):
        with pytest.raises(DatabaseError, match="append-only"):
            sql.execute(statement, using="owner")


def test_a_forged_event_breaks_the_chain(committed_db: Database) -> None:
    with transaction.atomic():
        record([Event("OrderBooked", (ObjectRef("order", new_id()),), {"total": "10"})], now=NOW, actor=ACTOR)
    seal_events(now=NOW)
    assert list(queries.broken_blocks()) == []
    sql.execute("ALTER TABLE events DISABLE TRIGGER events_append_only", using="owner")
    sql.execute("""UPDATE events SET data = '{"total": "9"}'""", using="owner")
    assert list(queries.broken_blocks()) == [1]
