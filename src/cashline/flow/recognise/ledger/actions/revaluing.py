"""Revaluing what is held in foreign currency at the end of a period; run again, it posts what has changed since."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from cashline.flow.recognise.ledger.actions import open_or_find_books, post
from cashline.flow.recognise.ledger.queries.balances import role_balances
from cashline.flow.recognise.ledger.queries.revaluation import revalued
from cashline.flow.recognise.ledger.rules.revaluation import MONETARY, MonetaryItem, plan_revaluation
from cashline.kernel.identifiers import new_id
from cashline.platform.company.queries import exchange_rates, fiscal_calendar
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef


@transaction.atomic
def revalue_month(
    *, entity_id: UUID, month: date, now: datetime, actor: str, preview: bool = False
) -> tuple[tuple[MonetaryItem, ...], Decimal]:
    """Post the unrealised exchange difference of the month or fiscal period that holds the day `month`.

    Gives the items and what was, or would be, posted. Raises MissingRate where a currency that is held has no rate.
    """
    opened = open_or_find_books({entity_id}, now=now, actor=actor)
    one, whole = opened[entity_id], fiscal_calendar(entity_id).period_of(month)
    held = role_balances(MONETARY, as_of=whole.last_day, entity_ids=[entity_id])
    foreign = {key: value for key, value in held.items() if key[2] != one.currency and (value[0] or value[1])}
    rates = exchange_rates({(code, one.currency, whole.last_day) for _, _, code in foreign})
    items = tuple(
        MonetaryItem(role, code, amount, own, rates[code, one.currency, whole.last_day])
        for (_, role, code), (amount, own) in sorted(foreign.items(), key=lambda item: (item[0][1], item[0][2]))
    )
    posted = revalued(entity_id, whole.last_day)
    entries = plan_revaluation(entity_id, one.currency, one.digits, whole, items, posted, new_id())
    off = entries[0].lines[0].amount if entries else Decimal(0)
    if preview or not entries:
        return items, off
    post(entries, now=now, actor=actor, known=opened)
    data = {
        "month": whole.start.isoformat(),
        "period": whole.code,
        "amount": str(off),
        "items": [
            {"role": item.role, "currency": item.currency, "amount": str(item.amount), "rate": str(item.rate)}
            for item in items
        ],
    }
    record([Event("PeriodRevalued", (ObjectRef("entity", entity_id),), data)], now=now, actor=actor)
    return items, off
