"""Collections: reminders of what is overdue, at most one of each level for an invoice."""
