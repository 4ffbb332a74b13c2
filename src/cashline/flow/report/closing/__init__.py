"""Closing: the checklist of a month, which completes itself from checks, who signed what, and the close."""
