"""Idempotency keys: the same POST sent twice has one effect and one answer."""
