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
    next_run,
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
    "next_run",
    "plan_reminders",
]
