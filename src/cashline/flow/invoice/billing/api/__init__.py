"""The API of billing: runs and previews, bills that wait, and the bills of subscriptions to plans."""

from ninja import Router

from cashline.flow.invoice.billing.api import grouping, lives, runs, waiting
from cashline.flow.invoice.billing.api.grouping import grouping_shape
from cashline.flow.invoice.billing.api.lives import bill_shape, charge_shape, effect_shape, gate_shape
from cashline.flow.invoice.billing.api.runs import result_shape, run_shape
from cashline.flow.invoice.billing.api.waiting import policy_shape, waiting_shape

router = Router(tags=["Billing"])
router.add_router("", runs.router)
router.add_router("", waiting.router)
router.add_router("", lives.router)
router.add_router("", grouping.router)

__all__ = [
    "bill_shape",
    "charge_shape",
    "effect_shape",
    "gate_shape",
    "grouping_shape",
    "policy_shape",
    "result_shape",
    "router",
    "run_shape",
    "waiting_shape",
]
