"""Moving a sandbox's clock: forwards only, never in a live company."""

from datetime import UTC, datetime

from django.db import transaction

from cashline.kernel.refusals import Conflict, InvalidValue
from cashline.platform import sql
from cashline.platform.clock.queries import machine_time

END_OF_TIME = datetime(2200, 1, 1, tzinfo=UTC)
"""No sandbox needs to go further, and terms that begin then still end on a day that exists."""


class ClockRefused(Conflict):
    """The clock of a live company cannot be moved, and no clock goes back."""

    code = "clock_refused"


@transaction.atomic
def make_sandbox(*, frozen_at: datetime | None = None) -> None:
    """Declare this database a sandbox; only possible while it holds no event."""
    if sql.fetch_one("SELECT 1 FROM events LIMIT 1"):
        raise ClockRefused("A company that has traded cannot become a sandbox.")
    sql.execute(
        "INSERT INTO clock (id, sandbox, frozen_at) VALUES (1, true, %s) "
        "ON CONFLICT (id) DO UPDATE SET sandbox = true, frozen_at = EXCLUDED.frozen_at",
        (frozen_at,),
    )


@transaction.atomic
def move_clock(to: datetime) -> None:
    """Freeze the sandbox's clock at an instant that is not before its present one.

    Raises ClockRefused, and InvalidValue for an instant without a time zone or after 2199.
    """
    if to.tzinfo is None:
        raise InvalidValue("Say in which time zone: 2026-02-01T09:00:00Z.", field="to")
    if to >= END_OF_TIME:
        raise InvalidValue("The clock goes as far as the end of 2199.", field="to")
    to = to.astimezone(UTC)
    row = sql.fetch_one("SELECT sandbox, frozen_at FROM clock WHERE id = 1 FOR UPDATE")
    if not row or not row[0]:
        raise ClockRefused("Only a sandbox's clock can be moved.")
    present = row[1] or machine_time()
    if row[1] is not None and to < present:
        raise ClockRefused(f"The clock stands at {present.isoformat()} and cannot go back.", field="to")
    sql.execute("UPDATE clock SET frozen_at = %s WHERE id = 1", (to,))


@transaction.atomic
def release_clock() -> None:
    """Let a sandbox's clock run with real time again, which must not set it back."""
    row = sql.fetch_one("SELECT sandbox, frozen_at FROM clock WHERE id = 1 FOR UPDATE")
    if not row or not row[0]:
        raise ClockRefused("Only a sandbox's clock can be moved.")
    if row[1] is not None and row[1] > machine_time():
        raise ClockRefused(f"The clock stands at {row[1].isoformat()}, which real time has not reached.", field="to")
    sql.execute("UPDATE clock SET frozen_at = NULL WHERE id = 1")
