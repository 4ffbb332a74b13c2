"""Audit: contract, obligations, allocation, schedule, journal and evidence as one file that recomputes itself."""
