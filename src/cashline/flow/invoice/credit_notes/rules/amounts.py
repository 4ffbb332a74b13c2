"""The amounts of a credit note: what of the coupons is taken back with it, and the tax of each line."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from uuid import UUID

from cashline.flow.invoice.credit_notes.rules.values import ZERO, CreditableInvoice, CreditableLine, CreditLine
from cashline.flow.invoice.invoices.rules.totals import share_tax, tax_on
from cashline.flow.invoice.taxes.rules import TaxRounding
from cashline.kernel.money import minor_units
from cashline.kernel.rounding import divide, round_parts, round_to

NO_PRICES: Mapping[UUID, Decimal] = MappingProxyType({})
type Wanted = Sequence[tuple[CreditableLine, Decimal]]
"""Lines, each with the amount that is taken back of it before its coupons."""


type Restored = Sequence[Decimal | None]
"""The tax of each line whose price included tax, which restores its part of that price; None for the others."""


def credited_lines(
    invoice: CreditableInvoice, wanted: Wanted, with_tax: Mapping[UUID, Decimal] = NO_PRICES
) -> list[CreditLine]:
    """The lines of a note: their share of the coupons and their tax; the last note takes what is left of both.

    `with_tax` is what of lines whose prices included tax is taken back of these prices, where it is known.
    """
    digits = minor_units(invoice.currency)
    asked = {line.id: net for line, net in wanted}
    completes = all(line.left == asked.get(line.id, ZERO) for line in invoice.lines)
    shares = [line.discount_of(net) for line, net in wanted]
    discounts = _discounts(invoice, wanted, shares, completes=completes)
    grosses = [line.with_tax(net, digits, with_tax.get(line.id)) for line, net in wanted]
    restored = [
        None if gross is None else line.tax_within(gross, net, discount, digits)
        for (line, net), gross, discount in zip(wanted, grosses, discounts, strict=True)
    ]
    groups: dict[tuple[str, Decimal], list[int]] = {}
    for index, (line, _) in enumerate(wanted):
        groups.setdefault((line.tax_code, line.tax_rate), []).append(index)
    if completes or invoice.tax_rounding is not TaxRounding.PER_DOCUMENT:
        sums = [_group_tax(invoice, key, indexes, wanted, discounts, restored) for key, indexes in groups.items()]
    else:
        sums = _document_taxes(invoice, wanted, shares, restored, groups)
    taxes = [ZERO] * len(wanted)
    for indexes, tax in zip(groups.values(), sums, strict=True):
        nets = [wanted[index][1] - discounts[index] for index in indexes]
        for index, share in zip(indexes, share_tax(tax, nets, digits), strict=True):
            taxes[index] = share
    return [
        CreditLine(line, _credited_quantity(line, net, digits), net, tax, _derivation(line, net, tax), discount, gross)
        for (line, net), tax, discount, gross in zip(wanted, taxes, discounts, grosses, strict=True)
    ]


def _discounts(
    invoice: CreditableInvoice, wanted: Wanted, shares: Sequence[Fraction], *, completes: bool
) -> list[Decimal]:
    """The coupons in what is taken back, so that what is left of it is rounded once; the last note takes the rest."""
    if not invoice.discount_total:
        return [ZERO] * len(wanted)
    exact = [Fraction(net) - share for (_, net), share in zip(wanted, shares, strict=True)]
    nets = round_parts(exact, minor_units(invoice.currency))
    found = [net - rounded for (_, net), rounded in zip(wanted, nets, strict=True)]
    whole = sum(found, ZERO)
    missing = (invoice.discount_left if completes else min(whole, invoice.discount_left)) - whole
    if missing:
        largest = max(range(len(found)), key=lambda index: abs(wanted[index][1]))
        found[largest] += missing
    return found


def _document_taxes(
    invoice: CreditableInvoice,
    wanted: Wanted,
    shares: Sequence[Fraction],
    restored: Restored,
    groups: dict[tuple[str, Decimal], list[int]],
) -> list[Decimal]:
    """The exact taxes of all lines, summed and rounded once, by code and rate; never more than is left."""
    exact = [
        sum(
            (
                (Fraction(wanted[index][1]) - shares[index]) * Fraction(rate) / 100
                for index in indexes
                if restored[index] is None
            ),
            Fraction(0),
        )
        for (_, rate), indexes in groups.items()
    ]
    digits = minor_units(invoice.currency)
    taxes = [
        tax + _restored_tax(indexes, restored)
        for tax, indexes in zip(round_parts(exact, digits), groups.values(), strict=True)
    ]
    over = sum(taxes, ZERO) - invoice.tax_left
    if over > 0 and all(line.net_amount >= 0 for line in invoice.lines):
        largest = max(range(len(taxes)), key=lambda index: taxes[index])
        taxes[largest] -= over
    return taxes


def _group_tax(
    invoice: CreditableInvoice,
    key: tuple[str, Decimal],
    indexes: Sequence[int],
    wanted: Wanted,
    discounts: Sequence[Decimal],
    restored: Restored,
) -> Decimal:
    """The tax of a code and rate, rounded by rate or by line; the note that completes it takes what is left."""
    digits = minor_units(invoice.currency)
    lines = [line for line in invoice.lines if (line.tax_code, line.tax_rate) == key]
    tax_left = invoice.taxes[key] - sum((line.credited_tax for line in lines), ZERO)
    asked = {wanted[index][0].id: wanted[index][1] for index in indexes}
    if all(line.left == asked.get(line.id, ZERO) for line in lines):
        return tax_left
    bases = [wanted[index][1] - discounts[index] for index in indexes if restored[index] is None]
    if invoice.tax_rounding is TaxRounding.PER_LINE:
        tax = sum((tax_on(base, key[1], digits) for base in bases), ZERO)
    else:
        tax = tax_on(sum(bases, ZERO), key[1], digits)
    tax += _restored_tax(indexes, restored)
    if any(line.net_amount < 0 for line in lines):
        return tax  # what is left of the rate is less than its own lines charged: the invoice is the bound
    return min(tax, tax_left)


def _restored_tax(indexes: Sequence[int], restored: Restored) -> Decimal:
    return sum((tax for index in indexes if (tax := restored[index]) is not None), ZERO)


def _credited_quantity(line: CreditableLine, net: Decimal, digits: int) -> Decimal:
    """The units that the amount stands for where it is a whole price of them; else 1 (a credit of money)."""
    if line.net_amount:
        quantity = round_to(divide(line.quantity * net, line.net_amount), 6)
        if quantity and round_to(quantity * line.unit_price, digits) == net:
            return quantity
    return Decimal(1)


def _derivation(line: CreditableLine, net: Decimal, tax: Decimal) -> str:
    return (
        f'{{"rule":"credit_notes.line","version":1,"inputs":{{"billed":"{line.net_amount}","credited_before":'
        f'"{line.credited_net}","left":"{line.left - net}","tax":"{tax}"}},'
        f'"formula":"billed-credited_before-left","result":"{net}"}}'
    )
