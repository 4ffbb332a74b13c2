"""Webhooks: signed messages to and from other programs."""
