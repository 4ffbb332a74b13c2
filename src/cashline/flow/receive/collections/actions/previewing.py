"""The next run of reminders as it would be: the run itself without the append, summed for whoever looks at it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import islice
from uuid import UUID

from cashline.flow.receive.collections import queries
from cashline.flow.receive.collections.actions.reminding import ReminderRun, send_reminders
from cashline.flow.receive.collections.rules import SkipReason, next_run
from cashline.kernel.money import Money
from cashline.platform.company.queries import entities
from cashline.platform.snapshots.rules import Figure

SHOWN = 200
"""How many overdue invoices a kept preview holds; the counts and sums are of all."""


@dataclass(frozen=True, slots=True)
class NextQuestion:
    """Of which legal entities."""

    entity_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class NextReminder:
    """What happens to an overdue invoice in the next run: a reminder of a `level`, or why none."""

    invoice_id: UUID
    number: str
    customer_name: str
    due_on: date
    days_late: int
    open: Money
    level: int | None
    asked: Money | None
    skipped: SkipReason | None


@dataclass(frozen=True, slots=True)
class NextRun:
    """The run of `day`: its letters and what they ask for, whom it cannot reach, and the first of `total` invoices."""

    day: date
    letters: int
    asked: tuple[Money, ...]
    unreachable: tuple[str, ...]
    total: int
    invoices: tuple[NextReminder, ...]


def preview_next(asked: NextQuestion, today: date, *, most: int | None = SHOWN) -> NextRun:
    """What the run of the next business day would send; of `most` invoices each, or of all."""
    chosen = [one for one in entities() if one.id in asked.entity_ids]
    day = next_run(queries.policies_of(chosen).values(), today)
    noon = datetime.combine(day, time(12), UTC)
    run = send_reminders(today=day, now=noon, actor="", entity_ids=asked.entity_ids, preview=True)
    totals: dict[str, Money] = {}
    for letter in run.letters:
        code = letter.total.currency
        totals[code] = totals.get(code, Money.zero(code)) + letter.total
    return NextRun(
        day,
        len(run.letters),
        tuple(totals[code] for code in sorted(totals)),
        tuple(one.name for one in run.unreachable[:5]),
        sum(len(letter.reminders) for letter in run.letters) + len(run.skipped),
        tuple(islice(_invoices(run, day), most)),
    )


def _invoices(run: ReminderRun, day: date) -> Iterator[NextReminder]:
    for letter in run.letters:
        for one in letter.reminders:
            found = run.overdue[one.invoice_id]
            yield NextReminder(
                one.invoice_id,
                one.number,
                found.customer_name,
                one.due_date,
                one.days_overdue,
                found.invoice.open_amount,
                one.level,
                one.amount,
                None,
            )
    for key, reason in run.skipped:
        found = run.overdue[key]
        invoice = found.invoice
        late = (day - invoice.due_date).days
        yield NextReminder(
            key,
            invoice.number,
            found.customer_name,
            invoice.due_date,
            late,
            invoice.open_amount,
            None,
            None,
            reason,
        )


def _shown(asked: NextQuestion, today: date) -> NextRun:
    return preview_next(asked, today)


NEXT = Figure("collections.next", NextQuestion, NextRun, _shown)
"""The next run of reminders, with the first invoices of it."""
