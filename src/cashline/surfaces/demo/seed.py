"""Seeding the demo: a year of trade under the moved clock, with a progress bar; done before, it costs nothing."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import psycopg

from cashline.kernel.periods import add_months
from cashline.kernel.refusals import Conflict
from cashline.platform import sql
from cashline.platform.clock.actions import ClockRefused, make_sandbox, move_clock, release_clock
from cashline.platform.clock.queries import machine_time
from cashline.platform.database import connection
from cashline.platform.events.actions import seal_events
from cashline.surfaces.demo.company import PASSWORD, PORTAL_EMAIL, set_up
from cashline.surfaces.demo.corners import fill_corners
from cashline.surfaces.demo.judgements import decide
from cashline.surfaces.demo.money import Money
from cashline.surfaces.demo.plans import Plans
from cashline.surfaces.demo.trading import Trade


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """How to get in."""

    email: str
    password: str
    portal_email: str


LOGIN = DemoLogin("olga@nordlicht.example", PASSWORD, PORTAL_EMAIL)


class HalfSeeded(Conflict):
    """A seeding that was interrupted; the demo starts anew with --reset."""

    code = "half_seeded"


def is_sandbox() -> bool:
    """Is there a database in use, and is it a sandbox? Raises ClockRefused for a live company, which stays as it is."""
    owner = connection.owner_dsn()
    try:
        with psycopg.connect(owner, connect_timeout=15) as session:
            row = session.execute("SELECT sandbox FROM clock WHERE id = 1").fetchone()
            traded = session.execute("SELECT 1 FROM events LIMIT 1").fetchone()
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return False
    if traded and not (row and row[0]):
        raise ClockRefused("This database holds a live company, which a demo never replaces.")
    return bool(row and row[0])


def is_seeded() -> bool:
    """Has the demo company traded its year? Raises HalfSeeded where a seeding was interrupted."""
    row = sql.fetch_one("SELECT sandbox, frozen_at FROM clock WHERE id = 1")
    if row is None:
        return False
    if row[1] is not None:
        raise HalfSeeded("The demo company was only seeded in part: run it again with --reset.")
    return True


def seed_demo() -> DemoLogin:
    """Make the demo company and let it trade for the year up to today; gives the log-in."""
    if is_seeded():
        return LOGIN
    end = machine_time().date()
    start = add_months(end, -12).replace(day=1)
    make_sandbox(frozen_at=_morning(start))
    company = set_up(start=start, end=end, now=_morning(start))
    trade, money, plans = Trade(company, start, end), Money(company, end), Plans(company, start, end)
    plans.set_up(_morning(start))
    with _progress() as progress:
        bar = progress.add_task("Trading for a year", total=(end - start).days + 1)
        day = start
        while day <= end:
            now = min(_morning(day), machine_time())
            if day.isoweekday() <= 5:
                move_clock(now)
                trade.day(day, now)
                money.expect(plans.day(day, now), day, now)
                money.day(day, now)
            if (day + timedelta(days=1)).day == 1:
                move_clock(now)
                money.month_end(day, now)
            progress.update(bar, advance=1, description=f"Trading, {day:%B %Y}")
            day += timedelta(days=1)
        plans.finish(end, min(_morning(end), machine_time()))
        who = {"now": min(_morning(end), machine_time()), "actor": "system:demo"}
        fill_corners(company, end, who)
        decide(company, plans.running, start, end, who)
        progress.update(bar, description="Sealing the event log")
        while seal_events(now=machine_time(), batch=50_000):
            pass
    release_clock()
    return LOGIN


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(9), UTC)


def _progress() -> Any:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(TextColumn("  {task.description:<28}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
                    TimeElapsedColumn())  # fmt: skip
