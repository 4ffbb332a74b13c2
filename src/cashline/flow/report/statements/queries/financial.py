"""The financial statements of an entity on any day, and as they were known at any instant, from the journal alone."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.recognise.ledger.queries.balances import contract_assets, movements, summary_bound
from cashline.flow.report.statements.rules.financial import (
    MAX_COLUMNS,
    Kind,
    Movement,
    Span,
    Statement,
    Step,
    balance_sheet,
    breaks,
    cash_flow,
    profit_and_loss,
    spans,
)
from cashline.kernel.refusals import InvalidValue
from cashline.platform import sql
from cashline.platform.company.queries import fiscal_calendar
from cashline.platform.snapshots.rules import Figure


@dataclass(frozen=True, slots=True)
class Statements:
    """The three statements over the same columns, and where they do not tie (never)."""

    balance_sheet: Statement
    profit_and_loss: Statement
    cash_flow: Statement
    breaks: tuple[str, ...]

    def of(self, kind: Kind) -> Statement:
        """One of them."""
        return {
            Kind.BALANCE_SHEET: self.balance_sheet,
            Kind.PROFIT_AND_LOSS: self.profit_and_loss,
            Kind.CASH_FLOW: self.cash_flow,
        }[kind]


def financial_statements(
    entity_id: UUID,
    as_of: date,
    *,
    step: Step = Step.MONTH,
    columns: int = 2,
    known_at: datetime | None = None,
) -> Statements:
    """Balance sheet, profit and loss and cash flow in the entity's currency; the newest column ends with `as_of`.

    With `known_at` only what was posted up to that instant counts. Raises InvalidValue for too many columns.
    """
    if not 1 <= columns <= MAX_COLUMNS:
        raise InvalidValue(f"A statement has 1 to {MAX_COLUMNS} columns.", field="columns")
    chosen = spans(as_of, step, columns, fiscal_calendar(entity_id))
    moved = _movements(entity_id, chosen, known_at)
    assets = [contract_assets(entity_id, span.last_day, known_at=known_at) for span in chosen]
    sheet, result, flow = balance_sheet(moved, assets, chosen), profit_and_loss(moved, chosen), cash_flow(moved, chosen)
    return Statements(sheet, result, flow, tuple(breaks(sheet, result, flow, moved)))


@dataclass(frozen=True, slots=True)
class StatementsAsked:
    """What `financial_statements` is asked; `as_of` None is today."""

    entity_id: UUID
    as_of: date | None = None
    step: Step = Step.MONTH
    columns: int = 2
    known_at: datetime | None = None


def _stated(asked: StatementsAsked, today: date) -> Statements:
    return financial_statements(
        asked.entity_id, asked.as_of or today, step=asked.step, columns=asked.columns, known_at=asked.known_at
    )


STATEMENTS = Figure("statements.financial", StatementsAsked, Statements, _stated)
"""The financial statements of an entity."""


def _movements(entity_id: UUID, chosen: tuple[Span, ...], known_at: datetime | None) -> list[Movement]:
    """What each rule moved on each account: in the columns, before their years, and up to their ends."""
    net = "m.functional_debit - m.functional_credit"
    params: dict[str, Any] = {"bound": summary_bound(), "entity": entity_id, "known_at": known_at}
    parts: list[str] = []
    for name, start, end in (("within", "start", "end"), ("before", None, "year"), ("to_date", None, "end")):
        for place, span in enumerate(chosen):
            params[f"{name}_end_{place}"] = getattr(span, end)
            when = f"m.day < %({name}_end_{place})s"
            if start:
                params[f"{name}_start_{place}"] = span.start
                when += f" AND m.day >= %({name}_start_{place})s"
            parts.append(f"COALESCE(sum({net}) FILTER (WHERE {when}), 0)")
    rows = sql.fetch(
        f"SELECT a.id, a.code, a.name, a.type, a.role, m.rule, {', '.join(parts)} FROM accounts a "
        f"JOIN {movements(known_at)} m ON m.account_id = a.id WHERE a.entity_id = %(entity)s "
        "AND m.day < %(to_date_end_0)s GROUP BY a.id, m.rule ORDER BY a.code, m.rule",
        params,
    )
    width = len(chosen)
    return [Movement(*row[:6], *(_tuple(row, 6 + place * width, width) for place in range(3))) for row in rows]


def _tuple(row: tuple[Any, ...], first: int, width: int) -> tuple[Decimal, ...]:
    return tuple(row[first : first + width])
