"""Writing reminders: sending those that are due, declaring the ladder, holds and promises."""

from cashline.flow.receive.collections.actions.holding import (
    NewPromise,
    hold_reminders,
    lift_hold,
    record_promises,
    set_policy,
)
from cashline.flow.receive.collections.actions.previewing import NEXT, NextQuestion, NextReminder, NextRun, preview_next
from cashline.flow.receive.collections.actions.reminding import ReminderRun, Unreachable, send_reminders

__all__ = [
    "NEXT",
    "NewPromise",
    "NextQuestion",
    "NextReminder",
    "NextRun",
    "ReminderRun",
    "Unreachable",
    "hold_reminders",
    "lift_hold",
    "preview_next",
    "record_promises",
    "send_reminders",
    "set_policy",
]
