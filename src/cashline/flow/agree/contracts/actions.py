"""Writing agreements. Terms are appended as versions of lines and never rewritten."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.contracts.rules import (
    AgreementOrigin,
    AgreementStatus,
    NewAgreement,
    NewTermLine,
    agreement_errors,
)
from cashline.kernel.periods import local_day
from cashline.kernel.refusals import raise_all
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.numbering.actions import Series, take_numbers

_AGREEMENT_FIELDS = (
    "id number origin customer_id entity_id quote_version_id currency status title terms purchase_order "
    "payment_terms_days starts_on net_total created_at"
)
_AGREEMENT_COLUMNS = _AGREEMENT_FIELDS.split()
_LINE_FIELDS = (
    "id line_id agreement_id line_no product_id kind description quantity unit_price stand_alone_price charge "
    "interval_months term_months billing_trigger revenue_pattern tax_category net_total valid known_at"
)
_LINE_COLUMNS = _LINE_FIELDS.split()


@transaction.atomic
def create_agreements(agreements: Sequence[NewAgreement], *, now: datetime, actor: str) -> list[UUID]:
    """Make agreements with their lines, numbered by legal entity and year, in four statements whatever their number.

    Those of origin ORDER are active at once (the order's own event tells of it); those of origin CONTRACT are drafts
    until they are signed, and each records AgreementCreated. Raises all errors at once.
    """
    if not agreements:
        return []
    several = len(agreements) > 1
    raise_all(
        error
        for index, agreement in enumerate(agreements)
        for error in agreement_errors(agreement, f"agreements.{index}." if several else "")
    )
    numbers = _numbers(agreements, now)
    rows = [_agreement_row(new, number, now) for new, number in zip(agreements, numbers, strict=True)]
    sql.insert("agreements", _AGREEMENT_COLUMNS, rows)
    days: dict[date, str] = {}
    line_rows = []
    for new in agreements:
        valid = days.setdefault(new.starts_on, f"[{new.starts_on},)")
        line_rows.extend([_line_row(line, new.id, valid, now) for line in new.lines])
    sql.insert("agreement_lines", _LINE_COLUMNS, line_rows)
    record(
        [
            _created(new, number)
            for new, number in zip(agreements, numbers, strict=True)
            if new.origin == AgreementOrigin.CONTRACT
        ],
        now=now,
        actor=actor,
    )
    return [new.id for new in agreements]


def _numbers(agreements: Sequence[NewAgreement], now: datetime) -> list[str]:
    """The number of each agreement, in their order."""
    entities = entities_by_id({new.entity_id for new in agreements})
    series = {
        key: Series("agreement", entity.code, local_day(now, entity.timezone).year, key)
        for key, entity in entities.items()
    }
    wanted: dict[Series, int] = {}
    for new in agreements:
        wanted[series[new.entity_id]] = wanted.get(series[new.entity_id], 0) + 1
    taken = {key: iter(numbers) for key, numbers in take_numbers(wanted).items()}
    return [next(taken[series[new.entity_id]]) for new in agreements]


def _agreement_row(new: NewAgreement, number: str, now: datetime) -> tuple[Any, ...]:
    status = AgreementStatus.ACTIVE if new.origin == AgreementOrigin.ORDER else AgreementStatus.DRAFT
    return (
        new.id,
        number,
        new.origin,
        new.customer_id,
        new.entity_id,
        new.quote_version_id,
        new.currency,
        status.value,
        new.title,
        new.terms,
        new.purchase_order,
        new.payment_terms_days,
        new.starts_on,
        new.net_total,
        now,
    )


def _line_row(line: NewTermLine, agreement_id: UUID, valid: str, now: datetime) -> tuple[Any, ...]:
    return (
        line.id,
        line.id,
        agreement_id,
        line.line_no,
        line.product_id,
        line.kind,
        line.description,
        line.quantity,
        line.unit_price,
        line.stand_alone_price,
        sql.json(line.charge) if line.charge is not None else None,
        line.interval_months,
        line.term_months,
        line.billing_trigger,
        line.revenue_pattern,
        line.tax_category,
        line.net_total,
        valid,
        now,
    )


def _created(new: NewAgreement, number: str) -> Event:
    return Event(
        "AgreementCreated",
        (ObjectRef("agreement", new.id), ObjectRef("customer", new.customer_id)),
        {"number": number, "origin": new.origin, "net_total": str(new.net_total), "currency": new.currency},
    )
