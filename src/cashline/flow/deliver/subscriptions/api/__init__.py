"""The API of subscriptions: services of orders, and the lives of subscriptions to rate plans."""

from cashline.flow.deliver.subscriptions.api.campaigns import CampaignIn, campaign_shape, effect_shape, new_campaign
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
    "CampaignIn",
    "ChangesIn",
    "LifeChangeIn",
    "RampIn",
    "campaign_shape",
    "changes_of",
    "effect_shape",
    "life_shape",
    "life_summary",
    "living",
    "new_campaign",
    "router",
    "shape",
]
