"""Rules of tax: who owes it where, by which code and at which rate.

The codes are those of UNTDID 5305 (S, Z, E, AE, K, G, O), the articles those of Council Directive 2006/112/EC. The
decision looks at the parties, the kind of product and the day of supply; it knows no document and no amount.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID

from cashline.flow.agree.catalog.rules import ProductKind, TaxCategory
from cashline.kernel.refusals import Refusal
from cashline.kernel.rounding import round_fraction

ZERO = Decimal(0)
EU = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)
_VAT_PREFIX = {"EL": "GR"}


class TaxRounding(StrEnum):
    """Where the tax of a document is rounded: a setting of the legal entity.

    Per document the exact taxes of the lines are summed and rounded once, and the rates share the result; per rate the
    tax of each rate is rounded (EN 16931 BR-CO-17); per line the tax of each line.
    """

    PER_DOCUMENT = "per_document"
    PER_RATE = "per_rate"
    PER_LINE = "per_line"


class MissingTaxRate(Refusal):
    """No rate is on file for a country, a category and a day, so no tax can be charged there."""

    code = "missing_tax_rate"


class InvalidTaxRate(Refusal):
    """A rate has no country, a wrong percentage, or overlaps one on file."""

    code = "invalid_tax_rate"


class DatedRate(NamedTuple):
    """A percentage, valid from a day up to the day before `until` (None: still valid)."""

    since: date
    until: date | None
    percent: Decimal


@dataclass(frozen=True, slots=True)
class RateTable:
    """The rates on file, by country and category."""

    rates: Mapping[tuple[str, str], Sequence[DatedRate]]

    def percent(self, country: str, category: str, day: date) -> Decimal:
        """The percentage on that day; raises MissingTaxRate."""
        for rate in self.rates.get((country, category), ()):
            if rate.since <= day and (rate.until is None or day < rate.until):
                return rate.percent
        raise MissingTaxRate(
            f"No {category} tax rate of {country} is on file for {day}.",
            field="tax_rate",
            fix=f"Enter the rate of {country}; enter 0 where the seller charges none there.",
            country=country,
            category=category,
            day=day,
        )


class Certificate(NamedTuple):
    """What a country would tax is exempt for the buyer from a day up to the day before `until` (None: still)."""

    country: str
    number: str
    reason: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class Supply:
    """What the tax of a line depends on. `buyer_vat_id` is empty unless its check digits hold."""

    seller_country: str
    buyer_country: str
    ship_to_country: str
    buyer_vat_id: str
    exempt_reason: str
    kind: str
    category: str
    supplied_on: date
    certificates: tuple[Certificate, ...] = ()


class TaxDecision(NamedTuple):
    """The code, the rate in percent, the reason where none is due (with its VATEX code), and how it was decided."""

    code: str
    rate: Decimal
    reason: str
    vatex: str
    basis: str


_ABROAD = {
    "K": ("VATEX-EU-IC", "Intra-Community supply (Article 138 of Directive 2006/112/EC)"),
    "AE": ("VATEX-EU-AE", "Reverse charge (Article 196 of Directive 2006/112/EC)"),
    "G": ("VATEX-EU-G", "Export outside the EU (Article 146 of Directive 2006/112/EC)"),
    "O": ("VATEX-EU-O", "Supplied outside the scope of tax (Article 44 of Directive 2006/112/EC)"),
}
_ABROAD_ELSEWHERE = {"G": ("", "Export"), "O": ("", "Supplied outside the country of the seller")}
"""The wording for a seller outside the EU, to whom the directive does not apply."""


def decide_tax(supply: Supply, rates: RateTable) -> TaxDecision:
    """The tax of one line; raises MissingTaxRate where the country that taxes it has no rate on file.

    Goods are taxed where they go, services where the buyer is established or lives (Articles 31 ff., 44, 58); an
    installation for a private buyer in the EU where the seller is established (Article 45).
    """
    goods = supply.kind == ProductKind.GOODS
    place = supply.ship_to_country if goods else supply.buyer_country
    seller = supply.seller_country
    if supply.exempt_reason:
        return TaxDecision("E", ZERO, supply.exempt_reason, "", "The customer is exempt")
    if place == seller:
        return _taxed(supply, place, rates, f"Supplied within {seller}")
    if seller in EU and place in EU:
        if _is_registered_elsewhere(supply):
            code = "K" if goods else "AE"
            vatex, reason = _ABROAD[code]
            basis = f"Supplied from {seller} to a business in {place} with the VAT number {supply.buyer_vat_id}"
            return TaxDecision(code, ZERO, reason, vatex, basis)
        if supply.kind == ProductKind.SERVICE:
            return _taxed(supply, seller, rates, f"Service from {seller} to a buyer without a VAT number")
        return _taxed(supply, place, rates, f"Supplied from {seller} to a buyer in {place} without a VAT number")
    code = "G" if goods else "O"
    vatex, reason = _ABROAD[code] if seller in EU else _ABROAD_ELSEWHERE[code]
    return TaxDecision(code, ZERO, reason, vatex, f"Supplied from {seller} to {place}")


def _taxed(supply: Supply, country: str, rates: RateTable, basis: str) -> TaxDecision:
    for one in supply.certificates:
        if one.country == country and one.since <= supply.supplied_on and (one.until or date.max) > supply.supplied_on:
            words = f"{basis}, certificate {one.number} of {country} held on {supply.supplied_on.isoformat()}"
            return TaxDecision("E", ZERO, f"{one.reason} ({one.number})", "", words)
    if supply.category == TaxCategory.EXEMPT:
        reason = "Exempt under Article 132 of Council Directive 2006/112/EC" if country in EU else "Exempt from tax"
        return TaxDecision("E", ZERO, reason, "VATEX-EU-132" if country in EU else "", f"{basis}, exempt product")
    if supply.category == TaxCategory.ZERO:
        return TaxDecision("Z", ZERO, "", "", f"{basis}, zero-rated product")
    percent = rates.percent(country, supply.category, supply.supplied_on)
    words = f"{basis}, {supply.category} rate of {country} on {supply.supplied_on.isoformat()}"
    return TaxDecision("S" if percent else "Z", percent, "", "", words)


def _is_registered_elsewhere(supply: Supply) -> bool:
    """Has the buyer a checked VAT number of a member state other than the seller's (Article 138(1)(b))?"""
    prefix = supply.buyer_vat_id[:2].upper()
    country = _VAT_PREFIX.get(prefix, prefix)
    return country in EU and country != supply.seller_country


