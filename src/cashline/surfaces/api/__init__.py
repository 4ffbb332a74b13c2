"""The API: root, errors, idempotency."""
