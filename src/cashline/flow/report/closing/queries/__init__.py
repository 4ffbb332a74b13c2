"""Reading a close: the months of an entity, and the checklist of one with owners and signatures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from cashline.flow.recognise.ledger.queries.books import PeriodRow, periods
from cashline.flow.recognise.ledger.rules.periods import Area, PeriodStatus
from cashline.flow.report.closing.queries.checks import findings
from cashline.flow.report.closing.rules import TASKS, Finding, MonthAsked, Signature, Task, checklist
from cashline.kernel.periods import add_months, month_of
from cashline.platform import sql
from cashline.platform.snapshots.rules import Figure


@dataclass(frozen=True, slots=True)
class MonthState:
    """A month of an entity: its state, the areas closed on their own, and (where counted) how many entries it has."""

    month: date
    status: str
    areas: tuple[tuple[str, str], ...] = ()
    entries: int | None = None
    closed_at: datetime | None = None
    closed_by: str = ""


def months_of(entity_id: UUID, *, today: date) -> list[MonthState]:
    """The months of an entity from its first entry to today, the newest first."""
    row = sql.fetch_one("SELECT min(day), max(day) FROM journal_entries WHERE entity_id = %s", (entity_id,))
    if row is None or row[0] is None:
        return []
    known = _known(entity_id)
    first, month = row[0].replace(day=1), max(today, row[1]).replace(day=1)
    found: list[MonthState] = []
    while month >= first:
        found.append(_state(month, known))
        month = add_months(month, -1)
    return found


def month_of_entity(entity_id: UUID, month: date) -> MonthState:
    """One month of an entity, with how many entries stand in it."""
    row = sql.fetch_one(
        "SELECT count(*) FROM journal_entries WHERE entity_id = %s AND day >= %s AND day < %s",
        (entity_id, month, month_of(month).end),
    )
    return _state(month, _known(entity_id), row[0] if row else 0)


def _known(entity_id: UUID) -> dict[date, list[PeriodRow]]:
    found: dict[date, list[PeriodRow]] = {}
    for row in periods(entity_id):
        found.setdefault(row.month, []).append(row)
    return found


def _state(month: date, known: dict[date, list[PeriodRow]], entries: int | None = None) -> MonthState:
    rows = known.get(month, [])
    areas = tuple((row.area, row.status) for row in rows if row.area != Area.ALL and row.status != PeriodStatus.OPEN)
    whole = next((row for row in rows if row.area == Area.ALL), None)
    if whole is None:
        return MonthState(month, PeriodStatus.OPEN.value, areas, entries)
    return MonthState(month, whole.status, areas, entries, whole.closed_at, whole.closed_by)


def tasks_of(
    entity_id: UUID,
    month: date,
    *,
    recognising: int | None = None,
    found: Mapping[str, Finding] | None = None,
) -> tuple[Task, ...]:
    """The checklist of a month as things stand; `recognising`: so many contracts a previewed close would recognise.

    `found` is what the checks found just now, since they read all the books.
    """
    known = findings(entity_id, month, recognising=recognising) if found is None else found
    return checklist(known, owners_of(entity_id), signatures_of(entity_id, month))


def _found(asked: MonthAsked, today: date) -> dict[str, Finding]:  # noqa: ARG001 - a month ends when it ends
    return findings(asked.entity_id, asked.month)


FINDINGS = Figure(f"closing.findings {' '.join(one.code for one in TASKS)}", MonthAsked, dict[str, Finding], _found)
"""What the checks of a month find, which is read from all its books; named by them, so that a new one is missed."""


def owners_of(entity_id: UUID) -> dict[str, str]:
    """Who owns each task that has an owner."""
    return dict(sql.fetch("SELECT task, owner FROM close_task_owners WHERE entity_id = %s", (entity_id,)))


def signatures_of(entity_id: UUID, month: date) -> list[Signature]:
    """The signatures of a month, in the order in which they were given."""
    return sql.fetch_as(
        Signature,
        "SELECT task, outcome, signed_at, signed_by, note, found, figures FROM close_signatures "
        "WHERE entity_id = %s AND month = %s ORDER BY id",
        (entity_id, month),
    )
