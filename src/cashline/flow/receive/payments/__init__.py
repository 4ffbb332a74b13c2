"""Payments: money received by card or bank, and the invoices it settles."""
