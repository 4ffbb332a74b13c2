"""Commitments: what customers promised to be billed at least in a term, what counts, and the rest at its end."""
