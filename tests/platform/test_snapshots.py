"""Snapshots: read anew in a small company; in a large one kept, read again by a job, and shown with their instant."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings

from cashline.platform import sql
from cashline.platform.snapshots.actions import look, refresh_snapshots, request_figure, take
from cashline.platform.snapshots.queries import requested
from cashline.platform.snapshots.rules import FORGOTTEN, GOOD, LEAST, Figure, is_due, is_good

pytestmark = pytest.mark.usefixtures("db")
NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
ZONE = "Europe/Berlin"
ONE = UUID("01a20077-5815-704b-a339-11dac6e31b52")


@dataclass(frozen=True, slots=True)
class Asked:
    entity_ids: tuple[UUID, ...] | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    day: date
    amount: Decimal
    by_entity: dict[UUID, Decimal]


class Counter:
    """A figure whose answer says how often it was read."""

    def __init__(self, *, on_demand: bool = False) -> None:
        self.times = 0
        self.figure = Figure("test.sum", Asked, Sum, self.read, on_demand)

    def read(self, asked: Asked, today: date) -> Sum:
        self.times += 1
        return Sum(today, Decimal(self.times) / 4, dict.fromkeys(asked.entity_ids or (), Decimal("0.10")))


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    sql.execute(
        "INSERT INTO event_blocks (number, first, last, up_to_transaction, previous_hash, hash, sealed_at) "
        "SELECT COALESCE(max(number), 0) + 1, 1, 1000, COALESCE(max(up_to_transaction), 0), '', 'x', now() "
        "FROM event_blocks"
    )
    monkeypatch.setattr(settings, "LIVE_EVENTS", 999)


WHO: dict[str, Any] = {"timezone": ZONE, "actor": "user:one"}


def test_a_small_company_is_read_anew(counter: Counter) -> None:
    for times in (1, 2):
        found = look(counter.figure, Asked(), now=NOON, **WHO)
        assert found
        assert (found.answer.amount, found.kept) == (Decimal(times) / 4, False)
    assert sql.fetch("SELECT 1 FROM snapshots") == []


def test_nobody_waits_for_a_large_company_whose_answers_are_kept_by_what_was_asked(
    counter: Counter, large: None
) -> None:
    for asked in (Asked((ONE,)), Asked()):
        assert look(counter.figure, asked, now=NOON, **WHO) is None
    assert counter.times == 0
    assert refresh_snapshots((counter.figure,), now=NOON) == 2
    first, other = (look(counter.figure, asked, now=NOON + LEAST, **WHO) for asked in (Asked((ONE,)), Asked()))
    assert first
    assert other
    assert (first.as_of, first.kept, first.renewed) == (NOON, True, False)
    assert (first.answer.day, first.answer.by_entity) == (date(2026, 4, 10), {ONE: Decimal("0.10")})
    assert other.answer.by_entity == {}
    assert counter.times == 2


def test_an_old_answer_is_shown_until_the_job_has_read_another(counter: Counter, large: None) -> None:
    """Of another business day, too old, or of a clock that stands before it."""
    late = datetime(2026, 4, 10, 21, 59, tzinfo=UTC)
    take(counter.figure, Asked(), timezone=ZONE, now=late)
    old = look(counter.figure, Asked(), now=late + timedelta(minutes=2), **WHO)
    assert old
    assert (old.answer.day, old.as_of, old.renewed) == (date(2026, 4, 10), late, True)
    assert refresh_snapshots((counter.figure,), now=late + timedelta(minutes=2)) == 1
    new = look(counter.figure, Asked(), now=late + timedelta(minutes=2), **WHO)
    assert new
    assert (new.answer.day, new.renewed) == (date(2026, 4, 11), False)
    assert is_good(NOON, now=NOON + GOOD - timedelta(seconds=1), timezone="UTC")
    assert not is_good(NOON, now=NOON + GOOD, timezone="UTC")
    assert not is_good(late, now=NOON, timezone="UTC")


def test_a_job_reads_again_what_is_due_and_forgets_what_nobody_looks_at(counter: Counter, large: None) -> None:
    take(counter.figure, Asked(), timezone=ZONE, now=NOON)
    assert refresh_snapshots((counter.figure,), now=NOON + LEAST - timedelta(seconds=1)) == 0
    assert refresh_snapshots((counter.figure,), now=NOON + LEAST) == 1
    found = look(counter.figure, Asked(), now=NOON + LEAST + timedelta(minutes=1), **WHO)
    assert found
    assert (found.answer.amount, found.as_of) == (Decimal("0.5"), NOON + LEAST)
    assert refresh_snapshots((counter.figure,), now=NOON + FORGOTTEN) == 1
    assert refresh_snapshots((counter.figure,), now=NOON + LEAST + FORGOTTEN + timedelta(minutes=2)) == 0
    assert sql.fetch("SELECT 1 FROM snapshots") == []


def test_what_is_dear_is_read_less_often() -> None:
    in_an_hour = NOON + timedelta(hours=1)
    assert is_due(NOON, 59_000, now=in_an_hour, timezone="UTC")
    assert not is_due(NOON, 61_000, now=in_an_hour, timezone="UTC")


def test_what_is_on_demand_is_read_when_requested_and_once(large: None) -> None:
    counter = Counter(on_demand=True)
    request: dict[str, Any] = {"now": NOON, "actor": "user:one", "wake": False}
    request_figure(counter.figure, Asked(), **request)
    request_figure(counter.figure, Asked(), **(request | {"now": NOON + LEAST, "actor": "user:two"}))
    waiting = requested(counter.figure, Asked())
    assert (waiting.last, waiting.requested_at, waiting.requested_by) == (None, NOON, "user:one")
    assert refresh_snapshots((counter.figure,), now=NOON + LEAST) == 1
    assert refresh_snapshots((counter.figure,), now=NOON + GOOD) == 0
    answered = requested(counter.figure, Asked())
    assert answered.requested_at is None
    assert answered.last
    assert answered.last.as_of == NOON + LEAST


def test_an_answer_of_another_version_is_no_answer(counter: Counter, large: None) -> None:
    take(counter.figure, Asked(), timezone=ZONE, now=NOON)
    sql.execute("""UPDATE snapshots SET answer = '{"sum": 1}'""")
    assert look(counter.figure, Asked(), now=NOON, **WHO) is None
    sql.execute("""UPDATE snapshots SET asked = '{"entity_ids": 7}'""")
    assert refresh_snapshots((counter.figure,), now=NOON) == 0
    assert sql.fetch("SELECT 1 FROM snapshots") == []