def of_one_document(decisions: Iterable[TaxDecision]) -> list[TaxDecision]:
    """The decisions as one invoice can carry them: what is outside the scope stands alone (BR-O-11 to BR-O-14).

    Beside other codes, a service outside the scope follows the export that it goes with (Article 146(1)(e)).
    """
    found = list(decisions)
    if all(decision.code == "O" for decision in found):
        return found
    return [_as_export(decision) if decision.code == "O" else decision for decision in found]


def _as_export(decision: TaxDecision) -> TaxDecision:
    vatex, reason = _ABROAD["G"] if decision.vatex else _ABROAD_ELSEWHERE["G"]
    return TaxDecision("G", ZERO, reason, vatex, decision.basis)


class InvalidCertificate(Refusal):
    """An exemption certificate that cannot be kept."""

    code = "invalid_certificate"


@dataclass(frozen=True, slots=True)
class NewCertificate:
    """An exemption certificate to keep; `until` is the first day on which it no longer holds (None: open)."""

    customer_id: UUID
    country: str
    number: str
    reason: str
    since: date
    until: date | None = None


def certificate_problems(new: NewCertificate) -> list[InvalidCertificate]:
    """What is wrong with a certificate, all at once."""
    problems = []
    if len(new.country) != 2 or not new.country.isascii() or not new.country.isupper():
        problems.append(InvalidCertificate(f"{new.country!r} is no ISO 3166 country code.", field="country"))
    if not new.number.strip():
        problems.append(InvalidCertificate("A certificate has a number.", field="number"))
    if not new.reason.strip():
        problems.append(InvalidCertificate("Say why it is exempt: the invoice states it.", field="reason"))
    if new.until is not None and new.until <= new.since:
        problems.append(InvalidCertificate("It ends after it begins.", field="until"))
    return problems


