"""Pure rules of collections: which reminders are due, how the ladder is declared, and the words of the letters."""

from cashline.flow.receive.collections.rules.planning import (
    OverdueInvoice,
    PlannedReminder,
    Promise,
    ReminderLetter,
    ReminderPlan,
    ReminderPolicy,
    ReminderStep,
    SentReminder,
    SkipReason,
    plan_reminders,
)

__all__ = [
    "OverdueInvoice",
    "PlannedReminder",
    "Promise",
    "ReminderLetter",
    "ReminderPlan",
    "ReminderPolicy",
    "ReminderStep",
    "SentReminder",
    "SkipReason",
    "plan_reminders",
]
