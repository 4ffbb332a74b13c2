"""Studying stand-alone prices from own transactions, and deciding what a study proposes."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction

from cashline.flow.recognise.revenue.queries.prices import observed_prices, price_for_update, taken_from
from cashline.flow.recognise.revenue.rules.price_study import PARAGRAPH, PRICE, PriceStatus, Stratum, Terms, study
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import Conflict, InvalidValue, Refusal, raise_all
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

_COLUMNS = (
    *("id", "study_id", "product_id", "currency", "interval_months", "segment", "quantity_from", "quantity_to"),
    *("count", "within", "observable", "least", "most", "amount", "low", "high", "derivation"),
)


class PriceTaken(Conflict):
    """Another stand-alone price is in force for the same transactions from the same day on."""

    code = "price_taken"


@transaction.atomic
def study_prices(
    *,
    entity_id: UUID,
    start: date,
    end: date,
    terms: Terms,
    product_ids: Sequence[UUID] | None = None,
    now: datetime,
    actor: str,
) -> UUID:
    """Study what agreements that began in `[start, end)` charge, and propose a price for each stratum; gives its id."""
    errors = terms.errors()
    if end <= start:
        errors.append(InvalidValue("The window ends after it begins.", field="end"))
    raise_all(errors)
    observed = observed_prices(entity_id, start, end, product_ids)
    found, key = study(observed, terms), new_id()
    sql.insert(
        "price_studies",
        ("id", "entity_id", "starts_on", "ends_on", "terms", "observations", "made_by", "made_at"),
        [(key, entity_id, start, end, sql.json(msgspec.to_builtins(terms)), len(observed), actor, now)],
    )
    sql.insert("stand_alone_prices", _COLUMNS, [_row(key, one, terms) for one in found])
    objects = (ObjectRef("price_study", key), ObjectRef("entity", entity_id))
    data = {"observations": len(observed), "strata": len(found), "observable": sum(one.observable for one in found)}
    record([Event("StandAlonePricesStudied", objects, data)], now=now, actor=actor)
    return key


def _row(key: UUID, one: Stratum, terms: Terms) -> tuple[Any, ...]:
    derivation = sql.json(one.derivation(terms.spread).as_json())
    return (
        *(new_id(), key, *one.key, one.count, one.within, one.observable, one.prices[0], one.prices[-1]),
        *(one.median, one.low, one.high, derivation),
    )


@transaction.atomic
def approve_price(
    *,
    price_id: UUID,
    valid_from: date,
    today: date,
    reason: str = "",
    paragraph: str = PARAGRAPH,
    amount: Decimal | None = None,
    now: datetime,
    actor: str,
) -> None:
    """Put a proposed price into force for contracts that begin from a day on, which is not past.

    `today` is the business day of the entity. Another `amount` within the range, and a price that is not observable,
    need a reason. Raises IllegalTransition, and PriceTaken where another is in force from that very day.
    """
    row = price_for_update(price_id)
    target = PRICE.target("approve", row.status, document_id=str(price_id))
    chosen = row.amount if amount is None else amount
    errors: list[Refusal] = []
    if valid_from < today:
        sentence = "A stand-alone price is not put into force for contracts that have begun (606-10-32-43)."
        errors.append(InvalidValue(sentence, field="valid_from", fix=f"Give {today} or a later day."))
    if not row.low <= chosen <= row.high:
        errors.append(InvalidValue(f"The price lies within {row.low:f} to {row.high:f}.", field="amount"))
    if not reason.strip() and (chosen != row.amount or not row.observable):
        errors.append(InvalidValue("Say why this price is approved.", field="reason"))
    if not paragraph.strip():
        errors.append(InvalidValue("Name the paragraph.", field="paragraph"))
    if other := taken_from(row, valid_from):
        errors.append(
            PriceTaken(
                f"{row.sku} has a price of {other.amount:f} {row.currency} from {valid_from} on, as {other.decided_by} "
                "decided.",
                field="valid_from",
                fix="Give a later day: the latest price in force counts.",
            )
        )
    raise_all(errors)
    sql.execute(
        "UPDATE stand_alone_prices SET status = %s, valid_from = %s, amount = %s, paragraph = %s, reason = %s, "
        "decided_by = %s, decided_at = %s WHERE id = %s",
        (target.value, valid_from, chosen, paragraph.strip(), reason.strip(), actor, now, price_id),
    )
    data = {"sku": row.sku, "currency": row.currency, "amount": f"{chosen:f}", "valid_from": valid_from.isoformat()}
    _decided("StandAlonePriceApproved", row.study_id, row.product_id, data, reason, now=now, actor=actor)


@transaction.atomic
def reject_price(*, price_id: UUID, reason: str, now: datetime, actor: str) -> None:
    """Leave a proposed price out of force, with why. Raises IllegalTransition."""
    row = price_for_update(price_id)
    target: PriceStatus = PRICE.target("reject", row.status, document_id=str(price_id))
    if not reason.strip():
        raise InvalidValue("Say why the price is rejected.", field="reason")
    sql.execute(
        "UPDATE stand_alone_prices SET status = %s, paragraph = %s, reason = %s, decided_by = %s, decided_at = %s "
        "WHERE id = %s",
        (target.value, PARAGRAPH, reason.strip(), actor, now, price_id),
    )
    data = {"sku": row.sku, "currency": row.currency}
    _decided("StandAlonePriceRejected", row.study_id, row.product_id, data, reason, now=now, actor=actor)


def _decided(
    kind: str, study_id: UUID, product_id: UUID, data: dict[str, str], reason: str, *, now: datetime, actor: str
) -> None:
    objects = (ObjectRef("price_study", study_id), ObjectRef("product", product_id))
    record([Event(kind, objects, data, reason.strip())], now=now, actor=actor)
