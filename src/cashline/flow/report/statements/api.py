"""The API of statements: receivables by age, and the roll-forward of deferred revenue."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import StringConstraints

from cashline.flow.report.statements.queries import ageing, deferred_waterfall, remaining_obligations, year_up_to
from cashline.flow.report.statements.queries.financial import financial_statements
from cashline.flow.report.statements.rules import (
    BUCKETS,
    FIRST_DAY,
    LAST_DAY,
    AgeBy,
    DeferredPeriod,
    RemainingObligations,
)
from cashline.flow.report.statements.rules.financial import MAX_COLUMNS, Kind, Statement, Step
from cashline.kernel.identifiers import public
from cashline.platform.company.queries import entity_by_code
from cashline.platform.doors.caller import caller_of

router = Router(tags=["Reports"])
Day = Annotated[date | None, Query(ge=FIRST_DAY, le=LAST_DAY)]
type Code = Annotated[str, StringConstraints(max_length=8)]


@router.get("/reports/ageing")
def ageing_report(request: HttpRequest, as_of: Day = None, by: AgeBy = AgeBy.DUE) -> dict[str, Any]:
    """What customers owe at the end of a day by days overdue, and the control account that it ties to."""
    caller = caller_of(request)
    caller.require("reports.read")
    found = ageing(as_of or caller.today(), by=by, entity_ids=caller.entities("reports.read"))
    return {
        "as_of": found.as_of,
        "items": [
            {
                "customer": public("customer", row.customer_id),
                "name": row.customer_name,
                "currency": row.currency,
                "total": row.total,
                **dict(zip(BUCKETS, row.buckets, strict=True)),
            }
            for row in found.rows
        ],
        "entities": [
            {
                "entity": public("entity", row.entity_id),
                "currency": row.currency,
                "total": row.total,
                "control_account": row.control,
                "ties": row.ties,
            }
            for row in found.entities
        ],
        "next_cursor": "",
    }


@router.get("/reports/deferred-revenue")
def deferred_report(request: HttpRequest, entity: Code, start: Day = None, end: Day = None) -> Any:
    """Opening, billed, recognised and closing by period, in the entity's currency; the last year of them by default.

    Periods are calendar months, or those of the entity's fiscal calendar: `month` is the first day of one, `end` the
    day after its last.
    """
    caller = caller_of(request)
    owner = entity_by_code(entity)
    caller.require("reports.read", owner.id)
    today = caller.today(owner.timezone)
    first, last = year_up_to(owner.id, end - timedelta(days=1) if end else today)
    found = deferred_waterfall(owner.id, start=start or first, end=end or last, today=today)
    return {
        "entity": owner.code,
        "currency": owner.currency,
        "items": [_period(one) for one in found.periods],
        "next_cursor": "",
    }


@router.get("/reports/remaining-obligations")
def remaining_report(request: HttpRequest, entity: Code) -> dict[str, Any]:
    """What contracts are still to earn, over agreements and arrangements, and when time alone will earn it."""
    caller = caller_of(request)
    owner = entity_by_code(entity)
    caller.require("reports.read", owner.id)
    return remaining_shape(owner.code, remaining_obligations(owner.id, today=caller.today(owner.timezone)))


def remaining_shape(entity: str, found: RemainingObligations) -> dict[str, Any]:
    """Remaining performance obligations as every door tells them."""
    names = ("of_agreements", "of_arrangements", "within_a_year", "within_two_years", "later", "waiting", "total")
    amounts = {name: getattr(found, name) for name in names}
    return {"entity": entity, "currency": found.currency, "contracts": found.contracts} | amounts


@router.get("/reports/statements/{kind}")
def financial_statement(
    request: HttpRequest,
    kind: Kind,
    entity: Code,
    as_of: Day = None,
    step: Step = Step.MONTH,
    columns: Annotated[int, Query(ge=1, le=MAX_COLUMNS)] = 2,
    known_at: datetime | None = None,
) -> dict[str, Any]:
    """Balance sheet, profit and loss, or cash flow in the entity's currency; the newest column ends with `as_of`.

    Each column has the days `start` up to before `end`, each row an amount for each column. `known_at` counts only
    what was posted up to that instant.
    """
    caller = caller_of(request)
    owner = entity_by_code(entity)
    caller.require("reports.read", owner.id)
    day = as_of or caller.today(owner.timezone)
    found = financial_statements(owner.id, day, step=step, columns=columns, known_at=known_at).of(kind)
    return {"entity": owner.code, "currency": owner.currency} | statement_shape(found)


def statement_shape(found: Statement) -> dict[str, Any]:
    """A statement as every door tells it."""
    return {
        "statement": found.kind.value,
        "columns": [{"start": span.start, "end": span.end, "name": span.name} for span in found.columns],
        "items": [
            {
                "key": row.key,
                "label": row.label,
                "account": row.code,
                "weight": row.weight or "line",
                "amounts": list(row.amounts),
            }
            for row in found.rows
        ],
        "next_cursor": "",
    }


def _period(one: DeferredPeriod) -> dict[str, Any]:
    days = {"month": one.period.start, "end": one.period.end, "period": one.period.code}
    return days | {name: getattr(one, name) for name in ("opening", "billed", "recognised", "other", "closing")}
