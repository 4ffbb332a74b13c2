"""Quotes on paper."""

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
    columns_data,
    common_data,
    facts_data,
    lines_data,
)
from cashline.platform.documents.payment_code import link_code_svg
from cashline.platform.documents.wording import Wording, wording_for


@dataclass(frozen=True, slots=True)
class QuotePaper:
    """A version of a quote for `render("quote", …)`.

    `by_period` tells what is paid once and what returns: ("one_time", 4,668.00), ("per_month", 1,249.00).
    """

    brand: Brand
    recipient: Recipient
    locale: str
    currency: str
    number: str
    version: int
    issued_on: date
    valid_until: date
    lines: tuple[PaperLine, ...]
    taxes: tuple[PaperTax, ...]
    net_total: Decimal
    gross_total: Decimal
    by_period: tuple[tuple[str, Decimal], ...] = ()
    adjustments: tuple[tuple[str, Decimal], ...] = ()
    """List price, discount and the like, between the lines and the net total."""
    facts: tuple[Fact, ...] = ()
    prepared_by: str = ""
    intro: str = ""
    terms: tuple[str, ...] = ()
    notes: str = ""
    accept_url: str = ""
    explained: tuple[tuple[str, Derivation], ...] = ()

    def data(self) -> dict[str, Any]:
        """The template's data."""
        wording = wording_for(self.locale)
        own = [
            ("quote_number", self.number),
            ("version", str(self.version)),
            ("date", wording.long_date(self.issued_on)),
            ("valid_until", wording.long_date(self.valid_until)),
            ("prepared_by", self.prepared_by),
        ]
        total = wording.money(self.gross_total, self.currency)
        return {
            **common_data(wording, self.brand, self.recipient, wording.word("quote"), self.number),
            "facts": facts_data(wording, [*own, *self.facts]),
            "highlights": [
                (wording.word("gross_total"), total, True),
                (wording.word("valid_until"), wording.long_date(self.valid_until), False),
            ],
            "intro": self.intro,
            "columns": columns_data(self.lines),
            "lines": lines_data(wording, self.lines, self.currency),
            "total": wording.amount(self.net_total, self.currency),
            "by_period": [(wording.word(key), wording.money(amount, self.currency)) for key, amount in self.by_period],
            "sums": self._sums(wording),
            "terms": list(self.terms),
            "notes": self.notes,
            "accept_url": self.accept_url,
            "qr": "accept.svg" if self.accept_url else None,
            "annex": annex_data(wording, self.currency, self.explained),
        }

    def files(self) -> dict[str, bytes]:
        """The logo, and the code that opens the page of acceptance."""
        return self.brand.files() | ({"accept.svg": link_code_svg(self.accept_url)} if self.accept_url else {})

    def _sums(self, wording: Wording) -> list[tuple[str, str, str]]:
        rows = [(label, wording.amount(amount, self.currency), "plain") for label, amount in self.adjustments]
        rows.append((wording.word("net_total"), wording.amount(self.net_total, self.currency), "plain"))
        for tax in self.taxes:
            rate = wording.percent(tax.percent) if tax.percent is not None else ""
            label = f"{wording.word('tax')} {rate}".strip()
            rows.append((label, wording.amount(tax.amount, self.currency), "plain"))
        rows.append((wording.word("gross_total"), wording.money(self.gross_total, self.currency), "due"))
        return rows
