"""The API of billing: runs with their manifest, previews, bills of one agreement at once, and bills that wait."""

from ninja import Router

from cashline.flow.invoice.billing.api import runs, waiting
from cashline.flow.invoice.billing.api.runs import result_shape, run_shape
from cashline.flow.invoice.billing.api.waiting import policy_shape, waiting_shape

router = Router(tags=["Billing"])
router.add_router("", runs.router)
router.add_router("", waiting.router)

__all__ = ["policy_shape", "result_shape", "router", "run_shape", "waiting_shape"]
