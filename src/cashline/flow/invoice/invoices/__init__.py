"""Invoices: issued documents, their lines, taxes and open amounts."""
