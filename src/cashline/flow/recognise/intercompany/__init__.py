"""Intercompany: what one legal entity of the company charges another, in both books at once."""
