"""Arrangements as the API and the terminal show them: every amount an exact decimal text."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from cashline.flow.recognise.revenue.actions import ArrangementRunResult
from cashline.flow.recognise.revenue.queries.arrangements import ArrangementRow, Changed, FactRow
from cashline.flow.recognise.revenue.rules.standard.deciding import PARAGRAPHS, Decision
from cashline.flow.recognise.revenue.rules.standard.planning import Moment
from cashline.kernel.identifiers import public
from cashline.kernel.money import minor_units
from cashline.kernel.rounding import round_to


def _text(amount: Decimal | None, digits: int) -> str | None:
    return None if amount is None else f"{round_to(amount, digits):f}"


def shape(row: ArrangementRow) -> dict[str, Any]:
    """An arrangement."""
    return {
        "id": public("revenue_arrangement", row.id),
        "number": row.number,
        "customer_id": public("customer", row.customer_id) if row.customer_id else None,
        "customer_name": row.customer_name,
        "currency": row.currency,
        "title": row.title,
        "run_through": row.through,
        "created_by": row.created_by,
        "created_at": row.created_at,
    }


def fact_shape(row: FactRow) -> dict[str, Any]:
    """A fact as it was recorded: what, from when, by whom, by which paragraph and why."""
    return {
        "sequence": row.sequence,
        "kind": row.kind,
        "type": row.type,
        "subject": row.subject,
        "effective_on": row.effective_on,
        "body": row.body,
        "paragraph": row.paragraph,
        "reason": row.reason,
        "decision": row.decision,
        "recorded_by": row.recorded_by,
        "recorded_at": row.recorded_at,
    }


def standing_shape(moment: Moment, currency: str) -> dict[str, Any]:
    """Prices, obligations and balances at the end of a day; balances are debit positive."""
    digits = minor_units(currency)
    units = [unit for units in moment.units.values() for unit in units]
    return {
        "transaction_price": _text(sum((unit.price for unit in units), Decimal(0)), digits),
        "variable": _text(sum((unit.variable for unit in units), Decimal(0)), digits),
        "refused": {name: _text(amount, digits) for name, amount in moment.refused.items()},
        "obligations": [
            {
                "obligation": one.work.id,
                "contract": one.work.contract,
                "pattern": one.work.fact.pattern,
                "stand_alone_price": _text(one.ssp, digits),
                "allocated": _text(one.allocated, digits),
                "progress": _text(one.progress, 8),
                "recognised": _text(one.revenue, digits),
                "remaining": _text(one.remaining, digits),
            }
            for one in moment.obligations()
        ],
        "balances": [
            {
                "account": key.account,
                "contract": key.contract,
                "subject": key.subject,
                "nature": key.nature,
                "amount": _text(amount, digits),
            }
            for key, amount in sorted(moment.balances.items())
        ],
    }


def ahead_shape(ahead: Sequence[tuple[date, str, Decimal]]) -> dict[str, Any]:
    """What time alone will earn, by month and obligation; the rest of what remains waits for deliveries."""
    return {
        "ahead": [{"month": f"{day:%Y-%m}", "obligation": name, "amount": f"{amount:f}"} for day, name, amount in ahead]
    }


def change_shape(one: Changed) -> dict[str, Any]:
    """A difference of journals in a month; debit positive."""
    return {
        "month": f"{one.month:%Y-%m}",
        "account": one.key.account,
        "contract": one.key.contract,
        "subject": one.key.subject,
        "nature": one.key.nature,
        "now": f"{one.now:f}",
        "then": f"{one.then:f}",
        "difference": f"{one.difference:f}",
    }


def decision_shape(found: Decision, chosen: str) -> dict[str, Any]:
    """How a modification is accounted for, and the steps of the rule."""
    return {
        "treatment": chosen,
        "by_rule": found.treatment,
        "paragraph": PARAGRAPHS[chosen],
        "steps": [step._asdict() for step in found.steps],
    }


def run_shape(result: ArrangementRunResult) -> list[dict[str, Any]]:
    """What a run posted of each arrangement, by month and account; debit positive."""
    found: dict[tuple[str, str, str], Decimal] = {}
    for key, one in result.amounts:
        place = (public("revenue_arrangement", key), f"{one.day:%Y-%m}", one.key.account)
        found[place] = found.get(place, Decimal(0)) + one.amount
    return [
        {"arrangement_id": key, "month": month, "account": account, "amount": f"{amount:f}"}
        for (key, month, account), amount in sorted(found.items())
        if amount
    ]