@dataclass(frozen=True, slots=True)
class NewTaxRate:
    """A rate to put on file: the percentage of a country for a category from a day on."""

    country: str
    category: TaxCategory
    percent: Decimal
    since: date


def rate_problems(rate: NewTaxRate) -> list[InvalidTaxRate]:
    """What is wrong with a rate, all at once."""
    problems = []
    if len(rate.country) != 2 or not rate.country.isascii() or not rate.country.isupper():
        problems.append(InvalidTaxRate(f"{rate.country!r} is no ISO 3166 country code.", field="country"))
    if rate.category in (TaxCategory.EXEMPT, TaxCategory.ZERO) and rate.percent:
        problems.append(InvalidTaxRate(f"A rate of the category {rate.category} is 0.", field="percent"))
    if not ZERO <= rate.percent < 100:
        problems.append(InvalidTaxRate("A rate is at least 0 and below 100 percent.", field="percent"))
    return problems


class WithholdingTerm(NamedTuple):
    """What a customer keeps back of a kind of supply (empty: of every kind) at one legal entity, while it holds."""

    entity_id: UUID
    kind: str
    percent: Decimal
    reason: str
    since: date
    until: date | None


class Withheld(NamedTuple):
    """What the customer of an invoice is expected to withhold of a base, before sales tax."""

    percent: Decimal
    reason: str
    base: Decimal
    amount: Decimal


def expected_withholding(
    supplies: Iterable[tuple[str, Fraction]], terms: Sequence[WithholdingTerm], day: date, digits: int
) -> list[Withheld]:
    """What is withheld of supplies (kind, net of coupons) invoiced on a day, by rate; a base below zero holds nothing.

    The rate of a kind goes before that of every kind. 10 % of 200.00 are 20.00, whatever the sales tax on it.
    """
    holding = {one.kind: one for one in terms if one.since <= day and (one.until is None or day < one.until)}
    bases: dict[tuple[Decimal, str], Fraction] = {}
    for kind, net in supplies:
        one = holding.get(kind) or holding.get("")
        if one is not None and one.percent:
            key = (one.percent, one.reason)
            bases[key] = bases.get(key, Fraction(0)) + net
    found = []
    for (percent, reason), base in bases.items():
        amount = round_fraction(base * Fraction(percent) / 100, digits)
        if amount > 0:
            found.append(Withheld(percent, reason, round_fraction(base, digits), amount))
    return found


class InvalidWithholding(Refusal):
    """A withholding rate that cannot be kept."""

    code = "invalid_withholding"


@dataclass(frozen=True, slots=True)
class NewWithholding:
    """A percentage to be withheld from a day on; the one before it of the same kind ends there. 0 ends withholding."""

    customer_id: UUID
    entity_id: UUID
    kind: str
    percent: Decimal
    reason: str
    since: date


def withholding_problems(new: NewWithholding) -> list[InvalidWithholding]:
    """What is wrong with a rate, all at once."""
    problems = []
    if new.kind and new.kind not in set(ProductKind):
        problems.append(InvalidWithholding(f"{new.kind!r} is not one of {', '.join(ProductKind)}.", field="kind"))
    if not ZERO <= new.percent < 100:
        problems.append(InvalidWithholding("A rate is at least 0 and below 100 percent.", field="percent"))
    if not new.reason.strip():
        problems.append(InvalidWithholding("Say by which rule it is withheld: the invoice states it.", field="reason"))
    return problems
