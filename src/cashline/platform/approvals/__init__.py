"""Approvals: a step that needs a second person, asked for and decided once."""
