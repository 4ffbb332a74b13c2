"""Actions of subscriptions: services of orders, and subscriptions to rate plans with the changes of their life."""

from cashline.flow.deliver.subscriptions.actions.campaigns import (
    advance_campaign,
    advance_campaigns,
    cannot_follow,
    create_campaign,
    move_campaign,
)
from cashline.flow.deliver.subscriptions.actions.composed import (
    RampStep,
    ramp_changes,
    renew_due,
    skip_changes,
    transfer_life,
)
from cashline.flow.deliver.subscriptions.actions.living import change_lives, show_lives
from cashline.flow.deliver.subscriptions.actions.services import (
    activate_provisioned,
    activate_subscriptions,
    cancel_orders,
    cancel_subscriptions,
    create_subscriptions,
    end_due,
)
from cashline.flow.deliver.subscriptions.actions.subscribing import NewSubscription, subscribe

__all__ = [
    "NewSubscription",
    "RampStep",
    "activate_provisioned",
    "activate_subscriptions",
    "advance_campaign",
    "advance_campaigns",
    "cancel_orders",
    "cancel_subscriptions",
    "cannot_follow",
    "change_lives",
    "create_campaign",
    "create_subscriptions",
    "end_due",
    "move_campaign",
    "ramp_changes",
    "renew_due",
    "show_lives",
    "skip_changes",
    "subscribe",
    "transfer_life",
]
