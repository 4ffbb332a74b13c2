"""Order-to-cash on one page: for each event, what the next stage does, in the same transaction.

What may wait is picked up by the jobs of `schedule.py`, which find their work in the tables.
"""

from cashline.flow.recognise.ledger import actions as ledger
from cashline.platform.events.rules import Handoff

HANDOFFS: dict[str, tuple[Handoff, ...]] = {
    "StockReceived": (ledger.post_receipts,),
    "StockAdjusted": (ledger.post_adjustments,),
    "ShipmentShipped": (ledger.post_shipments,),
    "InvoiceIssued": (ledger.post_invoices,),
    "CreditNoteIssued": (ledger.post_credit_notes,),
    "PaymentReceived": (ledger.post_payments,),
    "PaymentAllocated": (ledger.post_allocations,),
    "PaymentUnallocated": (ledger.post_unallocations,),
    "PaymentRefunded": (ledger.post_refunds,),
}
