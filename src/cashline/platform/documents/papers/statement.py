"""Statements of account on paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from cashline.platform.documents.papers.parts import Brand, Fact, Recipient, common_data, facts_data
from cashline.platform.documents.wording import Wording, wording_for


@dataclass(frozen=True, slots=True)
class StatementItem:
    """An open document: what it was about and what is left of it (negative for credits)."""

    number: str
    issued_on: date
    amount: Decimal
    open_amount: Decimal
    due_on: date | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class StatementPaper:
    """A statement of account at a date for `render("statement", …)`; `ageing` are labels and their sums."""

    brand: Brand
    recipient: Recipient
    locale: str
    currency: str
    number: str
    as_of: date
    items: tuple[StatementItem, ...]
    balance: Decimal
    ageing: tuple[tuple[str, Decimal], ...] = ()
    facts: tuple[Fact, ...] = ()
    notes: str = ""

    def data(self) -> dict[str, Any]:
        """The template's data."""
        wording = wording_for(self.locale)
        return {
            **common_data(wording, self.brand, self.recipient, wording.word("statement"), self.number),
            "facts": facts_data(wording, [("date", wording.long_date(self.as_of)), *self.facts]),
            "highlights": [(wording.word("balance_due"), wording.money(self.balance, self.currency), True)],
            "columns": [
                {"key": "title", "label": "document"},
                {"key": "date", "label": "date"},
                {"key": "due", "label": "due_date"},
                {"key": "amount", "label": "amount", "right": True},
                {"key": "net", "label": "balance", "right": True},
            ],
            "lines": self._rows(wording),
            "total": wording.amount(self.balance, self.currency),
            "ageing": [(label, wording.amount(amount, self.currency)) for label, amount in self.ageing],
            "payment": self._payment(wording),
            "notes": self.notes,
            "annex": [],
        }

    def files(self) -> dict[str, bytes]:
        """The logo."""
        return self.brand.files()

    def _rows(self, wording: Wording) -> list[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = []
        running = Decimal(0)
        for item in self.items:
            running += item.open_amount
            rows.append(
                {
                    "title": item.number,
                    "detail": [item.detail] if item.detail else [],
                    "date": wording.short_date(item.issued_on),
                    "due": wording.short_date(item.due_on) if item.due_on else "",
                    "amount": wording.amount(item.amount, self.currency),
                    "net": wording.amount(item.open_amount, self.currency),
                    "running": wording.amount(running, self.currency),
                }
            )
        return rows

    def _payment(self, wording: Wording) -> dict[str, Any] | None:
        bank = self.brand.bank
        if bank is None or self.balance <= 0:
            return None
        facts = [
            ("payable_to", bank.holder or self.brand.name),
            ("iban", bank.grouped_iban),
            ("bic", bank.bic),
            ("reference", self.number),
            ("amount", wording.money(self.balance, self.currency)),
        ]
        return {"facts": facts_data(wording, facts)}
