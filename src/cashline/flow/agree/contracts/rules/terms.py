"""The agreed terms: lines as the planners read them, and lines as they are agreed."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from cashline.flow.agree.catalog.rules import ProductKind
from cashline.flow.agree.contracts.rules.lifecycle import AgreementOrigin
from cashline.flow.agree.pricing.rules.line_totals import line_total
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import InvalidValue, Refusal


class TermLine(msgspec.Struct, frozen=True, gc=False):
    """A version of an agreement line as the planners read it; prices are per unit (and interval), in `currency`.

    `ends_on` is the first day on which this version no longer applies (None: open ended). `unit_price` is the net price
    whatever the charge; `charge` is kept only to price the line again when its quantity is amended. A struct, since
    runs read them by the hundred thousand. `included_tax_rate` is the tax in percent that the price was given with.
    """

    id: UUID
    line_id: UUID
    agreement_id: UUID
    customer_id: UUID
    entity_id: UUID
    currency: str
    line_no: int
    product_id: UUID
    kind: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    stand_alone_price: Decimal
    charge: dict[str, Any] | None
    interval_months: int
    term_months: int
    billing_trigger: str
    revenue_pattern: str
    tax_category: str
    net_total: Decimal
    starts_on: date
    ends_on: date | None
    included_tax_rate: Decimal | None = None


class NewTermLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A line to agree. `id` is also its lineage, since this is its first version; `charge` is a Charge as JSON.

    `unit_price` and `stand_alone_price` are for one unit (and one interval), without tax, with up to 10 decimals;
    `net_total` is `pricing.rules.line_totals.line_total` of them. `included_tax_rate` (percent) says that the price was
    given with tax. A struct, since orders come by the hundred thousand.
    """

    line_no: int
    product_id: UUID
    kind: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    stand_alone_price: Decimal
    billing_trigger: str
    revenue_pattern: str
    tax_category: str
    net_total: Decimal
    interval_months: int = 0
    term_months: int = 0
    charge: dict[str, Any] | None = None
    included_tax_rate: Decimal | None = None
    id: UUID = msgspec.field(default_factory=new_id)


class NewAgreement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An agreement to make, in the customer's currency; its value is the sum of its lines."""

    customer_id: UUID
    entity_id: UUID
    currency: str
    starts_on: date
    payment_terms_days: int
    lines: Sequence[NewTermLine]
    origin: str = AgreementOrigin.ORDER.value
    title: str = ""
    terms: str = ""
    purchase_order: str = ""
    quote_version_id: UUID | None = None
    quote_id: UUID | None = None
    id: UUID = msgspec.field(default_factory=new_id)

    @property
    def net_total(self) -> Decimal:
        """The sum of the lines."""
        return sum((line.net_total for line in self.lines), Decimal(0))


def agreement_errors(agreement: NewAgreement, place: str = "") -> Iterator[Refusal]:
    """Why an agreement contradicts itself: no line, a line number twice, or a total that is not that of its price."""
    if not agreement.lines:
        yield InvalidValue("An agreement has at least one line.", field=f"{place}lines")
    digits = minor_units(agreement.currency)
    seen: set[int] = set()
    for index, line in enumerate(agreement.lines):
        if line.line_no in seen:
            yield InvalidValue(f"Line {line.line_no} stands twice.", field=f"{place}lines.{index}.line_no")
        seen.add(line.line_no)
        if line.quantity <= 0:
            yield InvalidValue("A quantity is above zero.", field=f"{place}lines.{index}.quantity")
        if (line.kind == ProductKind.SUBSCRIPTION) != (line.interval_months > 0):
            message = "A subscription is paid by interval, everything else once."
            yield InvalidValue(message, field=f"{place}lines.{index}.interval_months")
        total = line_total(line.quantity, line.unit_price, line.interval_months, line.term_months, digits)
        if total != line.net_total:
            message = f"The total of line {line.line_no} is {total}, not {line.net_total}."
            yield InvalidValue(message, field=f"{place}lines.{index}.net_total")
