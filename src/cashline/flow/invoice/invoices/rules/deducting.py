"""Earlier invoices that a later one takes off: deposits, and usage billed at a threshold before its period ended.

Each is one negative line for every code and rate, with the very tax that it charged; so net, tax, journal and documents
of the later invoice hold what is left, and it never takes off what was credited in between.
"""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from cashline.flow.invoice.invoices.rules.drafts import DEDUCTION, DeductedInvoice, DeductedTax, DraftInvoice, DraftLine
from cashline.flow.invoice.invoices.rules.lifecycle import InvoiceKind, InvoiceStatus
from cashline.flow.invoice.taxes.rules import TaxDecision
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import Conflict, NotFound, Refusal, raise_all


class NotDeductible(Conflict):
    """The invoice cannot be taken off: it is another customer's, void, no deposit, or was taken off before."""

    code = "not_deductible"


def deduction_lines(
    draft: DraftInvoice, deducted: Mapping[UUID, DeductedInvoice]
) -> list[tuple[DraftLine, TaxDecision, Decimal]]:
    """The lines that take earlier invoices off, each with its decision and its tax; raises NotDeductible."""
    raise_all(problem for key in draft.deducts for problem in _problems(draft, deducted.get(key)))
    return [
        (_line(draft, deducted[key], tax), tax.decision, -tax.tax)
        for key in draft.deducts
        for tax in deducted[key].taxes
        if tax.base
    ]


def _problems(draft: DraftInvoice, found: DeductedInvoice | None) -> list[Refusal]:
    if found is None or (found.customer_id, found.entity_id) != (draft.customer_id, draft.entity_id):
        return [NotFound("The customer has no such invoice there.", field="deducts")]
    if found.currency != draft.currency:
        sentence = f"Invoice {found.number} is in {found.currency}, not in {draft.currency}."
        return [NotDeductible(sentence, field="deducts")]
    if found.kind == InvoiceKind.STANDARD:
        return [NotDeductible(f"Invoice {found.number} is no deposit and no partial invoice.", field="deducts")]
    if found.status != InvoiceStatus.ISSUED or found.taken_by is not None:
        return [NotDeductible(f"Invoice {found.number} is void or was taken off before.", field="deducts")]
    return []


def _line(draft: DraftInvoice, found: DeductedInvoice, tax: DeductedTax) -> DraftLine:
    derivation = (
        f'{{"rule":"invoices.deduction","version":1,"inputs":{{"billed_before":"{tax.base}"}},'
        f'"formula":"-billed_before","result":"{-tax.base}"}}'
    )
    return DraftLine(
        None,
        None,
        "service",
        "standard",
        new_id(),
        found.issued_on,
        0,
        None,
        f"Less invoice {found.number} of {found.issued_on.isoformat()}",
        Decimal(-1),
        "C62",
        tax.base,
        -tax.base,
        draft.issued_on,
        False,
        derivation,
        DEDUCTION,
    )
