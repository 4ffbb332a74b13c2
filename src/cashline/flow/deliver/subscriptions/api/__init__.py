"""The API of subscriptions: services of orders, and the lives of subscriptions to rate plans."""

from cashline.flow.deliver.subscriptions.api.lives import (
    ChangesIn,
    LifeChangeIn,
    RampIn,
    changes_of,
    life_shape,
    life_summary,
    living,
)
from cashline.flow.deliver.subscriptions.api.services import router, shape

__all__ = [
    "ChangesIn",
    "LifeChangeIn",
    "RampIn",
    "changes_of",
    "life_shape",
    "life_summary",
    "living",
    "router",
    "shape",
]
