"""The console's pages of payments."""

from django.urls import path

from cashline.flow.receive.payments.pages.charging import (
    invoice_charge,
    payment_intent_detail,
    payment_intent_give_up,
    payment_intent_list,
    payment_intent_look_up,
    sandbox_card,
)
from cashline.flow.receive.payments.pages.document import payment_detail
from cashline.flow.receive.payments.pages.listing import payment_list
from cashline.flow.receive.payments.pages.putting import (
    payment_allocate,
    payment_new,
    payment_preview,
    payment_take_back,
)
from cashline.flow.receive.payments.pages.refunding import (
    payment_certificate,
    payment_refund,
    payment_reverse,
    refund_cancel,
    refund_confirm,
)
from cashline.flow.receive.payments.pages.wallets import wallet_card_list, wallet_card_set, wallet_card_stop

URLS = [
    path("payments/", payment_list, name="payment_list"),
    path("payments/new/", payment_new, name="payment_new"),
    path("payments/new/preview/", payment_preview, name="payment_preview"),
    path("payments/<str:payment_id>/", payment_detail, name="payment_detail"),
    path("payments/<str:payment_id>/allocate/", payment_allocate, name="payment_allocate"),
    path("payments/<str:payment_id>/take-back/", payment_take_back, name="payment_take_back"),
    path("payments/<str:payment_id>/refund/", payment_refund, name="payment_refund"),
    path("payments/<str:payment_id>/reverse/", payment_reverse, name="payment_reverse"),
    path("payments/<str:payment_id>/certificate/", payment_certificate, name="payment_certificate"),
    path("refunds/<str:refund_id>/confirm/", refund_confirm, name="refund_confirm"),
    path("refunds/<str:refund_id>/cancel/", refund_cancel, name="refund_cancel"),
    path("card-charges/", payment_intent_list, name="payment_intent_list"),
    path("card-charges/<str:intent_id>/", payment_intent_detail, name="payment_intent_detail"),
    path("card-charges/<str:intent_id>/give-up/", payment_intent_give_up, name="payment_intent_give_up"),
    path("card-charges/<str:intent_id>/look-up/", payment_intent_look_up, name="payment_intent_look_up"),
    path("invoices/<str:invoice_id>/charge/", invoice_charge, name="invoice_charge"),
    path("wallet-top-ups/", wallet_card_list, name="wallet_card_list"),
    path("wallet-top-ups/set/", wallet_card_set, name="wallet_card_set"),
    path("wallet-top-ups/stop/", wallet_card_stop, name="wallet_card_stop"),
    path("sandbox/cards/<str:gateway_reference>/", sandbox_card, name="sandbox_card"),
]
