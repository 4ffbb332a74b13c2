"""Totals of a document: tax by code and rate, rounded as its legal entity rounds, and its share on every line.

By default the bases of one code and rate are summed, and their tax is rounded once (EN 16931 BR-CO-17; 55.55 + 11.11
at 23 % give 15.33). Per document the exact taxes of all lines are summed and rounded once, and the rates share the
result by largest remainder; per line each is rounded. A line's tax is its share of that of its rate: they sum to it.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from cashline.flow.invoice.taxes.rules import TaxDecision, TaxRounding
from cashline.kernel.rounding import allocate, round_fraction, round_parts, round_to

ZERO = Decimal(0)
HUNDRED = Decimal(100)
NOTHING = Fraction(0)


class TaxGroup(NamedTuple):
    """The tax of a document of one code and rate; `base` is what is left after `discount`."""

    code: str
    rate: Decimal
    base: Decimal
    tax: Decimal
    reason: str
    vatex: str
    basis: str
    discount: Decimal = ZERO


class TaxedLine(NamedTuple):
    """A line as its tax is reckoned: net amount, and the exact share of the coupons that is taken off it.

    `fixed_tax` is given where the tax is no matter of a rate any more: of an earlier invoice that is taken off.
    `gross` is given where the price includes tax: then the tax is what restores it, less the coupons in it.
    """

    decision: TaxDecision
    net: Decimal
    share: Fraction = NOTHING
    fixed_tax: Decimal | None = None
    gross: Decimal | None = None

    @property
    def by_rate(self) -> bool:
        """Is its tax its net amount × the rate?"""
        return self.fixed_tax is None and self.gross is None


def tax_groups(
    lines: Iterable[tuple[TaxDecision, Decimal]], digits: int, rounding: TaxRounding = TaxRounding.PER_RATE
) -> list[TaxGroup]:
    """Tax by code and rate over (decision, net amount), in the order in which the rates first appear."""
    if rounding is not TaxRounding.PER_RATE:
        return discounted_groups([TaxedLine(decision, net) for decision, net in lines], digits, rounding)
    bases: dict[tuple[str, Decimal], Decimal] = {}
    first: dict[tuple[str, Decimal], TaxDecision] = {}
    for decision, net in lines:
        key = (decision.code, decision.rate)
        if key in bases:
            bases[key] += net
        else:
            bases[key] = net
            first[key] = decision
    return [
        TaxGroup(
            code, rate, base, tax_on(base, rate, digits), decision.reason, decision.vatex, decision.basis
        )
        for (code, rate), base in bases.items()
        for decision in (first[code, rate],)
    ]  # fmt: skip


def discounted_groups(lines: Sequence[TaxedLine], digits: int, rounding: TaxRounding) -> list[TaxGroup]:
    """Tax by code and rate where coupons are taken off, or under any rounding.

    The discount of the document is the exact sum of the shares, rounded once, and shared over the rates.
    """
    groups: dict[tuple[str, Decimal], list[TaxedLine]] = {}
    for line in lines:
        groups.setdefault((line.decision.code, line.decision.rate), []).append(line)
    shares = [sum((line.share for line in found), NOTHING) for found in groups.values()]
    discounts = round_parts(shares, digits)
    nets = [sum((line.net for line in found), ZERO) for found in groups.values()]
    bases = [net - discount for net, discount in zip(nets, discounts, strict=True)]
    taxes = _taxes(list(groups.values()), bases, digits, rounding)
    return [
        TaxGroup(code, rate, base, tax, first.reason, first.vatex, first.basis, discount)
        for ((code, rate), found), base, tax, discount in zip(groups.items(), bases, taxes, discounts, strict=True)
        for first in (found[0].decision,)
    ]


def _taxes(
    groups: Sequence[Sequence[TaxedLine]], bases: Sequence[Decimal], digits: int, rounding: TaxRounding
) -> list[Decimal]:
    restored = [_restored(group, base, digits) for group, base in zip(groups, bases, strict=True)]
    fixed = [
        sum((line.fixed_tax for line in group if line.fixed_tax is not None), ZERO) + tax
        for group, (_, tax) in zip(groups, restored, strict=True)
    ]
    if rounding is TaxRounding.PER_DOCUMENT:
        own = round_parts([sum(map(exact_tax, group), NOTHING) for group in groups], digits)
    elif rounding is TaxRounding.PER_LINE:
        own = [sum((round_fraction(exact_tax(line), digits) for line in group), ZERO) for group in groups]
    else:
        own = [
            tax_on(
                base - less - sum((line.net for line in group if line.fixed_tax is not None), ZERO),
                group[0].decision.rate,
                digits,
            )
            for group, base, (less, _) in zip(groups, bases, restored, strict=True)
        ]
    return [mine + given for mine, given in zip(own, fixed, strict=True)]


def _restored(group: Sequence[TaxedLine], base: Decimal, digits: int) -> tuple[Decimal, Decimal]:
    """What lines whose prices include tax are of the base of a rate, and the tax that restores those prices.

    The coupons in them are rounded once: 10 % off three times 9.99 leaves 26.97.
    """
    found = [line for line in group if line.gross is not None]
    if not found:
        return ZERO, ZERO
    others = [line for line in group if line.gross is None]
    own = base - sum((line.net for line in others), ZERO)
    own += round_fraction(sum((line.share for line in others), NOTHING), digits)
    gross = sum((line.gross for line in found if line.gross is not None), ZERO)
    coupons = (line.share * times_tax(line.net, line.gross, line.decision.rate) for line in found if line.share)
    return own, gross - round_fraction(sum(coupons, NOTHING), digits) - own


def times_tax(net: Decimal, gross: Decimal | None, rate: Decimal) -> Fraction:
    """By what a net amount of a line is multiplied to have its tax in it: what its price with tax says, or the rate."""
    if gross is None or not net:
        return 1 + Fraction(rate) / 100
    return Fraction(gross) / Fraction(net)


def exact_tax(line: TaxedLine) -> Fraction:
    """The tax of a line before rounding: what the coupons leave of it × its rate; nothing where it is not."""
    if not line.by_rate or not line.decision.rate:
        return NOTHING
    return (Fraction(line.net) - line.share) * Fraction(line.decision.rate) / 100


def tax_on(base: Decimal, rate: Decimal, digits: int) -> Decimal:
    """The tax on a base at a rate in percent, rounded to the currency's digits."""
    return round_to(base * rate / HUNDRED, digits) if rate else ZERO


def tax_within(gross: Decimal, rate: Decimal) -> Fraction:
    """The exact tax that an amount with tax holds: gross × rate / (100 + rate)."""
    return Fraction(gross) * Fraction(rate) / (100 + Fraction(rate))


def share_tax(tax: Decimal, nets: Sequence[Decimal], digits: int) -> list[Decimal]:
    """The tax of one code and rate, shared over its lines by their net amounts; the shares sum to it.

    Where lines are of both signs the shares follow them: what is taken off carries its tax with it.
    """
    if not tax:
        return [ZERO] * len(nets)
    whole = sum(nets, ZERO)
    if all(net >= 0 for net in nets):
        return allocate(tax, list(nets), digits)
    if not whole:
        return [tax, *([ZERO] * (len(nets) - 1))]
    return round_parts([Fraction(tax) * Fraction(net) / Fraction(whole) for net in nets], digits)
