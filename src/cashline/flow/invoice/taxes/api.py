"""The API of tax rates, exemption certificates and what customers withhold."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from cashline.flow.agree.catalog.rules import TaxCategory
from cashline.flow.invoice.taxes import actions, queries
from cashline.flow.invoice.taxes.queries import CertificateRow, TaxRateRow, WithholdingRow
from cashline.flow.invoice.taxes.rules import NewCertificate, NewTaxRate, NewWithholding
from cashline.kernel.identifiers import key_of, public
from cashline.platform.company.queries import entity_by_code
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import (
    Closed,
    CountryCode,
    Cursor,
    EntityCode,
    Limit,
    PublicId,
    Sort,
    ask_of,
    listed,
)

router = Router(tags=["Tax rates"])


class TaxRateIn(Closed):
    """A percentage of a country for a category of products, from a day on."""

    country: CountryCode
    category: TaxCategory
    percent: Annotated[Decimal, Field(ge=0, lt=100, decimal_places=6)]
    since: date


def shape(row: TaxRateRow) -> dict[str, Any]:
    """A rate on file; `until` is the first day on which it no longer applies."""
    return {
        "id": public("tax_rate", row.id),
        "country": row.country,
        "category": row.category,
        "percent": f"{row.percent:f}",
        "since": row.since,
        "until": row.until,
    }


@router.get("/tax-rates")
def tax_rate_list(request: HttpRequest, country: CountryCode | None = None) -> dict[str, Any]:
    """All rates by country, category and day."""
    caller_of(request).require("taxes.read")
    return {"items": [shape(row) for row in queries.list_rates(country or "")], "next_cursor": ""}


@router.post("/tax-rates", response={201: dict[str, Any]})
def tax_rate_create(request: HttpRequest, body: TaxRateIn) -> tuple[int, dict[str, Any]]:
    """Put a rate on file; the open rate of the same country and category ends the day before."""
    caller = caller_of(request)
    caller.require("taxes.write")
    new = NewTaxRate(body.country, body.category, body.percent, body.since)
    (key,) = actions.set_tax_rates([new], now=caller.now, actor=caller.actor)
    return 201, next(shape(row) for row in queries.list_rates(body.country) if row.id == key)


class CertificateIn(Closed):
    """An exemption certificate; `until` is the first day on which it no longer holds."""

    customer_id: PublicId
    country: CountryCode
    number: Annotated[str, Field(min_length=1, max_length=100)]
    reason: Annotated[str, Field(min_length=1, max_length=300)]
    since: date
    until: date | None = None


class CertificateEndIn(Closed):
    """From which day on a certificate holds no more, and why."""

    until: date
    reason: Annotated[str, Field(max_length=1000)] = ""


def certificate_shape(row: CertificateRow) -> dict[str, Any]:
    """A certificate on file."""
    return {
        "id": public("exemption_certificate", row.id),
        "customer_id": public("customer", row.customer_id),
        "customer_name": row.customer_name,
        "country": row.country,
        "number": row.number,
        "reason": row.reason,
        "since": row.since,
        "until": row.until,
        "created_at": row.created_at,
    }


@router.get("/exemption-certificates")
def certificate_list(
    request: HttpRequest,
    customer_id: Annotated[str, Query(max_length=64)] = "",
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Exemption certificates, the newest first unless sorted by since or country."""
    caller_of(request).require("taxes.read")
    key = key_of("customer", customer_id) if customer_id else None
    return listed(queries.list_certificates(ask_of(sort, cursor, limit), customer_id=key), certificate_shape)


@router.post("/exemption-certificates", response={201: dict[str, Any]})
def certificate_create(request: HttpRequest, body: CertificateIn) -> tuple[int, dict[str, Any]]:
    """Keep a certificate: what is supplied while it holds, and that country would tax, is exempt for the customer."""
    caller = caller_of(request)
    caller.require("taxes.write")
    new = NewCertificate(**body.model_dump() | {"customer_id": key_of("customer", body.customer_id)})
    (key,) = actions.keep_certificates([new], now=caller.now, actor=caller.actor)
    return 201, certificate_shape(queries.certificate(key))


@router.post("/exemption-certificates/{certificate_id}/end")
def certificate_end(request: HttpRequest, certificate_id: PublicId, body: CertificateEndIn) -> dict[str, Any]:
    """End a certificate on a day; what was invoiced before stays."""
    caller = caller_of(request)
    caller.require("taxes.write")
    key = key_of("exemption_certificate", certificate_id)
    actions.end_certificate(
        certificate_id=key, until=body.until, reason=body.reason, now=caller.now, actor=caller.actor
    )  # fmt: skip
    return certificate_shape(queries.certificate(key))


class WithholdingIn(Closed):
    """What a customer withholds of one kind of supply, or (without a kind) of all, from a day on; 0 ends it."""

    customer_id: PublicId
    entity: EntityCode
    kind: Literal["", "goods", "subscription", "service"] = ""
    percent: Annotated[Decimal, Field(ge=0, lt=100, decimal_places=6)]
    reason: Annotated[str, Field(min_length=1, max_length=300)]
    since: date


def withholding_shape(row: WithholdingRow) -> dict[str, Any]:
    """A withholding rate on file."""
    return {
        "id": public("withholding_rate", row.id),
        "customer_id": public("customer", row.customer_id),
        "customer_name": row.customer_name,
        "entity": row.entity_code,
        "kind": row.kind,
        "percent": f"{row.percent:f}",
        "reason": row.reason,
        "since": row.since,
        "until": row.until,
    }


@router.get("/withholding-rates")
def withholding_list(
    request: HttpRequest,
    customer_id: Annotated[str, Query(max_length=64)] = "",
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """What customers withhold, the newest first unless sorted by since."""
    caller = caller_of(request)
    caller.require("taxes.read")
    key = key_of("customer", customer_id) if customer_id else None
    page = queries.list_withholdings(
        ask_of(sort, cursor, limit), entity_ids=caller.entities("taxes.read"), customer_id=key
    )
    return listed(page, withholding_shape)


@router.post("/withholding-rates", response={201: dict[str, Any]})
def withholding_create(request: HttpRequest, body: WithholdingIn) -> tuple[int, dict[str, Any]]:
    """Put on file what a customer withholds: its invoices state it, and a payment short by it settles them."""
    caller = caller_of(request)
    entity = entity_by_code(body.entity)
    caller.require("taxes.write", entity.id)
    customer = key_of("customer", body.customer_id)
    new = NewWithholding(customer, entity.id, body.kind, body.percent, body.reason, body.since)
    (key,) = actions.set_withholding([new], now=caller.now, actor=caller.actor)
    page = queries.list_withholdings(ask_of("", "", 500), customer_id=customer)
    return 201, next(withholding_shape(row) for row in page.items if row.id == key)
