"""What the documents share: the sender and its look, the recipient, lines, taxes, and the annex of derivations.

Amounts are those of the books, never computed anew: a paper only formats. The one thing derived here is the running
total that a page carries to the next.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cashline.kernel.derivations import Derivation
from cashline.kernel.periods import Period
from cashline.kernel.telling import tell
from cashline.platform.documents.wording import Wording

type Fact = tuple[str, str]
"""A label (a key of the word catalogue, or plain text) and its value; facts without a value are left out."""


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Where to pay."""

    iban: str
    bic: str = ""
    holder: str = ""

    @property
    def grouped_iban(self) -> str:
        """The IBAN in groups of four, as people read it."""
        return " ".join(self.iban[start : start + 4] for start in range(0, len(self.iban), 4))


@dataclass(frozen=True, slots=True)
class Brand:
    """The legal entity that sends the document, and how it looks. The logo is SVG, PNG or JPEG."""

    name: str
    address: tuple[str, ...]
    colour: str = "#0f766e"
    email: str = ""
    phone: str = ""
    website: str = ""
    tax_id: str = ""
    registration: str = ""
    bank: BankAccount | None = None
    logo: bytes = b""
    paper: str = "a4"

    @property
    def logo_name(self) -> str | None:
        """The file name under which the template finds the logo."""
        if not self.logo:
            return None
        kinds = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpg"}
        return "logo." + next((kind for start, kind in kinds.items() if self.logo.startswith(start)), "svg")

    def files(self) -> dict[str, bytes]:
        """The images that `data` names."""
        return {self.logo_name: self.logo} if self.logo_name else {}

    def data(self, wording: Wording) -> dict[str, Any]:
        """The letterhead and the footer."""
        bank = (
            [f"IBAN {self.bank.grouped_iban}".replace(" ", "\u00a0"), f"BIC {self.bank.bic}" if self.bank.bic else ""]
            if self.bank
            else []
        )
        tax = f"{wording.word('tax_id')} {self.tax_id}" if self.tax_id else ""
        blocks = [[self.name, *self.address], [self.email, self.phone, self.website], [tax, self.registration], bank]
        return {
            "name": self.name,
            "colour": self.colour,
            "logo": self.logo_name,
            "paper": self.paper,
            "sender_line": " · ".join([self.name, *self.address]),
            "footer": [[line for line in block if line] for block in blocks],
        }


