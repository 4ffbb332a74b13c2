"""The customers' side."""
