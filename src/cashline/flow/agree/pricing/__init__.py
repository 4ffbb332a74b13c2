"""Pricing: charge models and the waterfall from list price to net, pure and without tables."""
