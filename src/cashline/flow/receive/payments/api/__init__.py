"""The API of payments: money received, what it settles, card charges, refunds, and the reports of gateways.

A POST commits before a gateway is called, so card charges and refunds are answered as pending (202): the call follows
at once, and its outcome is read from the intent or the payment.
"""

from ninja import Router

from cashline.flow.receive.payments.api import charges, received, wallets
from cashline.flow.receive.payments.api.shapes import document, intent_shape, refund_shape, shape
from cashline.flow.receive.payments.api.wallets import card_shape

router = Router(tags=["Payments"])
router.add_router("", received.router)
router.add_router("", charges.router)
router.add_router("", wallets.router)

__all__ = ["card_shape", "document", "intent_shape", "refund_shape", "router", "shape"]
