"""The lifecycle of an invoice. Paid and overdue are not statuses: they follow from the open amount and the date."""

from enum import StrEnum

from cashline.kernel.lifecycle import Lifecycle


class InvoiceStatus(StrEnum):
    """Where an invoice stands. An issued invoice never changes; a void one was taken back by a full credit note."""

    DRAFT = "draft"
    ISSUED = "issued"
    VOID = "void"


class InvoiceKind(StrEnum):
    """What an invoice is for: deliveries and periods, a deposit, or usage billed before its period ends.

    A later standard invoice takes deposits and partial invoices off again.
    """

    STANDARD = "standard"
    DEPOSIT = "deposit"
    PARTIAL = "partial"


INVOICE = Lifecycle(
    "invoice",
    ("issue", [InvoiceStatus.DRAFT], InvoiceStatus.ISSUED),
    ("void", [InvoiceStatus.ISSUED], InvoiceStatus.VOID),
)
