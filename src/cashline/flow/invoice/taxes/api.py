"""The API of tax rates."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from cashline.flow.agree.catalog.rules import TaxCategory
from cashline.flow.invoice.taxes import actions, queries
from cashline.flow.invoice.taxes.queries import TaxRateRow
from cashline.flow.invoice.taxes.rules import NewTaxRate
from cashline.kernel.identifiers import public
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import Closed, CountryCode

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
