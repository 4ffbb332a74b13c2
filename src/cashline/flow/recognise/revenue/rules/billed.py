"""Revenue of what is billed without agreed lines: subscriptions to rate plans, and items of one-off invoices.

The facts are invoice lines and what credit notes took back of them. Base fees and add-ons are earned by the day over
the period that was billed (a series, ASC 606-10-25-14(b)); usage when it is invoiced, at the latest on the last day of
its period (the right to invoice, 606-10-55-18), shortfalls of minimums on that last day; items at once. Coupons lower
the price of the lines that they fall on (606-10-32-40). A concession is caught up on its day (32-43); any other credit
restates the days that it gives back.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.flow.agree.catalog.rules import ProductKind, RevenuePattern
from cashline.flow.invoice.billing.rules.plans.shapes import Component
from cashline.flow.invoice.credit_notes.rules import CreditCause
from cashline.flow.invoice.invoices.rules.lifecycle import InvoiceKind
from cashline.flow.recognise.revenue.rules.stretches import Stretch, at_once
from cashline.kernel.rounding import allocate, round_to

_ZERO = Decimal(0)
_DAY = timedelta(days=1)
_BY_DAY = frozenset({Component.BASE, Component.UNUSED_BASE, Component.ADD_ON})
_AS_INVOICED = Component.CHARGE


class ChargedFor(NamedTuple):
    """What a subscription's charge is for: its component and days, and when what it gives back was invoiced."""

    subscription_id: UUID
    component: str
    start: date
    end: date
    early: bool
    given_back_of: date | None


class BilledRow(NamedTuple):
    """A line of an issued invoice of an agreement. `line_id` is the agreed line that it bills, if it bills one.

    `share` is the exact part of the coupons (`discount_total` for the document) that falls on it. `taken_by` is a later
    invoice that took its own off again, issued on `taken_on`.
    """

    agreement_id: UUID
    invoice_id: UUID
    number: str
    kind: str
    issued_on: date
    discount_total: Decimal
    id: UUID
    line_no: int
    line_id: UUID | None
    net_amount: Decimal
    share: Decimal
    component: str
    day: date
    until: date | None
    product_kind: str
    charged_for: ChargedFor | None
    taken_by: UUID | None
    taken_on: date | None


class CreditedRow(NamedTuple):
    """A line of an issued credit note; `discount` is the part of the coupons that it takes back with it."""

    note_id: UUID
    number: str
    cause: str
    issued_on: date
    invoice_line_id: UUID
    net_amount: Decimal
    discount: Decimal


class GivenBack(NamedTuple):
    """A part of a credit note's line that the plan of a subscription gave back, with what it was for."""

    note_id: UUID
    invoice_line_id: UUID
    amount: Decimal
    charged_for: ChargedFor


class BilledPromise(NamedTuple):
    """A subscription to plans or an item, with all that is earned of it."""

    line_id: UUID
    kind: str
    pattern: str
    stretches: list[Stretch]


class Billed(NamedTuple):
    """What invoices say of agreements: promises without agreed lines, and what coupons took off agreed lines."""

    promises: dict[UUID, list[BilledPromise]]
    discounts: dict[UUID, list[Stretch]]


def billed_of(
    rows: Sequence[BilledRow],
    credited: Sequence[CreditedRow],
    given_back: Sequence[GivenBack],
    digits: Mapping[UUID, int],
) -> Billed:
    """What the lines and credits come to, by agreement and by agreed line; `digits` are those of each agreement."""
    coupons = coupons_of(rows, digits)
    credits_of: dict[UUID, list[CreditedRow]] = {}
    for credit in credited:
        credits_of.setdefault(credit.invoice_line_id, []).append(credit)
    parts: dict[tuple[UUID, UUID], list[GivenBack]] = {}
    for part in given_back:
        parts.setdefault((part.note_id, part.invoice_line_id), []).append(part)
    promises: dict[tuple[UUID, UUID], BilledPromise] = {}
    discounts: dict[UUID, list[Stretch]] = {}
    for row in rows:
        found, coupon = credits_of.get(row.id, ()), coupons.get(row.id, _ZERO)
        if row.line_id is not None:
            stretches = _discounts(row, coupon, found)
            if stretches:
                discounts.setdefault(row.line_id, []).extend(stretches)
        elif row.component != DEDUCTION and row.kind != InvoiceKind.DEPOSIT:
            key = (row.agreement_id, row.charged_for.subscription_id if row.charged_for else row.id)
            promise = promises.setdefault(key, _promise(key[1], row))
            promise.stretches.extend(_stretches(row, coupon, found, parts, digits[row.agreement_id]))
    by_agreement: dict[UUID, list[BilledPromise]] = {}
    for (agreement_id, _), promise in promises.items():
        by_agreement.setdefault(agreement_id, []).append(promise)
    return Billed(by_agreement, discounts)


