"""Rules of subscriptions: the states of a service, and the life of one under rate plans."""

from cashline.flow.deliver.subscriptions.rules.changing import (
    ConflictingChange,
    Effect,
    LifeChange,
    OnConflict,
    Setting,
)
from cashline.flow.deliver.subscriptions.rules.facts import LifeFact, LifeKind, Unused
from cashline.flow.deliver.subscriptions.rules.life import Life, Stint, in_force, live
from cashline.flow.deliver.subscriptions.rules.lifecycle import (
    SUBSCRIPTION,
    InvalidEnd,
    NotActiveYet,
    SubscriptionStatus,
    end_errors,
    term_end,
)
from cashline.flow.deliver.subscriptions.rules.renewals import PriceUplift, Term, TermAsked, UpliftPolicy

__all__ = [
    "SUBSCRIPTION",
    "ConflictingChange",
    "Effect",
    "InvalidEnd",
    "Life",
    "LifeChange",
    "LifeFact",
    "LifeKind",
    "NotActiveYet",
    "OnConflict",
    "PriceUplift",
    "Setting",
    "Stint",
    "SubscriptionStatus",
    "Term",
    "TermAsked",
    "Unused",
    "UpliftPolicy",
    "end_errors",
    "in_force",
    "live",
    "term_end",
]