@dataclass(frozen=True, slots=True)
class Recipient:
    """To whom the document goes."""

    name: str
    address: tuple[str, ...]
    tax_id: str = ""

    def data(self, wording: Wording) -> dict[str, Any]:
        """The address field."""
        facts = [[wording.word("your_tax_id"), self.tax_id]] if self.tax_id else []
        return {"name": breakable(self.name), "lines": [breakable(line) for line in self.address], "facts": facts}


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A line of a document; `group` is the heading under which it stands (a new one where it changes)."""

    title: str
    quantity: Decimal
    unit_price: Decimal
    net: Decimal
    unit: str = ""
    detail: str = ""
    period: Period | None = None
    discount_percent: Decimal | None = None
    tax_percent: Decimal | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class PaperTax:
    """A row of the tax summary; `note` is the reason where no tax is due."""

    percent: Decimal | None
    base: Decimal
    amount: Decimal
    note: str = ""


def breakable(text: str) -> str:
    """The text with places to break in words of more than 36 signs, so that none runs over the next column."""
    return re.sub(r"\S{37,}", lambda word: re.sub(r"(.{12})", "\\1\u200b", word.group()), text)


def annex_data(wording: Wording, currency: str, explained: Iterable[tuple[str, Derivation]]) -> list[dict[str, Any]]:
    """The rows of the annex: each derivation, its parts below it and indented; a sentence first, the formula small."""
    rows: list[dict[str, Any]] = []
    for label, derivation in explained:
        _explain(rows, (wording, currency), label, derivation, 0)
    return rows


def _explain(
    rows: list[dict[str, Any]], way: tuple[Wording, str], label: str, derivation: Derivation, depth: int
) -> None:
    wording, currency = way
    rows.append(
        {
            "label": label,
            "words": tell(derivation, currency, str(wording.locale)),
            "formula": _readable(derivation.formula),
            "rule": f"{derivation.rule} v{derivation.version}",
            "inputs": [(name.replace("_", " "), _input(value)) for name, value in derivation.inputs.items()],
            "result": _exact(derivation.result),
            "depth": min(depth, 4),
        }
    )
    for part in derivation.parts:
        _explain(rows, way, "", part, depth + 1)


def _readable(formula: str) -> str:
    return formula.replace("*", "×").replace("-", "−").replace("/", "÷").replace("_", " ")


def _input(value: Any) -> str:
    if isinstance(value, str | Decimal | int):
        return _exact(value) if isinstance(value, Decimal) else str(value)
    return ", ".join(str(item) for item in value)


def _exact(value: Decimal) -> str:
    """All digits, or twelve decimals and an ellipsis where there are more."""
    text = f"{value:f}"
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals[:12]}…" if len(decimals) > 12 else text


def common_data(wording: Wording, brand: Brand, recipient: Recipient, title: str, number: str) -> dict[str, Any]:
    """What every template needs."""
    return {
        "lang": wording.language,
        "labels": wording.labels,
        "brand": brand.data(wording),
        "recipient": recipient.data(wording),
        "title": title,
        "number": number,
    }


def facts_data(wording: Wording, facts: Iterable[Fact]) -> list[Fact]:
    """The facts that have a value, their labels in words."""
    return [(wording.word(label), value) for label, value in facts if value]


def columns_data(lines: Sequence[PaperLine]) -> list[dict[str, Any]]:
    """The columns of the line table; discount and tax only where a line has one."""
    columns: list[dict[str, Any]] = [
        {"key": "position", "label": "position"},
        {"key": "title", "label": "description"},
        {"key": "quantity", "label": "quantity", "right": True},
        {"key": "unit", "label": ""},
        {"key": "unit_price", "label": "unit_price", "right": True},
    ]
    if any(line.discount_percent for line in lines):
        columns.append({"key": "discount", "label": "discount", "right": True})
    if any(line.tax_percent is not None for line in lines):
        columns.append({"key": "tax", "label": "tax", "right": True})
    return [*columns, {"key": "net", "label": "amount", "right": True}]


def lines_data(wording: Wording, lines: Sequence[PaperLine], currency: str) -> list[Mapping[str, Any]]:
    """The rows of the line table, each with the running total a page carries forward; headings between groups."""
    rows: list[Mapping[str, Any]] = []
    running, group = Decimal(0), ""
    for position, line in enumerate(lines, 1):
        if line.group != group and line.group:
            heading = wording.word(line.group)
            rows.append({"heading": heading[:1].upper() + heading[1:]})
        group = line.group
        running += line.net
        detail = [part for part in (*line.detail.split("\n"), wording.period(line.period)) if part.strip()]
        rows.append(
            {
                "position": str(position),
                "title": breakable(line.title),
                "detail": [breakable(part) for part in detail],
                "quantity": wording.number(line.quantity),
                "unit": wording.unit(line.unit),
                "unit_price": wording.price(line.unit_price, currency),
                "discount": wording.percent(-line.discount_percent) if line.discount_percent else "",
                "tax": wording.percent(line.tax_percent) if line.tax_percent is not None else "",
                "net": wording.amount(line.net, currency),
                "running": wording.amount(running, currency),
            }
        )
    return rows


def tax_data(wording: Wording, tax: PaperTax, currency: str) -> dict[str, str]:
    """A row of the tax summary."""
    return {
        "rate": wording.percent(tax.percent) if tax.percent is not None else "–",
        "base": wording.amount(tax.base, currency),
        "amount": wording.amount(tax.amount, currency),
        "note": tax.note,
    }
