"""Order-to-cash on one page: for each event, what the next stage does, in the same transaction.

What may wait is picked up by the jobs of `schedule.py`, which find their work in the tables.
"""

from cashline.flow.agree.contracts.actions import agree_on_acceptance
from cashline.flow.book.orders import actions as orders
from cashline.flow.deliver.fulfilment import actions as fulfilment
from cashline.flow.deliver.projects import actions as projects
from cashline.flow.deliver.provisioning import actions as provisioning
from cashline.flow.deliver.subscriptions import actions as subscriptions
from cashline.flow.invoice.billing import actions as billing
from cashline.flow.receive.payments import actions as payments
from cashline.flow.recognise.books import actions as books
from cashline.flow.recognise.ledger import actions as ledger
from cashline.flow.recognise.revenue import actions as revenue
from cashline.platform.events.rules import Handoff

HANDOFFS: dict[str, tuple[Handoff, ...]] = {
    "QuoteAccepted": (agree_on_acceptance,),
    "AgreementSigned": (orders.order_agreements,),
    "OrderBooked": (subscriptions.create_subscriptions, fulfilment.plan_orders),
    "OrderReleased": (subscriptions.create_subscriptions, fulfilment.plan_orders),
    "OrderCancelled": (
        fulfilment.cancel_orders,
        provisioning.compensate_orders,
        projects.cancel_orders,
        subscriptions.cancel_orders,
    ),
    "ActivationStarted": (provisioning.request_activations,),
    "ServiceProvisioned": (subscriptions.activate_provisioned,),
    "InstallationStarted": (projects.plan_installations,),
    "StockReceived": (fulfilment.fill_backorders, ledger.post_receipts),
    "StockAdjusted": (ledger.post_adjustments,),
    "ShipmentShipped": (billing.schedule_billing, ledger.post_shipments),
    "SubscriptionActivated": (billing.schedule_billing,),
    "SubscriptionCancelled": (billing.schedule_billing,),
    "SubscriptionEnded": (billing.schedule_billing,),
    "UsageRecorded": (billing.bill_usage,),
    "UsageCorrected": (billing.bill_usage,),
    "SubscriptionStarted": (billing.bill_lives,),
    "SubscriptionPlanChanged": (billing.bill_lives,),
    "SubscriptionQuantityChanged": (billing.bill_lives,),
    "SubscriptionPriceChanged": (billing.bill_lives,),
    "SubscriptionAddOnChanged": (billing.bill_lives,),
    "SubscriptionBillingDayMoved": (billing.bill_lives,),
    "SubscriptionTrialExtended": (billing.bill_lives,),
    "SubscriptionPaused": (billing.bill_lives,),
    "SubscriptionResumed": (billing.bill_lives,),
    "SubscriptionStopped": (billing.bill_lives,),
    "SubscriptionReactivated": (billing.bill_lives,),
    "SubscriptionChangeWithdrawn": (billing.bill_lives,),
    "SubscriptionChangeConfirmed": (billing.bill_lives,),
    "SubscriptionChangeLapsed": (billing.bill_lives,),
    "SubscriptionTermSet": (billing.bill_lives,),
    "SubscriptionRenewed": (billing.bill_lives,),
    "SubscriptionExtended": (billing.bill_lives,),
    "InstallationAccepted": (billing.schedule_billing,),
    "InvoiceVoided": (billing.schedule_billing,),
    "InvoiceIssued": (ledger.post_invoices,),
    "CreditNoteIssued": (ledger.post_credit_notes, payments.settle_withheld),
    "AccountCredited": (ledger.post_credits,),
    "WalletToppedUp": (ledger.post_credits,),
    "WalletGranted": (ledger.post_credits,),
    "CreditApplied": (ledger.post_credits,),
    "CreditRefunded": (ledger.post_credits,),
    "CreditExpired": (ledger.post_credits,),
    "PaymentReceived": (ledger.post_payments,),
    "PaymentAllocated": (ledger.post_allocations,),
    "PaymentUnallocated": (ledger.post_unallocations,),
    "PaymentRefunded": (ledger.post_refunds,),
    "PaymentChargedBack": (ledger.post_refunds,),
    "PaymentReversed": (ledger.post_refunds,),
    "RefundReturned": (ledger.post_refunds,),
    "ChargebackWon": (ledger.post_refunds,),
    "FiscalCalendarSet": (ledger.keep_closed_periods, revenue.plan_again, books.compare_again),
}
