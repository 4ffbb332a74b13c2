"""Writing payments: recording money once, putting it to invoices, taking it back, card charges, refunds, reports."""

from cashline.flow.receive.payments.actions.allocating import allocate, unallocate
from cashline.flow.receive.payments.actions.charging import charge_card, look_up_charge, record_result, resume_pending
from cashline.flow.receive.payments.actions.choosing import gateway_names, gateways, sandbox_gateway
from cashline.flow.receive.payments.actions.gateway_events import handle_gateway_event
from cashline.flow.receive.payments.actions.intents import NewIntent, create_intents, give_up_intents
from cashline.flow.receive.payments.actions.recording import METHODS, NewPayment, record_payments
from cashline.flow.receive.payments.actions.refunding import (
    NewRefund,
    cancel_refund,
    confirm_refund,
    record_refund_result,
    request_refunds,
    resume_refunds,
    send_refund,
)
from cashline.flow.receive.payments.actions.reversing import reverse_payments
from cashline.flow.receive.payments.actions.sandbox import deliver_sandbox_reports
from cashline.flow.receive.payments.actions.topping_up import put_into_wallet, top_up_wallet
from cashline.flow.receive.payments.actions.wallet_cards import set_wallet_card, stop_top_ups, top_up_low_wallets
from cashline.flow.receive.payments.actions.withholding import record_certificate, settle_withheld

__all__ = [
    "METHODS",
    "NewIntent",
    "NewPayment",
    "NewRefund",
    "allocate",
    "cancel_refund",
    "charge_card",
    "confirm_refund",
    "create_intents",
    "deliver_sandbox_reports",
    "gateway_names",
    "gateways",
    "give_up_intents",
    "handle_gateway_event",
    "look_up_charge",
    "put_into_wallet",
    "record_certificate",
    "record_payments",
    "record_refund_result",
    "record_result",
    "request_refunds",
    "resume_pending",
    "resume_refunds",
    "reverse_payments",
    "sandbox_gateway",
    "send_refund",
    "set_wallet_card",
    "settle_withheld",
    "stop_top_ups",
    "top_up_low_wallets",
    "top_up_wallet",
    "unallocate",
]
