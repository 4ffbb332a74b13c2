"""Why each amount of an invoice or a credit note is what it is: in a sentence, and as a derivation to recompute."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from cashline.flow.invoice.invoices.rules.stating import ZERO, StatedLine, StatedTax, Statement
from cashline.flow.invoice.invoices.rules.wording import phrase
from cashline.kernel.derivations import Derivation
from cashline.kernel.money import minor_units
from cashline.kernel.rounding import round_to
from cashline.kernel.telling import tell


@dataclass(frozen=True, slots=True)
class Explanation:
    """One amount: `name` is its place (`line-3`, `tax-S-19`, `net`, `tax`, `gross`), `words` why it is so."""

    name: str
    label: str
    amount: Decimal
    words: str
    derivation: Derivation


def explain(source: Statement, locale: str = "en") -> tuple[Explanation, ...]:
    """Every amount of the document, lines first, then taxes, then totals."""
    lines = [explained_line(line, source, locale) for line in source.lines]
    taxes = [_tax(tax, source, locale) for tax in source.taxes]
    return (*lines, *taxes, *_totals(source, lines, taxes, locale))


def explanation(source: Statement, name: str, locale: str = "en") -> Explanation | None:
    """The amount of that name; None where there is none."""
    return next((found for found in explain(source, locale) if found.name == name), None)


def tax_name(tax: StatedTax) -> str:
    """The name of a tax, such as tax-S-19."""
    return f"tax-{tax.code}-{tax.rate:f}"


def explained_line(line: StatedLine, source: Statement, locale: str) -> Explanation:
    """Why a line comes to what it does."""
    derivation = Derivation.from_json(line.derivation)
    words = _words(line, derivation, source, locale)
    if line.gross_amount is not None:
        more = phrase(
            locale, "line_with_tax", rate=line.tax_rate, gross=line.gross_amount, currency=source.currency
        )  # fmt: skip
        words = f"{words} {more}"
    explained = replace(derivation, note=words)
    return Explanation(f"line-{line.line_no}", line.description, line.net_amount, words, explained)


def _words(line: StatedLine, derivation: Derivation, source: Statement, locale: str) -> str:
    period: dict[str, Any] = {}
    if line.period is not None:
        period = {"start": line.period.start, "end": line.period.last_day}
    return tell(derivation, source.currency, locale, result=line.net_amount, **period)


def _tax(tax: StatedTax, source: Statement, locale: str) -> Explanation:
    digits = minor_units(source.currency)
    if source.is_credit_note:
        bases = tuple(
            line.net_amount for line in source.lines if (line.tax_code, line.tax_rate) == (tax.code, tax.rate)
        )
        words = phrase(
            locale, "why_credited_tax", rate=tax.rate, base=tax.base, basis=tax.basis, currency=source.currency
        )
        derivation = Derivation("credit_notes.tax", 1, {"tax": tax.tax, "lines": bases}, "tax", tax.tax, words)
    else:
        words = phrase(locale, "why_tax", rate=tax.rate, base=tax.base, basis=tax.basis, currency=source.currency)
        if tax.reason:
            words = f"{words} {tax.reason}."
        derivation = _included(tax, source, locale) or tax_derivation(tax.base, tax.rate, tax.tax, digits, words)
        words = derivation.note
    return Explanation(tax_name(tax), f"{tax.code} {tax.rate:f} %", tax.tax, words, derivation)


def _included(tax: StatedTax, source: Statement, locale: str) -> Derivation | None:
    """The tax of prices that include it: their sum less the net; None where a line of the rate is priced without."""
    lines = [line for line in source.lines if (line.tax_code, line.tax_rate) == (tax.code, tax.rate)]
    grosses = tuple(line.gross_amount for line in lines if line.gross_amount is not None)
    if not grosses or len(grosses) != len(lines):
        return None
    gross = tax.base + tax.tax
    given = {"rate": tax.rate, "gross": gross, "base": tax.base, "basis": tax.basis, "currency": source.currency}
    coupons = sum(grosses, ZERO) - gross
    inputs: dict[str, Decimal | int | str | Sequence[Decimal]] = {
        "prices_with_tax": grosses, "coupons_with_tax": coupons, "base": tax.base
    }  # fmt: skip
    formula = "sum(prices_with_tax)-coupons_with_tax-base"
    return Derivation("invoices.included_tax", 1, inputs, formula, tax.tax, phrase(locale, "why_included", **given))


def tax_derivation(base: Decimal, rate: Decimal, tax: Decimal, digits: int, words: str) -> Derivation:
    """Base × rate, rounded; and what another rounding, a price with tax or an earlier invoice adds to it."""
    of_base = round_to(base * rate / 100, digits)
    if of_base == tax:
        return Derivation("invoices.tax", 1, {"base": base, "rate": rate}, f"round(base*rate/100,{digits})", tax, words)
    inputs = {"base": base, "rate": rate, "rounded_elsewhere": tax - of_base}
    return Derivation("invoices.tax", 1, inputs, f"round(base*rate/100,{digits})+rounded_elsewhere", tax, words)


def _totals(
    source: Statement, lines: Iterable[Explanation], taxes: Iterable[Explanation], locale: str
) -> tuple[Explanation, ...]:
    line_parts = tuple(found.derivation for found in lines)
    tax_parts = tuple(found.derivation for found in taxes)
    nets, sums = tuple(part.result for part in line_parts), tuple(part.result for part in tax_parts)
    net_words, tax_words = (
        phrase(locale, "why_net" if len(nets) != 1 else "why_net_one", count=len(nets)),
        phrase(locale, "why_taxes"),
    )
    off = source.discount_total
    if off:
        net_words = phrase(locale, "why_net_discounted", count=len(nets), discount=off, currency=source.currency)
        given: dict[str, Decimal | int | str | Sequence[Decimal]] = {"lines": nets, "coupons": off}
        net = Derivation("invoices.net", 1, given, "sum(lines)-coupons", source.net_total, net_words, line_parts)
    else:
        net = Derivation("invoices.net", 1, {"lines": nets}, "sum(lines)", source.net_total, net_words, line_parts)
    tax = Derivation("invoices.tax_total", 1, {"taxes": sums}, "sum(taxes)", source.tax_total, tax_words, tax_parts)
    inputs = {"net": source.net_total, "tax": source.tax_total}
    words = phrase(locale, "why_gross", **inputs, currency=source.currency)
    gross = Derivation("invoices.gross", 1, inputs, "net+tax", source.gross_total, words, (net, tax))
    return (
        Explanation("net", phrase(locale, "net_total"), source.net_total, net_words, net),
        Explanation("tax", phrase(locale, "tax_total"), source.tax_total, tax_words, tax),
        Explanation("gross", phrase(locale, "gross_total"), source.gross_total, words, gross),
    )
