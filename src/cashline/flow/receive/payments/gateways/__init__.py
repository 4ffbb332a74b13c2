"""Adapters of payment gateways: one protocol, a sandbox acquirer with faults to order, Stripe."""
