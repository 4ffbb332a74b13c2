"""Reading a close: the periods of an entity, and the checklist of one with owners and signatures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from cashline.flow.recognise.ledger.queries.books import PeriodRow, period_of, periods
from cashline.flow.recognise.ledger.rules.periods import Area, PeriodStatus
from cashline.flow.report.closing.queries.checks import findings
from cashline.flow.report.closing.rules import TASKS, Finding, PeriodAsked, Signature, Task, checklist
from cashline.kernel.fiscal import FiscalPeriod
from cashline.platform import sql
from cashline.platform.company.queries import fiscal_calendar
from cashline.platform.snapshots.rules import Figure


@dataclass(frozen=True, slots=True)
class PeriodState:
    """A period of an entity: its state, the areas closed on their own, and (where counted) how many entries it has."""

    period: FiscalPeriod
    status: str
    areas: tuple[tuple[str, str], ...] = ()
    entries: int | None = None
    closed_at: datetime | None = None
    closed_by: str = ""


def periods_of(entity_id: UUID, *, today: date) -> list[PeriodState]:
    """The periods of an entity from its first entry to today, the newest first."""
    row = sql.fetch_one("SELECT min(day), max(day) FROM journal_entries WHERE entity_id = %s", (entity_id,))
    if row is None or row[0] is None:
        return []
    known, calendar = _known(entity_id), fiscal_calendar(entity_id)
    last = calendar.period_of(max(today, row[1]))
    return [_state(one, known) for one in reversed(calendar.periods_within(row[0], last.end))]


def period_state(entity_id: UUID, period: FiscalPeriod) -> PeriodState:
    """One period of an entity, with how many entries stand in it."""
    row = sql.fetch_one(
        "SELECT count(*) FROM journal_entries WHERE entity_id = %s AND day >= %s AND day < %s",
        (entity_id, period.start, period.end),
    )
    return _state(period, _known(entity_id), row[0] if row else 0)


type _Days = tuple[date, date]


def _known(entity_id: UUID) -> dict[_Days, list[PeriodRow]]:
    found: dict[_Days, list[PeriodRow]] = {}
    for row in periods(entity_id):
        found.setdefault((row.starts_on, row.ends_on), []).append(row)
    return found


def _state(period: FiscalPeriod, known: dict[_Days, list[PeriodRow]], entries: int | None = None) -> PeriodState:
    rows = known.get((period.start, period.end), [])
    areas = tuple((row.area, row.status) for row in rows if row.area != Area.ALL and row.status != PeriodStatus.OPEN)
    whole = next((row for row in rows if row.area == Area.ALL), None)
    if whole is None:
        return PeriodState(period, PeriodStatus.OPEN.value, areas, entries)
    return PeriodState(period, whole.status, areas, entries, whole.closed_at, whole.closed_by)


def tasks_of(
    entity_id: UUID,
    period: FiscalPeriod,
    *,
    recognising: int | None = None,
    found: Mapping[str, Finding] | None = None,
) -> tuple[Task, ...]:
    """The checklist of a period as things stand; `recognising`: so many contracts a previewed close would recognise.

    `found` is what the checks found just now, since they read all the books.
    """
    known = findings(entity_id, period, recognising=recognising) if found is None else found
    return checklist(known, owners_of(entity_id), signatures_of(entity_id, period))


def _found(asked: PeriodAsked, today: date) -> dict[str, Finding]:  # noqa: ARG001 - a period ends when it ends
    return findings(asked.entity_id, period_of(asked.entity_id, asked.start))


FINDINGS = Figure(f"closing.findings {' '.join(one.code for one in TASKS)}", PeriodAsked, dict[str, Finding], _found)
"""What the checks of a period find, which is read from all its books; named by them, so that a new one is missed."""


def owners_of(entity_id: UUID) -> dict[str, str]:
    """Who owns each task that has an owner."""
    return dict(sql.fetch("SELECT task, owner FROM close_task_owners WHERE entity_id = %s", (entity_id,)))


def signatures_of(entity_id: UUID, period: FiscalPeriod) -> list[Signature]:
    """The signatures of a period, in the order in which they were given."""
    return sql.fetch_as(
        Signature,
        "SELECT task, outcome, signed_at, signed_by, note, found, figures FROM close_signatures "
        "WHERE entity_id = %s AND starts_on = %s AND ends_on = %s ORDER BY id",
        (entity_id, period.start, period.end),
    )