DEDUCTION = "deduction"
"""The component of a line that takes an earlier invoice off again."""


def _promise(line_id: UUID, row: BilledRow) -> BilledPromise:
    if row.charged_for is None:
        return BilledPromise(line_id, row.product_kind, RevenuePattern.POINT.value, [])
    return BilledPromise(line_id, ProductKind.SUBSCRIPTION.value, RevenuePattern.RATABLE_DAILY.value, [])


def coupons_of(rows: Iterable[BilledRow], digits: Mapping[UUID, int]) -> dict[UUID, Decimal]:
    """What the coupons of each invoice took off its lines: the exact shares, rounded so that they sum to it."""
    of_invoice: dict[UUID, list[BilledRow]] = {}
    for row in rows:
        if row.discount_total:
            of_invoice.setdefault(row.invoice_id, []).append(row)
    found: dict[UUID, Decimal] = {}
    for lines in of_invoice.values():
        shares = [round_to(row.share, digits[row.agreement_id]) for row in lines]
        widest = max(range(len(lines)), key=lambda place: abs(lines[place].share))
        shares[widest] += lines[0].discount_total - sum(shares, _ZERO)  # documents round by rate or as a whole
        found.update({row.id: share for row, share in zip(lines, shares, strict=True) if share})
    return found


def _discounts(row: BilledRow, coupon: Decimal, credited: Iterable[CreditedRow]) -> list[Stretch]:
    """What coupons took off an agreed line: over the billed period, or on the day of the delivery that was billed.

    A concession is counted apart, net of its part of the coupons.
    """
    if not coupon:
        return []
    found = [Stretch(-coupon, row.day, row.until or row.day + _DAY, row.day, f"coupons of invoice {row.number}")]
    for credit in credited:
        if credit.discount and credit.cause != CreditCause.CONCESSION:
            found.append(found[0].moved_by(credit.discount, f"coupons taken back by credit note {credit.number}"))
    return found


def _stretches(
    row: BilledRow,
    coupon: Decimal,
    credited: Iterable[CreditedRow],
    parts: Mapping[tuple[UUID, UUID], Sequence[GivenBack]],
    digits: int,
) -> Iterable[Stretch]:
    """What a line bills, less its coupons, what was credited of it, and what a later invoice took off again."""
    words = f"invoice {row.number}, line {row.line_no}"
    whole = _days_of(row, row.charged_for, row.net_amount - coupon, words)
    found = [whole]
    left = whole.amount
    for credit in credited:
        given, text = credit.discount - credit.net_amount, f"credit note {credit.number}"
        own = parts.get((credit.note_id, row.id))
        if own:
            shares = allocate(given, [-part.amount for part in own], digits)
            found += [
                _days_of(row, part.charged_for, share, text) for part, share in zip(own, shares, strict=True) if share
            ]
        elif credit.cause == CreditCause.CONCESSION:
            found.append(whole.moved_by(given, text, counts_from=credit.issued_on))
        else:
            found.append(whole.moved_by(given, text))
        if row.taken_by is None or credit.note_id < row.taken_by:
            left += given
    if row.taken_by is not None and row.taken_on is not None:
        day = row.charged_for.end - _DAY if row.charged_for else row.taken_on
        found.append(at_once(-left, day, f"invoice {row.number} taken off"))
    return [one for one in found if one.amount]


def _days_of(row: BilledRow, charge: ChargedFor | None, amount: Decimal, words: str) -> Stretch:
    """The days over which an amount of a line is earned."""
    if charge is None:
        return at_once(amount, row.day, words)
    end = max(charge.end, charge.start + _DAY)
    if charge.component in _BY_DAY:
        return Stretch(amount, charge.start, end, charge.start, words)
    day = end - _DAY
    if charge.component == _AS_INVOICED:
        day = max(charge.start, min(day, charge.given_back_of or row.issued_on))
    return at_once(amount, day, words)
