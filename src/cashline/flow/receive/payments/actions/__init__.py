"""Writing payments: recording money once, putting it to invoices, taking it back, and card charges."""

from cashline.flow.receive.payments.actions.allocating import allocate, unallocate
from cashline.flow.receive.payments.actions.recording import NewPayment, record_payments

__all__ = ["NewPayment", "allocate", "record_payments", "unallocate"]
