"""Subscriptions: services that run, from activation to their end."""
