"""Invoices that no plan asks for: items that a person names, deposits, and final invoices that take deposits off."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

import msgspec

from cashline.flow.agree.catalog.rules import ProductKind, TaxCategory
from cashline.flow.invoice.invoices.rules.drafts import DraftInvoice, DraftLine
from cashline.flow.invoice.invoices.rules.lifecycle import InvoiceKind
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import MAX_AMOUNT, minor_units
from cashline.kernel.refusals import InvalidValue, Refusal, raise_all
from cashline.kernel.rounding import round_to

ITEM = "item"
"""The component of a line of a one-off invoice."""


@dataclass(frozen=True, slots=True)
class NewItem:
    """What is invoiced: a quantity at a price; the tax follows from its kind and category."""

    description: str
    unit_price: Decimal
    quantity: Decimal = Decimal(1)
    unit: str = "C62"
    kind: ProductKind = ProductKind.SERVICE
    tax_category: TaxCategory = TaxCategory.STANDARD
    product_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewInvoice:
    """A one-off invoice. Of an agreement it is part of what that is worth; without one it is earned at once.

    A deposit is earned when a later invoice, which names it in `deducts`, takes it off.
    """

    entity_id: UUID
    customer_id: UUID
    currency: str
    items: Sequence[NewItem]
    agreement_id: UUID | None = None
    kind: InvoiceKind = InvoiceKind.STANDARD
    deducts: tuple[UUID, ...] = ()
    prices_include_tax: bool = False
    purchase_order: str = ""
    terms_days: int | None = None
    supplied_on: date | None = None


def draft_of(new: NewInvoice, issued_on: date) -> DraftInvoice:
    """The draft of a one-off invoice; raises every problem at once (InvalidValue)."""
    digits = minor_units(new.currency)
    raise_all(problem for index, item in enumerate(new.items) for problem in _problems(item, f"items.{index}"))
    day = new.supplied_on or issued_on
    return DraftInvoice(
        new.entity_id,
        new.customer_id,
        new.agreement_id,
        new.currency,
        issued_on,
        tuple(_line(item, day, digits) for item in new.items),
        None,
        new.kind,
        new.deducts,
        new.prices_include_tax,
        new.purchase_order.strip(),
        new.terms_days,
    )


def _problems(item: NewItem, place: str) -> list[Refusal]:
    found: list[Refusal] = []
    if not item.description.strip():
        found.append(InvalidValue("An item says what it is.", field=f"{place}.description"))
    if not 0 < item.quantity < MAX_AMOUNT or round_to(item.quantity, 6) != item.quantity:
        found.append(InvalidValue("A quantity is above zero, with at most 6 decimals.", field=f"{place}.quantity"))
    if not 0 <= item.unit_price < MAX_AMOUNT or round_to(item.unit_price, 10) != item.unit_price:
        found.append(InvalidValue("A price is not below zero, with at most 10 decimals.", field=f"{place}.unit_price"))
    return found


def _line(item: NewItem, day: date, digits: int) -> DraftLine:
    amount = round_to(item.quantity * item.unit_price, digits)
    derivation = {
        "rule": "billing.unit",
        "version": 1,
        "inputs": {"quantity": f"{item.quantity:f}", "unit_price": f"{item.unit_price:f}"},
        "formula": f"round(quantity*unit_price,{digits})",
        "result": f"{amount:f}",
    }
    description = item.description.strip()
    return DraftLine(
        None,
        item.product_id,
        item.kind.value,
        item.tax_category.value,
        new_id(),
        day,
        0,
        None,
        description,
        item.quantity,
        item.unit,
        item.unit_price,
        amount,
        day,
        False,
        msgspec.json.encode(derivation).decode(),
        ITEM,
        details=msgspec.json.encode({"item": description}).decode(),
    )
