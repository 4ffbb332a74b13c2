"""Reading the clock. Only doors do; everything behind them takes `now` and `today` as arguments."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from cashline.kernel.periods import local_day
from cashline.platform import sql


@dataclass(frozen=True, slots=True)
class ClockReading:
    """The instant that counts as now, and whether it is a sandbox's or stands apart from real time."""

    now: datetime
    sandbox: bool
    moved: bool

    def today(self, timezone: str = "UTC") -> date:
        """The business day there."""
        return local_day(self.now, timezone)


def read_clock() -> ClockReading:
    """What time it is for this database."""
    row = sql.fetch_one("SELECT sandbox, frozen_at FROM clock WHERE id = 1")
    sandbox, frozen_at = row or (False, None)
    return ClockReading(frozen_at or machine_time(), sandbox, frozen_at is not None)


def machine_time() -> datetime:
    """The machine's own time, for what the outside judges by it, such as the age of a signature."""
    return datetime.now(UTC)
