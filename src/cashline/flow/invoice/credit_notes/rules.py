"""Rules of credit notes: their lifecycle. What may be credited at most is what the invoice line billed."""

from enum import StrEnum

from cashline.kernel.lifecycle import Lifecycle


class CreditNoteStatus(StrEnum):
    """Where a credit note stands. An issued one never changes."""

    DRAFT = "draft"
    ISSUED = "issued"


CREDIT_NOTE = Lifecycle("credit note", ("issue", [CreditNoteStatus.DRAFT], CreditNoteStatus.ISSUED))
