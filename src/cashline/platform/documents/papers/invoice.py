"""Invoices and credit notes on paper."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from cashline.kernel.derivations import Derivation
from cashline.platform.documents.papers.parts import (
    Brand,
    Fact,
    PaperLine,
    PaperTax,
    Recipient,
    annex_data,
    breakable,
    columns_data,
    common_data,
    facts_data,
    lines_data,
    tax_data,
)
from cashline.platform.documents.payment_code import has_payment_code, payment_code_svg
from cashline.platform.documents.wording import Wording, wording_for


@dataclass(frozen=True, slots=True)
class InvoicePaper:
    """An invoice or a credit note for `render("invoice", …)`."""

    brand: Brand
    recipient: Recipient
    locale: str
    currency: str
    number: str
    issued_on: date
    lines: tuple[PaperLine, ...]
    taxes: tuple[PaperTax, ...]
    net_total: Decimal
    tax_total: Decimal
    gross_total: Decimal
    payable: Decimal
    due_on: date | None = None
    is_credit_note: bool = False
    adjustments: tuple[tuple[str, Decimal], ...] = ()
    """Allowances (negative) and charges of the whole document, between the lines and the net total."""
    paid: Decimal = Decimal(0)
    facts: tuple[Fact, ...] = ()
    intro: str = ""
    payment_terms: str = ""
    payment_reference: str = ""
    notes: str = ""
    explained: tuple[tuple[str, Derivation], ...] = ()
    changes: tuple[str, str, tuple[tuple[str, Decimal], ...]] | None = None
    """What changed since the document before: a title, a sentence, and each change with what it adds."""

    def data(self) -> dict[str, Any]:
        """The template's data."""
        wording = wording_for(self.locale)
        kind = "credit_note" if self.is_credit_note else "invoice"
        due: list[tuple[str, str, bool]] = []
        if self.due_on:
            due = [(wording.word("due_on"), wording.long_date(self.due_on), False)]
        own = [(f"{kind}_number", self.number), ("date", wording.long_date(self.issued_on))]
        if self.due_on:
            own.append(("due_date", wording.long_date(self.due_on)))
        amount_word = "amount_credited" if self.is_credit_note else "amount_due"
        return {
            **common_data(wording, self.brand, self.recipient, wording.word(kind), self.number),
            "facts": facts_data(wording, [*own, *self.facts]),
            "highlights": [(wording.word(amount_word), wording.money(self.payable, self.currency), True), *due],
            "intro": self.intro,
            "columns": columns_data(self.lines),
            "lines": lines_data(wording, self.lines, self.currency),
            "total": wording.amount(self.net_total, self.currency),
            "taxes": [tax_data(wording, tax, self.currency) for tax in self.taxes],
            "sums": self._sums(wording, amount_word),
            "payment": self._payment(wording),
            "notes": self.notes,
            "changes": self._changes(wording),
            "annex": annex_data(wording, self.currency, self.explained),
        }

    def _changes(self, wording: Wording) -> dict[str, Any] | None:
        if self.changes is None:
            return None
        title, words, rows = self.changes
        shown = [(breakable(text), wording.amount(amount, self.currency)) for text, amount in rows]
        return {"title": title, "words": words, "rows": shown}

    def files(self) -> dict[str, bytes]:
        """The images that `data` names: the logo, and the code to scan where one applies."""
        bank = self.brand.bank
        if bank is None or not self._has_code:
            return self.brand.files()
        reference = self.payment_reference or self.number
        code = payment_code_svg(bank.iban, bank.bic, bank.holder or self.brand.name, self.payable, reference)
        return self.brand.files() | {"payment.svg": code}

    @property
    def _has_code(self) -> bool:
        return self.brand.bank is not None and not self.is_credit_note and has_payment_code(self.payable, self.currency)

    def _sums(self, wording: Wording, amount_word: str) -> list[tuple[str, str, str]]:
        rows: list[tuple[str, str, str]] = []
        for label, amount in self.adjustments:
            rows.append((label, wording.amount(amount, self.currency), "plain"))
        rows.append((wording.word("net_total"), wording.amount(self.net_total, self.currency), "plain"))
        for tax in self.taxes:
            rate = wording.percent(tax.percent) if tax.percent is not None else ""
            label = f"{wording.word('tax')} {rate}".strip()
            rows.append((label, wording.amount(tax.amount, self.currency), "plain"))
        last = "plain" if self.paid else "due"
        label = wording.word("gross_total") if self.paid else wording.word(amount_word)
        total = wording.amount if self.paid else wording.money
        rows.append((label, total(self.gross_total, self.currency), "strong" if last == "plain" else last))
        if self.paid:
            rows.append((wording.word("paid"), wording.amount(-self.paid, self.currency), "plain"))
            rows.append((wording.word(amount_word), wording.money(self.payable, self.currency), "due"))
        return rows

    def _payment(self, wording: Wording) -> dict[str, Any] | None:
        bank = self.brand.bank
        if self.is_credit_note or self.payable <= 0 or (bank is None and not self.payment_terms):
            return None
        facts: list[Fact] = []
        if bank:
            facts = [
                ("payable_to", bank.holder or self.brand.name),
                ("iban", bank.grouped_iban),
                ("bic", bank.bic),
                ("reference", self.payment_reference or self.number),
            ]
        facts.append(("amount", wording.money(self.payable, self.currency)))
        if self.due_on:
            facts.append(("due_on", wording.long_date(self.due_on)))
        return {
            "facts": facts_data(wording, facts),
            "terms": self.payment_terms,
            "qr": "payment.svg" if self._has_code else None,
        }
