"""Disputes: what a customer contests of an invoice, and how it was resolved."""
