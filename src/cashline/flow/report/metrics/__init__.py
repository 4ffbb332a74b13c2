"""Metrics: the figures of the flow, DSO and cycle times, each with its definition."""
