"""The manifest of a bill run: how many documents, over how much by currency, what could not be billed, and a hash.

The hash chains over every document in the order of the run, so that a preview and the run after it, or a run in one go
and one resumed, can be told to be the same by comparing two words.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from cashline.flow.invoice.credit_notes.rules import PlannedCreditNote
from cashline.flow.invoice.invoices.rules.issuing import PreparedInvoice
from cashline.kernel.refusals import Refusal

ZERO = Decimal(0)
KEPT_EXCEPTIONS = 1000
"""How many exceptions a manifest names; all are counted."""


class BillException(NamedTuple):
    """An agreement that could not be billed, and why; it stays due for the next run."""

    agreement_id: UUID
    customer_id: UUID
    code: str
    message: str
    fix: str


class CurrencyTotals(NamedTuple):
    """What a run bills and credits in one currency."""

    currency: str
    invoices: int
    net: Decimal
    tax: Decimal
    gross: Decimal
    credit_notes: int
    credited: Decimal


@dataclass(frozen=True, slots=True)
class Manifest:
    """A run so far; `cursor` is the last customer and agreement that were looked at.

    Of the exceptions so many are `held` for a person to release; `drafts` wait for their grace window to end.
    """

    due: int = 0
    done: int = 0
    invoices: int = 0
    credit_notes: int = 0
    exceptions: int = 0
    totals: Mapping[str, CurrencyTotals] = field(default_factory=dict)
    named: tuple[BillException, ...] = ()
    hash: str = ""
    cursor: tuple[UUID, UUID] | None = None
    held: int = 0
    drafts: int = 0

    def plus(
        self,
        prepared: Sequence[PreparedInvoice],
        notes: Sequence[PlannedCreditNote],
        exceptions: Sequence[BillException],
        done: int,
        cursor: tuple[UUID, UUID],
        held: int = 0,
        drafts: int = 0,
    ) -> "Manifest":
        """The manifest after another batch."""
        return replace(
            self,
            done=self.done + done,
            invoices=self.invoices + len(prepared),
            credit_notes=self.credit_notes + len(notes),
            exceptions=self.exceptions + len(exceptions),
            totals=_totals(self.totals, prepared, notes),
            named=(*self.named, *exceptions)[:KEPT_EXCEPTIONS],
            hash=_chain(self.hash, prepared, notes),
            cursor=cursor,
            held=self.held + held,
            drafts=self.drafts + drafts,
        )

    def as_json(self) -> dict[str, Any]:
        """The stored form."""
        return {
            "due": self.due,
            "done": self.done,
            "invoices": self.invoices,
            "credit_notes": self.credit_notes,
            "exceptions": self.exceptions,
            "totals": [[item if isinstance(item, int) else str(item) for item in row] for row in self.totals.values()],
            "named": [[str(item) for item in row] for row in self.named],
            "hash": self.hash,
            "cursor": [str(key) for key in self.cursor] if self.cursor else None,
            "held": self.held,
            "drafts": self.drafts,
        }

    @classmethod
    def from_json(cls, shape: Mapping[str, Any]) -> "Manifest":
        """Read the stored form back."""
        rows = [
            CurrencyTotals(row[0], row[1], Decimal(row[2]), Decimal(row[3]), Decimal(row[4]), row[5], Decimal(row[6]))
            for row in shape["totals"]
        ]
        named = tuple(BillException(UUID(row[0]), UUID(row[1]), *row[2:]) for row in shape["named"])
        cursor = (UUID(shape["cursor"][0]), UUID(shape["cursor"][1])) if shape["cursor"] else None
        return cls(
            shape["due"],
            shape["done"],
            shape["invoices"],
            shape["credit_notes"],
            shape["exceptions"],
            {row.currency: row for row in rows},
            named,
            shape["hash"],
            cursor,
            shape.get("held", 0),
            shape.get("drafts", 0),
        )


def exception_of(agreement_id: UUID, customer_id: UUID, refusal: Refusal) -> BillException:
    """An agreement that is parked."""
    return BillException(agreement_id, customer_id, refusal.code, refusal.message, refusal.fix)


def _totals(
    before: Mapping[str, CurrencyTotals], prepared: Sequence[PreparedInvoice], notes: Sequence[PlannedCreditNote]
) -> dict[str, CurrencyTotals]:
    sums: dict[str, list[Any]] = {row.currency: list(row) for row in before.values()}

    def of(currency: str) -> list[Any]:
        return sums.setdefault(currency, [currency, 0, ZERO, ZERO, ZERO, 0, ZERO])

    for item in prepared:
        row = of(item.draft.currency)
        row[1] += 1
        row[2] += item.net_total
        row[3] += item.tax_total
        row[4] += item.gross_total
    for note in notes:
        row = of(note.invoice.currency)
        row[5] += 1
        row[6] += note.gross_total
    return {currency: CurrencyTotals(*sums[currency]) for currency in sorted(sums)}


def _chain(before: str, prepared: Sequence[PreparedInvoice], notes: Sequence[PlannedCreditNote]) -> str:
    """SHA-256 over the hash before and each document; the same whatever the size of the batches."""
    found = before
    documents = [(item.draft.customer_id, item.draft.agreements[0], 0, _invoice_text(item)) for item in prepared]
    documents += [
        (note.invoice.customer_id, note.invoice.agreement_id or note.invoice.id, 1, _note_text(note)) for note in notes
    ]
    for *_, text in sorted(documents):
        found = hashlib.sha256(f"{found}\n{text}".encode()).hexdigest()
    return found


def _invoice_text(item: PreparedInvoice) -> str:
    draft = item.draft
    lines = ";".join(
        [f"{line.source_id.int:x}/{line.period_start}/{line.revision}={line.net_amount}" for line in draft.lines]
    )
    return f"invoice {'+'.join(map(str, draft.agreements))} {draft.currency} {item.net_total} {item.tax_total} {lines}"


def _note_text(note: PlannedCreditNote) -> str:
    lines = ";".join(f"{line.invoice_line.id.int:x}={line.net_amount}" for line in note.lines)
    return f"credit {note.invoice.id} {note.invoice.currency} {note.net_total} {note.tax_total} {lines}"
