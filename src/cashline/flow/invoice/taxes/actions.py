"""Writing tax rates, exemption certificates and what customers withhold.

A new rate ends the one before it; a rate that invoices were issued by is never rewritten.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from msgspec.structs import replace
from psycopg.errors import ExclusionViolation

from cashline.flow.agree.customers.queries import customers_by_id, customers_for_update
from cashline.flow.invoice.taxes import queries
from cashline.flow.invoice.taxes.queries import TaxRateRow
from cashline.flow.invoice.taxes.rules import (
    InvalidCertificate,
    InvalidTaxRate,
    InvalidWithholding,
    NewCertificate,
    NewTaxRate,
    NewWithholding,
    certificate_problems,
    rate_problems,
    withholding_problems,
)
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import NotFound, raise_all
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef


@transaction.atomic
def set_tax_rates(rates: Sequence[NewTaxRate], *, now: datetime, actor: str) -> list[UUID]:
    """Put rates on file, each from its day on; the open rate of that country and category ends there.

    Gives their ids in the order of their days. Raises all errors at once (InvalidTaxRate), also where a later rate of
    the same kind is on file already.
    """
    if not rates:
        return []
    sql.execute("SELECT pg_advisory_xact_lock(hashtext('cashline.tax_rates'))")
    last = {
        (row.country, row.category): row
        for row in sorted(
            queries.rates_for_update((rate.country, rate.category) for rate in rates), key=lambda row: row.since
        )
    }
    stored = {row.id: row.since for row in last.values()}
    problems: list[InvalidTaxRate] = []
    rows: list[TaxRateRow] = []
    ends: dict[UUID, date] = {}
    for rate in sorted(rates, key=lambda rate: rate.since):
        kind = (rate.country, rate.category.value)
        before = last.get(kind)
        problems += [*rate_problems(rate), *_overlaps(rate, before)]
        if before is not None:
            ends[before.id] = rate.since
        last[kind] = TaxRateRow(new_id(), *kind, rate.percent, rate.since, None)
        rows.append(last[kind])
    raise_all(problems)
    changes = [(key, f"[{since},{ends[key]})") for key, since in stored.items() if key in ends]
    sql.update("tax_rates", {"valid": "daterange"}, changes)
    sql.insert(
        "tax_rates",
        ("id", "country", "category", "rate", "valid"),
        [
            (row.id, row.country, row.category, row.percent, f"[{row.since},{ends.get(row.id) or ''})")
            for row in rows
        ],
    )  # fmt: skip
    record([_event(row) for row in rows], now=now, actor=actor)
    return [row.id for row in rows]


def _overlaps(rate: NewTaxRate, before: TaxRateRow | None) -> list[InvalidTaxRate]:
    if before is None or before.since < rate.since:
        return []
    return [
        InvalidTaxRate(
            f"The {rate.category} rate of {rate.country} from {before.since} is on file already.",
            field="since",
            fix=f"Give a day after {before.since}.",
        )
    ]


def _event(row: TaxRateRow) -> Event:
    data = {
        "country": row.country,
        "category": row.category,
        "percent": str(row.percent),
        "since": row.since.isoformat(),
    }
    return Event("TaxRateSet", (ObjectRef("tax_rate", row.id),), data)


@transaction.atomic
def keep_certificates(certificates: Sequence[NewCertificate], *, now: datetime, actor: str) -> list[UUID]:
    """Keep exemption certificates; what is supplied while one holds is exempt in its country. Gives their ids.

    Raises all errors at once (InvalidCertificate), also where another of that country holds at the same time.
    """
    raise_all(problem for new in certificates for problem in certificate_problems(new))
    wanted = {new.customer_id for new in certificates}
    raise_all(
        NotFound(f"There is no customer {key}.", field="customer_id") for key in wanted - customers_by_id(wanted).keys()
    )
    keys = [new_id() for _ in certificates]
    rows = [
        (key, new.customer_id, new.country, new.number.strip(), new.reason.strip(), f"[{new.since},{new.until or ''})",
         now)
        for key, new in zip(keys, certificates, strict=True)
    ]  # fmt: skip
    try:
        with transaction.atomic():
            sql.insert(
                "exemption_certificates",
                ("id", "customer_id", "country", "number", "reason", "valid", "created_at"),
                rows,
            )
    except IntegrityError as error:
        if not isinstance(error.__cause__, ExclusionViolation):
            raise
        raise InvalidCertificate(
            "Another certificate of that country holds for the customer at the same time.",
            field="since",
            fix="End the other one first.",
        ) from None
    record(
        [
            _certified("ExemptionCertified", key, new.customer_id, new.country, new.number)
            for key, new in zip(keys, certificates, strict=True)
        ],
        now=now,
        actor=actor,
    )
    return keys


@transaction.atomic
def end_certificate(*, certificate_id: UUID, until: date, reason: str, now: datetime, actor: str) -> None:
    """A certificate holds until that day, not on it; what was invoiced stays. Raises InvalidCertificate, NotFound."""
    row = queries.certificate(certificate_id, for_update=True)
    if until <= row.since or (row.until is not None and until >= row.until):
        end = f" and before {row.until}" if row.until else ""
        raise InvalidCertificate(f"It can end after {row.since}{end}.", field="until")
    sql.execute(
        "UPDATE exemption_certificates SET valid = daterange(lower(valid), %s) WHERE id = %s", (until, certificate_id)
    )
    event = _certified("ExemptionEnded", row.id, row.customer_id, row.country, row.number)
    record([replace(event, data={**event.data, "until": until.isoformat()}, reason=reason)], now=now, actor=actor)


def _certified(kind: str, key: UUID, customer_id: UUID, country: str, number: str) -> Event:
    objects = (ObjectRef("exemption_certificate", key), ObjectRef("customer", customer_id))
    return Event(kind, objects, {"country": country, "number": number.strip()})


@transaction.atomic
def set_withholding(rates: Sequence[NewWithholding], *, now: datetime, actor: str) -> list[UUID]:
    """Put on file what customers withhold, each from its day on; the rate of that kind before it ends there.

    What was invoiced stays. Gives their ids. Raises all errors at once (InvalidWithholding, NotFound), also where a
    later rate of the same kind is on file already.
    """
    raise_all(problem for new in rates for problem in withholding_problems(new))
    customers, entities = {new.customer_id for new in rates}, {new.entity_id for new in rates}
    customers_for_update(customers)
    entities_by_id(entities)
    last = {
        (row.customer_id, row.entity_id, row.kind): (row.id, row.since)
        for row in sorted(queries.withholdings_for_update(customers), key=lambda row: row.since)
    }
    stored, problems = dict(last.values()), []
    rows: list[tuple[UUID, NewWithholding]] = []
    ends: dict[UUID, date] = {}
    for new in sorted(rates, key=lambda new: new.since):
        kind = (new.customer_id, new.entity_id, new.kind)
        before = last.get(kind)
        if before is not None and before[1] >= new.since:
            words = f"A rate of that kind from {before[1]} is on file already."
            problems.append(InvalidWithholding(words, field="since", fix=f"Give a day after {before[1]}."))
        elif before is not None:
            ends[before[0]] = new.since
        last[kind] = (new_id(), new.since)
        rows.append((last[kind][0], new))
    raise_all(problems)
    changes = [(key, f"[{since},{ends[key]})") for key, since in stored.items() if key in ends]
    sql.update("withholding_rates", {"valid": "daterange"}, changes)
    sql.insert(
        "withholding_rates",
        ("id", "customer_id", "entity_id", "kind", "rate", "reason", "valid", "created_at"),
        [
            (key, new.customer_id, new.entity_id, new.kind, new.percent, new.reason.strip(),
             f"[{new.since},{ends.get(key) or ''})", now)
            for key, new in rows
        ],
    )  # fmt: skip
    record([_withheld(key, new) for key, new in rows], now=now, actor=actor)
    return [key for key, _ in rows]


def _withheld(key: UUID, new: NewWithholding) -> Event:
    data = {"kind": new.kind, "percent": str(new.percent), "since": new.since.isoformat(), "reason": new.reason.strip()}
    objects = (ObjectRef("withholding_rate", key), ObjectRef("customer", new.customer_id))
    return Event("WithholdingSet", objects, data)
