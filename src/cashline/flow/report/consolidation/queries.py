"""Reading the group: what moved by month in every entity, the rates, and what was charged within the group."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.recognise.ledger.queries.balances import contract_assets, movements, summary_bound
from cashline.flow.recognise.ledger.rules.accounts import AccountRole
from cashline.flow.report.consolidation.rules import (
    ELIMINATIONS,
    ZERO,
    Consolidated,
    Intragroup,
    Kind,
    Member,
    Movement,
    Window,
    consolidate,
)
from cashline.flow.report.consolidation.rules.flows import cash_flow
from cashline.flow.report.statements.rules.financial import CASH, Step, spans
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import InvalidValue
from cashline.platform import sql
from cashline.platform.company.queries import average_rates, entities, exchange_rates
from cashline.platform.snapshots.rules import Figure

_MOVED = """
SELECT a.entity_id, a.id, a.type, a.role, date_trunc('month', m.day)::date AS month,
    sum(m.functional_debit - m.functional_credit), {rule}
FROM accounts a JOIN {movements} m ON m.account_id = a.id
WHERE a.entity_id = ANY(%(group)s) AND m.day <= %(as_of)s GROUP BY 1, 2, 5, 7 ORDER BY 1, 2, 5, 7
"""
_WITHIN = """
SELECT a.entity_id, a.role, date_trunc('month', l.day)::date AS month, sum(l.functional_amount)
FROM accounts a JOIN journal_lines l ON l.account_id = a.id JOIN intercompany_sales s ON s.id = l.document_id {known}
WHERE a.role = ANY(%(roles)s) AND a.entity_id = ANY(%(group)s) AND s.seller_id = ANY(%(group)s)
    AND s.buyer_id = ANY(%(group)s) AND l.day <= %(as_of)s GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


def consolidation(
    kind: Kind,
    *,
    as_of: date,
    currency: str,
    step: Step = Step.YEAR,
    entity_ids: Sequence[UUID] | None = None,
    known_at: datetime | None = None,
) -> Consolidated:
    """A statement of the group (all entities where none are named) in a currency at the end of a day.

    Results and flows are those of the month, quarter or year that holds `as_of`, up to it. With `known_at` only what
    was posted up to that instant counts. Raises InvalidValue for no entity, and MissingRate.
    """
    group = [one for one in entities() if entity_ids is None or one.id in entity_ids]
    if not group:
        raise InvalidValue("A group has one entity at least.", field="entity")
    keys = [one.id for one in group]
    flows = kind is Kind.CASH_FLOW
    [span] = spans(as_of, step if flows or kind is Kind.PROFIT_AND_LOSS else Step.YEAR, 1)
    params: dict[str, Any] = {"bound": summary_bound(), "group": keys, "as_of": as_of, "known_at": known_at}
    by_rule = "m.rule" if flows else "''"
    moved = [Movement(*row) for row in sql.fetch(_MOVED.format(movements=movements(known_at), rule=by_rule), params)]
    roles = [role.value for rule in ELIMINATIONS for role in rule.roles]
    known = "" if known_at is None else "JOIN journal_entries e ON e.id = l.entry_id AND e.posted_at <= %(known_at)s"
    within = [Intragroup(*row) for row in sql.fetch(_WITHIN.format(known=known), params | {"roles": roles})]
    months = {one.month for one in moved}
    closing = exchange_rates({(one.currency, currency, as_of) for one in group})
    average = average_rates({(one.currency, currency, month) for one in group for month in months}, until=as_of)
    holding = {one.entity_id for one in moved if one.role == AccountRole.CONTRACT_POSITION}
    members = [
        Member(
            one.id,
            one.code,
            one.currency,
            closing[one.currency, currency, as_of],
            {month: average[one.currency, currency, month] for month in months},
            contract_assets(one.id, as_of, known_at=known_at) if one.id in holding else ZERO,
        )
        for one in group
    ]
    window, digits = Window(span.start, as_of), minor_units(currency)
    if not flows:
        return consolidate(kind, members, moved, within, currency=currency, digits=digits, window=window)
    opening = _opening(members, moved, currency, window)
    return cash_flow(members, moved, within, opening, currency=currency, digits=digits, window=window)


def _opening(
    members: Sequence[Member], moved: Sequence[Movement], currency: str, window: Window
) -> dict[UUID, Decimal]:
    """The rates of the day before the window, of entities that had cash by then; raises MissingRate."""
    holding = {one.entity_id for one in moved if one.role in CASH and one.month < window.start}
    day = window.start - timedelta(days=1)
    mine = {one.id: one.currency for one in members if one.id in holding}
    rates = exchange_rates({(own, currency, day) for own in mine.values()})
    return {key: rates[own, currency, day] for key, own in mine.items()}


@dataclass(frozen=True, slots=True)
class ConsolidationAsked:
    """What `consolidation` is asked; `as_of` None is today."""

    kind: Kind
    currency: str
    as_of: date | None = None
    step: Step = Step.YEAR
    entity_ids: tuple[UUID, ...] | None = None
    known_at: datetime | None = None


def _consolidated(asked: ConsolidationAsked, today: date) -> Consolidated:
    return consolidation(
        asked.kind,
        as_of=asked.as_of or today,
        currency=asked.currency,
        step=asked.step,
        entity_ids=asked.entity_ids,
        known_at=asked.known_at,
    )


CONSOLIDATION = Figure("report.consolidation", ConsolidationAsked, Consolidated, _consolidated)
"""A statement of the group."""
