"""The fifth stage: payments, bank statements, reminders, disputes."""
