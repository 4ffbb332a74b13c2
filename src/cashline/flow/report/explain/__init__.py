"""Explain: why an amount is what it is, down to its source documents."""
